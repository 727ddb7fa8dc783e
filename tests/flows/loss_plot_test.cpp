#include "aegen/flows/loss_plot.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace aegen::flows {
namespace {

namespace fs = std::filesystem;

TEST(LossPlot, DrawsBothCurvesAndMarksTheBestEpoch) {
  const fs::path folder = fs::path(::testing::TempDir()) / "loss_plot";
  fs::remove_all(folder);
  fs::create_directories(folder);
  std::vector<encoders::EpochReport> epochs(3);
  for (int i = 0; i < 3; ++i) {
    auto& epoch = epochs[static_cast<std::size_t>(i)];
    epoch.epoch = i + 1;
    epoch.trainLoss = 1.0 / (i + 1);
    epoch.validationLoss = i == 1 ? 0.25 : 0.75;
    epoch.best = i < 2;
  }
  const auto drawn = plotLosses(epochs, "a \"title\"", folder / "losses.svg");
  ASSERT_TRUE(drawn.ok()) << drawn.error().text();
  std::ifstream script(folder / "losses.gp");
  std::stringstream text;
  text << script.rdbuf();
  EXPECT_NE(text.str().find("echo '2 0.25'"), std::string::npos) << text.str();
  EXPECT_NE(text.str().find("logscale"), std::string::npos);
  std::ifstream data(folder / "losses.dat");
  std::string line;
  int lines = 0;
  while (std::getline(data, line)) ++lines;
  EXPECT_EQ(lines, 4);
  EXPECT_TRUE(fs::exists(folder / "losses.svg"));
  EXPECT_FALSE(fs::exists(folder / "losses.svg.tmp"));
}

TEST(LossPlot, RefusesOtherThanSvg) {
  const auto refused = plotLosses({}, "x", "losses.png");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "plot.name");
}

}  // namespace
}  // namespace aegen::flows
