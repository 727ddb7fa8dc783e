#include "random_registers.hpp"

#include <algorithm>

#include "aegen/core/function_builder.hpp"

namespace aegen::test_common {

namespace {

constexpr core::FixedFormat kCharge{false, 8, 0};
constexpr int kStages = 3;

core::ConfigField randomField(SplitMix64& random, int index,
                              const RandomRegistersOptions& options) {
  core::ConfigField field;
  field.name = "field" + std::to_string(index);
  field.format = {random.oneIn(2), random.between(options.minWidth, options.maxWidth),
                  random.between(-2, 8)};
  // Counts just at and behind the size of a bank are where decoders go wrong.
  field.count = random.oneIn(3)
                    ? static_cast<std::uint32_t>(std::min(options.maxCount, random.between(63, 66)))
                    : static_cast<std::uint32_t>(random.between(1, options.maxCount));
  for (std::uint32_t i = 0; i < field.count; ++i) {
    field.reset.push_back(randomRaw(random, field.format));
  }
  field.comment = "setting " + std::to_string(index);
  return field;
}

std::string seen(int stage, const core::ConfigField& field) {
  return "seen" + std::to_string(stage) + "_" + field.name;
}

core::Function stageFunction(const core::Design& design, int stage,
                             const std::vector<const core::ConfigField*>& shown) {
  core::FunctionBuilder b(design.program, "stage" + std::to_string(stage), "shows settings");
  const auto charge = b.input("in", kCharge);
  std::vector<std::vector<core::ValueId>> values;
  for (const core::ConfigField* const field : shown) {
    values.push_back(b.input(field->name, field->format, field->count, core::Role::Config));
  }
  b.output("out", kCharge, charge);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    b.output(seen(stage, *shown[i]), shown[i]->format, values[i]);
  }
  return std::move(b).finish();
}

}  // namespace

core::Design randomRegisters(SplitMix64& random, const std::string& name,
                             const RandomRegistersOptions& options) {
  core::Design design;
  design.name = name;
  design.inputs = {{"charge", kCharge, 1}};
  for (int i = 0; i < options.fields; ++i) {
    design.config.push_back(randomField(random, i, options));
  }
  std::vector<int> home;
  for (std::size_t i = 0; i < design.config.size(); ++i) {
    home.push_back(random.between(0, kStages - 1));
  }
  std::string previous = "charge";
  for (int stage = 0; stage < kStages; ++stage) {
    std::vector<const core::ConfigField*> shown;
    for (std::size_t i = 0; i < design.config.size(); ++i) {
      if (home[i] == stage || random.oneIn(4)) shown.push_back(&design.config[i]);
    }
    design.program.functions.push_back(stageFunction(design, stage, shown));
    core::Block block;
    block.name = "u_stage" + std::to_string(stage);
    block.function = "stage" + std::to_string(stage);
    block.inputs = {{"in", previous}};
    previous = "charge" + std::to_string(stage);
    block.outputs = {{"out", previous}};
    for (const core::ConfigField* const field : shown) {
      block.inputs.push_back({field->name, field->name});
      block.outputs.push_back({seen(stage, *field), seen(stage, *field)});
      design.outputs.push_back(seen(stage, *field));
    }
    block.registered = true;
    design.blocks.push_back(block);
  }
  design.outputs.push_back(previous);
  return design;
}

core::ConfigValues randomValues(SplitMix64& random, const core::Design& design) {
  core::ConfigValues values;
  for (const core::ConfigField& field : design.config) {
    for (std::uint32_t i = 0; i < field.count; ++i) {
      values[field.name].push_back(randomRaw(random, field.format));
    }
  }
  return values;
}

}  // namespace aegen::test_common
