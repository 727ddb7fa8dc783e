// What design.yaml says of encoders, shape and settings: read as it stands, or one diagnostic at
// its line.

#include "aegen/flows/design_spec.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace aegen::flows {
namespace {

namespace fs = std::filesystem;
using encoders::FloatCode;
using encoders::econ_t::Algorithm;
using encoders::econ_t::StcType;

class DesignFile : public ::testing::Test {
 protected:
  DesignFile() {
    const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(::testing::TempDir()) / ("design_file_" + std::string(test->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~DesignFile() override { fs::remove_all(folder_); }

  [[nodiscard]] core::Result<DesignSpec> load(const std::string& text) const {
    std::ofstream(file()) << text;
    return loadDesignSpec(file());
  }
  [[nodiscard]] fs::path file() const { return folder_ / "design.yaml"; }

  // Refuses `text`, whose wrong line is `line`, with `code` and says what is allowed.
  void expectRefused(const std::string& text, const std::string& code, int line) const {
    SCOPED_TRACE(text);
    const auto spec = load(text);
    ASSERT_FALSE(spec.ok());
    EXPECT_EQ(spec.error().code, code) << spec.error().text();
    EXPECT_EQ(spec.error().where, file().string() + ":" + std::to_string(line));
    EXPECT_EQ(spec.error().failure, core::Failure::BadInput);
    EXPECT_FALSE(spec.error().notes.empty()) << spec.error().text();
  }
  // The same of a key of `settings` on the third line.
  void expectSettingRefused(const std::string& setting, const std::string& code) const {
    expectRefused("name: chip\nencoders: [threshold_sum, repeater]\nsettings: {" + setting + "}\n",
                  code, 3);
  }
  void expectShapeRefused(const std::string& key, const std::string& code) const {
    expectRefused("name: chip\nencoders: repeater\nshape:\n  " + key + "\n", code, 4);
  }

 private:
  fs::path folder_;
};

TEST_F(DesignFile, EncodersAreOneSeveralOrAll) {
  const auto one = load("name: chip\nencoders: best_choice\n");
  ASSERT_TRUE(one.ok()) << one.error().text();
  EXPECT_EQ(one->chip.encoders, std::vector{Algorithm::BestChoice});
  EXPECT_EQ(one->settings.algorithm, Algorithm::BestChoice);
  const auto two = load("name: chip\nencoders: [repeater, threshold_sum]\n");
  ASSERT_TRUE(two.ok()) << two.error().text();
  EXPECT_EQ(two->chip.encoders, (std::vector{Algorithm::Repeater, Algorithm::ThresholdSum}));
  EXPECT_EQ(two->settings.algorithm, Algorithm::Repeater);
  EXPECT_TRUE(two->holds(Algorithm::ThresholdSum));
  EXPECT_FALSE(two->holds(Algorithm::Autoencoder));
  const fs::path model = AEGEN_SOURCE_DIR "/../shared/econt/vectors/AE/config.json";
  const auto all = load("name: chip\nencoders: all\nmodel: " + model.string() + "\n");
  ASSERT_TRUE(all.ok()) << all.error().text();
  EXPECT_EQ(all->chip.encoders.size(), encoders::econ_t::kAlgorithms.size());
}

TEST_F(DesignFile, ReuseIsOneTwoFourOrEightClocksACrossing) {
  EXPECT_EQ(load("name: chip\nencoders: repeater\n")->chip.reuse, 1);
  for (const int reuse : {1, 2, 4, 8}) {
    const auto spec =
        load("name: chip\nencoders: repeater\nreuse: " + std::to_string(reuse) + "\n");
    ASSERT_TRUE(spec.ok()) << spec.error().text();
    EXPECT_EQ(spec->chip.reuse, reuse);
    const auto bundle = buildDesign(*spec);
    ASSERT_TRUE(bundle.ok()) << bundle.error().text();
    EXPECT_EQ(bundle->chip.clocksPerCrossing, reuse);
  }
  for (const char* const wrong : {"0", "3", "16", "many"}) {
    expectRefused(std::string("name: chip\nencoders: repeater\nreuse: ") + wrong + "\n",
                  "design.out-of-range", 3);
  }
}

TEST_F(DesignFile, EncodersThatAreNoneAreRefusedAtTheirLine) {
  expectRefused("name: chip\nencoders: transformer\n", "design.out-of-range", 2);
  expectRefused("name: chip\nencoders:\n  - repeater\n  - best choice\n", "design.out-of-range", 4);
  expectRefused("name: chip\nencoders: []\n", "design.bad-type", 2);
  expectRefused("name: chip\nencoders: {best_choice: true}\n", "design.bad-type", 2);
  expectRefused("name: chip\nencoders: repeater\nmodel: model.json\n", "design.unused-key", 3);
  expectRefused("name: chip\nencoders: [repeater, autoencoder]\n", "design.missing-key", 1);
}

TEST_F(DesignFile, AnEncoderTwiceIsTheDesignsProblem) {
  const auto spec = load("name: chip\nencoders: [repeater, repeater]\n");
  const auto design = spec ? buildDesign(*spec) : spec.error();
  ASSERT_FALSE(design.ok());
  EXPECT_EQ(design.error().code, "econ_t.encoders");
  EXPECT_NE(design.error().where.find("design.yaml"), std::string::npos);
}

TEST_F(DesignFile, EverySettingIsRead) {
  const auto spec = load(
      "name: chip\n"
      "encoders: [threshold_sum, super_trigger_cell, best_choice]\n"
      "settings:\n"
      "  algorithm: super_trigger_cell\n"
      "  threshold: 47\n"
      "  drop_lsb: 15\n"
      "  stc_type: 2\n"
      "  use_sum: true\n"
      "  sync_word: 0x7ff\n"
      "  active_etx: 3\n"
      "  high_density: false\n"
      "  calibration: 4095\n");
  ASSERT_TRUE(spec.ok()) << spec.error().text();
  const auto& settings = spec->settings;
  EXPECT_EQ(settings.algorithm, Algorithm::SuperTriggerCell);
  EXPECT_EQ(settings.threshold, std::vector<std::int64_t>(48, 47));
  EXPECT_EQ(settings.dropLsb, 15);
  EXPECT_EQ(settings.stcType, 2);
  EXPECT_TRUE(settings.useSum);
  EXPECT_EQ(settings.syncWord, 2047);
  EXPECT_EQ(settings.activeEtx, 3);
  EXPECT_FALSE(settings.highDensity);
  // They are what the chip wakes up with.
  const auto bundle = buildDesign(*spec);
  ASSERT_TRUE(bundle.ok()) << bundle.error().text();
  const core::ConfigValues reset = bundle->chip.resetConfig();
  EXPECT_EQ(reset.at("algorithm"), std::vector<std::int64_t>{1});
  EXPECT_EQ(reset.at("threshold"), std::vector<std::int64_t>(48, 47));
  EXPECT_EQ(reset.at("drop_lsb"), std::vector<std::int64_t>{15});
  EXPECT_EQ(reset.at("stc_type"), std::vector<std::int64_t>{2});
  EXPECT_EQ(reset.at("use_sum"), std::vector<std::int64_t>{1});
  EXPECT_EQ(reset.at("sync_word"), std::vector<std::int64_t>{2047});
  EXPECT_EQ(reset.at("active_etx"), std::vector<std::int64_t>{3});
}

TEST_F(DesignFile, AdderGraphsAreMadeUnlessTheFileSaysNone) {
  const auto usual = load("name: chip\nencoders: repeater\n");
  ASSERT_TRUE(usual.ok() && usual->adderGraphs);
  EXPECT_EQ(usual->adderGraphs->effort, 1);
  EXPECT_FALSE(usual->adderGraphs->maxDepth);
  const auto asked =
      load("name: chip\nencoders: repeater\nadder_graphs: {effort: 3, max_depth: 9}\n");
  ASSERT_TRUE(asked.ok() && asked->adderGraphs);
  EXPECT_EQ(asked->adderGraphs->effort, 3);
  EXPECT_EQ(asked->adderGraphs->maxDepth, 9);
  const auto none = load("name: chip\nencoders: repeater\nadder_graphs: none\n");
  ASSERT_TRUE(none.ok()) << none.error().text();
  EXPECT_FALSE(none->adderGraphs);
  const std::string chip = "name: chip\nencoders: repeater\n";
  expectRefused(chip + "adder_graphs: some\n", "design.out-of-range", 3);
  expectRefused(chip + "adder_graphs: [1]\n", "design.bad-type", 3);
  expectRefused(chip + "adder_graphs: {effort: 10}\n", "design.out-of-range", 3);
  expectRefused(chip + "adder_graphs: {max_depth: 0}\n", "design.out-of-range", 3);
  expectRefused(chip + "adder_graphs: {depth: 3}\n", "design.unknown-key", 3);
}

TEST_F(DesignFile, AThresholdForEachChannelIsTakenInOrder) {
  const auto spec = load(
      "name: chip\nencoders: threshold_sum\nshape: {channels: 4}\n"
      "settings: {threshold: [4194303, 0, 1, 2]}\n");
  ASSERT_TRUE(spec.ok()) << spec.error().text();
  EXPECT_EQ(spec->settings.threshold, (std::vector<std::int64_t>{4194303, 0, 1, 2}));
}

TEST_F(DesignFile, SettingsThatCannotBeAreRefusedAtTheirLine) {
  expectSettingRefused("algorithm: transformer", "design.out-of-range");
  expectSettingRefused("algorithm: best_choice", "design.out-of-range");  // not held
  expectSettingRefused("threshold: 4194304", "design.out-of-range");
  expectSettingRefused("threshold: -1", "design.out-of-range");
  expectSettingRefused("threshold: [1, 2, 3]", "design.bad-type");
  expectSettingRefused("threshold: low", "design.bad-type");
  expectSettingRefused("drop_lsb: 16", "design.out-of-range");
  expectSettingRefused("drop_lsb: -1", "design.out-of-range");
  expectSettingRefused("stc_type: 4", "design.out-of-range");
  expectSettingRefused("stc_type: two", "design.bad-type");
  expectSettingRefused("use_sum: 2", "design.bad-type");
  expectSettingRefused("sync_word: 2048", "design.out-of-range");
  expectSettingRefused("sync_word: -1", "design.out-of-range");
  expectSettingRefused("active_etx: 14", "design.out-of-range");
  expectSettingRefused("active_etx: 0", "design.out-of-range");
  expectSettingRefused("tresholds: 1", "design.unknown-key");
}

TEST_F(DesignFile, EveryKeyOfTheShapeIsRead) {
  const auto spec = load(
      "name: chip\n"
      "encoders: super_trigger_cell\n"
      "shape:\n"
      "  channels: 16\n"
      "  etx: 3\n"
      "  buffer_words: 100\n"
      "  count_bits: 2\n"
      "  charge_code: 3E4M\n"
      "  sum_code: 4E5M\n"
      "  super_trigger_cells:\n"
      "    - {cells: 2, address: false, sum: 6E8M, drops: true}\n"
      "    - {cells: 8}\n");
  ASSERT_TRUE(spec.ok()) << spec.error().text();
  const auto& shape = spec->chip.shape;
  EXPECT_EQ(shape.channels, 16);
  EXPECT_EQ(shape.etx, 3);
  EXPECT_EQ(shape.bufferWords, 100);
  EXPECT_EQ(shape.countBits, 2);
  EXPECT_EQ(shape.charge, (FloatCode{3, 4}));
  EXPECT_EQ(shape.sum, (FloatCode{4, 5}));
  ASSERT_EQ(shape.stc.size(), 2U);
  EXPECT_EQ(shape.stc[0], (StcType{2, false, {6, 8}, true}));
  EXPECT_EQ(shape.stc[1].cells, 8);
  EXPECT_EQ(spec->settings.mux.size(), 16U);
}

TEST_F(DesignFile, DesignOfAnotherShapeIsBuiltWithAsManyLinksAsItHas) {
  const auto spec = load(
      "name: chip\nencoders: [threshold_sum, best_choice]\n"
      "shape: {channels: 8, etx: 2, buffer_words: 30}\n");
  ASSERT_TRUE(spec.ok()) << spec.error().text();
  const auto bundle = buildDesign(*spec);
  ASSERT_TRUE(bundle.ok()) << bundle.error().text();
  EXPECT_EQ(bundle->chip.inputs.front().count, 2U);
  EXPECT_EQ(bundle->spec.settings.activeEtx, 2);
}

TEST_F(DesignFile, ShapesThatCannotBeAreRefusedAtTheirLine) {
  expectShapeRefused("channels: 0", "design.out-of-range");
  expectShapeRefused("channels: 132", "design.out-of-range");
  expectShapeRefused("etx: 16", "design.out-of-range");
  expectShapeRefused("buffer_words: 1001", "design.out-of-range");
  expectShapeRefused("count_bits: 5", "design.out-of-range");
  expectShapeRefused("charge_code: 0E3M", "design.out-of-range");
  expectShapeRefused("sum_code: big", "design.out-of-range");
  expectShapeRefused("sum_code: [5, 3]", "design.bad-type");
  expectShapeRefused("super_trigger_cells: []", "design.bad-type");
  expectShapeRefused("super_trigger_cells: 4", "design.bad-type");
  expectShapeRefused("super_trigger_cells: [{cells: 1}]", "design.out-of-range");
  expectShapeRefused("super_trigger_cells: [{adress: true}]", "design.unknown-key");
  expectShapeRefused("channel: 8", "design.unknown-key");
}

// What only the chip as a whole can say still names the file.
TEST_F(DesignFile, ShapesThatDoNotGoTogetherAreTheDesignsProblem) {
  for (const char* const shape :
       {"channels: 50", "buffer_words: 20", "super_trigger_cells: [{cells: 5}]"}) {
    SCOPED_TRACE(shape);
    const auto spec =
        load("name: chip\nencoders: super_trigger_cell\nshape: {" + std::string(shape) + "}\n");
    ASSERT_TRUE(spec.ok()) << spec.error().text();
    const auto design = buildDesign(*spec);
    ASSERT_FALSE(design.ok());
    EXPECT_EQ(design.error().code, "econ_t.shape");
    EXPECT_NE(design.error().where.find("design.yaml"), std::string::npos);
  }
}

TEST_F(DesignFile, ASerialPortIsTheUsualOneOrHasAnAddressOfItsOwn) {
  const std::string head = "name: chip\nencoders: repeater\n";
  const auto none = load(head);
  ASSERT_TRUE(none.ok()) << none.error().text();
  EXPECT_FALSE(none->chip.serial.has_value());
  for (const auto& [text, port] :
       {std::pair{"i2c", core::SerialPort{}},
        {"{i2c: {}}", core::SerialPort{}},
        {"{i2c: {address: 0x40}}", core::SerialPort{.addressBase = 0x40}},
        {"{i2c: {address: 0x22, address_pins: 0}}",
         core::SerialPort{.addressBase = 0x22, .addressPins = 0}},
        {"{i2c: {address: 48, address_pins: 2}}",
         core::SerialPort{.addressBase = 48, .addressPins = 2}},
        {"{i2c: {address: 0, address_pins: 7}}",
         core::SerialPort{.addressBase = 0, .addressPins = 7}}}) {
    SCOPED_TRACE(text);
    const auto spec = load(head + "serial: " + text + "\n");
    ASSERT_TRUE(spec.ok()) << spec.error().text();
    EXPECT_EQ(spec->chip.serial, port);
    const auto bundle = buildDesign(*spec);
    ASSERT_TRUE(bundle.ok()) << bundle.error().text();
    EXPECT_EQ(bundle->chip.serial, port);
  }
}

TEST_F(DesignFile, SerialPortsThatCannotBeAreRefusedAtTheirLine) {
  const auto refused = [&](const std::string& serial, const std::string& code) {
    expectRefused("name: chip\nencoders: repeater\nserial: " + serial + "\n", code, 3);
  };
  refused("spi", "design.out-of-range");
  refused("[i2c]", "design.bad-type");
  refused("{}", "design.missing-key");
  refused("{spi: {}}", "design.unknown-key");
  refused("{i2c: fast}", "design.bad-type");
  refused("{i2c: {pins: 4}}", "design.unknown-key");
  refused("{i2c: {address: 128}}", "design.out-of-range");
  refused("{i2c: {address: -1}}", "design.out-of-range");
  refused("{i2c: {address: low}}", "design.bad-type");
  refused("{i2c: {address_pins: 8}}", "design.out-of-range");
  const auto empty = load("name: chip\nencoders: repeater\nserial:\nweights: loadable\n");
  ASSERT_FALSE(empty.ok());
  EXPECT_EQ(empty.error().code, "design.bad-type");
}

TEST_F(DesignFile, DeviceAddressesThatAreNoneAreTheDesignsProblem) {
  for (const char* serial :
       {"{i2c: {address: 0x21}}", "{i2c: {address: 0x78, address_pins: 0}}",
        "{i2c: {address: 7, address_pins: 0}}", "{i2c: {address: 0x70}}", "{i2c: {address: 0}}"}) {
    SCOPED_TRACE(serial);
    const auto spec = load(std::string("name: chip\nencoders: repeater\nserial: ") + serial + "\n");
    ASSERT_TRUE(spec.ok()) << spec.error().text();
    const auto design = buildDesign(*spec);
    ASSERT_FALSE(design.ok());
    EXPECT_EQ(design.error().code, "design.serial-port");
    EXPECT_EQ(design.error().failure, core::Failure::BadInput);
    EXPECT_NE(design.error().where.find(file().string()), std::string::npos);
    EXPECT_FALSE(design.error().notes.empty());
  }
}

TEST_F(DesignFile, SettingsThatContradictEachOtherAreTheDesignsProblem) {
  const auto spec =
      load("name: chip\nencoders: super_trigger_cell\nsettings: {stc_type: 1, active_etx: 3}\n");
  ASSERT_TRUE(spec.ok()) << spec.error().text();
  const auto design = buildDesign(*spec);
  ASSERT_FALSE(design.ok());
  EXPECT_EQ(design.error().code, "design.contradiction");
  EXPECT_NE(design.error().where.find("design.yaml"), std::string::npos);
}

}  // namespace
}  // namespace aegen::flows
