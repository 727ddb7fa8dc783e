#include "model_check_chip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "layer_unit.hpp"

namespace aegen::encoders {
namespace {

// Section 4 of the ECON-T page.
constexpr core::FixedFormat kChipWeight{true, 6, 5};
constexpr int kConvProductFraction = 7;
constexpr int kDenseProductFraction = 8;

std::string place(const Node& node) {
  return "encoder, node " + node.name;
}

// What another arithmetic does to the latents.
struct Effect {
  double share = 0;       ///< of all latents of all events
  std::int64_t most = 0;  ///< largest difference, in steps of the latents as they are now
};

core::Result<Effect> effectOf(Graph changed, const core::Columns& charges,
                              const TensorStatistics& before, int fraction) {
  if (auto good = changed.infer(); !good) return good.error();
  auto after = TensorStatistics::of(changed, charges);
  if (!after) return after.error();
  const core::FixedFormat now{true, core::kMaxWidth, fraction};
  Effect effect;
  std::size_t differ = 0;
  for (std::size_t l = 0; l < before.output().elements(); ++l) {
    for (std::size_t e = 0; e < charges.events(); ++e) {
      const std::int64_t there =
          core::requantize(after->output().at(l, e), changed.output().format.fraction, now,
                           core::Rounding::Floor, core::Overflow::Saturate);
      const std::int64_t difference = std::abs(there - before.output().at(l, e));
      if (difference > 0) ++differ;
      effect.most = std::max(effect.most, difference);
    }
  }
  const double all = static_cast<double>(before.output().elements() * charges.events());
  effect.share = static_cast<double>(differ) / all;
  return effect;
}

class ChipCheck {
 public:
  ChipCheck(const Graph& encoder, const core::Columns& charges, const TensorStatistics& statistics,
            std::vector<Finding>& findings)
      : encoder_(encoder), charges_(charges), statistics_(statistics), findings_(findings) {}

  core::Result<void> run() {
    for (std::size_t i = 0; i < encoder_.nodes.size(); ++i) {
      const Node& node = encoder_.nodes[i];
      if (!hasWeights(node.kind)) continue;
      checkRelu(i);
      checkWeights(node, node.kernel);
      checkWeights(node, node.bias);
      if (auto good = checkSums(i); !good) return good;
    }
    checkSign();
    return checkLatents();
  }

 private:
  // The chip cuts negative sums off behind both layers; so does saturating into an unsigned format.
  void checkRelu(std::size_t at) {
    const int reader = readerOf(encoder_, at);
    if (reader >= 0) {
      const Node& next = encoder_.nodes[static_cast<std::size_t>(reader)];
      const bool clips = next.kind == NodeKind::Requantize && !next.format.isSigned &&
                         next.overflow == core::Overflow::Saturate;
      if (next.kind == NodeKind::Relu || clips) return;
    }
    std::uint64_t negative = 0;
    for (const ElementStatistics& one : statistics_.node(at)) negative += one.negative;
    const double share = static_cast<double>(negative) /
                         static_cast<double>(statistics_.node(at).size() * charges_.events());
    findings_.push_back({Severity::Warning,
                         "check.no-relu",
                         place(encoder_.nodes[at]),
                         share,
                         "share of values below zero",
                         fmt::format("no ReLU follows; the chip has one, and {:.2g} of the values "
                                     "are below zero",
                                     share),
                         "train with a ReLU behind this layer",
                         {}});
  }

  void checkWeights(const Node& node, const Weights& weights) {
    std::size_t changed = 0;
    const std::size_t channels = node.bias.values.size();
    for (std::size_t i = 0; i < weights.values.size(); ++i) {
      const bool rows = node.kind == NodeKind::Dense;
      const std::size_t channel = rows ? i / (weights.values.size() / channels) : i % channels;
      const double value =
          std::ldexp(static_cast<double>(weights.values[i]), -weights.fraction(channel));
      const std::int64_t there = core::quantize(value, kChipWeight);
      if (static_cast<double>(there) * kChipWeight.lsb() != value) ++changed;
    }
    if (changed == 0) return;
    findings_.push_back(
        {Severity::Warning,
         "check.weight-format",
         place(node),
         static_cast<double>(changed),
         "weights",
         fmt::format("{} of {} values of {} are no {}, which the chip holds", changed,
                     weights.values.size(), weights.name, kChipWeight.text()),
         "quantize them to six bits with five fractional bits in training",
         {}});
  }

  core::Result<void> checkSums(std::size_t at) {
    const Node& node = encoder_.nodes[at];
    if (node.kind == NodeKind::Conv2dTranspose) return {};  // the chip has none to compare with
    const SumRule chip{
        true, node.kind == NodeKind::Conv2d ? kConvProductFraction : kDenseProductFraction};
    if (node.sum == chip) return {};
    Graph changed = encoder_;
    changed.nodes[at].sum = chip;
    return differing(std::move(changed), node,
                     fmt::format("{}; the chip floors each product to {} fractional bits",
                                 node.sum.truncateProducts
                                     ? fmt::format("products are floored to {} fractional bits",
                                                   node.sum.productFraction)
                                     : "products are summed exactly",
                                 chip.productFraction),
                     fmt::format("train with product_fraction {}", chip.productFraction));
  }

  core::Result<void> differing(Graph changed, const Node& node, const std::string& what,
                               std::string advice) {
    const auto effect =
        effectOf(std::move(changed), charges_, statistics_, encoder_.output().format.fraction);
    if (!effect) return effect.error();
    findings_.push_back({effect->share > 0 ? Severity::Warning : Severity::Note,
                         "check.rounding",
                         place(node),
                         effect->share,
                         "share of latents that differ",
                         fmt::format("{}: {:.2g} of the latents differ, by at most {} steps", what,
                                     effect->share, effect->most),
                         std::move(advice),
                         {}});
    return {};
  }

  void checkSign() {
    const Node& output = encoder_.output();
    if (!output.format.isSigned) return;
    std::uint64_t negative = 0;
    for (std::size_t l = 0; l < statistics_.output().elements(); ++l) {
      const auto column = statistics_.output().column(l);
      negative += static_cast<std::uint64_t>(
          std::ranges::count_if(column, [](std::int64_t raw) { return raw < 0; }));
    }
    const double share = static_cast<double>(negative) /
                         static_cast<double>(statistics_.output().elements() * charges_.events());
    findings_.push_back({Severity::Warning,
                         "check.signed-latent",
                         place(output),
                         share,
                         "share of latents below zero",
                         fmt::format("latents are {}; the chip's are unsigned, and {:.2g} of the "
                                     "values are below zero",
                                     output.format.text(), share),
                         "train with latents that are not negative",
                         {}});
  }

  // The chip floors and saturates.
  core::Result<void> checkLatents() {
    const Node& output = encoder_.output();
    if (output.kind != NodeKind::Requantize) return {};
    const Node& from = encoder_.nodes[static_cast<std::size_t>(output.inputs[0])];
    const bool rounds =
        output.rounding != core::Rounding::Floor && from.format.fraction > output.format.fraction;
    const bool wraps = output.overflow == core::Overflow::Wrap;
    if (!rounds && !wraps) return {};
    Graph changed = encoder_;
    changed.nodes.back().rounding = core::Rounding::Floor;
    changed.nodes.back().overflow = core::Overflow::Saturate;
    return differing(std::move(changed), output,
                     fmt::format("latents are rounded {} and {}; the chip's floor and saturate",
                                 core::text(output.rounding), core::text(output.overflow)),
                     "train with rounding floor and overflow saturate");
  }

  const Graph& encoder_;
  const core::Columns& charges_;
  const TensorStatistics& statistics_;
  std::vector<Finding>& findings_;
};

}  // namespace

int readerOf(const Graph& graph, std::size_t at) {
  int found = -1;
  for (std::size_t i = at + 1; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (std::ranges::find(node.inputs, static_cast<int>(at)) == node.inputs.end()) continue;
    if (found >= 0) return -1;
    const bool moves = node.kind == NodeKind::Reshape || node.kind == NodeKind::Arrange ||
                       node.kind == NodeKind::Pad || node.kind == NodeKind::Reinterpret;
    found = moves ? readerOf(graph, i) : static_cast<int>(i);
    if (found < 0) return -1;
  }
  return found;
}

core::Result<void> checkAgainstChip(const Graph& encoder, const core::Columns& charges,
                                    const TensorStatistics& statistics,
                                    std::vector<Finding>& findings) {
  return ChipCheck(encoder, charges, statistics, findings).run();
}

}  // namespace aegen::encoders
