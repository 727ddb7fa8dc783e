#include "aegen/rtl_gen/emit_design.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/function_builder.hpp"
#include "aegen/rtl_gen/verilog_printer.hpp"
#include "design_stimulus.hpp"
#include "random_program.hpp"

namespace aegen::rtl_gen {
namespace {

using core::Block;
using core::BlockKind;
using core::Design;
using core::FixedFormat;
using core::FunctionBuilder;
using core::Role;
using core::ValueId;
using test_common::SplitMix64;
using testing::Clock;
using testing::Recording;
using testing::Simulator;

constexpr FixedFormat kCharge{false, 8, 0};
constexpr FixedFormat kWeight{true, 6, 2};
constexpr int kInputs = 4;
constexpr int kWeights = 70;  // more than a bank

// y[i] = x[i] * weight[i] + weight[66 + i], the first stage; the second adds the weights again and
// the charges of the same crossing, so that a mixture of settings or crossings shows.
core::Program stages() {
  core::Program program;
  {
    FunctionBuilder b(program, "scale", "charges times weights");
    const auto x = b.input("x", kCharge, kInputs);
    const auto weight = b.input("weight", kWeight, kWeights, Role::Config);
    std::vector<ValueId> y;
    for (std::size_t i = 0; i < kInputs; ++i) {
      const ValueId product = b.mul(b.reinterpret(x[i], {false, 8, 0}), weight[i]);
      y.push_back(b.requantize(b.add(product, weight[66 + i]), {true, 16, 2}, core::Rounding::Floor,
                               core::Overflow::Saturate));
    }
    b.output("y", {true, 16, 2}, y);
    program.functions.push_back(std::move(b).finish());
  }
  {
    FunctionBuilder b(program, "again", "adds weights and charges");
    const auto y = b.input("y", {true, 16, 2}, kInputs);
    const auto x = b.input("x", kCharge, kInputs);
    const auto bx = b.input("bx", {false, 12, 0});
    const auto weight = b.input("weight", kWeight, kWeights, Role::Config);
    const auto negate = b.input("negate", {false, 1, 0}, 1, Role::Config);
    std::vector<ValueId> z;
    for (std::size_t i = 0; i < kInputs; ++i) {
      const ValueId charge = b.reinterpret(x[i], {false, 8, 2});
      const ValueId sum = b.add(b.add(y[i], weight[kWeights - 1 - i]), charge);
      const ValueId chosen = b.select(negate[0], b.sub(b.constant(0, 2), sum), sum);
      z.push_back(b.requantize(b.add(chosen, b.reinterpret(bx[0], {false, 12, 2})), {true, 20, 2},
                               core::Rounding::Floor, core::Overflow::Wrap));
    }
    b.output("z", {true, 20, 2}, z);
    program.functions.push_back(std::move(b).finish());
  }
  {
    FunctionBuilder b(program, "hold", "passes the header on");
    b.output("out", {false, 4, 0}, b.input("in", {false, 4, 0}));
    program.functions.push_back(std::move(b).finish());
  }
  return program;
}

Design pipeline() {
  Design design;
  design.name = "pipeline";
  design.comment = "two stages, a counter, settings used in both";
  design.program = stages();
  design.inputs = {{"charge", kCharge, kInputs}, {"header", {false, 4, 0}, 1}};
  Block counter{.kind = BlockKind::BxCounter, .name = "u_counter"};
  counter.inputs = {{"rx_header", "header"}};
  counter.outputs = {{"bx", "bx"}};
  Block first{.kind = BlockKind::Function, .name = "u_scale", .function = "scale"};
  first.inputs = {{"x", "charge"}, {"weight", "weight"}};
  first.outputs = {{"y", "scaled"}};
  first.registered = true;
  Block second{.kind = BlockKind::Function, .name = "u_again", .function = "again"};
  second.inputs = {
      {"y", "scaled"}, {"x", "charge"}, {"bx", "bx"}, {"weight", "weight"}, {"negate", "negate"}};
  second.outputs = {{"z", "result"}};
  second.registered = true;
  // The same counter one clock later: link resets must reach it with the crossing they belong to.
  Block hold{.kind = BlockKind::Function, .name = "u_hold", .function = "hold"};
  hold.inputs = {{"in", "header"}};
  hold.outputs = {{"out", "late_header"}};
  hold.registered = true;
  Block late{.kind = BlockKind::BxCounter, .name = "u_late"};
  late.inputs = {{"rx_header", "late_header"}};
  late.outputs = {{"bx", "late_bx"}};
  design.blocks = {counter, first, second, hold, late};
  design.outputs = {"result", "bx", "late_bx"};
  std::vector<std::int64_t> reset;
  for (int i = 0; i < kWeights; ++i) reset.push_back(i % 64 - 32);
  design.config = {{"weight", kWeight, kWeights, reset, "both stages"},
                   {"negate", {false, 1, 0}, 1, {0}, "sign of the result"}};
  design.milestones = {{"result", "result", 2}};
  return design;
}

std::vector<std::int64_t> randomCrossing(SplitMix64& random) {
  std::vector<std::int64_t> row;
  for (int i = 0; i < kInputs; ++i) row.push_back(random.between(0, 255));
  row.push_back(random.oneIn(30) ? 9 : 10);
  return row;
}

core::ConfigValues randomSettings(SplitMix64& random) {
  core::ConfigValues values;
  for (int i = 0; i < kWeights; ++i) values["weight"].push_back(random.between(-32, 31));
  values["negate"] = {random.between(0, 1)};
  return values;
}

// Expected rows of a run that is a list of stretches, each with its settings.
class Expectation {
 public:
  explicit Expectation(const Design& design) : interpreter_(design), design_(design) {}
  void configure(const core::ConfigValues& values) { interpreter_.configure(values); }
  void linkReset() { interpreter_.reset(); }
  void crossing(const std::vector<std::int64_t>& inputs) {
    core::Columns in(inputs.size(), 1);
    for (std::size_t i = 0; i < inputs.size(); ++i) in.at(i, 0) = inputs[i];
    EXPECT_TRUE(interpreter_.run(in).ok());
    for (const std::string& name : design_.outputs) {
      const core::Columns& columns = interpreter_.signal(name);
      std::vector<std::int64_t> row;
      for (std::size_t i = 0; i < columns.elements(); ++i) row.push_back(columns.at(i, 0));
      rows[name].push_back(std::move(row));
    }
  }
  std::map<std::string, testing::Rows> rows;

 private:
  core::DesignInterpreter interpreter_;
  const Design& design_;
};

struct Emitted {
  Design design;
  GeneratedRtl rtl;
  std::filesystem::path directory;
};

Emitted emit(Design design, const std::string& directory) {
  auto rtl = emitVerilog(design);
  EXPECT_TRUE(rtl.ok()) << rtl.error().text();
  return {std::move(design), std::move(*rtl), testing::testDirectory(directory)};
}

std::vector<Clock> inReset(std::size_t elements) {
  Clock clock;
  clock.resetN = false;
  clock.inputs.assign(elements, 0);
  return {clock, clock};
}

TEST(EmittedDesign, NeverMixesSettingsAcrossACommit) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SplitMix64 random(seed);
    const Emitted e = emit(pipeline(), "commit");
    Expectation expected(e.design);
    std::vector<Clock> clocks = inReset(kInputs + 1);
    const std::size_t start = clocks.size();
    const auto push = [&](Clock clock) {
      clock.inputs = randomCrossing(random);
      expected.crossing(clock.inputs);
      clocks.push_back(clock);
    };
    for (int update = 0; update < 6; ++update) {
      for (int k = random.between(3, 12); k > 0; --k) push({});
      const core::ConfigValues values = randomSettings(random);
      for (const Clock& clock : testing::writes(e.rtl.manifest, values, true)) push(clock);
      // The crossing beside the commit's write is the last of the old settings.
      expected.configure(values);
      if (update == 3) {
        Clock reset;
        reset.linkReset = true;
        push(reset);
        expected.linkReset();
      }
    }
    for (int k = 0; k < 5; ++k) push({});
    const Recording got = testing::play(Simulator::Icarus, e.rtl, e.directory, clocks);
    ASSERT_EQ(got.ports.size(), 5U);
    for (const auto& [name, rows] : expected.rows) {
      const auto last = clocks.size() - start -
                        static_cast<std::size_t>(e.rtl.manifest.findSignal(name)->latency);
      for (std::size_t k = 0; k < last; ++k) {
        ASSERT_EQ(got.of(e.rtl.manifest, name, start + k), rows[k]) << name << " of crossing " << k;
      }
    }
  }
}

TEST(EmittedDesign, ReadsBackTheShadowCopyAndIgnoresWritesDuringACommit) {
  const Emitted e = emit(pipeline(), "read_back");
  SplitMix64 random(5);
  const core::ConfigValues values = randomSettings(random);
  std::vector<Clock> clocks = inReset(kInputs + 1);
  std::vector<std::pair<std::size_t, std::int64_t>> reads;  // clock whose address is read, value
  const auto push = [&](Clock clock) {
    clock.inputs = randomCrossing(random);
    clocks.push_back(clock);
  };
  const auto readAll = [&](const std::vector<std::int64_t>& weights) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      Clock clock;
      clock.address = static_cast<std::int64_t>(i);
      reads.emplace_back(clocks.size(), weights[i] & 0xffff);
      push(clock);
    }
  };
  readAll(e.design.config[0].reset);
  for (const Clock& clock : testing::writes(e.rtl.manifest, values, false)) push(clock);
  readAll(values.at("weight"));
  for (const Clock& clock : testing::writes(e.rtl.manifest, {}, true)) push(clock);
  const std::size_t committed = clocks.size() - 1;
  Clock ignored;  // the commit still has to reach `negate`, one clock behind the input
  ignored.write = true;
  ignored.address = 3;
  ignored.data = values.at("weight")[3] ^ 1;
  reads.emplace_back(clocks.size(), values.at("weight")[3] & 0xffff);
  push(ignored);
  readAll(values.at("weight"));
  const Recording got = testing::play(Simulator::Icarus, e.rtl, e.directory, clocks);
  for (const auto& [clock, value] : reads) {
    if (clock + 1 >= clocks.size()) continue;
    ASSERT_EQ(got.ports.at("cfg_rdata")[clock + 1][0], value) << "clock " << clock;
  }
  const auto& ready = got.ports.at("cfg_ready");
  EXPECT_EQ(ready[committed][0], 1);
  EXPECT_EQ(ready[committed + 1][0], 0);
  EXPECT_EQ(ready[committed + 2][0], 1);
}

TEST(EmittedDesign, LintsAndElaboratesWithoutAWarning) {
  const Emitted e = emit(pipeline(), "pipeline_lint");
  ASSERT_TRUE(writeRtl(e.rtl, e.directory).ok());
  std::vector<std::string> files;
  for (const std::string& file : e.rtl.manifest.files) {
    files.push_back((e.directory / file).string());
  }
  EXPECT_EQ(testing::lint(files, "pipeline"), "");
  EXPECT_EQ(testing::yosysCheck(files, "pipeline"), "");
}

TEST(EmittedDesign, IsTheSameOneClockLaterBehindRegisteredPins) {
  Emitted e = emit(pipeline(), "registered_pins");
  SplitMix64 random(9);
  std::vector<Clock> clocks = inReset(kInputs + 1);
  for (int k = 0; k < 40; ++k) {
    Clock clock;
    clock.linkReset = k == 20;
    clock.inputs = randomCrossing(random);
    clocks.push_back(clock);
  }
  const Recording plain = testing::play(Simulator::Icarus, e.rtl, e.directory, clocks);
  const verilog::Module bench = registeredPins(e.rtl.manifest);
  EXPECT_TRUE(verilog::checkModule(bench, e.rtl.modules).empty());
  const std::string file = testing::writeModules({bench}, e.directory)[0];
  e.rtl.modules.push_back(bench);
  e.rtl.files.push_back({"pipeline_bench.v", verilog::print(bench)});
  e.rtl.manifest.files.emplace_back("pipeline_bench.v");
  e.rtl.manifest.top = "pipeline_bench";
  const Recording later = testing::play(Simulator::Icarus, e.rtl, e.directory, clocks);
  for (const auto& [name, rows] : plain.ports) {
    for (std::size_t k = 5; k + 1 < clocks.size(); ++k) {
      ASSERT_EQ(later.ports.at(name)[k + 1], rows[k]) << name << " at clock " << k;
    }
  }
  EXPECT_EQ(testing::lint({file, (e.directory / "pipeline.v").string()}, "pipeline_bench",
                          {"-y", e.directory.string()}),
            "");
}

TEST(EmittedDesign, ManifestTellsWhereEverythingIs) {
  const Emitted e = emit(pipeline(), "manifest");
  const ModuleManifest& m = e.rtl.manifest;
  EXPECT_EQ(m.findRegister("weight")->firstAddress, 0U);
  EXPECT_EQ(m.findRegister("negate")->firstAddress, 70U);
  EXPECT_EQ(m.findRegister("weight")->firstUse, 0);
  EXPECT_EQ(m.findRegister("negate")->firstUse, 1);
  EXPECT_EQ(m.controlAddress, 71U);
  EXPECT_EQ(m.configAddressWidth, 7);
  EXPECT_EQ(m.findSignal("result")->latency, 2);
  EXPECT_EQ(m.findSignal("bx")->latency, 0);
  EXPECT_TRUE(m.findSignal("scaled")->registered);
  EXPECT_EQ(m.milestones.at(0).planned, 2);
  const auto bank = std::ranges::find(m.modules, "config_bank_64xs6", &ManifestModule::name);
  ASSERT_NE(bank, m.modules.end());
  EXPECT_EQ(bank->instances, 1U);
}

TEST(EmittedDesign, RefusesANameThatVerilogReserves) {
  Design design = pipeline();
  design.config[1].name = "signed";
  design.blocks[2].inputs[4].signal = "signed";
  const auto rtl = emitVerilog(design);
  ASSERT_FALSE(rtl.ok());
  EXPECT_EQ(rtl.error().code, "rtl.name");
}

TEST(EmittedDesign, RefusesANameThatIsNoIdentifier) {
  const auto codeWith = [](auto change) {
    Design design = pipeline();
    change(design);
    const auto rtl = emitVerilog(design);
    return rtl.ok() ? std::string() : rtl.error().code;
  };
  EXPECT_EQ(codeWith([](Design&) {}), "");
  EXPECT_EQ(codeWith([](Design& d) { d.name = "chip\nmodule x"; }), "rtl.name");
  EXPECT_EQ(codeWith([](Design& d) { d.blocks[0].name = "a b"; }), "rtl.name");
  EXPECT_EQ(codeWith([](Design& d) {
              d.config[1].name = "neg;ate";
              d.blocks[2].inputs[4].signal = "neg;ate";
            }),
            "rtl.name");
}

}  // namespace
}  // namespace aegen::rtl_gen
