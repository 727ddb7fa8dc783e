#include "stages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "../layer_sums.hpp"
#include "kernels.hpp"

namespace aegen::encoders::training {
namespace {

using core::FixedFormat;
using core::Result;

// A float holds every integer up to here.
constexpr std::int64_t kFloatExact = std::int64_t{1} << std::numeric_limits<float>::digits;
constexpr std::int64_t kWords = std::numeric_limits<std::int16_t>::max();

std::int64_t magnitude(const FixedFormat& format) {
  return std::max(format.maxRaw(), -format.minRaw());
}

core::Diagnostic unsupported(const Node& node) {
  return core::badInput("train.unsupported",
                        fmt::format("{} cannot be trained here", text(node.kind)),
                        "node '" + node.name + "'",
                        {"normalize stands first and once; then arrange, pad, conv2d, "
                         "conv2d_transpose, dense, relu, requantize, reshape and concat"});
}

class Planner {
 public:
  Planner(const Codec& codec, const PlanOptions& options) : codec_(codec), options_(options) {}

  Result<Plan> run() {
    plan_.inputs = elementCount(codec_.encoder.nodes.front().shape);
    plan_.conditions = codec_.conditions.size();
    plan_.rows = plan_.firstLearning();
    std::vector<Row> inputs(plan_.inputs);
    std::iota(inputs.begin(), inputs.end(), Row{1});
    auto latents = graph(codec_.encoder, false, inputs);
    if (!latents) return latents.error();
    std::vector<Row> sent = link(*latents);
    plan_.latentStage = plan_.stages.size() - 1;
    auto outputs = graph(codec_.decoder, true, sent);
    if (!outputs) return outputs.error();
    plan_.outputs = *outputs;
    return std::move(plan_);
  }

 private:
  // Appends the stages of `graph`, whose first input has the rows `inputs`; the rows of its output.
  Result<std::vector<Row>> graph(const Graph& graph, bool inDecoder,
                                 const std::vector<Row>& inputs) {
    std::vector<std::vector<Row>> rows(graph.nodes.size());
    std::vector<int> readers(graph.nodes.size(), 0);
    for (const Node& node : graph.nodes) {
      for (const int input : node.inputs) ++readers[static_cast<std::size_t>(input)];
    }
    bool charges = !inDecoder;  // nothing but the input has been met
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      const Node& node = graph.nodes[i];
      const bool alone = std::ranges::all_of(
          node.inputs, [&](int input) { return readers[static_cast<std::size_t>(input)] == 1; });
      const auto in = [&](std::size_t n) -> const std::vector<Row>& {
        return rows[static_cast<std::size_t>(node.inputs[n])];
      };
      const auto format = [&] {
        return graph.nodes[static_cast<std::size_t>(node.inputs[0])].format;
      };
      switch (node.kind) {
        case NodeKind::Input:
          rows[i] = node.name == kConditionsInput && inDecoder ? conditionRows() : inputs;
          continue;
        case NodeKind::Normalize:
          if (!charges) return unsupported(node);
          rows[i] = in(0);
          break;
        case NodeKind::Arrange:
          for (const int index : node.indices) {
            rows[i].push_back(index < 0 ? kZeroRow : in(0)[static_cast<std::size_t>(index)]);
          }
          break;
        case NodeKind::Pad:
          rows[i] =
              padded(node, graph.nodes[static_cast<std::size_t>(node.inputs[0])].shape, in(0));
          break;
        case NodeKind::Reshape:
          rows[i] = in(0);
          break;
        case NodeKind::Concat:
          for (std::size_t n = 0; n < node.inputs.size(); ++n) {
            rows[i].insert(rows[i].end(), in(n).begin(), in(n).end());
          }
          break;
        case NodeKind::Conv2d:
        case NodeKind::Conv2dTranspose:
        case NodeKind::Dense:
          rows[i] = weighted(node, graph.nodes[static_cast<std::size_t>(node.inputs[0])], inDecoder,
                             in(0));
          break;
        case NodeKind::Relu:
          rows[i] = stepped({.kind = ElementStep::Kind::Relu}, in(0), alone, inDecoder, node.name,
                            format().fraction);
          break;
        case NodeKind::Requantize:
          rows[i] = real(inDecoder)
                        ? in(0)
                        : stepped({.kind = ElementStep::Kind::Requantize,
                                   .format = node.format,
                                   .rounding = node.rounding,
                                   .overflow = node.overflow},
                                  in(0), alone, inDecoder, node.name, format().fraction);
          break;
        case NodeKind::Reinterpret:
        case NodeKind::Lookup:
          return unsupported(node);
      }
      charges = false;
      if (const auto good = narrow(graph, i, inDecoder, readers); !good) return good.error();
    }
    return rows.back();
  }

  [[nodiscard]] bool real(bool inDecoder) const { return inDecoder && options_.realDecoder; }

  [[nodiscard]] std::vector<Row> conditionRows() const {
    std::vector<Row> rows(plan_.conditions);
    std::iota(rows.begin(), rows.end(), static_cast<Row>(1 + plan_.inputs));
    return rows;
  }

  // Rows hold floats: what stays in one must fit. Sums may be wider until they are requantized.
  static bool staysWide(const Graph& graph, std::size_t node) {
    for (std::size_t i = node + 1; i < graph.nodes.size(); ++i) {
      const Node& next = graph.nodes[i];
      if (std::ranges::find(next.inputs, static_cast<int>(node)) == next.inputs.end()) continue;
      if (next.kind == NodeKind::Requantize) return false;
      return next.kind != NodeKind::Relu && next.kind != NodeKind::Reshape;
    }
    return true;
  }

  Result<void> narrow(const Graph& graph, std::size_t at, bool inDecoder,
                      const std::vector<int>& readers) const {
    const Node& node = graph.nodes[at];
    if (real(inDecoder) || magnitude(node.format) <= kFloatExact) return {};
    const bool isSum =
        hasWeights(node.kind) || node.kind == NodeKind::Relu || node.kind == NodeKind::Reshape;
    if (isSum && readers[at] == 1 && !staysWide(graph, at)) return {};
    return core::badInput("train.too-wide",
                          fmt::format("the tensor is {}, wider than 24 bits", node.format.text()),
                          "node '" + node.name + "'",
                          {"put a requantize behind the layer, or choose narrower formats"});
  }

  static std::vector<Row> padded(const Node& node, const Shape& from, const std::vector<Row>& in) {
    std::vector<Row> rows(elementCount(node.shape), kZeroRow);
    const auto width = static_cast<std::size_t>(from[1] * from[2]);
    const auto stride = static_cast<std::size_t>(node.shape[1] * node.shape[2]);
    for (std::size_t r = 0; r < static_cast<std::size_t>(from[0]); ++r) {
      const std::size_t first = (r + static_cast<std::size_t>(node.padding[0])) * stride +
                                static_cast<std::size_t>(node.padding[2] * from[2]);
      std::copy_n(in.begin() + static_cast<std::ptrdiff_t>(r * width), width,
                  rows.begin() + static_cast<std::ptrdiff_t>(first));
    }
    return rows;
  }

  Stage& addStage(const std::string& node, bool inDecoder, std::size_t rows) {
    Stage& stage = plan_.stages.emplace_back();
    stage.node = node;
    stage.inDecoder = inDecoder;
    stage.firstRow = static_cast<Row>(plan_.rows);
    stage.rows = rows;
    plan_.rows += rows;
    return stage;
  }

  [[nodiscard]] static std::vector<Row> rowsOf(const Stage& stage) {
    std::vector<Row> rows(stage.rows);
    std::iota(rows.begin(), rows.end(), stage.firstRow);
    return rows;
  }

  // Adds a step to the stage that made `in`, if nothing else reads those rows; else in a stage of
  // its own.
  std::vector<Row> stepped(ElementStep step, const std::vector<Row>& in, bool alone, bool inDecoder,
                           const std::string& node, int fraction) {
    if (alone && !plan_.stages.empty() && rowsOf(plan_.stages.back()) == in) {
      plan_.stages.back().steps.push_back(std::move(step));
      return in;
    }
    Stage& stage = addStage(node, inDecoder, in.size());
    stage.sources = in;
    stage.inputFraction = fraction;
    stage.quantized = !real(inDecoder);
    stage.steps.push_back(std::move(step));
    return rowsOf(stage);
  }

  // The latents as the decoder receives them: bits that are not sent are 0.
  std::vector<Row> link(const std::vector<Row>& latents) {
    const FixedFormat& format = codec_.encoder.output().format;
    ElementStep step{.kind = ElementStep::Kind::Keep, .format = format};
    const auto width = static_cast<std::size_t>(format.width);
    const std::size_t kept = std::min(codec_.link.keep.size(), latents.size() * width);
    step.keep.assign(latents.size(), 0);
    for (std::size_t i = 0; i < kept; ++i) {
      // keep starts at the last latent's top bit.
      const std::size_t latent = latents.size() - 1 - i / width;
      if (codec_.link.keep[i]) step.keep[latent] |= std::int64_t{1} << (width - 1 - i % width);
    }
    return stepped(std::move(step), latents, true, false, "link", format.fraction);
  }

  std::vector<Row> weighted(const Node& node, const Node& input, bool inDecoder,
                            const std::vector<Row>& in) {
    Stage& stage = addStage(node.name, inDecoder, elementCount(node.shape));
    const LayerSums sums(node, input);
    const LayerWindows& windows = sums.windows();
    stage.channels = windows.channels();
    stage.terms = elementCount(node.kernel.shape) / stage.channels;
    stage.quantized = !real(inDecoder);
    stage.weightFormat = node.kernel.format;
    stage.biasFormat = node.bias.format;
    if (weightedStages_ < options_.extraFraction.size()) {
      stage.extraFraction = options_.extraFraction[weightedStages_];
    }
    ++weightedStages_;
    stage.inputFraction = input.format.fraction;
    stage.inputMax = magnitude(input.format);
    stage.sumFraction = node.format.fraction;
    stage.productFraction =
        node.sum.truncateProducts
            ? node.sum.productFraction
            : stage.inputFraction + stage.weightFormat.fraction + stage.extraFraction;
    stage.sumFraction = std::max(stage.productFraction, stage.biasFormat.fraction);
    group(stage, node, windows, in);
    arithmetic(stage, node.sum.truncateProducts);
    place(stage);
    return rowsOf(stage);
  }

  // Positions with the same taps go together.
  void group(Stage& stage, const Node& node, const LayerWindows& windows,
             const std::vector<Row>& in) const {
    std::map<std::vector<std::uint32_t>, TapGroup> groups;
    double products = 0;
    stage.passesGradient = false;
    for (std::size_t position = 0; position < windows.positions(); ++position) {
      const std::size_t window = windows.windowOf(position);
      std::vector<std::pair<std::uint32_t, Row>> terms;
      for (std::size_t t = 0; t < windows.terms(window); ++t) {
        const auto element = windows.input(position, t);
        const Row row = element ? in[*element] : kZeroRow;
        if (row == kZeroRow) continue;
        stage.passesGradient = stage.passesGradient || row >= plan_.firstLearning();
        const std::size_t weight = windows.weight(window, t, 0);
        terms.emplace_back(node.kind == NodeKind::Dense ? weight : weight / stage.channels, row);
      }
      std::ranges::sort(terms);
      products += static_cast<double>(terms.size());
      std::vector<std::uint32_t> taps;
      TapGroup::Patch patch;
      for (const auto& [tap, row] : terms) {
        taps.push_back(tap);
        patch.rows.push_back(row);
      }
      patch.firstOutput = static_cast<Row>(stage.firstRow + position * stage.channels);
      TapGroup& group = groups[taps];
      group.taps = taps;
      group.patches.push_back(std::move(patch));
    }
    stage.fanIn = std::max(1.0, products / static_cast<double>(windows.positions()));
    for (auto& [taps, group] : groups) stage.groups.push_back(std::move(group));
  }

  // The cheapest arithmetic that holds every sum, whatever the weights and inputs.
  static void arithmetic(Stage& stage, bool truncates) {
    if (!stage.quantized) {
      stage.arithmetic = Arithmetic::Real;
      return;
    }
    const std::int64_t weightMax = magnitude(stage.weightFormat);
    const int shift = stage.inputFraction + stage.weightFormat.fraction - stage.productFraction;
    // Weights are aligned so that products need no shift to the left.
    const double product = static_cast<double>(stage.inputMax) *
                           std::ldexp(static_cast<double>(weightMax), std::max(0, -shift));
    const double aligned = std::ldexp(product, std::min(0, -shift)) + 1.0;
    const double sum = std::ldexp(aligned * static_cast<double>(stage.terms),
                                  stage.sumFraction - stage.productFraction) +
                       std::ldexp(static_cast<double>(magnitude(stage.biasFormat)),
                                  stage.sumFraction - stage.biasFormat.fraction);
    if ((!truncates || shift + stage.extraFraction <= 0) &&
        sum < static_cast<double>(kFloatExact)) {
      stage.arithmetic = Arithmetic::Real;
    } else if (truncates && stage.sumFraction == stage.productFraction && sum < 0x1p30 &&
               fitsHighHalf(stage, shift, weightMax)) {
      stage.arithmetic = Arithmetic::HighHalf;
    } else {
      stage.arithmetic = product < 0x1p30 && sum < 0x1p30 ? Arithmetic::Wide32 : Arithmetic::Wide64;
    }
  }

  // (x << a) * (w << b) with a + b + shift = 16, both factors in 16 bits.
  static bool fitsHighHalf(const Stage& stage, int shift, std::int64_t weightMax) {
    if (stage.inputMax > kWords || shift < 1) return false;
    const int left = 16 - shift - inputShift(stage);
    return left - stage.extraFraction >= 0 && left < 15 && (weightMax << left) <= kWords + 1 &&
           ((stage.inputMax * weightMax) >> shift) < kWords;
  }

  // A layer's gradient runs over columns in steps: the order of the kernel that wastes less of
  // them.
  void place(Stage& stage) {
    const auto padded = [](std::size_t n) {
      return (n + kColumnStep - 1) / kColumnStep * kColumnStep;
    };
    stage.channelFirst =
        stage.channels * padded(stage.terms) < padded(stage.channels) * stage.terms;
    stage.kernel = plan_.parameters;
    stage.bias = stage.kernel + stage.terms * stage.channels;
    plan_.parameters = stage.bias + stage.channels;
  }

  const Codec& codec_;
  const PlanOptions& options_;
  Plan plan_;
  std::size_t weightedStages_ = 0;
};

}  // namespace

double fullScale(const Stage& stage, const FixedFormat& format) {
  return stage.quantized ? std::ldexp(1.0, format.width - 1 - format.fraction) : 1.0;
}

int inputShift(const Stage& stage) {
  int shift = 0;
  while ((stage.inputMax << (shift + 1)) <= kWords) ++shift;
  return shift;
}

int productShift(const Stage& stage, int weightFraction) {
  return std::max(0, stage.inputFraction + weightFraction - stage.productFraction);
}

Result<Plan> plan(const Codec& codec, const PlanOptions& options) {
  return Planner(codec, options).run();
}

}  // namespace aegen::encoders::training
