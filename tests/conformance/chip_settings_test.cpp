// One Verilated ECON-T chip, reconfigured through its registers, equals the interpreter for
// settings and weights nobody chose.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "aegen/sim/rtl_executor.hpp"

namespace aegen {
namespace {

namespace econ_t = encoders::econ_t;
namespace fs = std::filesystem;

constexpr std::size_t kCrossings = 250;
constexpr int kConfigurations = 40;

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool oneIn(int n) { return between(1, n) == 1; }
  std::vector<std::int64_t> list(std::size_t count, std::int64_t low, std::int64_t high) {
    std::vector<std::int64_t> out(count);
    for (std::int64_t& value : out) value = between(low, high);
    return out;
  }

 private:
  std::mt19937_64 random_;
};

// Every field of the chip, extremes among them; the mux need not be a permutation.
core::ConfigValues settings(Draw& draw) {
  core::ConfigValues values{{"conv_kernel", draw.list(72, -32, 31)},
                            {"conv_bias", draw.list(8, -32, 31)},
                            {"dense_kernel", draw.list(2048, -32, 31)},
                            {"dense_bias", draw.list(16, -32, 31)},
                            {"mux", draw.list(48, 0, 47)},
                            {"calibration", draw.list(48, 0, 4095)},
                            {"high_density", {draw.between(0, 1)}},
                            {"ae_mask", draw.list(9, 0, 65535)},
                            {"active_etx", {draw.between(1, 13)}},
                            {"overflow_t1", {draw.between(0, 511)}},
                            {"overflow_t2", {draw.between(0, 511)}},
                            {"overflow_t3", {draw.between(0, 26)}}};
  if (draw.oneIn(3)) values["overflow_t1"] = {draw.between(0, 20)};
  if (draw.oneIn(3)) values["ae_mask"] = std::vector<std::int64_t>(9, draw.between(0, 1) * 65535);
  if (draw.oneIn(4)) values["dense_kernel"] = draw.list(2048, 25, 31);  // latents that saturate
  if (draw.oneIn(4)) values["calibration"] = std::vector<std::int64_t>(48, 2048);
  return values;
}

core::Columns words(Draw& draw) {
  core::Columns in(12, kCrossings);
  for (std::size_t k = 0; k < kCrossings; ++k) {
    const std::int64_t kind = draw.between(0, 9);
    for (std::size_t w = 0; w < 12; ++w) {
      const std::int64_t payload = kind == 0   ? 0
                                   : kind == 1 ? 0xfffffff
                                               : draw.between(0, 0xfffffff);
      in.at(w, k) = (std::int64_t{0xa} << 28) | payload;
    }
    if (draw.oneIn(60)) in.at(0, k) ^= std::int64_t{0x3} << 28;  // header 9: an orbit starts
  }
  return in;
}

TEST(Chip, RtlEqualsTheInterpreterForRandomSettingsAndWeights) {
  Draw draw(20260101);
  RecordProperty("seed", "20260101");
  encoders::Graph graph = econ_t::autoencoder({draw.list(72, -32, 31), draw.list(8, -32, 31),
                                               draw.list(2048, -32, 31), draw.list(16, -32, 31)},
                                              true);
  ASSERT_TRUE(graph.infer().ok());
  const auto design = econ_t::chip(graph, econ_t::ChipSettings::neutral(), {});
  ASSERT_TRUE(design.ok()) << design.error().text();
  const auto rtl = rtl_gen::emitVerilog(*design);
  ASSERT_TRUE(rtl.ok()) << rtl.error().text();
  const fs::path work = fs::path(AEGEN_BUILD_DIR) / "conformance" / "chip";
  ASSERT_TRUE(rtl_gen::writeRtl(*rtl, work / "rtl").ok());
  sim::BenchOptions options;
  options.workDir = work;
  const auto chip = sim::RtlExecutor::create(rtl->manifest, work / "rtl", options);
  ASSERT_TRUE(chip.ok()) << chip.error().text();
  core::DesignInterpreter interpreter(*design);
  for (int i = 0; i < kConfigurations; ++i) {
    SCOPED_TRACE("configuration " + std::to_string(i));
    const core::ConfigValues values = settings(draw);
    const core::Columns in = words(draw);
    const auto configured = (*chip)->configure(values);
    ASSERT_TRUE(configured.ok()) << configured.error().text();
    const auto got = (*chip)->run(in);
    ASSERT_TRUE(got.ok()) << got.error().text();
    interpreter.configure(values);
    interpreter.reset();
    const auto expected = interpreter.run(in);
    ASSERT_TRUE(expected.ok());
    for (std::size_t k = 0; k < kCrossings; ++k) {
      for (std::size_t w = 0; w < 13; ++w) {
        ASSERT_EQ(got->at(w, k), expected->at(w, k)) << "crossing " << k << ", eTX " << w;
      }
    }
  }
}

}  // namespace
}  // namespace aegen
