#include "aegen/encoders/conditions.hpp"

#include <algorithm>
#include <set>

#include "aegen/core/text_tools.hpp"

namespace aegen::encoders {
namespace {

constexpr int kSumCodeFraction = 9;  // the code is read as u9.9

core::Diagnostic problem(std::string message, const Graph& decoder) {
  return core::badInput("model.conditions", std::move(message), "graph '" + decoder.name + "'",
                        {"a decoder takes latents and, where the model has conditions, a second "
                         "input named '" +
                         std::string(kConditionsInput) + "' with one element each"});
}

}  // namespace

std::string_view text(Condition::Source source) {
  switch (source) {
    case Condition::Source::SumCode:
      return "sum_code";
    case Condition::Source::Given:
      return "given";
  }
  return {};
}

std::optional<Condition::Source> parseConditionSource(std::string_view name) {
  for (const auto source : {Condition::Source::SumCode, Condition::Source::Given}) {
    if (text(source) == name) return source;
  }
  return std::nullopt;
}

const Node* conditionsInput(const Graph& decoder) {
  const Node* const node = decoder.find(kConditionsInput);
  const bool second = node != nullptr && node != decoder.nodes.data();
  return second && node->kind == NodeKind::Input ? node : nullptr;
}

core::Result<void> checkConditions(const Graph& decoder, const std::vector<Condition>& conditions) {
  const Node* const input = conditionsInput(decoder);
  const auto inputs = std::ranges::count(decoder.nodes, NodeKind::Input, &Node::kind);
  if (inputs > (input == nullptr ? 1 : 2)) {
    return problem("the decoder has an input that is neither latents nor conditions", decoder);
  }
  const std::size_t elements = input == nullptr ? 0 : elementCount(input->shape);
  if (elements != conditions.size()) {
    return problem("the decoder takes " + std::to_string(elements) +
                       " conditions, the model names " + std::to_string(conditions.size()),
                   decoder);
  }
  std::set<std::string_view> seen;
  for (const Condition& condition : conditions) {
    if (!core::isIdentifier(condition.name)) {
      return problem("condition '" + condition.name + "' is no identifier", decoder);
    }
    if (!seen.insert(condition.name).second) {
      return problem("condition '" + condition.name + "' is named twice", decoder);
    }
  }
  return {};
}

std::int64_t sumCodeCondition(std::int64_t code, const core::FixedFormat& format) {
  return core::requantize(code, kSumCodeFraction, format, core::Rounding::Floor,
                          core::Overflow::Saturate);
}

std::int64_t givenCondition(double value, const core::FixedFormat& format) {
  return core::quantize(value, format);
}

}  // namespace aegen::encoders
