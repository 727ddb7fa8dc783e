#include "skeleton.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/freeze.hpp"
#include "event_source.hpp"

namespace aegen::encoders::training {
namespace {

using core::FixedFormat;
using core::Result;

// Stand-ins in a decoder that is trained in floats: any that pass infer().
constexpr FixedFormat kStandInWeights{true, 16, 15};
constexpr FixedFormat kStandInActivation{false, 16, 10};
constexpr FixedFormat kChargeFormat{false, 22, 0};
// A channel's weights have at most so many fractional bits more than its layer's.
constexpr int kExtraFraction = 4;

core::Diagnostic badLayers(std::string message, const std::string& where,
                           std::vector<std::string> notes = {}) {
  return core::badInput("train.layers", std::move(message), where, std::move(notes));
}

// Builds a graph layer by layer, with shapes and formats known all along.
class GraphBuilder {
 public:
  GraphBuilder(std::string name, bool real) : real_(real) { graph_.name = std::move(name); }

  Result<void> input(const std::string& name, int elements, const FixedFormat& format) {
    Node& node = graph_.nodes.emplace_back();
    node.name = name;
    node.shape = {elements};
    node.format = format;
    last_ = static_cast<int>(graph_.nodes.size()) - 1;
    return graph_.infer();
  }

  Result<void> add(const LayerConfig& layer, int conditions) {
    Node node;
    node.kind = layer.kind;
    node.name = layer.name.empty() ? fmt::format("{}{}", text(layer.kind), ++numbers_[layer.kind])
                                   : layer.name;
    node.inputs = {last_};
    node.format = layer.format;
    node.rounding = layer.rounding;
    node.overflow = layer.overflow;
    node.indices = layer.indices;
    node.padding = layer.padding;
    node.stride = layer.stride;
    node.shape = layer.shape;
    const Node& from = graph_.nodes[static_cast<std::size_t>(last_)];
    if (layer.kind == NodeKind::Normalize) node.maxShift = from.format.width - 1;
    if (layer.kind == NodeKind::Reshape && node.shape.empty()) {
      node.shape = {static_cast<int>(elementCount(from.shape))};
    }
    if (layer.kind == NodeKind::Concat) {
      if (conditions < 0) {
        return badLayers("concat has nothing to join", "node '" + node.name + "'",
                         {"it joins the conditions of a decoder that has some"});
      }
      node.inputs.push_back(conditions);
    }
    if (layer.kind == NodeKind::Conv2dTranspose && node.padding.empty()) node.padding.assign(4, 0);
    if (hasWeights(layer.kind)) weigh(node, layer, from);
    return append(std::move(node));
  }

  // A decoder in floats gets its formats when it is frozen, here.
  Result<void> standIn(const std::string& name) {
    Node node;
    node.kind = NodeKind::Requantize;
    node.name = name;
    node.inputs = {last_};
    node.format = kStandInActivation;
    node.rounding = core::Rounding::NearestUp;
    return append(std::move(node));
  }

  [[nodiscard]] const Node& last() const { return graph_.nodes[static_cast<std::size_t>(last_)]; }
  [[nodiscard]] int lastIndex() const { return last_; }
  /// The next layer takes node `index`.
  void goOnFrom(int index) { last_ = index; }
  [[nodiscard]] Graph take() { return std::move(graph_); }

 private:
  Result<void> append(Node node) {
    graph_.nodes.push_back(std::move(node));
    last_ = static_cast<int>(graph_.nodes.size()) - 1;
    return graph_.infer();
  }

  void weigh(Node& node, const LayerConfig& layer, const Node& from) const {
    const auto zeros = [&](const char* suffix, Shape shape, const FixedFormat& format) {
      Weights weights;
      weights.name = node.name + suffix;
      weights.format = real_ ? kStandInWeights : format;
      weights.values.assign(elementCount(shape), 0);
      weights.shape = std::move(shape);
      weights.loadable = true;
      return weights;
    };
    // A wrong rank of the input is infer()'s to report.
    const int depth = from.shape.back();
    node.kernel = zeros("_kernel",
                        layer.kind == NodeKind::Dense
                            ? Shape{layer.outputs, depth}
                            : Shape{layer.kernelRows, layer.kernelColumns, depth, layer.outputs},
                        layer.weights);
    node.bias = zeros("_bias", {layer.outputs}, layer.bias.value_or(layer.weights));
    node.sum = {layer.productFraction.has_value(), layer.productFraction.value_or(0)};
  }

  Graph graph_;
  bool real_;
  int last_ = -1;
  std::map<NodeKind, int> numbers_;
};

Result<Graph> encoderGraph(const TrainConfig& config) {
  GraphBuilder builder(config.name, false);
  if (auto good = builder.input("calq", econ_t::kTriggerCells, kChargeFormat); !good) {
    return good.error();
  }
  for (const LayerConfig& layer : config.encoder) {
    if (auto good = builder.add(layer, -1); !good) return good.error();
  }
  if (builder.last().shape.size() != 1) {
    return badLayers("the encoder's last layer does not give a list of latents", "encoder",
                     {"end with dense or reshape"});
  }
  return builder.take();
}

Result<Graph> decoderGraph(const TrainConfig& config, const Node& latents) {
  const DecoderConfig& decoder = config.decoder;
  const bool real = !decoder.quantized;
  GraphBuilder builder("decoder", real);
  if (auto good = builder.input("latent", latents.shape[0], latents.format); !good) {
    return good.error();
  }
  int conditions = -1;
  if (!decoder.conditions.empty()) {
    const int latent = builder.lastIndex();
    const auto good = builder.input(std::string(kConditionsInput),
                                    static_cast<int>(decoder.conditions.size()), kConditionFormat);
    if (!good) return good.error();
    conditions = builder.lastIndex();
    builder.goOnFrom(latent);
  }
  std::string open;  // a layer in floats that has no format yet
  const auto close = [&](const std::string& name) -> Result<void> {
    if (open.empty()) return {};
    open.clear();
    return builder.standIn(name);
  };
  for (const LayerConfig& layer : decoder.layers) {
    if (layer.kind != NodeKind::Relu) {
      if (auto good = close(open + "_activation"); !good) return good.error();
    }
    if (auto good = builder.add(layer, conditions); !good) return good.error();
    if (real && hasWeights(layer.kind)) open = builder.last().name;
  }
  if (elementCount(builder.last().shape) != econ_t::kTriggerCells) {
    return badLayers(
        fmt::format("the decoder gives {} elements", elementCount(builder.last().shape)), "decoder",
        {"the last layer gives the 48 charges in channel order"});
  }
  if (real) {
    if (open.empty()) {
      return badLayers("the decoder does not end with a layer that has weights", "decoder");
    }
    if (builder.last().kind != NodeKind::Relu) {
      LayerConfig relu;
      relu.name = open + "_relu";
      if (auto good = builder.add(relu, -1); !good) return good.error();
    }
    if (auto good = close("charges"); !good) return good.error();
  }
  if (builder.last().shape.size() != 1) {
    LayerConfig list;
    list.kind = NodeKind::Reshape;
    list.name = "channels";
    if (auto good = builder.add(list, -1); !good) return good.error();
  }
  return builder.take();
}

Result<LinkLayout> linkLayout(const LinkConfig& link, const Node& latents) {
  const econ_t::PathShape shape = econ_t::withLatents({}, latents);
  const int budget = econ_t::sentLatentBits(link.activeEtx, shape);
  const int width = latents.format.width;
  LinkLayout layout = link.latentBits > 0 ? topBitsLayout(link.latentBits, link.activeEtx, shape)
                                          : fittingLayout(link.activeEtx, shape);
  if (!link.keep.empty()) layout.keep = link.keep;
  const auto sent = std::count(layout.keep.begin(), layout.keep.end(), true);
  const int bits = latents.shape[0] * width;
  if (link.latentBits > width || sent > budget ||
      layout.keep.size() != static_cast<std::size_t>(bits)) {
    return core::badInput(
        "train.link",
        fmt::format("{} bits of latents of {} bits would be sent, {} of {} in all", link.latentBits,
                    width, sent, layout.keep.size()),
        "link",
        {fmt::format("there are {} latent bits; {} links carry {} of them", bits, link.activeEtx,
                     budget)});
  }
  return layout;
}

// Seven decimals: far below a weight's step, and short in the model file.
double rounded(float value) {
  return std::nearbyint(static_cast<double>(value) * 1e7) / 1e7;
}

void fillNode(Node& node, std::size_t index, const Network& network, bool quantized) {
  const Stage& stage = network.plan().stages[index];
  const StageWeights& trained = network.weights(index);
  const auto fillOne = [&](Weights& weights, auto&& parameterOf, auto&& channelOf,
                           const std::vector<float>& values, std::size_t first) {
    for (std::size_t i = 0; i < weights.values.size(); ++i) {
      const std::size_t parameter = parameterOf(i);
      weights.real.push_back(rounded(network.parameters()[parameter]));
      if (!quantized) continue;
      const auto value = static_cast<double>(values[parameter - first]);
      weights.values[i] = core::quantize(value, weights.formatOf(channelOf(i)));
    }
  };
  if (quantized && stage.extraFraction > 0) node.kernel.channelFraction = trained.fraction;
  const bool dense = node.kind == NodeKind::Dense;
  const auto channelOf = [&](std::size_t i) {
    return dense ? i / stage.terms : i % stage.channels;
  };
  const auto parameterOf = [&](std::size_t i) {
    return stage.parameter(channelOf(i), dense ? i % stage.terms : i / stage.channels);
  };
  fillOne(node.kernel, parameterOf, channelOf, trained.kernel, stage.kernel);
  fillOne(
      node.bias, [&](std::size_t i) { return stage.bias + i; }, [](std::size_t i) { return i; },
      trained.bias, stage.bias);
}

}  // namespace

Result<Codec> skeleton(const TrainConfig& config) {
  Codec codec;
  codec.name = config.name;
  auto encoder = encoderGraph(config);
  if (!encoder) return encoder.error();
  codec.encoder = std::move(*encoder);
  auto layout = linkLayout(config.link, codec.encoder.output());
  if (!layout) return layout.error();
  codec.link = std::move(*layout);
  auto decoder = decoderGraph(config, codec.encoder.output());
  if (!decoder) return decoder.error();
  codec.decoder = std::move(*decoder);
  for (const ConditionConfig& condition : config.decoder.conditions) {
    const bool sum = condition.name == kSumCondition;
    codec.conditions.push_back(
        {condition.name, sum ? Condition::Source::SumCode : Condition::Source::Given, 0.5});
  }
  return codec;
}

Result<Plan> planOf(const Codec& skeleton, const TrainConfig& config) {
  PlanOptions options;
  options.realDecoder = !config.decoder.quantized;
  const auto extras = [&](const std::vector<LayerConfig>& layers) {
    for (const LayerConfig& layer : layers) {
      if (!hasWeights(layer.kind)) continue;
      options.extraFraction.push_back(layer.perChannel ? kExtraFraction : 0);
    }
  };
  extras(config.encoder);
  extras(config.decoder.layers);
  return plan(skeleton, options);
}

Result<void> fill(Codec& codec, const Network& network, const TrainConfig& config) {
  const std::vector<Stage>& stages = network.plan().stages;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].terms == 0) continue;
    Graph& graph = stages[i].inDecoder ? codec.decoder : codec.encoder;
    const auto node = std::ranges::find(graph.nodes, stages[i].node, &Node::name);
    fillNode(*node, i, network, stages[i].quantized);
  }
  for (Node& node : codec.decoder.nodes) {
    node.kernel.loadable = false;
    node.bias.loadable = false;
  }
  if (!config.decoder.quantized) {
    freezeReal(codec.decoder, {config.decoder.weightBits, config.decoder.fraction});
  }
  if (auto good = codec.encoder.infer(); !good) return good;
  return codec.decoder.infer();
}

}  // namespace aegen::encoders::training
