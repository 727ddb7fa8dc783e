#include "pass_checks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/interpreter.hpp"
#include "aegen/core/passes/pipeline.hpp"
#include "aegen/core/text.hpp"
#include "aegen/core/verifier.hpp"

namespace aegen::core::passes {
namespace {

using test_common::SplitMix64;

constexpr std::uint64_t kPrograms = 60;
constexpr std::uint64_t kDesigns = 60;

// Blocks with inputs from whatever signals fit; what fits none becomes an input of the chip.
class DesignMaker {
 public:
  explicit DesignMaker(std::uint64_t seed) : random_(seed * 77 + 5) {
    design_.name = "random";
    design_.program = randomSubject(seed);
  }

  Design make() {
    design_.inputs.push_back({"header", {false, 4, 0}, 1});
    design_.blocks.push_back({.kind = BlockKind::BxCounter,
                              .name = "counter",
                              .inputs = {{"rx_header", "header"}},
                              .outputs = {{"bx", "bx"}}});
    made_.push_back({"bx", {false, 12, 0}, 1});
    const int blocks = random_.between(3, 7);
    for (int b = 0; b < blocks; ++b) add("b" + std::to_string(b));
    design_.outputs.push_back(made_.back().name);
    for (const Signal& signal : made_) {
      if (signal.name != made_.back().name && random_.oneIn(5)) {
        design_.outputs.push_back(signal.name);
      }
    }
    return std::move(design_);
  }

 private:
  void add(const std::string& name) {
    const Function function =
        design_.program.functions[random_.below(design_.program.functions.size())];
    const bool wide = std::ranges::any_of(function.inputs, [](const Port& port) {
      return port.role == Role::Config && port.format.width > kMaxConfigBits;
    });
    if (wide) return;
    Block block{.name = name, .function = function.name, .registered = random_.oneIn(2)};
    for (const Port& port : function.inputs) block.inputs.push_back({port.name, source(port)});
    bool any = false;
    for (const Port& port : function.outputs) {
      if (any && random_.oneIn(3)) continue;  // nobody wants it
      any = true;
      const std::string signal = name + "_" + port.name;
      block.outputs.push_back({port.name, signal});
      made_.push_back({signal, port.format, port.count});
    }
    design_.blocks.push_back(std::move(block));
  }

  std::string source(const Port& port) {
    if (port.role == Role::Config) return field(port);
    std::vector<std::string> fitting;
    for (const Signal& signal : made_) {
      if (signal.format == port.format && signal.count == port.count) {
        fitting.push_back(signal.name);
      }
    }
    if (!fitting.empty()) return fitting[random_.below(fitting.size())];
    return adapted(port);
  }

  // A block that makes the port's elements of an earlier signal: known bits and narrow ranges.
  std::string adapted(const Port& port) {
    const Signal from = made_[random_.below(made_.size())];
    const std::string name = "fit" + std::to_string(count_++);
    Function f;
    f.name = name;
    f.inputs = {{"x", from.format, from.count, Role::Event}};
    f.values.assign(from.count, {from.format, {}});
    const auto add = [&](Instruction instruction, const FixedFormat& format) {
      f.values.push_back({format, {}});
      const auto id = static_cast<ValueId>(f.values.size() - 1);
      instruction.results = {id};
      f.instructions.push_back(std::move(instruction));
      return id;
    };
    f.outputs = {{"y", port.format, port.count, Role::Output}};
    for (std::uint32_t i = 0; i < port.count; ++i) {
      const auto x = static_cast<ValueId>(random_.below(from.count));
      ValueId id = static_cast<ValueId>(f.values.size());
      if (random_.oneIn(4)) {
        add({.op = Op::Const, .immediate = test_common::randomRaw(random_, port.format)},
            port.format);
      } else {
        const FixedFormat narrow{false, random_.between(1, from.format.width),
                                 from.format.fraction};
        const ValueId part = add({.op = Op::Reinterpret, .operands = {x}}, narrow);
        const ValueId moved =
            add({.op = Op::ShiftLeft, .operands = {part}, .immediate = random_.between(0, 3)},
                {from.format.isSigned, std::min(63, narrow.width + 4), from.format.fraction});
        id = add({.op = Op::Reinterpret, .operands = {moved}}, port.format);
      }
      f.outputValues.push_back(id);
    }
    design_.program.functions.push_back(std::move(f));
    design_.blocks.push_back({.name = name,
                              .function = name,
                              .inputs = {{"x", from.name}},
                              .outputs = {{"y", name + "_y"}},
                              .registered = random_.oneIn(4)});
    made_.push_back({name + "_y", port.format, port.count});
    return name + "_y";
  }

  std::string field(const Port& port) {
    for (const ConfigField& known : design_.config) {
      if (known.format == port.format && known.count == port.count) return known.name;
    }
    ConfigField field{"field" + std::to_string(design_.config.size()), port.format, port.count,
                      std::vector<std::int64_t>(port.count, 0), ""};
    for (std::int64_t& value : field.reset) {
      value = test_common::randomRaw(random_, port.format);
    }
    design_.config.push_back(std::move(field));
    return design_.config.back().name;
  }

  SplitMix64 random_;
  Design design_;
  std::vector<Signal> made_;
  int count_ = 0;
};

ConfigValues randomFields(SplitMix64& random, const Design& design) {
  ConfigValues values;
  for (const ConfigField& field : design.config) {
    for (std::uint32_t i = 0; i < field.count; ++i) {
      values[field.name].push_back(test_common::randomRaw(random, field.format));
    }
  }
  return values;
}

void checkProgram(const std::string& pass, std::uint64_t seed) {
  SCOPED_TRACE("program, AEGEN_SEED=" + std::to_string(seed));
  const Program before = randomSubject(seed);
  Program once = before;
  const auto report = runPasses(once, test_common::kTop, {pass});
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(report->runs.at(0).before, statisticsOf(before, test_common::kTop));
  EXPECT_EQ(report->runs.at(0).after, statisticsOf(once, test_common::kTop));
  EXPECT_EQ(once.find(test_common::kTop)->inputs, before.find(test_common::kTop)->inputs);
  EXPECT_EQ(once.find(test_common::kTop)->outputs, before.find(test_common::kTop)->outputs);
  expectSameBits(before, once, test_common::kTop, seed);
  Program twice = once;
  ASSERT_TRUE(runPasses(twice, test_common::kTop, {pass}).ok());
  EXPECT_EQ(print(twice), print(once)) << "not idempotent";
}

void checkDesign(const std::string& pass, std::uint64_t seed) {
  SCOPED_TRACE("design, AEGEN_SEED=" + std::to_string(seed));
  const Design before = randomDesign(seed);
  ASSERT_TRUE(analyse(before).ok()) << analyse(before).error().text();
  Design once = before;
  const auto report = runPasses(once, {pass});
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(report->runs.at(0).after, statisticsOf(once));
  expectSameBits(before, once, seed);
  Design twice = once;
  ASSERT_TRUE(runPasses(twice, {pass}).ok());
  EXPECT_EQ(print(twice.program), print(once.program)) << "not idempotent";
}

}  // namespace

std::uint64_t firstSeed() {
  const char* const given = std::getenv("AEGEN_SEED");
  return given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
}

Program parsed(const std::string& text) {
  Result<Program> program = parse(text);
  EXPECT_TRUE(program.ok()) << program.error().text();
  EXPECT_TRUE(checkValid(*program).ok()) << checkValid(*program).error().text();
  return *program;
}

std::string after(const std::string& text, void (*pass)(Unit&)) {
  const Program program = parsed(text);
  Unit unit = unitOf(program, program.functions.back().name);
  pass(unit);
  EXPECT_TRUE(checkValid(unit.program).ok()) << print(unit.program);
  expectSameBits(program, unit.program, unit.top, 1);
  return print(unit.program);
}

void expectSameBits(const Program& before, const Program& after, const std::string& top,
                    std::uint64_t seed, std::size_t events) {
  SplitMix64 random(seed ^ 0x5eed);
  const Function& function = *before.find(top);
  Interpreter expected(before, top);
  Interpreter got(after, top);
  for (int configuration = 0; configuration < 3; ++configuration) {
    for (const auto& [port, values] : test_common::randomConfig(random, function)) {
      expected.setConfig(port, values);
      got.setConfig(port, values);
    }
    const Columns inputs = test_common::randomEvents(random, function, events);
    const auto a = expected.run(inputs);
    const auto b = got.run(inputs);
    ASSERT_TRUE(a.ok() && b.ok());
    for (std::size_t element = 0; element < a->elements(); ++element) {
      for (std::size_t k = 0; k < events; ++k) {
        ASSERT_EQ(b->at(element, k), a->at(element, k))
            << "output element " << element << " of event " << k << "\n"
            << print(before) << "became\n"
            << print(after);
      }
    }
  }
}

void expectSameBits(const Design& before, const Design& after, std::uint64_t seed,
                    std::size_t crossings) {
  SplitMix64 random(seed ^ 0xde51);
  EXPECT_EQ(after.inputs, before.inputs);
  EXPECT_EQ(after.outputs, before.outputs);
  const auto timingBefore = analyse(before);
  const auto timingAfter = analyse(after);
  ASSERT_TRUE(timingBefore.ok() && timingAfter.ok());
  for (const std::string& output : before.outputs) {
    EXPECT_EQ(timingAfter->signal.at(output), timingBefore->signal.at(output)) << output;
  }
  DesignInterpreter expected(before, {.keep = std::vector<std::string>{}});
  DesignInterpreter got(after, {.keep = std::vector<std::string>{}});
  for (int configuration = 0; configuration < 3; ++configuration) {
    if (configuration > 0) {
      const ConfigValues values = randomFields(random, before);
      expected.configure(values);
      got.configure(values);
    }
    std::size_t elements = 0;
    for (const Signal& signal : before.inputs) elements += signal.count;
    Columns inputs(elements, crossings);
    std::size_t row = 0;
    for (const Signal& signal : before.inputs) {
      for (std::uint32_t i = 0; i < signal.count; ++i, ++row) {
        for (std::size_t k = 0; k < crossings; ++k) {
          inputs.at(row, k) = test_common::randomRaw(random, signal.format);
        }
      }
    }
    const auto a = expected.run(inputs);
    const auto b = got.run(inputs);
    ASSERT_TRUE(a.ok() && b.ok());
    for (std::size_t element = 0; element < a->elements(); ++element) {
      for (std::size_t k = 0; k < crossings; ++k) {
        ASSERT_EQ(b->at(element, k), a->at(element, k))
            << "output element " << element << " of crossing " << k;
      }
    }
  }
}

Program randomSubject(std::uint64_t seed) {
  test_common::RandomProgramOptions options;
  options.functions = 2 + static_cast<int>(seed % 3);
  options.instructions = 8 + static_cast<int>(seed % 17);
  options.maxWidth = seed % 5 == 0 ? kMaxWidth : 24;
  options.everyOp = seed % 2 == 0;
  return test_common::randomProgram(seed, options);
}

Design randomDesign(std::uint64_t seed) {
  return DesignMaker(seed).make();
}

void checkPass(const std::string& name) {
  const std::uint64_t first = firstSeed();
  for (std::uint64_t seed = first; seed < first + kPrograms; ++seed) {
    checkProgram(name, seed);
    if (testing::Test::HasFatalFailure() || testing::Test::HasFailure()) return;
  }
  for (std::uint64_t seed = first; seed < first + kDesigns; ++seed) {
    checkDesign(name, seed);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace aegen::core::passes
