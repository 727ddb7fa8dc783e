#include "codec_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "../econ_t_path.hpp"
#include "aegen/core/interpreter.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "network_builder.hpp"

namespace aegen::encoders {
namespace {

using core::FixedFormat;
using core::Overflow;
using core::Rounding;

constexpr FixedFormat kNormalized{false, 8, 7};
// As fine as the link's code of the module sum, so that it passes unrounded.
constexpr FixedFormat kConditions{true, 13, 9};
constexpr FixedFormat kSumCodeValue{false, 9, 9};
constexpr int kMostChargeBits = 16;               // that a source's own format of charges may have
constexpr FixedFormat kLogarithm{false, 15, 10};  // ln(2^28) < 32
constexpr const char* kSum = "sum";
constexpr const char* kSumCodeName = "sum_code";

bool isGrid(const Shape& shape) {
  return shape == Shape{8, 8, 1} || shape == Shape{1, 8, 8} || shape == Shape{8, 8} ||
         shape == Shape{64};
}

// The one layer that is the network's first Input, and others.
std::vector<int> inputLayers(const ImportedNetwork& network) {
  std::vector<int> out;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    if (network.layers[i].kind == LayerKind::Input) out.push_back(static_cast<int>(i));
  }
  return out;
}

const ImportedLayer& layerAt(const ImportedNetwork& network, int index) {
  return network.layers[static_cast<std::size_t>(index)];
}

// Input layers that a layer depends on.
std::vector<char> dependsOn(const ImportedNetwork& network, int output) {
  std::vector<char> needed(network.layers.size(), 0);
  needed[static_cast<std::size_t>(output)] = 1;
  for (std::size_t i = network.layers.size(); i-- > 0;) {
    if (needed[i] == 0) continue;
    for (const int input : network.layers[i].inputs) needed[static_cast<std::size_t>(input)] = 1;
  }
  return needed;
}

class EncoderBuilder {
 public:
  EncoderBuilder(const ImportedNetwork& network, const ImportOptions& options,
                 std::vector<Decision>& decisions)
      : network_(network), options_(options), decisions_(decisions), pen_(out_.graph, {}) {}

  ImportedEncoder build() {
    out_.graph.name = pen_.identifier(network_.name);
    const int output = withoutConditions(network_.outputs.at(0));
    const int input = chargesInput(output);
    NetworkBuilder builder(pen_, options_.formats, decisions_);
    const bool normalizes = std::ranges::any_of(network_.layers, [](const ImportedLayer& layer) {
      return layer.kind == LayerKind::Normalize;
    });
    const int front = this->front(layerAt(network_, input), normalizes);
    BuiltValue latents = builder.build(network_, {{input, {front, true}}}, output);
    const ImportedLayer& last = layerAt(network_, output);
    const int count = static_cast<int>(elementCount(last.shape));
    latents.node = pen_.reshape(latents.node, {count}, last.name + "_flat", last.where);
    if (!quantizedBySource(output)) latents.node = quantizeLatents(latents.node, last.where);
    keepWhatIsUsed(out_.graph, latents.node);
    nameOutput();
    return std::move(out_);
  }

 private:
  // The layer before a Concat that only joins other inputs to the latents.
  int withoutConditions(int output) {
    const ImportedLayer& last = layerAt(network_, output);
    if (last.kind != LayerKind::Concat) return output;
    std::vector<int> kept;
    int cut = 0;
    for (const int input : last.inputs) {
      if (layerAt(network_, input).kind == LayerKind::Input) {
        cut += static_cast<int>(elementCount(layerAt(network_, input).shape));
      } else {
        kept.push_back(input);
      }
    }
    if (cut == 0 || kept.size() != 1) return output;
    if (kept[0] != last.inputs[0]) {
      importFails("unsupported", "joins the conditions before the latents", last.where,
                  {"concatenate [latents, conditions]"});
    }
    out_.conditions = cut;
    decisions_.push_back({last.where,
                          fmt::format("{} conditions behind the latents are cut off", cut),
                          "they are the decoder's; the chip sends latents alone"});
    return kept[0];
  }

  int chargesInput(int output) const {
    const std::vector<char> needed = dependsOn(network_, output);
    std::vector<int> inputs = inputLayers(network_);
    std::erase_if(inputs, [&](int i) { return needed[static_cast<std::size_t>(i)] == 0; });
    if (inputs.size() == 1) return inputs[0];
    importFails(
        "unsupported",
        fmt::format("the latents depend on {} inputs, the chip has charges alone", inputs.size()),
        network_.source, {"feed conditions to the decoder only"});
  }

  // Charges, normalised if the network does not do it itself, as the input's tensor.
  int front(const ImportedLayer& input, bool normalizes) {
    Node charges = GraphPen::next(NodeKind::Input, {}, "calq");
    charges.shape = {econ_t::kTriggerCells};
    charges.format = {false, econ_t::kCharge, 0};
    const int in = pen_.add(std::move(charges), input.where);
    if (normalizes) {
      if (input.shape != Shape{econ_t::kTriggerCells}) {
        importFails("unsupported", "normalises " + shapeText(input.shape), input.where,
                    {"48 charges in AE channel order"});
      }
      decisions_.push_back({input.where, "takes charges as they are", "it normalises them itself"});
      return in;
    }
    Node normalize = GraphPen::next(NodeKind::Normalize, {in}, "normalized");
    normalize.format = kNormalized;
    normalize.maxShift = econ_t::kCharge - 1;
    const int normalized = pen_.add(std::move(normalize), input.where);
    decisions_.push_back(
        {input.where, "charges are divided by 2^floor(log2 sum) and cut to " + kNormalized.text(),
         "the chip normalises so; the file does not say how its input was"});
    if (input.shape == Shape{econ_t::kTriggerCells}) return normalized;
    if (!isGrid(input.shape)) {
      importFails("unsupported", "takes " + shapeText(input.shape), input.where,
                  {"the encoder's input is 48 charges in AE channel order or the chip's 8x8 grid "
                   "of one channel"});
    }
    decisions_.push_back({input.where, "taken as the chip's 8x8 grid of 48 channels",
                          "of this shape; rows 4-7 hold zeros in columns 4-7"});
    constexpr auto kGrid = econ_t::gridChannels();
    return pen_.arrange(normalized, input.shape, {kGrid.begin(), kGrid.end()}, "arranged",
                        input.where);
  }

  // Whether the values of a layer are on a grid that the source itself chose.
  bool quantizedBySource(int layer) const {
    const ImportedLayer& at = layerAt(network_, layer);
    switch (at.kind) {
      case LayerKind::Quantize:
      case LayerKind::Floor:
      case LayerKind::Round:
      case LayerKind::RoundUp:
      case LayerKind::Truncate:
      case LayerKind::Lookup:
      case LayerKind::Normalize:
        return true;
      case LayerKind::Clip:
      case LayerKind::Wrap:
      case LayerKind::Gather:
      case LayerKind::Relu:
      case LayerKind::Reshape:
      case LayerKind::Permute:
      case LayerKind::Slice:
      case LayerKind::Scale:
      case LayerKind::Add:
      case LayerKind::Minimum:
      case LayerKind::Maximum:
      case LayerKind::Concat:
        return std::ranges::all_of(at.inputs, [&](int i) { return quantizedBySource(i); });
      case LayerKind::Input:
      case LayerKind::Conv2d:
      case LayerKind::Conv2dTranspose:
      case LayerKind::Dense:
      case LayerKind::Sigmoid:
      case LayerKind::Tanh:
      case LayerKind::Pad:
        return false;
    }
    return false;
  }

  int quantizeLatents(int node, const std::string& where) {
    const bool isSigned = pen_.node(node).format.isSigned;
    const int bits = options_.latentBits;
    const FixedFormat format{isSigned, bits, bits - 1};
    decisions_.push_back({where, "latents cut to " + format.text() + ", saturating",
                          "the source does not quantize them; the chip's own are u9.8"});
    return pen_.requantize(node, format, Rounding::Floor, Overflow::Saturate, "latent", where);
  }

  void nameOutput() {
    Node& last = out_.graph.nodes.back();
    if (out_.graph.find("latent") == nullptr && last.kind != NodeKind::Input) last.name = "latent";
  }

  const ImportedNetwork& network_;
  const ImportOptions& options_;
  std::vector<Decision>& decisions_;
  ImportedEncoder out_;
  GraphPen pen_;
};

class DecoderBuilder {
 public:
  DecoderBuilder(const ImportedNetwork& network, const Node& latents, const ImportOptions& options,
                 std::vector<Decision>& decisions)
      : network_(network),
        latents_(latents),
        options_(options),
        decisions_(decisions),
        pen_(out_.graph, {std::string(kConditionsInput)}) {}

  ImportedDecoder build() {
    out_.graph.name = pen_.identifier(network_.name);
    Node latent = GraphPen::next(NodeKind::Input, {}, "latent");
    latent.shape = latents_.shape;
    latent.format = latents_.format;
    latentNode_ = pen_.add(std::move(latent), network_.source);
    const std::map<int, BuiltValue> inputs = this->inputs();
    NetworkBuilder builder(pen_, options_.formats, decisions_);
    const int output = network_.outputs.at(0);
    BuiltValue value = builder.build(network_, inputs, output);
    const int charges = this->charges(value, layerAt(network_, output));
    keepWhatIsUsed(out_.graph, charges);
    return std::move(out_);
  }

 private:
  [[nodiscard]] int latents() const { return latents_.shape.at(0); }

  std::map<int, BuiltValue> inputs() {
    const std::vector<int> layers = inputLayers(network_);
    const auto size = [&](int layer) {
      return static_cast<int>(elementCount(layerAt(network_, layer).shape));
    };
    if (layers.size() == 1) {
      const ImportedLayer& only = layerAt(network_, layers[0]);
      const int more = size(layers[0]) - latents();
      if (more < 0) {
        importFails(
            "shape",
            fmt::format("takes {} values, the encoder gives {}", size(layers[0]), latents()),
            only.where, {"encoder and decoder must be of the same autoencoder"});
      }
      std::vector<int> parts{latentNode_};
      if (more > 0) addConditions(more, only.where, parts);
      const int joined =
          parts.size() == 1
              ? parts[0]
              : pen_.add(GraphPen::next(NodeKind::Concat, parts, "latents_and_conditions"),
                         only.where);
      return {{layers[0], {pen_.reshape(joined, only.shape, "input", only.where), true}}};
    }
    if (layers.size() == 2 && size(layers[0]) == latents()) {
      const ImportedLayer& first = layerAt(network_, layers[0]);
      const ImportedLayer& second = layerAt(network_, layers[1]);
      std::vector<int> parts;
      addConditions(size(layers[1]), second.where, parts);
      const int joined =
          parts.size() == 1
              ? parts[0]
              : pen_.add(GraphPen::next(NodeKind::Concat, parts, "known"), second.where);
      return {{layers[0], {pen_.reshape(latentNode_, first.shape, "input", first.where), true}},
              {layers[1], {pen_.reshape(joined, second.shape, "known_input", second.where), true}}};
    }
    importFails("unsupported", fmt::format("the decoder has {} inputs", layers.size()),
                network_.source, {"latents, and conditions behind them or as a second input"});
  }

  // The input `conditions` and what the network gets of it; nodes are added to `parts`.
  void addConditions(int count, const std::string& where, std::vector<int>& parts) {
    std::vector<std::string> names = options_.conditions;
    if (names.empty()) names = defaultConditions(count);
    if (static_cast<int>(names.size()) != count) {
      importFails("conditions",
                  fmt::format("the decoder takes {} values beside its {} latents, {} are named",
                              count, latents(), names.size()),
                  where,
                  {"name them with --conditions, in order; 'sum' is the module sum from the link"});
    }
    Node input = GraphPen::next(NodeKind::Input, {}, "");
    input.shape = {count};
    input.format = kConditions;
    const int conditions = addConditionsInput(std::move(input), where);
    int from = 0;
    for (int i = 0; i <= count; ++i) {
      const bool isSum = i < count && names[static_cast<std::size_t>(i)] == kSum;
      if (i < count && !isSum) continue;
      if (from < i) parts.push_back(part(conditions, from, i, where));
      if (isSum) parts.push_back(logarithm(part(conditions, i, i + 1, where), where));
      from = i + 1;
    }
    for (const std::string& name : names) {
      const bool isSum = name == kSum || name == kSumCodeName;
      out_.conditions.push_back(
          {name, isSum ? Condition::Source::SumCode : Condition::Source::Given, 0});
    }
    decisions_.push_back(
        {where, fmt::format("{} values beside the latents taken as: {}", count, joinedNames(names)),
         "the file does not name them; --conditions does"});
  }

  int addConditionsInput(Node input, const std::string& where) {
    // Its name is fixed and was kept from all others.
    const int index = pen_.add(std::move(input), where);
    out_.graph.nodes[static_cast<std::size_t>(index)].name = kConditionsInput;
    return index;
  }

  static std::string joinedNames(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
  }

  int part(int conditions, int from, int to, const std::string& where) {
    std::vector<int> indices(static_cast<std::size_t>(to - from));
    std::iota(indices.begin(), indices.end(), from);
    return pen_.arrange(conditions, {to - from}, std::move(indices), "known", where);
  }

  int logarithm(int code, const std::string& where) {
    const int exact = pen_.requantize(code, kSumCodeValue, Rounding::Floor, Overflow::Saturate,
                                      "sum_code", where);
    const std::vector<double> logarithms = logarithmsOfSumCodes();
    decisions_.push_back(
        {where, "the module sum enters as ln(1 + sum), a table of its link code",
         "the published trainings do so; name the condition 'sum_code' to pass code / 512 on"});
    return pen_.lookup(
        exact, kLogarithm, "",
        [&](std::int64_t raw) {
          return core::quantize(logarithms[static_cast<std::size_t>(raw)], kLogarithm);
        },
        "sum_logarithm", where);
  }

  // 48 charges in AE channel order, unsigned, below 2.
  int charges(BuiltValue value, const ImportedLayer& last) {
    const Shape shape = pen_.node(value.node).shape;
    if (isGrid(shape)) {
      constexpr auto kGrid = econ_t::gridChannels();
      std::vector<int> indices(econ_t::kTriggerCells);
      for (std::size_t cell = 0; cell < kGrid.size(); ++cell) {
        if (kGrid[cell] >= 0) {
          indices[static_cast<std::size_t>(kGrid[cell])] = static_cast<int>(cell);
        }
      }
      value.node = pen_.arrange(value.node, {econ_t::kTriggerCells}, std::move(indices), "channels",
                                last.where);
      decisions_.push_back({last.where, "the 8x8 image's 48 cells put in AE channel order",
                            "the other 16 cells of the grid are no trigger cells"});
    } else if (shape != Shape{econ_t::kTriggerCells}) {
      importFails("unsupported", "gives " + shapeText(shape), last.where,
                  {"the decoder's output is 48 charges in AE channel order or the chip's 8x8 grid "
                   "of one channel"});
    }
    const FixedFormat format{false, options_.formats.fraction + 1, options_.formats.fraction};
    const FixedFormat given = pen_.node(value.node).format;
    const bool kept = value.exact && !given.isSigned && given.width <= kMostChargeBits;
    if (kept || given == format) return value.node;
    const bool isSigned = given.isSigned;
    decisions_.push_back(
        {last.where,
         "charges rounded to " + format.text() + (isSigned ? ", negative ones become 0" : ""),
         "normalised charges lie between 0 and 2"});
    return pen_.requantize(value.node, format, Rounding::NearestUp, Overflow::Saturate, "charges",
                           last.where);
  }

  const ImportedNetwork& network_;
  const Node& latents_;
  const ImportOptions& options_;
  std::vector<Decision>& decisions_;
  ImportedDecoder out_;
  GraphPen pen_;
  int latentNode_ = -1;
};

template <typename Builder>
auto built(Builder&& builder) -> core::Result<decltype(builder.build())> {
  try {
    auto out = builder.build();
    if (auto inferred = out.graph.infer(); !inferred) return inferred.error();
    return out;
  } catch (const ImportProblem& problem) {
    return problem.diagnostic;
  }
}

}  // namespace

std::vector<std::string> defaultConditions(int count) {
  if (count != 8) return {};
  return {"eta",          "wafer_u",      "wafer_v", "wafer_type_0",
          "wafer_type_1", "wafer_type_2", kSum,      "layer"};
}

std::vector<double> logarithmsOfSumCodes() {
  core::Program program;
  core::FunctionBuilder b(program, "middle", "the middle of a code's step");
  const FixedFormat codes{false, econ_t::kSumCode.width(), 0};
  const core::ValueId code = b.input("code", codes)[0];
  const core::ValueId middle = decodeFloat(b, code, econ_t::kSumCode);
  b.output("middle", b.format(middle), middle);
  program.functions.push_back(std::move(b).finish());
  core::Interpreter interpreter(program, "middle");
  core::Columns in(1, static_cast<std::size_t>(codes.maxRaw()) + 1);
  std::iota(in.column(0).begin(), in.column(0).end(), 0);
  const auto middles = interpreter.run(in);
  std::vector<double> out;
  for (const std::int64_t sum : middles->column(0)) {
    out.push_back(std::log1p(static_cast<double>(sum)));
  }
  return out;
}

core::Result<ImportedEncoder> buildEncoder(const ImportedNetwork& network,
                                           const ImportOptions& options,
                                           std::vector<Decision>& decisions) {
  return built(EncoderBuilder(network, options, decisions));
}

core::Result<ImportedDecoder> buildDecoder(const ImportedNetwork& network, const Node& latents,
                                           const ImportOptions& options,
                                           std::vector<Decision>& decisions) {
  return built(DecoderBuilder(network, latents, options, decisions));
}

}  // namespace aegen::encoders
