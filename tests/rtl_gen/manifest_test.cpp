#include "aegen/rtl_gen/manifest.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace aegen::rtl_gen {
namespace {

std::filesystem::path file(const char* name) {
  const auto directory = std::filesystem::path(AEGEN_BUILD_DIR) / "rtl_gen_tests";
  std::filesystem::create_directories(directory);
  return directory / name;
}

ModuleManifest example() {
  ModuleManifest m;
  m.aegenVersion = "1.2.3";
  m.design = m.top = "chip";
  m.files = {"a.v", "chip.v"};
  m.ports = {{"clk", true, 1, "clock"}, {"tx", false, 416, "signal"}};
  m.signals = {{"tx", {false, 32, 0}, 13, 4, true, true, "u_buffer"},
               {"latent", {false, 9, 8}, 16, 2, false, true, "u_dense"}};
  m.registers = {{"weight", {true, 6, 5}, 3, 0, {-32, 0, 31}, "of the dense layer", 1}};
  m.controlAddress = 3;
  m.configAddressWidth = 2;
  m.configDataWidth = 32;
  m.serial = core::SerialPort{.addressBase = 0x40, .addressPins = 3};
  m.modules = {{"dense", "function", "a layer", 16}};
  m.milestones = {{"encoder", "latent", 2, 2}};
  return m;
}

TEST(Manifest, ComesBackAsItWasSaved) {
  const auto path = file("round_trip.json");
  ASSERT_TRUE(saveManifest(example(), path).ok());
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".tmp"));
  const auto loaded = loadManifest(path);
  ASSERT_TRUE(loaded.ok()) << loaded.error().text();
  const ModuleManifest& m = *loaded;
  EXPECT_EQ(m.aegenVersion, "1.2.3");
  EXPECT_EQ(m.files, example().files);
  ASSERT_NE(m.findSignal("latent"), nullptr);
  EXPECT_EQ(m.findSignal("latent")->format.text(), "u9.8");
  EXPECT_EQ(m.findSignal("tx")->latency, 4);
  ASSERT_NE(m.findRegister("weight"), nullptr);
  EXPECT_EQ(m.findRegister("weight")->reset, (std::vector<std::int64_t>{-32, 0, 31}));
  EXPECT_EQ(m.findRegister("weight")->firstUse, 1);
  EXPECT_EQ(m.ports.at(1).width, 416);
  EXPECT_FALSE(m.ports.at(1).isInput);
  EXPECT_EQ(m.modules.at(0).instances, 16U);
  EXPECT_EQ(m.milestones.at(0).planned, 2);
  EXPECT_EQ(m.configAddressWidth, 2);
  EXPECT_EQ(m.configDataWidth, 32);
  EXPECT_EQ(m.serial, example().serial);
  const auto again = file("round_trip_2.json");
  ASSERT_TRUE(saveManifest(m, again).ok());
  std::ifstream a(path);
  std::ifstream b(again);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(a), {}),
            std::string(std::istreambuf_iterator<char>(b), {}));
}

TEST(Manifest, SaysThatThereIsNoSerialPort) {
  ModuleManifest none = example();
  none.serial.reset();
  const auto path = file("no_serial.json");
  ASSERT_TRUE(saveManifest(none, path).ok());
  const auto loaded = loadManifest(path);
  ASSERT_TRUE(loaded.ok()) << loaded.error().text();
  EXPECT_FALSE(loaded->serial.has_value());
}

TEST(Manifest, TakesAnAbsentSerialPortForNone) {
  ModuleManifest none = example();
  none.serial.reset();
  const auto path = file("before_serial.json");
  ASSERT_TRUE(saveManifest(none, path).ok());
  std::ifstream in(path);
  std::string text(std::istreambuf_iterator<char>(in), {});
  const std::string key = "\"serial_port\": null,";
  ASSERT_NE(text.find(key), std::string::npos);
  std::ofstream(path) << text.erase(text.find(key), key.size());
  const auto loaded = loadManifest(path);
  ASSERT_TRUE(loaded.ok()) << loaded.error().text();
  EXPECT_FALSE(loaded->serial.has_value());
  EXPECT_EQ(loaded->design, "chip");
}

TEST(Manifest, SaysWhichKeyIsWrong) {
  const auto path = file("broken.json");
  ASSERT_TRUE(saveManifest(example(), path).ok());
  std::ifstream in(path);
  std::string text(std::istreambuf_iterator<char>(in), {});
  text.replace(text.find("\"u9.8\""), 6, "\"q9.8\"");
  std::ofstream(path) << text;
  const auto loaded = loadManifest(path);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, "manifest.malformed");
  EXPECT_NE(loaded.error().message.find("signals[1].format"), std::string::npos)
      << loaded.error().message;
}

TEST(Manifest, RefusesWhatIsNotAManifest) {
  EXPECT_EQ(loadManifest(file("absent.json")).error().code, "manifest.unreadable");
  const auto path = file("not.json");
  std::ofstream(path) << "module m;";
  EXPECT_EQ(loadManifest(path).error().code, "manifest.malformed");
  std::ofstream(path) << R"({"format": "aegen-manifest", "version": 99})";
  EXPECT_EQ(loadManifest(path).error().code, "manifest.malformed");
}

}  // namespace
}  // namespace aegen::rtl_gen
