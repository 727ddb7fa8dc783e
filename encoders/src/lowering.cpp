#include "aegen/encoders/lowering.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <tuple>

#include "aegen/core/function_builder.hpp"
#include "layer_unit.hpp"
#include "live_elements.hpp"

namespace aegen::encoders {
namespace {

using core::FixedFormat;
using core::FunctionBuilder;
using core::Role;
using core::ValueId;

// Where an element of a tensor comes from: an element of a signal, or a constant zero.
struct Element {
  int signal = -1;  ///< index into the lowering's signals; -1: zero
  std::uint32_t index = 0;
  /// Fractional bits the signal's raw integer is read with: a Reinterpret is nothing else. Where
  /// the tensor has more, as behind a Concat, zeros follow.
  int fraction = 0;
};

std::vector<ValueId> slice(const std::vector<ValueId>& ids, std::size_t first, std::size_t count) {
  const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

class Lowerer {
 public:
  Lowerer(const Graph& graph, const std::string& prefix, const LoweringOptions& options)
      : graph_(graph), prefix_(prefix), options_(options), live_(liveElements(graph)) {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (options.sharedNeurons.contains(graph_.nodes[i].name)) share(i);
    }
  }

  core::Result<Lowering> run() {
    if (auto good = checkNames(); !good) return good.error();
    std::vector<std::size_t> uses(graph_.nodes.size(), 0);
    for (const Node& node : graph_.nodes) {
      for (const int input : node.inputs) ++uses[static_cast<std::size_t>(input)];
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      // The nodes that join this one: a chain of elementwise nodes nobody else looks into.
      std::size_t last = i;
      const NodeKind kind = graph_.nodes[i].kind;
      const bool joins = hasWeights(kind) || (isElementwise(kind) && kind != NodeKind::Reinterpret);
      while (joins && last + 1 < graph_.nodes.size() &&
             isElementwise(graph_.nodes[last + 1].kind) &&
             graph_.nodes[last + 1].inputs[0] == static_cast<int>(last) && uses[last] == 1) {
        ++last;
      }
      lower({graph_, i, last});
      i = last;
    }
    const Node& output = graph_.output();
    const std::vector<Element>& elements = elements_.back();
    const bool whole = std::ranges::all_of(elements, [&](const Element& e) {
      return e.signal == elements[0].signal && e.fraction == output.format.fraction &&
             e.index == static_cast<std::size_t>(&e - elements.data());
    });
    if (!whole || elements[0].signal < 0 ||
        signals_[static_cast<std::size_t>(elements[0].signal)].count != elements.size()) {
      return core::badInput("graph.output", "the last node must compute, not only rearrange",
                            "node '" + output.name + "'");
    }
    out_.output = signals_[static_cast<std::size_t>(elements[0].signal)];
    return std::move(out_);
  }

 private:
  // Lets a Dense node's neurons read their weights as if they were loadable; weightPorts() ties
  // them to the constants they are.
  void share(std::size_t at) {
    Node& node = graph_.nodes[at];
    const bool same = node.kernel.channelFraction.empty() && node.bias.channelFraction.empty();
    std::size_t last = at;
    while (last + 1 < graph_.nodes.size() && isElementwise(graph_.nodes[last + 1].kind)) ++last;
    const bool requantized = graph_.nodes[last].kind == NodeKind::Requantize;
    const bool fixed = !node.kernel.loadable && !node.bias.loadable;
    if (node.kind != NodeKind::Dense || !same || !requantized || !fixed) return;
    Node loadable = node;
    loadable.kernel.loadable = loadable.bias.loadable = true;
    const LayerSums sums(loadable, inputOf(node));
    if (!sums.range(0, 0).tooWide.empty()) return;
    node = std::move(loadable);
    shared_.insert(node.name);
  }

  static std::string sumName(const Node& node) { return node.name + "_sum"; }
  // Of the function that computes output `channel` (Dense) or all of a window's. Where no weights
  // are hard-wired and all have one fraction, neurons share one.
  std::string unitName(const Node& node, std::size_t window, std::size_t channel) const {
    if (oneUnit(node)) return node.name + "_outputs";
    if (node.kind == NodeKind::Conv2d) return node.name + "_position";
    if (node.kind == NodeKind::Conv2dTranspose) {
      return node.name + "_phase_" + std::to_string(window);
    }
    const bool shared = node.kernel.loadable && node.bias.loadable &&
                        node.kernel.channelFraction.empty() && node.bias.channelFraction.empty();
    return node.name + "_neuron" + (shared ? "" : "_" + std::to_string(channel));
  }

  // Whether all outputs of a Dense layer are computed in one function.
  [[nodiscard]] bool oneUnit(const Node& node) const {
    return node.kind == NodeKind::Dense && !node.kernel.loadable && options_.wholeDense &&
           !shared_.contains(node.name);
  }

  // What lowering makes beside the nodes' own functions and signals must not be named as they are.
  core::Result<void> checkNames() const {
    std::map<std::string, const Node*> made;
    for (const Node& node : graph_.nodes) {
      if (node.kind == NodeKind::Normalize) made[sumName(node)] = &node;
      if (node.kind == NodeKind::Lookup) made[tableName(node)] = &node;
      if (!hasWeights(node.kind)) continue;
      const Node& input = graph_.nodes[static_cast<std::size_t>(node.inputs[0])];
      const LayerWindows windows(node, input.shape);
      for (std::size_t window = 0; window < windows.windows(); ++window) {
        for (std::size_t channel = 0; channel < windows.channels(); ++channel) {
          made[unitName(node, window, channel)] = &node;
        }
      }
    }
    const auto check = [&](const std::string& name) -> core::Result<void> {
      const auto found = made.find(name);
      if (found == made.end()) return {};
      return core::badInput(
          "graph.name",
          "'" + name + "' is also what a part of node '" + found->second->name + "' is called",
          "node '" + name + "'", {"choose another name"});
    };
    for (const Node& node : graph_.nodes) {
      for (const std::string* name : {&node.name, &node.kernel.name, &node.bias.name}) {
        if (auto good = check(*name); !good) return good;
      }
    }
    return {};
  }

  [[nodiscard]] const std::vector<Element>& elementsOf(const Node& node, std::size_t i = 0) const {
    return elements_[static_cast<std::size_t>(node.inputs[i])];
  }
  [[nodiscard]] const Node& inputOf(const Node& node, std::size_t i = 0) const {
    return graph_.nodes[static_cast<std::size_t>(node.inputs[i])];
  }

  void lower(const LayerChain& chain) {
    const std::size_t at = chain.first;
    const Node& node = chain.node();
    elements_.resize(chain.last + 1);
    for (std::size_t i = at; i <= chain.last; ++i) {
      const Node& table = graph_.nodes[i];
      if (table.kind == NodeKind::Lookup) {
        addTable(out_.program, prefix_, table, inputOf(table).format);
      }
    }
    switch (node.kind) {
      case NodeKind::Input:
        out_.inputs.push_back(newSignal(at, std::vector<bool>(elementCount(node.shape), true)));
        return;
      case NodeKind::Normalize:
        return normalize(at);
      case NodeKind::Arrange:
        for (const int index : node.indices) {
          elements_[at].push_back(index < 0 ? Element{}
                                            : elementsOf(node)[static_cast<std::size_t>(index)]);
        }
        return;
      case NodeKind::Pad:
        return pad(at);
      case NodeKind::Reshape:
        elements_[at] = elementsOf(node);
        return;
      case NodeKind::Reinterpret:
        elements_[at] = elementsOf(node);
        for (Element& element : elements_[at]) {
          element.fraction += node.format.fraction - inputOf(node).format.fraction;
        }
        return;
      case NodeKind::Concat:
        for (std::size_t i = 0; i < node.inputs.size(); ++i) {
          const auto& part = elementsOf(node, i);
          elements_[at].insert(elements_[at].end(), part.begin(), part.end());
        }
        return;
      case NodeKind::Conv2d:
      case NodeKind::Conv2dTranspose:
      case NodeKind::Dense:
        return weighted(chain);
      case NodeKind::Relu:
      case NodeKind::Requantize:
      case NodeKind::Lookup:
        return elementwise(chain);
    }
  }

  // A new signal carrying the elements of node `at` that are `made`; the others nobody reads.
  core::Signal newSignal(std::size_t at, const std::vector<bool>& made) {
    const Node& node = graph_.nodes[at];
    const int signal = static_cast<int>(signals_.size());
    std::uint32_t count = 0;
    elements_[at].clear();
    for (const bool one : made) {
      elements_[at].push_back(one ? Element{signal, count, node.format.fraction} : Element{});
      if (one) ++count;
    }
    signals_.push_back({node.name, node.format, count});
    return signals_.back();
  }

  void pad(std::size_t at) {
    const Node& node = graph_.nodes[at];
    const Shape& from = inputOf(node).shape;
    for (int row = 0; row < node.shape[0]; ++row) {
      for (int column = 0; column < node.shape[1]; ++column) {
        for (int channel = 0; channel < node.shape[2]; ++channel) {
          const int r = row - node.padding[0];
          const int c = column - node.padding[2];
          const bool inside = r >= 0 && r < from[0] && c >= 0 && c < from[1];
          elements_[at].push_back(
              inside ? elementsOf(
                           node)[static_cast<std::size_t>((r * from[1] + c) * from[2] + channel)]
                     : Element{});
        }
      }
    }
  }

  // A function's event inputs for the signals behind `elements`, and their values.
  class Sources {
   public:
    Sources(FunctionBuilder& builder, const std::vector<core::Signal>& signals,
            const std::vector<Element>& elements, LoweredLayer& layer)
        : builder_(builder) {
      for (const Element& element : elements) {
        if (element.signal < 0 || values_.contains(element.signal)) continue;
        const core::Signal& signal = signals[static_cast<std::size_t>(element.signal)];
        values_[element.signal] = builder.input(signal.name, signal.format, signal.count);
        layer.inputs.push_back({signal.name, signal.name});
      }
    }
    // As an element of a tensor with `fraction` fractional bits, at least the element's own.
    ValueId operator()(const Element& element, int fraction) {
      if (element.signal < 0) {
        if (!zero_) zero_ = builder_.constant(0, fraction);
        return *zero_;
      }
      const ValueId value = values_[element.signal][element.index];
      const FixedFormat& format = builder_.format(value);
      if (format.fraction == fraction && element.fraction == fraction) return value;
      const auto key = std::tuple(element.signal, element.index, element.fraction);
      const auto [found, isNew] = read_.try_emplace(key, value);
      if (isNew) {
        const int up = fraction - element.fraction;
        const ValueId moved = up == 0 ? value : builder_.shiftLeft(value, up);
        const FixedFormat& wide = builder_.format(moved);
        found->second = builder_.reinterpret(moved, {wide.isSigned, wide.width, fraction});
      }
      return found->second;
    }

   private:
    FunctionBuilder& builder_;
    std::map<int, std::vector<ValueId>> values_;
    std::map<std::tuple<int, std::uint32_t, int>, ValueId> read_;
    std::optional<ValueId> zero_;
  };

  void normalize(std::size_t at) {
    const Node& node = graph_.nodes[at];
    const std::string sumSignal = sumName(node);
    LoweredLayer layer;
    layer.function = prefix_ + node.name;
    FunctionBuilder b(out_.program, layer.function,
                      "charges over the power of two below their sum: (q << " +
                          std::to_string(node.format.fraction) + ") >> min(floor(log2 sum), " +
                          std::to_string(node.maxShift) + ")");
    Sources source(b, signals_, elementsOf(node), layer);
    std::vector<ValueId> charges;
    for (const Element& element : elementsOf(node)) charges.push_back(source(element, 0));
    const ValueId sum = b.name(b.sum(charges), "sum");
    const ValueId shift = b.name(b.min(b.leadingOne(sum), b.constant(node.maxShift)), "shift");
    std::vector<ValueId> normalized;
    for (const ValueId charge : charges) {
      const ValueId shifted = b.shiftRightBy(b.shiftLeft(charge, node.format.fraction), shift);
      // A charge is a term of the sum, hence below twice the power of two: the range analysis
      // knows.
      b.assume(shifted, node.format.range());
      const FixedFormat bits{false, node.format.width, 0};
      normalized.push_back(b.reinterpret(
          b.requantize(shifted, bits, core::Rounding::Floor, core::Overflow::Wrap), node.format));
    }
    const FixedFormat sumFormat = b.format(sum);
    b.output(node.name, node.format, normalized);
    b.output(sumSignal, sumFormat, sum);
    out_.program.functions.push_back(std::move(b).finish());
    newSignal(at, std::vector<bool>(normalized.size(), true));
    layer.outputs = {{node.name, node.name}, {sumSignal, sumSignal}};
    layer.sumSignal = sumSignal;
    out_.layers.push_back(std::move(layer));
  }

  // Registers the layer's loadable weights; gives the config ports of a function for them.
  void field(const Weights& weights, const std::string& comment) {
    out_.fields.push_back({weights.name, weights.format,
                           static_cast<std::uint32_t>(weights.values.size()), weights.values,
                           comment});
  }

  struct WeightPorts {
    std::vector<ValueId> kernel;
    std::vector<ValueId> bias;
  };

  WeightPorts weightPorts(FunctionBuilder& b, const Node& node, LoweredLayer& layer) {
    WeightPorts ports;
    const auto port = [&](const Weights& weights, const std::string& comment) {
      std::vector<ValueId> ids;
      if (!weights.loadable) return ids;
      if (shared_.contains(node.name)) {
        for (const std::int64_t value : weights.values) {
          ids.push_back(b.reinterpret(b.constant(value, weights.format.fraction), weights.format));
        }
        return ids;
      }
      field(weights, comment);
      layer.inputs.push_back({weights.name, weights.name});
      return b.input(weights.name, weights.format,
                     static_cast<std::uint32_t>(weights.values.size()), Role::Config);
    };
    const bool conv = node.kind != NodeKind::Dense;
    ports.kernel =
        port(node.kernel, conv ? "weights of " + node.name + ", [row][column][channel][filter]"
                               : "weights of " + node.name + ", [output][input]");
    ports.bias = port(node.bias, "biases of " + node.name);
    return ports;
  }

  // `outputs`: of the elements of node `last` that are `made`, in order.
  void finishLayer(FunctionBuilder&& b, std::span<const ValueId> outputs, std::size_t last,
                   const std::vector<bool>& made, LoweredLayer&& layer) {
    const core::Signal signal = newSignal(last, made);
    b.output(signal.name, signal.format, outputs);
    layer.outputs = {{signal.name, signal.name}};
    out_.program.functions.push_back(std::move(b).finish());
    out_.layers.push_back(std::move(layer));
  }

  static std::string description(const Node& node) {
    if (node.kind == NodeKind::Dense) {
      return "dense layer, " + std::to_string(node.kernel.shape[1]) + " inputs, " +
             std::to_string(node.shape[0]) + " outputs";
    }
    return kernelText(node) + ", stride " + std::to_string(node.stride) + ", " +
           std::to_string(node.shape[0]) + "x" + std::to_string(node.shape[1]) + " positions of " +
           std::to_string(node.kernel.shape[3]) + " filters";
  }

  static std::string kernelText(const Node& node) {
    return std::to_string(node.kernel.shape[0]) + "x" + std::to_string(node.kernel.shape[1]) +
           (node.kind == NodeKind::Conv2d ? " convolution" : " transposed convolution");
  }

  [[nodiscard]] std::string unitText(const Node& node, std::size_t terms) const {
    if (oneUnit(node)) {
      return "all " + std::to_string(node.shape[0]) + " outputs of a dense layer of " +
             std::to_string(terms) + " inputs";
    }
    if (node.kind == NodeKind::Dense) {
      return "one output of a dense layer of " + std::to_string(terms) + " inputs";
    }
    const std::string filters = std::to_string(node.kernel.shape[3]) + " filters at ";
    if (node.kind == NodeKind::Conv2d) return filters + "one position of a " + kernelText(node);
    return filters + "the positions of one phase of a " + kernelText(node) + ", " +
           std::to_string(terms) + " terms";
  }

  // Channels computed together: all at a position of a convolution, each neuron by itself unless
  // they share additions.
  [[nodiscard]] std::vector<std::vector<std::size_t>> channelGroups(const Node& node) const {
    std::vector<std::size_t> all(static_cast<std::size_t>(node.shape.back()));
    std::iota(all.begin(), all.end(), 0);
    if (node.kind != NodeKind::Dense || oneUnit(node)) return {all};
    std::vector<std::vector<std::size_t>> groups;
    for (const std::size_t channel : all) groups.push_back({channel});
    return groups;
  }

  // A layer with weights: a function a window and group of channels, called at every position.
  void weighted(const LayerChain& chain) {
    const Node& node = chain.node();
    const LayerSums sums(node, chain.input());
    const LayerWindows& windows = sums.windows();
    const auto groups = channelGroups(node);
    for (std::size_t window = 0; window < windows.windows(); ++window) {
      for (const auto& channels : groups) {
        const std::string name = unitName(node, window, channels[0]);
        if (windows.terms(window) == 0 || out_.program.find(prefix_ + name) != nullptr) continue;
        addUnit(out_.program, prefix_, name, unitText(node, windows.terms(window)), chain, sums,
                window, channels);
      }
    }
    LoweredLayer layer;
    layer.function = prefix_ + node.name;
    FunctionBuilder b(out_.program, layer.function, description(node));
    Sources source(b, signals_, elementsOf(node), layer);
    const WeightPorts weights = weightPorts(b, node, layer);
    std::vector<bool> made = live_[chain.last];
    std::vector<ValueId> y;
    for (std::size_t position = 0; position < windows.positions(); ++position) {
      for (const auto& channels : groups) {
        const std::size_t first = position * windows.channels() + channels[0];
        const auto begin = made.begin() + static_cast<std::ptrdiff_t>(first);
        const auto end = begin + static_cast<std::ptrdiff_t>(channels.size());
        if (std::find(begin, end, true) == end) continue;
        std::fill(begin, end, true);
        const std::vector<ValueId> results =
            windows.terms(windows.windowOf(position)) == 0
                ? biasOnly(b, prefix_, chain, sums, weights.bias)
                : outputsAt(b, chain, windows, position, channels, source, weights);
        y.insert(y.end(), results.begin(), results.end());
      }
    }
    finishLayer(std::move(b), y, chain.last, made, std::move(layer));
  }

  // The call that computes `channels` at a position.
  std::vector<ValueId> outputsAt(FunctionBuilder& b, const LayerChain& chain,
                                 const LayerWindows& windows, std::size_t position,
                                 std::span<const std::size_t> channels, Sources& source,
                                 const WeightPorts& weights) const {
    const Node& node = chain.node();
    const std::size_t window = windows.windowOf(position);
    std::vector<ValueId> operands;
    for (std::size_t term = 0; term < windows.terms(window); ++term) {
      const auto input = windows.input(position, term);
      operands.push_back(
          source(input ? elementsOf(node)[*input] : Element{}, chain.input().format.fraction));
    }
    for (std::size_t term = 0; node.kernel.loadable && term < windows.terms(window); ++term) {
      for (const std::size_t channel : channels) {
        operands.push_back(weights.kernel[windows.weight(window, term, channel)]);
      }
    }
    for (const std::size_t channel : channels) {
      if (node.bias.loadable) operands.push_back(weights.bias[channel]);
    }
    return b.call(prefix_ + unitName(node, window, channels[0]), operands);
  }

  void elementwise(const LayerChain& chain) {
    LoweredLayer layer;
    layer.function = prefix_ + graph_.nodes[chain.last].name;
    FunctionBuilder b(out_.program, layer.function, "element by element");
    const std::vector<Element>& elements = elementsOf(chain.node());
    const std::vector<bool>& made = live_[chain.last];
    Sources source(b, signals_, elements, layer);
    std::vector<ValueId> y;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (!made[i]) continue;
      const ValueId value = source(elements[i], chain.input().format.fraction);
      y.push_back(finished(b, value, chain, prefix_));
    }
    finishLayer(std::move(b), y, chain.last, made, std::move(layer));
  }

  Graph graph_;
  std::string prefix_;
  LoweringOptions options_;
  std::set<std::string> shared_;  ///< Dense nodes whose neurons read constants as operands
  Lowering out_;
  std::vector<core::Signal> signals_;
  std::vector<std::vector<Element>> elements_;  ///< of each node
  std::vector<std::vector<bool>> live_;         ///< of each node
};

}  // namespace

core::Result<Lowering> lower(const Graph& graph, const std::string& prefix,
                             const LoweringOptions& options) {
  return Lowerer(graph, prefix, options).run();
}

void addWhole(Lowering& lowering, const std::string& name, const std::string& comment) {
  FunctionBuilder b(lowering.program, name, comment);
  std::map<std::string, std::vector<ValueId>> values;
  for (const core::Signal& input : lowering.inputs) {
    values[input.name] = b.input(input.name, input.format, input.count);
  }
  for (const core::ConfigField& field : lowering.fields) {
    values[field.name] = b.input(field.name, field.format, field.count, Role::Config);
  }
  for (const LoweredLayer& layer : lowering.layers) {
    std::vector<ValueId> operands;
    for (const core::Wire& wire : layer.inputs) {
      const std::vector<ValueId>& ids = values[wire.signal];
      operands.insert(operands.end(), ids.begin(), ids.end());
    }
    const std::vector<ValueId> results = b.call(layer.function, operands);
    std::size_t next = 0;
    for (const core::Port& port : lowering.program.find(layer.function)->outputs) {
      const auto wire = std::ranges::find(layer.outputs, port.name, &core::Wire::port);
      assert(wire != layer.outputs.end());
      values[wire->signal] = slice(results, next, port.count);
      next += port.count;
    }
  }
  b.output(lowering.output.name, lowering.output.format, values[lowering.output.name]);
  lowering.program.functions.push_back(std::move(b).finish());
}

}  // namespace aegen::encoders
