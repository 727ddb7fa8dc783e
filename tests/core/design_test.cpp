#include "aegen/core/design.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "test_designs.hpp"

namespace aegen::core {
namespace {

TEST(Analyse, TimesSignalsBlocksAndConfiguration) {
  const Result<DesignTiming> timing = analyse(smallDesign());
  ASSERT_TRUE(timing.ok()) << timing.error().text();
  EXPECT_EQ(timing->signal.at("header"), 0);
  EXPECT_EQ(timing->signal.at("bx"), 1);
  EXPECT_EQ(timing->signal.at("scaled"), 0);
  EXPECT_EQ(timing->signal.at("word"), 2);
  EXPECT_EQ(timing->block, (std::vector<int>{0, 0, 1}));
  EXPECT_EQ(timing->config.at("factor"), std::pair(0, 1));
  const Result<DesignTiming> link = analyse(bufferDesign({}));
  ASSERT_TRUE(link.ok());
  EXPECT_EQ(link->signal.at("tx"), 1);  // an output buffer is always registered
}

TEST(Analyse, ListsSignalsInOrder) {
  const std::vector<Signal> signals = signalsOf(smallDesign());
  std::vector<std::string> names;
  for (const Signal& signal : signals) names.push_back(signal.name);
  EXPECT_EQ(names, (std::vector<std::string>{"header", "charge", "bx", "scaled", "word"}));
  EXPECT_EQ(signals[3], (Signal{"scaled", {false, 12, 0}, 2}));
}

struct BrokenDesign {
  const char* name;
  const char* message;  // a part of it
  std::function<void(Design&)> change;
};

void PrintTo(const BrokenDesign& test, std::ostream* out) {
  *out << test.name;
}

class BrokenDesigns : public testing::TestWithParam<BrokenDesign> {};

TEST_P(BrokenDesigns, AreRefused) {
  Design design = smallDesign();
  GetParam().change(design);
  const Result<DesignTiming> timing = analyse(design);
  ASSERT_FALSE(timing.ok());
  EXPECT_EQ(timing.error().code, "design.malformed");
  EXPECT_EQ(timing.error().where.substr(0, 6), "small/");
  EXPECT_NE(timing.error().message.find(GetParam().message), std::string::npos)
      << timing.error().text();
}

INSTANTIATE_TEST_SUITE_P(
    Analyse, BrokenDesigns,
    testing::Values(
        BrokenDesign{"NoFunction", "does not exist",
                     [](Design& d) { d.blocks[1].function = "scales"; }},
        BrokenDesign{"BlockTwice", "two blocks", [](Design& d) { d.blocks[2].name = "scaler"; }},
        BrokenDesign{"NoInputPort", "no input port",
                     [](Design& d) { d.blocks[1].inputs[0].port = "charges"; }},
        BrokenDesign{"NoOutputPort", "no output port",
                     [](Design& d) {
                       d.blocks[2].outputs.push_back({"words", "w"});
                     }},
        BrokenDesign{"Unwired", "needs one wire", [](Design& d) { d.blocks[2].inputs.pop_back(); }},
        BrokenDesign{"WiredTwice", "needs one wire",
                     [](Design& d) {
                       d.blocks[1].inputs.push_back({"charge", "charge"});
                     }},
        BrokenDesign{"NoSignal", "before it is made",
                     [](Design& d) { d.blocks[2].inputs[0].signal = "orbit"; }},
        BrokenDesign{"Order", "before it is made",
                     [](Design& d) { std::swap(d.blocks[1], d.blocks[2]); }},
        BrokenDesign{"Format", "does not fit", [](Design& d) { d.inputs[1].format.width = 9; }},
        BrokenDesign{"Count", "does not fit", [](Design& d) { d.inputs[1].count = 3; }},
        BrokenDesign{"TwoProducers", "two producers",
                     [](Design& d) { d.blocks[2].outputs[0].signal = "bx"; }},
        BrokenDesign{"InputTwice", "two producers",
                     [](Design& d) { d.inputs.push_back(d.inputs[0]); }},
        BrokenDesign{"NoField", "no field",
                     [](Design& d) { d.blocks[1].inputs[1].signal = "charge"; }},
        BrokenDesign{"FieldFormat", "does not fit",
                     [](Design& d) { d.config[0].format.width = 5; }},
        BrokenDesign{"FieldTwice", "twice", [](Design& d) { d.config.push_back(d.config[0]); }},
        BrokenDesign{"FieldIsASignal", "field's name",
                     [](Design& d) {
                       d.inputs.push_back({"factor", {}, 1});
                     }},
        BrokenDesign{"ResetCount", "reset value",
                     [](Design& d) { d.config[0].reset.push_back(0); }},
        BrokenDesign{"ResetRange", "outside u4", [](Design& d) { d.config[0].reset[0] = 16; }},
        BrokenDesign{"NoOutput", "is no signal", [](Design& d) { d.outputs.push_back("latent"); }},
        BrokenDesign{"Milestone", "names no signal",
                     [](Design& d) { d.milestones[0].signal = "latent"; }}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Analyse, RefusesAFieldWiderThanARegister) {
  Design design = smallDesign();
  EXPECT_EQ(design.configDataBits(), 16);
  design.config.push_back(field("threshold", 17, 0));
  EXPECT_TRUE(analyse(design).ok());
  EXPECT_EQ(design.configDataBits(), 32);
  design.config.back().format.width = 32;
  EXPECT_TRUE(analyse(design).ok());
  design.config.back().format.width = 33;
  const Result<DesignTiming> timing = analyse(design);
  ASSERT_FALSE(timing.ok());
  EXPECT_EQ(timing.error().code, "design.config-width");
  EXPECT_EQ(timing.error().failure, Failure::BadInput);
  EXPECT_EQ(timing.error().where, "small/threshold");
}

TEST(Analyse, RefusesASerialPortThatCannotWork) {
  const auto codeWith = [](const SerialPort& port, std::uint32_t values, bool registers = true) {
    Design design = smallDesign();
    if (!registers) {
      design = Design{.name = "small"};
    } else {
      const std::vector<std::int64_t> reset(values, 0);
      design.config.push_back({"many", {false, 1, 0}, values, reset, ""});
    }
    design.serial = port;
    const auto timing = analyse(design);
    return timing.ok() ? std::string() : timing.error().code;
  };
  std::uint32_t others = 0;
  for (const ConfigField& field : smallDesign().config) others += field.count;
  EXPECT_EQ(codeWith({}, 1), "");
  EXPECT_EQ(codeWith({.addressBase = 0, .addressPins = 7}, 1), "");
  EXPECT_EQ(codeWith({.addressBase = 0x77, .addressPins = 0}, 1), "");
  EXPECT_EQ(codeWith({}, 0xffff - others), "");
  EXPECT_EQ(codeWith({}, 0x10000 - others), "design.serial-port");
  EXPECT_EQ(codeWith({}, 0, false), "design.serial-port");
  for (const SerialPort& wrong :
       {SerialPort{.addressBase = 0x21}, SerialPort{.addressBase = 0x80},
        SerialPort{.addressBase = -16}, SerialPort{.addressPins = 8}, SerialPort{.addressPins = -1},
        SerialPort{.addressBase = 0x00}, SerialPort{.addressBase = 0x70},
        SerialPort{.addressBase = 0x78, .addressPins = 0},
        SerialPort{.addressBase = 7, .addressPins = 0}}) {
    EXPECT_EQ(codeWith(wrong, 1), "design.serial-port")
        << wrong.addressBase << " " << wrong.addressPins;
  }
}

TEST(Analyse, RefusesABufferWhoseSizesDoNotFitItsPortsOrItsWords) {
  const auto messageOf = [](const BufferSizes& sizes) {
    const auto timing = analyse(bufferDesign(sizes));
    if (timing.ok()) return std::string();
    EXPECT_EQ(timing.error().code, "design.malformed");
    EXPECT_EQ(timing.error().where, "link/buffer");
    return timing.error().message;
  };
  for (const BufferSizes& right : {BufferSizes{}, BufferSizes{.depth = 2, .maxWords = 1, .etx = 1},
                                   BufferSizes{.depth = 9, .maxWords = 9, .etx = 4},
                                   BufferSizes{.depth = 63, .maxWords = 63, .etx = 15}}) {
    EXPECT_EQ(messageOf(right), "") << right.depth;
  }
  EXPECT_NE(messageOf({.maxWords = 0}).find("maxWords is 0"), std::string::npos);
  EXPECT_NE(messageOf({.maxWords = 64}).find("maxWords is 64"), std::string::npos);
  EXPECT_NE(messageOf({.etx = 0}).find("etx is 0"), std::string::npos);
  Design wide = bufferDesign({.etx = 15});
  wide.blocks[0].buffer.etx = 16;
  EXPECT_NE(analyse(wide).error().message.find("etx is 16"), std::string::npos);
  EXPECT_NE(messageOf({.depth = 9, .maxWords = 10, .etx = 4}).find("depth of 9"),
            std::string::npos);
  EXPECT_NE(messageOf({.depth = 7, .maxWords = 5, .etx = 4}).find("depth of 7"), std::string::npos);
}

TEST(Analyse, VerifiesTheProgramFirst) {
  Design design = smallDesign();
  design.program.functions[0].values[3].format.width = 64;
  const Result<DesignTiming> timing = analyse(design);
  ASSERT_FALSE(timing.ok());
  EXPECT_EQ(timing.error().code, "ir.width");
}

}  // namespace
}  // namespace aegen::core
