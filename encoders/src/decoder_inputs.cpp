#include "decoder_inputs.hpp"

#include <algorithm>

#include "link_string.hpp"

namespace aegen::encoders {

using econ_t::PathShape;

std::vector<std::int64_t> sentBits(const LinkLayout& link, const PathShape& shape) {
  std::vector<std::int64_t> sent(static_cast<std::size_t>(shape.latents), 0);
  const std::vector<int> positions = econ_t::linkPositions(link, shape);
  const auto width = static_cast<std::size_t>(shape.latentBits);
  for (std::size_t bit = 0; bit < positions.size(); ++bit) {
    if (positions[bit] >= 0) sent[bit / width] |= std::int64_t{1} << (bit % width);
  }
  return sent;
}

core::Columns decoderInputs(const Codec& codec, const core::Columns& latents,
                            std::span<const data::Event> events,
                            std::span<const data::Column> columns) {
  core::Columns inputs(latents.elements() + codec.conditions.size(), latents.events());
  for (std::size_t l = 0; l < latents.elements(); ++l) {
    std::ranges::copy(latents.column(l), inputs.column(l).begin());
  }
  for (std::size_t i = 0; i < codec.conditions.size(); ++i) {
    const Condition& condition = codec.conditions[i];
    const core::FixedFormat& format = conditionsInput(codec.decoder)->format;
    const auto column = std::ranges::find(columns, condition.name, &data::Column::name);
    const auto out = inputs.column(latents.elements() + i);
    for (std::size_t e = 0; e < events.size(); ++e) {
      switch (condition.source) {
        case Condition::Source::SumCode:
          out[e] = sumCodeCondition(econ_t::floatCodeOf(events[e].sum(), econ_t::kSumCode), format);
          break;
        case Condition::Source::Given:
          out[e] =
              givenCondition(column == columns.end() ? condition.given : column->values[e], format);
          break;
      }
    }
  }
  return inputs;
}

}  // namespace aegen::encoders
