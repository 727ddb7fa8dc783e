#include "aegen/encoders/lowering.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <optional>
#include <span>

#include "aegen/core/function_builder.hpp"
#include "layer_sums.hpp"

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
};

std::vector<ValueId> slice(const std::vector<ValueId>& ids, std::size_t first, std::size_t count) {
  const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

class Lowerer {
 public:
  Lowerer(const Graph& graph, const std::string& prefix) : graph_(graph), prefix_(prefix) {}

  core::Result<Lowering> run() {
    if (auto good = checkNames(); !good) return good.error();
    std::vector<std::size_t> uses(graph_.nodes.size(), 0);
    for (const Node& node : graph_.nodes) {
      for (const int input : node.inputs) ++uses[static_cast<std::size_t>(input)];
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      // The nodes that join this one: a chain of Relu and Requantize nobody else looks into.
      std::size_t last = i;
      const bool joins = graph_.nodes[i].kind == NodeKind::Conv2d ||
                         graph_.nodes[i].kind == NodeKind::Dense || isElementwise(graph_.nodes[i]);
      while (joins && last + 1 < graph_.nodes.size() && isElementwise(graph_.nodes[last + 1]) &&
             graph_.nodes[last + 1].inputs[0] == static_cast<int>(last) && uses[last] == 1) {
        ++last;
      }
      lower(i, last);
      i = last;
    }
    const Node& output = graph_.output();
    const std::vector<Element>& elements = elements_.back();
    const bool whole = std::ranges::all_of(elements, [&](const Element& e) {
      return e.signal == elements[0].signal &&
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
  static std::string sumName(const Node& node) { return node.name + "_sum"; }
  static std::string positionName(const Node& node) { return node.name + "_position"; }
  // Of the function for output `output` of a dense layer.
  static std::string neuronName(const Node& node, std::size_t output) {
    const bool shared = node.kernel.loadable && node.bias.loadable;
    return node.name + "_neuron" + (shared ? "" : "_" + std::to_string(output));
  }

  // What lowering makes beside the nodes' own functions and signals must not be named as they are.
  core::Result<void> checkNames() const {
    std::map<std::string, const Node*> made;
    for (const Node& node : graph_.nodes) {
      if (node.kind == NodeKind::Normalize) made[sumName(node)] = &node;
      if (node.kind == NodeKind::Conv2d) made[positionName(node)] = &node;
      if (node.kind != NodeKind::Dense) continue;
      for (std::size_t o = 0; o < node.bias.values.size(); ++o) made[neuronName(node, o)] = &node;
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

  static bool isElementwise(const Node& node) {
    return node.kind == NodeKind::Relu || node.kind == NodeKind::Requantize;
  }

  [[nodiscard]] const std::vector<Element>& elementsOf(const Node& node, std::size_t i = 0) const {
    return elements_[static_cast<std::size_t>(node.inputs[i])];
  }
  [[nodiscard]] const Node& inputOf(const Node& node, std::size_t i = 0) const {
    return graph_.nodes[static_cast<std::size_t>(node.inputs[i])];
  }

  void lower(std::size_t first, std::size_t last) {
    const Node& node = graph_.nodes[first];
    elements_.resize(last + 1);
    switch (node.kind) {
      case NodeKind::Input:
        out_.inputs.push_back(newSignal(first));
        return;
      case NodeKind::Normalize:
        return normalize(first);
      case NodeKind::Arrange: {
        for (const int index : node.indices) {
          elements_[first].push_back(index < 0 ? Element{}
                                               : elementsOf(node)[static_cast<std::size_t>(index)]);
        }
        return;
      }
      case NodeKind::Pad:
        return pad(first);
      case NodeKind::Reshape:
        elements_[first] = elementsOf(node);
        return;
      case NodeKind::Concat:
        for (std::size_t i = 0; i < node.inputs.size(); ++i) {
          const auto& part = elementsOf(node, i);
          elements_[first].insert(elements_[first].end(), part.begin(), part.end());
        }
        return;
      case NodeKind::Conv2d:
        return conv2d(first, last);
      case NodeKind::Dense:
        return dense(first, last);
      case NodeKind::Relu:
      case NodeKind::Requantize:
        return elementwise(first, last);
    }
  }

  // A new signal carrying all of node `at`.
  core::Signal newSignal(std::size_t at) {
    const Node& node = graph_.nodes[at];
    signals_.push_back(
        {node.name, node.format, static_cast<std::uint32_t>(elementCount(node.shape))});
    elements_[at].clear();
    for (std::uint32_t i = 0; i < signals_.back().count; ++i) {
      elements_[at].push_back({static_cast<int>(signals_.size()) - 1, i});
    }
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
    ValueId operator()(const Element& element, int fraction) {
      if (element.signal >= 0) return values_[element.signal][element.index];
      if (!zero_) zero_ = builder_.constant(0, fraction);
      return *zero_;
    }

   private:
    FunctionBuilder& builder_;
    std::map<int, std::vector<ValueId>> values_;
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
    newSignal(at);
    layer.outputs = {{node.name, node.name}, {sumSignal, sumSignal}};
    layer.sumSignal = sumSignal;
    out_.layers.push_back(std::move(layer));
  }

  static ValueId aligned(FunctionBuilder& b, ValueId value, int fraction, core::Rounding rounding) {
    const int drop = b.format(value).fraction - fraction;
    if (drop == 0) return value;
    const FixedFormat wide{true, core::kMaxWidth, fraction};
    const auto end = [&](std::int64_t raw) {
      return core::requantize(raw, b.format(value).fraction, wide, rounding,
                              core::Overflow::Saturate);
    };
    const core::Interval range{end(b.interval(value).low), end(b.interval(value).high)};
    return b.requantize(value, FixedFormat::holding(range, fraction), rounding,
                        core::Overflow::Wrap);
  }

  // The elementwise nodes first+1..last applied to a sum.
  ValueId finished(FunctionBuilder& b, ValueId value, std::size_t first, std::size_t last) const {
    for (std::size_t i = first; i <= last; ++i) {
      const Node& node = graph_.nodes[i];
      if (node.kind == NodeKind::Relu) {
        const int fraction = b.format(value).fraction;
        value = b.max(value, b.constant(0, fraction));
      } else if (node.kind == NodeKind::Requantize) {
        value = b.requantize(value, node.format, node.rounding, node.overflow);
      }
    }
    return value;
  }

  // One output of a layer: sum of products and bias, then the elementwise nodes. `weight(term)`
  // gives the weight's value, nothing for a constant zero.
  template <typename WeightOf>
  ValueId weightedSum(FunctionBuilder& b, const Node& node, const LayerSums& sums,
                      std::span<const ValueId> x, WeightOf weightOf, ValueId bias) const {
    std::vector<ValueId> terms;
    for (std::size_t term = 0; term < x.size(); ++term) {
      const std::optional<ValueId> w = weightOf(term);
      if (!w) continue;
      ValueId product = b.mul(x[term], *w);
      if (node.sum.truncateProducts) {
        product = aligned(b, product, sums.productFraction(), core::Rounding::Floor);
      }
      terms.push_back(aligned(b, product, sums.fraction(), core::Rounding::Floor));
    }
    terms.push_back(aligned(b, bias, sums.fraction(), core::Rounding::Floor));
    return b.sum(terms);
  }

  static std::string arithmetic(const Node& node, const LayerSums& sums) {
    return node.sum.truncateProducts
               ? "each product floored to " + std::to_string(node.sum.productFraction) +
                     " fractional bits before it is added"
               : "products added exactly, " + std::to_string(sums.fraction()) + " fractional bits";
  }

  // Registers the layer's loadable weights; gives the config ports of a function for them.
  void field(const Weights& weights, const std::string& comment) {
    out_.fields.push_back({weights.name, weights.format,
                           static_cast<std::uint32_t>(weights.values.size()), weights.values,
                           comment});
  }

  // A function computing `outputs` of the layer from one window of inputs; used by every caller
  // whose weights agree.
  std::string unit(const std::string& name, const std::string& what, std::size_t first,
                   std::size_t last, std::span<const std::size_t> outputs) {
    const Node& node = graph_.nodes[first];
    const FixedFormat input = inputOf(node).format;
    const LayerSums sums(node, input);
    FunctionBuilder b(out_.program, name, what + "; " + arithmetic(node, sums));
    const auto x = b.input("x", input, static_cast<std::uint32_t>(sums.terms()));
    const auto perOutput = static_cast<std::uint32_t>(outputs.size());
    std::vector<ValueId> w;
    std::vector<ValueId> bias;
    if (node.kernel.loadable) {
      w = b.input("weight", node.kernel.format,
                  static_cast<std::uint32_t>(sums.terms()) * perOutput, Role::Config);
    }
    if (node.bias.loadable) bias = b.input("bias", node.bias.format, perOutput, Role::Config);
    std::vector<ValueId> y;
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      const auto weightOf = [&](std::size_t term) -> std::optional<ValueId> {
        if (node.kernel.loadable) return w[term * perOutput + o];
        const std::int64_t raw = sums.weight(outputs[o], term);
        if (raw == 0) return std::nullopt;
        return b.constant(raw, node.kernel.format.fraction);
      };
      const ValueId offset =
          node.bias.loadable ? bias[o]
                             : b.constant(node.bias.values[outputs[o]], node.bias.format.fraction);
      const ValueId sum = weightedSum(b, node, sums, x, weightOf, offset);
      y.push_back(finished(b, sum, first + 1, last));
    }
    b.output("y", graph_.nodes[last].format, y);
    out_.program.functions.push_back(std::move(b).finish());
    return name;
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
      field(weights, comment);
      layer.inputs.push_back({weights.name, weights.name});
      return b.input(weights.name, weights.format,
                     static_cast<std::uint32_t>(weights.values.size()), Role::Config);
    };
    const bool conv = node.kind == NodeKind::Conv2d;
    ports.kernel =
        port(node.kernel, conv ? "weights of " + node.name + ", [row][column][channel][filter]"
                               : "weights of " + node.name + ", [output][input]");
    ports.bias = port(node.bias, "biases of " + node.name);
    return ports;
  }

  void finishLayer(FunctionBuilder&& b, std::span<const ValueId> outputs, std::size_t last,
                   LoweredLayer&& layer) {
    const core::Signal signal = newSignal(last);
    b.output(signal.name, signal.format, outputs);
    layer.outputs = {{signal.name, signal.name}};
    out_.program.functions.push_back(std::move(b).finish());
    out_.layers.push_back(std::move(layer));
  }

  void conv2d(std::size_t first, std::size_t last) {
    const Node& node = graph_.nodes[first];
    const Shape& from = inputOf(node).shape;
    const Shape& kernel = node.kernel.shape;
    std::vector<std::size_t> filters(static_cast<std::size_t>(kernel[3]));
    for (std::size_t f = 0; f < filters.size(); ++f) filters[f] = f;
    const std::string position =
        unit(prefix_ + positionName(node),
             std::to_string(filters.size()) + " filters at one position of a " +
                 std::to_string(kernel[0]) + "x" + std::to_string(kernel[1]) + " convolution",
             first, last, filters);
    LoweredLayer layer;
    layer.function = prefix_ + node.name;
    FunctionBuilder b(out_.program, layer.function,
                      std::to_string(kernel[0]) + "x" + std::to_string(kernel[1]) +
                          " convolution, stride " + std::to_string(node.stride) + ", " +
                          std::to_string(node.shape[0]) + "x" + std::to_string(node.shape[1]) +
                          " positions of " + std::to_string(kernel[3]) + " filters");
    Sources source(b, signals_, elementsOf(node), layer);
    const WeightPorts weights = weightPorts(b, node, layer);
    std::vector<ValueId> y;
    for (int row = 0; row < node.shape[0]; ++row) {
      for (int column = 0; column < node.shape[1]; ++column) {
        std::vector<ValueId> operands;
        for (int r = 0; r < kernel[0]; ++r) {
          for (int c = 0; c < kernel[1]; ++c) {
            for (int channel = 0; channel < kernel[2]; ++channel) {
              const int at =
                  ((row * node.stride + r) * from[1] + column * node.stride + c) * from[2];
              operands.push_back(source(elementsOf(node)[static_cast<std::size_t>(at + channel)],
                                        inputOf(node).format.fraction));
            }
          }
        }
        operands.insert(operands.end(), weights.kernel.begin(), weights.kernel.end());
        operands.insert(operands.end(), weights.bias.begin(), weights.bias.end());
        const std::vector<ValueId> results = b.call(position, operands);
        y.insert(y.end(), results.begin(), results.end());
      }
    }
    finishLayer(std::move(b), y, last, std::move(layer));
  }

  void dense(std::size_t first, std::size_t last) {
    const Node& node = graph_.nodes[first];
    const auto outputs = static_cast<std::size_t>(node.shape[0]);
    const auto terms = static_cast<std::size_t>(node.kernel.shape[1]);
    const bool shared = node.kernel.loadable && node.bias.loadable;
    std::vector<std::string> units(outputs);
    for (std::size_t o = 0; o < outputs; ++o) {
      if (shared && o > 0) {
        units[o] = units[0];
        continue;
      }
      units[o] = unit(prefix_ + neuronName(node, o),
                      "one output of a dense layer of " + std::to_string(terms) + " inputs", first,
                      last, std::span(&o, 1));
    }
    LoweredLayer layer;
    layer.function = prefix_ + node.name;
    FunctionBuilder b(out_.program, layer.function,
                      "dense layer, " + std::to_string(terms) + " inputs, " +
                          std::to_string(outputs) + " outputs");
    Sources source(b, signals_, elementsOf(node), layer);
    const WeightPorts weights = weightPorts(b, node, layer);
    std::vector<ValueId> x;
    for (const Element& element : elementsOf(node)) {
      x.push_back(source(element, inputOf(node).format.fraction));
    }
    std::vector<ValueId> y;
    for (std::size_t o = 0; o < outputs; ++o) {
      std::vector<ValueId> operands = x;
      if (node.kernel.loadable) {
        const auto row = slice(weights.kernel, o * terms, terms);
        operands.insert(operands.end(), row.begin(), row.end());
      }
      if (node.bias.loadable) operands.push_back(weights.bias[o]);
      y.push_back(b.call(units[o], operands)[0]);
    }
    finishLayer(std::move(b), y, last, std::move(layer));
  }

  void elementwise(std::size_t first, std::size_t last) {
    const Node& node = graph_.nodes[first];
    LoweredLayer layer;
    layer.function = prefix_ + graph_.nodes[last].name;
    FunctionBuilder b(out_.program, layer.function, "element by element");
    Sources source(b, signals_, elementsOf(node), layer);
    std::vector<ValueId> y;
    for (const Element& element : elementsOf(node)) {
      y.push_back(finished(b, source(element, inputOf(node).format.fraction), first, last));
    }
    finishLayer(std::move(b), y, last, std::move(layer));
  }

  const Graph& graph_;
  std::string prefix_;
  Lowering out_;
  std::vector<core::Signal> signals_;
  std::vector<std::vector<Element>> elements_;  ///< of each node
};

}  // namespace

core::Result<Lowering> lower(const Graph& graph, const std::string& prefix) {
  return Lowerer(graph, prefix).run();
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
