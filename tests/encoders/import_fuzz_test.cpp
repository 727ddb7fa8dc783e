// Damaged files in numbers: thousands of seeded mutations of what Keras writes and of registers.
// Shorter runs of the same stand in the fast suite (import_hostile_test.cpp).

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "aegen/encoders/import.hpp"
#include "aegen/encoders/weight_registers.hpp"
#include "keras_files.hpp"
#include "mutated_bytes.hpp"

namespace aegen::encoders {
namespace {

namespace fs = std::filesystem;

TEST(ImportFuzz, ThousandsOfDamagedFilesGiveADiagnosticEach) {
  const fs::path here = fs::path(::testing::TempDir()) / "import_fuzz";
  fs::create_directories(here);
  const auto place = [&](const char* name) { return here / name; };
  int files = 0;
  int refused = 0;
  for (std::uint64_t model = 1; model <= 20; ++model) {
    test::RandomKeras keras(model);
    const bool fixedTexts = model % 2 == 0;
    test::writeKeras(keras.encoder(3, 0), place("e.json"), place("e.hdf5"), fixedTexts);
    test::writeKeras(keras.decoder(3), place("d.json"), place("d.hdf5"), fixedTexts);
    const std::vector<std::string> names{"e.json", "e.hdf5", "d.json", "d.hdf5"};
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
      SCOPED_TRACE("model " + std::to_string(model) + ", seed " + std::to_string(seed));
      std::mt19937_64 random(model * 1000 + seed);
      const std::string& name = names[random() % names.size()];
      const fs::path damaged = here / ("damaged_" + name);
      test::writeBytes(damaged, test::mutatedBytes(test::bytesOf(here / name), random));
      std::vector<fs::path> paths;
      for (const std::string& file : names) paths.push_back(file == name ? damaged : here / file);
      const auto imported = importCodec({paths[0], paths[1]}, {paths[2], paths[3]}, {});
      ++files;
      if (imported) continue;
      ++refused;
      ASSERT_EQ(imported.error().failure, core::Failure::BadInput) << imported.error().text();
    }
  }
  EXPECT_GT(refused, files / 10);
}

}  // namespace
}  // namespace aegen::encoders
