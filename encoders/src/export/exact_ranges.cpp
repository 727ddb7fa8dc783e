#include "exact_ranges.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "../layer_windows.hpp"

namespace aegen::encoders {
namespace {

using core::Interval;
using core::Result;

long double magnitude(const Interval& range) {
  return std::max(std::abs(static_cast<long double>(range.low)),
                  std::abs(static_cast<long double>(range.high)));
}

class Ranges {
 public:
  Ranges(const Graph& graph, FloatType type)
      : graph_(graph),
        limit_(std::ldexp(1.0L, significandBits(type))),
        // With these no product or step of a rounding leaves the type's exponents.
        maxFraction_(type == FloatType::Single ? 50 : 400) {}

  Result<std::vector<Interval>> run() {
    for (const Node& node : graph_.nodes) {
      const Interval range = rangeOf(node);
      if (!problem_.empty()) {
        return core::badInput("export.range", problem_, "node '" + node.name + "'",
                              {"choose narrower formats"});
      }
      ranges_.push_back(range);
    }
    return std::move(ranges_);
  }

 private:
  void demand(long double most, const char* what) {
    if (most > limit_ && problem_.empty()) {
      problem_ = std::string(what) + " can need " +
                 std::to_string(static_cast<int>(std::ceil(std::log2(most)))) +
                 " bits, a floating-point number has " +
                 std::to_string(static_cast<int>(std::log2(limit_)));
    }
  }
  void demandFraction(int fraction) {
    if (std::abs(fraction) > maxFraction_ && problem_.empty()) {
      problem_ = std::to_string(fraction) + " fractional bits are outside -" +
                 std::to_string(maxFraction_) + ".." + std::to_string(maxFraction_);
    }
  }

  [[nodiscard]] const Node& inputOf(const Node& node) const {
    return graph_.nodes[static_cast<std::size_t>(node.inputs[0])];
  }
  [[nodiscard]] const Interval& inputRange(const Node& node) const {
    return ranges_[static_cast<std::size_t>(node.inputs[0])];
  }

  Interval rangeOf(const Node& node) {
    demandFraction(node.format.fraction);
    switch (node.kind) {
      case NodeKind::Input:
      case NodeKind::Normalize:
        demand(magnitude(node.format.range()), "a value");
        return node.format.range();
      case NodeKind::Arrange:
      case NodeKind::Pad:
        return inputRange(node).join({0, 0});
      case NodeKind::Conv2d:
      case NodeKind::Conv2dTranspose:
      case NodeKind::Dense:
        return sums(node);
      case NodeKind::Relu:
        return {std::max<std::int64_t>(0, inputRange(node).low),
                std::max<std::int64_t>(0, inputRange(node).high)};
      case NodeKind::Requantize:
        return requantized(node);
      case NodeKind::Lookup: {
        const auto [low, high] = std::ranges::minmax(node.table);
        demand(magnitude({low, high}), "a value");
        return {low, high};
      }
      case NodeKind::Reinterpret:
      case NodeKind::Reshape:
        return inputRange(node);
      case NodeKind::Concat:
        // Each element is exact at its own fraction; who adds them looks at the common one.
        return node.format.range();
    }
    return {};
  }

  Interval requantized(const Node& node) {
    const Interval from = inputRange(node);
    const int drop = inputOf(node).format.fraction - node.format.fraction;
    const core::FixedFormat wide{true, core::kMaxWidth, node.format.fraction};
    const auto rounded = [&](std::int64_t raw) {
      return core::requantize(raw, inputOf(node).format.fraction, wide, node.rounding,
                              core::Overflow::Saturate);
    };
    const Interval inner{rounded(from.low), rounded(from.high)};
    if (drop > 0 && node.rounding == core::Rounding::NearestUp) {
      demand(magnitude(from) + std::ldexp(1.0L, drop - 1), "a sum with half a step");
    }
    const Interval to = node.format.range();
    if (to.contains(inner)) return inner;
    if (node.overflow == core::Overflow::Saturate) {
      demand(std::min(magnitude(inner), magnitude(to)), "a value");
      return {std::clamp(inner.low, to.low, to.high), std::clamp(inner.high, to.low, to.high)};
    }
    demand(magnitude(inner) + magnitude(to), "a value with a wrap's offset");
    return to;
  }

  // The raw values of a layer with weights; bounds of everything on the way to them.
  Interval sums(const Node& node) {
    const LayerWindows windows(node, inputOf(node).shape);
    const auto x = inputRange(node);
    demandFraction(inputOf(node).format.fraction + node.kernel.format.fraction);
    long double most = 0;
    for (std::size_t window = 0; window < windows.windows(); ++window) {
      for (std::size_t channel = 0; channel < windows.channels(); ++channel) {
        const int exact = inputOf(node).format.fraction + node.kernel.fraction(channel);
        demandFraction(exact);
        long double sum = std::ldexp(std::abs(static_cast<long double>(node.bias.values[channel])),
                                     node.format.fraction - node.bias.fraction(channel));
        for (std::size_t term = 0; term < windows.terms(window); ++term) {
          const std::size_t at = windows.weight(window, term, channel);
          const long double product =
              std::abs(static_cast<long double>(node.kernel.values[at])) * magnitude(x);
          demand(product, "a product");
          sum += std::ldexp(product, node.format.fraction - exact);
          // Flooring a negative product adds up to one step.
          if (node.sum.truncateProducts && product != 0) {
            sum += std::ldexp(1.0L, node.format.fraction - node.sum.productFraction);
          }
        }
        most = std::max(most, sum);
      }
    }
    demand(most, "a sum");
    if (node.sum.truncateProducts) demandFraction(node.sum.productFraction);
    const Interval all = node.format.range();
    const auto bound = [&](std::int64_t end) {
      return std::abs(static_cast<long double>(end)) <= most
                 ? end
                 : static_cast<std::int64_t>(end < 0 ? -std::ceil(most) : std::ceil(most));
    };
    return {bound(all.low), bound(all.high)};
  }

  const Graph& graph_;
  long double limit_;
  int maxFraction_;
  std::string problem_;
  std::vector<Interval> ranges_;
};

}  // namespace

Result<std::vector<Interval>> exactRanges(const Graph& graph, FloatType type) {
  return Ranges(graph, type).run();
}

}  // namespace aegen::encoders
