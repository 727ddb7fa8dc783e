// Layers of sources that say themselves which integers they compute with.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "../element_ranges.hpp"
#include "network_builder.hpp"
#include "weight_quantizer.hpp"

namespace aegen::encoders {

using core::FixedFormat;
using core::Interval;
using core::Overflow;
using core::Rounding;

BuiltValue NetworkBuilder::normalize(const ImportedLayer& layer, BuiltValue in) {
  Node node = GraphPen::next(NodeKind::Normalize, {in.node}, layer.name);
  const int fraction = layer.quantizer->format.fraction;
  node.format = {false, fraction + 1, fraction};
  node.maxShift = layer.maxShift;
  return {pen_.add(std::move(node), layer.where), in.exact};
}

BuiltValue NetworkBuilder::lookup(const ImportedLayer& layer, BuiltValue in) {
  const FixedFormat from = pen_.node(in.node).format;
  if (from.width > kMaxLookupWidth || from.fraction > 0 || from.fraction < -kMaxLookupWidth) {
    importFails("unsupported", "looks up values of " + from.text(), layer.where,
                {fmt::format("whole numbers of at most {} bits", kMaxLookupWidth)});
  }
  const auto size = static_cast<std::int64_t>(layer.table.values.size());
  const auto placeOf = [&](std::int64_t raw) {
    return raw * (std::int64_t{1} << -from.fraction) + layer.offset;
  };
  if (placeOf(from.minRaw()) < 0 || placeOf(from.maxRaw()) >= size) {
    decisions_.push_back({layer.where, "beyond the table's ends it is flat",
                          fmt::format("{} reaches beyond its {} entries", from.text(), size)});
  }
  Quantizer grid;
  grid.format = fittingFormat(layer.table.values, formats_.weightBits);
  const bool exact = layer.table.quantizer.has_value();
  if (exact) grid = *layer.table.quantizer;
  return {pen_.lookup(
              in.node, grid.format, "",
              [&](std::int64_t raw) {
                const auto at = std::clamp<std::int64_t>(placeOf(raw), 0, size - 1);
                return quantizeExactly(layer.table.values[static_cast<std::size_t>(at)], grid, 0);
              },
              layer.name, layer.where),
          in.exact && exact};
}

namespace {

// Whether every product with the node's weights, floored into `to`, is in its range.
bool holdsProducts(const FixedFormat& to, const Node& node, int fraction, const Interval& in) {
  const FixedFormat wide{true, core::kMaxWidth, to.fraction};
  const bool isDense = node.kind == NodeKind::Dense;
  const std::size_t channels = node.bias.values.size();
  const std::size_t terms = node.kernel.values.size() / channels;
  for (std::size_t i = 0; i < node.kernel.values.size(); ++i) {
    const std::size_t channel = isDense ? i / terms : i % channels;
    for (const std::int64_t x : {in.low, in.high}) {
      const std::int64_t product =
          core::requantize(x * node.kernel.values[i], fraction + node.kernel.fraction(channel),
                           wide, Rounding::Floor, Overflow::Saturate);
      if (!to.range().contains(Interval{product, product})) return false;
    }
  }
  return true;
}

}  // namespace

// The graph cuts products but does not limit them: what limits them must never do so.
void NetworkBuilder::checkProducts(const ImportedLayer& layer, const Node& node, int input) {
  const FixedFormat in = pen_.node(input).format;
  const FixedFormat& to = layer.products->format;
  if (in.width + node.kernel.format.width > core::kMaxWidth) {
    importFails("unsupported", "its products need more bits than a word", layer.where,
                {"quantize its input"});
  }
  if (holdsProducts(to, node, in.fraction, in.range())) return;
  Interval reached{0, 0};  // of what the input's format holds
  const auto elements = elementRanges(pen_.graph());
  for (const Interval& element : elements[static_cast<std::size_t>(input)]) {
    reached = reached.join(element);
  }
  if (holdsProducts(to, node, in.fraction, reached)) return;
  importFails("unsupported", "its products may be beyond " + to.text(), layer.where,
              {"a format of the products that holds them all"});
}

}  // namespace aegen::encoders
