#include "random_folds.hpp"

#include <string>
#include <vector>

#include "aegen/core/function_builder.hpp"
#include "random_program.hpp"

namespace aegen::test_common {
namespace {

using core::FixedFormat;
using core::Function;
using core::FunctionBuilder;
using core::Program;
using core::Role;
using core::ValueId;

constexpr FixedFormat kValue{true, 9, 2};
constexpr FixedFormat kSetting{true, 6, 1};
constexpr std::uint32_t kValues = 8;
constexpr std::uint32_t kSettings = 6;

void addCallees(Program& program, SplitMix64& random, const std::string& prefix,
                const RandomFoldOptions& options) {
  for (int i = 0; i < options.callees; ++i) {
    const Program made = randomProgram(random.next(), {.functions = 1,
                                                       .instructions = options.steps,
                                                       .maxWidth = 20,
                                                       .everyOp = false,
                                                       .calls = false});
    Function callee = made.functions.back();
    callee.name = prefix + "_callee_" + std::to_string(i);
    program.functions.push_back(std::move(callee));
  }
}

// `prefix`: calls of `prefix`_callee_0 ... from values x and settings, the last results given out.
void addCaller(Program& program, SplitMix64& random, const std::string& prefix,
               const RandomFoldOptions& options) {
  FunctionBuilder b(program, prefix, "random calls");
  std::vector<ValueId> values = b.input("x", kValue, kValues);
  const std::vector<ValueId> settings = b.input("setting", kSetting, kSettings, Role::Config);
  values.insert(values.end(), settings.begin(), settings.end());
  const std::size_t inputs = values.size();
  std::vector<ValueId> results;
  const int calls = random.between(2, options.calls);
  for (int k = 0; k < calls; ++k) {
    const std::string name =
        prefix + "_callee_" +
        std::to_string(random.below(static_cast<std::size_t>(options.callees)));
    std::vector<ValueId> operands;
    for (const core::Port& port : program.find(name)->inputs) {
      for (std::uint32_t i = 0; i < port.count; ++i) {
        if (options.constants && random.oneIn(4)) {
          const std::int64_t raw = randomRaw(random, port.format);
          operands.push_back(b.reinterpret(b.constant(raw, port.format.fraction), port.format));
          continue;
        }
        const std::size_t reach = options.dependencies && random.oneIn(6) ? values.size() : inputs;
        operands.push_back(b.requantize(values[random.below(reach)], port.format,
                                        core::Rounding::Floor, core::Overflow::Wrap));
      }
    }
    for (const ValueId result : b.call(name, operands)) {
      values.push_back(result);
      results.push_back(result);
    }
  }
  std::vector<ValueId> out;
  for (std::uint32_t i = 0; i < kValues; ++i) {
    const ValueId a = results[(i * 5) % results.size()];
    const ValueId mine = b.requantize(a, kValue, core::Rounding::Floor, core::Overflow::Wrap);
    const ValueId other = b.requantize(results[results.size() - 1 - i % results.size()], kValue,
                                       core::Rounding::Floor, core::Overflow::Wrap);
    out.push_back(
        b.requantize(b.add(mine, other), kValue, core::Rounding::Floor, core::Overflow::Wrap));
  }
  b.output("y", kValue, out);
  program.functions.push_back(std::move(b).finish());
}

core::Block functionBlock(const std::string& function, const std::string& from,
                          const std::string& to, bool registered) {
  core::Block block{
      .kind = core::BlockKind::Function, .name = "u_" + function, .function = function};
  block.inputs = {{"x", from}, {"setting", "setting"}};
  block.outputs = {{"y", to}};
  block.registered = registered;
  return block;
}

}  // namespace

Program randomCalls(std::uint64_t seed, const RandomFoldOptions& options) {
  SplitMix64 random(seed);
  Program program;
  addCallees(program, random, kTop, options);
  addCaller(program, random, kTop, options);
  return program;
}

core::Design randomFoldedDesign(std::uint64_t seed, int clocksPerCrossing) {
  SplitMix64 random(seed);
  core::Design design;
  design.name = "folded";
  design.comment = "random calls in three stages, and a counter";
  design.clocksPerCrossing = clocksPerCrossing;
  for (const char* const stage : {"stage_a", "stage_b", "stage_c"}) {
    addCallees(design.program, random, stage, {});
    addCaller(design.program, random, stage, {});
  }
  design.inputs = {{"charge", kValue, kValues}, {"header", {false, 4, 0}, 1}};
  core::Block counter{.kind = core::BlockKind::BxCounter, .name = "u_counter"};
  counter.inputs = {{"rx_header", "header"}};
  counter.outputs = {{"bx", "bx"}};
  design.blocks = {counter, functionBlock("stage_a", "charge", "first", true),
                   functionBlock("stage_b", "first", "second", true),
                   functionBlock("stage_c", "second", "third", false)};
  design.outputs = {"first", "second", "third", "bx"};
  std::vector<std::int64_t> reset;
  for (std::uint32_t i = 0; i < kSettings; ++i) reset.push_back(randomRaw(random, kSetting));
  design.config = {{"setting", kSetting, kSettings, reset, "of all stages"}};
  return design;
}

}  // namespace aegen::test_common
