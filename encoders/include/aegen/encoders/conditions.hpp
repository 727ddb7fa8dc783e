#pragma once
/// Conditions: what a decoder is told of a module and its event besides the latents.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

/// One element of the decoder's input `conditions`.
struct Condition {
  enum class Source : std::uint8_t {
    SumCode,  ///< the link's module-sum code (5E4M, 9 bits), read as u9.9: code / 512
    Given,    ///< a constant of the module that the board knows: its place, its layer
  };
  std::string name;  ///< an identifier
  Source source = Source::Given;
  double given = 0;  ///< Source::Given: the value where nothing else names one
  bool operator==(const Condition&) const = default;
};
/// "sum_code", "given".
[[nodiscard]] std::string_view text(Condition::Source source);
[[nodiscard]] std::optional<Condition::Source> parseConditionSource(std::string_view text);

/// Name of the decoder's second Input node, [n], whose format all conditions share.
inline constexpr std::string_view kConditionsInput = "conditions";
/// That node; null where the decoder takes latents alone.
[[nodiscard]] const Node* conditionsInput(const Graph& decoder);

/// Whether `conditions` name the elements of the decoder's input, one each, with identifiers that
/// differ. Diagnostic `model.conditions`.
[[nodiscard]] core::Result<void> checkConditions(const Graph& decoder,
                                                 const std::vector<Condition>& conditions);

/// Raw integer in `format` of a module-sum code, floored where the format is coarser than u9.9 and
/// saturated where it is narrower.
[[nodiscard]] std::int64_t sumCodeCondition(std::int64_t code, const core::FixedFormat& format);
/// Raw integer in `format` nearest to a given value (core::quantize()).
[[nodiscard]] std::int64_t givenCondition(double value, const core::FixedFormat& format);

}  // namespace aegen::encoders
