#include <cmath>
#include <optional>

#include "aegen/encoders/export.hpp"
#include "exact_ranges.hpp"
#include "onnx_layers.hpp"

namespace aegen::encoders {
namespace {

using core::Interval;
using core::Result;

// Writes one node of a graph after the other. In the plain dialect every tensor is
// [events][elements] in the graph's order; in QONNX one of three axes is
// [events][channel][row][column].
class NetworkWriter {
 public:
  NetworkWriter(const Graph& graph, std::vector<Interval> ranges, FloatType type,
                OnnxDialect dialect)
      : graph_(graph),
        ranges_(std::move(ranges)),
        dialect_(dialect),
        model_(graph.name,
               type == FloatType::Single ? onnx::TensorProto::FLOAT : onnx::TensorProto::DOUBLE) {}

  std::string run() {
    if (dialect_ == OnnxDialect::Qonnx) useQuant(model_);
    for (const Node& node : graph_.nodes) tensors_.push_back(add(node));
    const Node& last = graph_.output();
    const std::string name = last.name + "_output";
    model_.output(name, last.shape);
    std::string out = flat(tensors_.back(), last, name);
    if (last.shape.size() > 1) {
      out = model_.node("Reshape", {out, sizes(last.shape)}, name);
    } else {
      model_.node("Identity", {out}, name);
    }
    return model_.bytes();
  }

 private:
  [[nodiscard]] bool isImage(const Node& node) const {
    return dialect_ == OnnxDialect::Qonnx && node.shape.size() == 3;
  }
  [[nodiscard]] const Node& inputOf(const Node& node, std::size_t i = 0) const {
    return graph_.nodes[static_cast<std::size_t>(node.inputs[i])];
  }
  [[nodiscard]] const std::string& x(const Node& node, std::size_t i = 0) const {
    return tensors_[static_cast<std::size_t>(node.inputs[i])];
  }
  [[nodiscard]] const Interval& inputRange(const Node& node) const {
    return ranges_[static_cast<std::size_t>(node.inputs[0])];
  }

  // Behind the events, which stay as many as they are.
  std::string sizes(const Shape& shape) {
    std::vector<std::int64_t> out{0};
    out.insert(out.end(), shape.begin(), shape.end());
    return model_.list(out);
  }

  // The tensor of `node` as [events][elements] in the graph's order. `name`: of what is added.
  std::string flat(const std::string& tensor, const Node& node, const std::string& name) {
    std::string out = tensor;
    if (isImage(node)) {
      out = model_.node("Transpose", {out}, name + "/rows_first",
                        {{"perm", std::vector<std::int64_t>{0, 2, 3, 1}}});
    }
    const bool isFlat = dialect_ == OnnxDialect::Plain || node.shape.size() == 1;
    if (isFlat) return out;
    return model_.node("Reshape", {out, sizes({static_cast<int>(elementCount(node.shape))})},
                       name + "/flat");
  }

  // The inverse: [events][elements] as the tensor of `node`, named as it.
  std::string shaped(const std::string& flat, const Node& node) {
    const bool isFlat = dialect_ == OnnxDialect::Plain || node.shape.size() == 1;
    if (isFlat) return model_.node("Identity", {flat}, node.name);
    if (!isImage(node)) return model_.node("Reshape", {flat, sizes(node.shape)}, node.name);
    const std::string rows = model_.node("Reshape", {flat, sizes(node.shape)}, node.name + "/rows");
    return model_.node("Transpose", {rows}, node.name,
                       {{"perm", std::vector<std::int64_t>{0, 3, 1, 2}}});
  }

  std::string add(const Node& node) {
    switch (node.kind) {
      case NodeKind::Input:
        return input(node);
      case NodeKind::Normalize:
        return normalize(node);
      case NodeKind::Arrange:
        return arrange(node);
      case NodeKind::Pad:
        return pad(node);
      case NodeKind::Conv2d:
      case NodeKind::Conv2dTranspose:
      case NodeKind::Dense: {
        const OnnxLayer layer{node, inputOf(node), x(node), inputRange(node)};
        return dialect_ == OnnxDialect::Plain ? addGatheredLayer(model_, layer)
                                              : addQonnxLayer(model_, layer);
      }
      case NodeKind::Relu:
        return model_.node("Relu", {x(node)}, node.name);
      case NodeKind::Requantize:
        return addRequantize(model_, dialect_, x(node), inputOf(node).format.fraction,
                             inputRange(node), node);
      case NodeKind::Reinterpret:
        return model_.node("Mul",
                           {x(node), model_.number(std::ldexp(1.0, inputOf(node).format.fraction -
                                                                       node.format.fraction))},
                           node.name);
      case NodeKind::Lookup:
        return lookup(node);
      case NodeKind::Concat: {
        std::vector<std::string> inputs;
        for (std::size_t i = 0; i < node.inputs.size(); ++i) inputs.push_back(x(node, i));
        return model_.node("Concat", inputs, node.name, {{"axis", std::int64_t{1}}});
      }
      case NodeKind::Reshape:
        return shaped(flat(x(node), inputOf(node), node.name), node);
    }
    return {};
  }

  std::string input(const Node& node) {
    model_.input(node.name, node.shape);
    std::string tensor = node.name;
    if (dialect_ == OnnxDialect::Qonnx) {
      tensor =
          addFormat(model_, tensor, node.format, {node.format.fraction}, {}, node.name + "/quant");
      if (!isImage(node)) return tensor;
      return model_.node("Transpose", {tensor}, node.name + "/channels_first",
                         {{"perm", std::vector<std::int64_t>{0, 3, 1, 2}}});
    }
    if (node.shape.size() == 1) return tensor;
    return model_.node("Reshape", {tensor, sizes({static_cast<int>(elementCount(node.shape))})},
                       node.name + "/flat");
  }

  // floor(log2 sum) is how many powers of two the sum reaches: integers, no logarithm.
  std::string normalize(const Node& node) {
    const std::string& name = node.name;
    const OnnxBuilder::Attributes toInteger{{"to", std::int64_t{onnx::TensorProto::INT64}}};
    const std::string axis = model_.list({1});
    const std::string charges = model_.node("Cast", {x(node)}, name + "/charges", toInteger);
    const std::string sum = model_.node("ReduceSum", {charges, axis}, name + "/sum");
    std::vector<std::int64_t> powers;
    std::vector<double> factors{1};
    for (int shift = 1; shift <= std::min(node.maxShift, core::kMaxWidth - 1); ++shift) {
      powers.push_back(std::int64_t{1} << shift);
      factors.push_back(std::ldexp(1.0, -shift));
    }
    const std::string reached =
        model_.node("GreaterOrEqual", {sum, model_.list(powers)}, name + "/reached");
    const std::string ones = model_.node("Cast", {reached}, name + "/reached_ones", toInteger);
    const std::string shift = model_.node("ReduceSum", {ones, axis}, name + "/shift");
    const std::string factor = model_.node(
        "Gather",
        {model_.numbers(name + "/factors", {static_cast<std::int64_t>(factors.size())}, factors),
         shift},
        name + "/factor");
    const std::string scaled = model_.node("Mul", {x(node), factor}, name + "/scaled");
    return addFloor(model_, dialect_, scaled, node.format.fraction, node.format.range(), name);
  }

  std::string arrange(const Node& node) {
    const auto elements = static_cast<std::int64_t>(elementCount(inputOf(node).shape));
    std::vector<std::int64_t> indices;
    bool zeros = false;
    for (const int index : node.indices) {
      zeros |= index < 0;
      indices.push_back(index < 0 ? elements : index);
    }
    std::string from = flat(x(node), inputOf(node), node.name + "/from");
    if (zeros) {
      from = model_.node("Pad", {from, model_.list({0, 0, 0, 1})}, node.name + "/with_zero");
    }
    const auto count = static_cast<std::int64_t>(indices.size());
    const std::string at = model_.indices(node.name + "/indices", {count}, indices);
    return shaped(
        model_.node("Gather", {from, at}, node.name + "/picked", {{"axis", std::int64_t{1}}}),
        node);
  }

  std::string pad(const Node& node) {
    const auto& p = node.padding;
    if (dialect_ == OnnxDialect::Qonnx) {
      return model_.node("Pad", {x(node), model_.list({0, 0, p[0], p[2], 0, 0, p[1], p[3]})},
                         node.name);
    }
    const std::string rows =
        model_.node("Reshape", {x(node), sizes(inputOf(node).shape)}, node.name + "/rows");
    const std::string padded = model_.node(
        "Pad", {rows, model_.list({0, p[0], p[2], 0, 0, p[1], p[3], 0})}, node.name + "/padded");
    return model_.node("Reshape", {padded, sizes({static_cast<int>(elementCount(node.shape))})},
                       node.name);
  }

  std::string lookup(const Node& node) {
    const std::string& name = node.name;
    const core::FixedFormat& from = inputOf(node).format;
    std::string at =
        model_.node("Mul", {x(node), model_.number(std::ldexp(1.0, from.fraction))}, name + "/raw");
    if (from.minRaw() != 0) {
      at = model_.node("Sub", {at, model_.number(static_cast<double>(from.minRaw()))},
                       name + "/place");
    }
    const std::string index = model_.node("Cast", {at}, name + "/index",
                                          {{"to", std::int64_t{onnx::TensorProto::INT64}}});
    std::vector<double> values;
    for (const std::int64_t raw : node.table) {
      values.push_back(std::ldexp(static_cast<double>(raw), -node.format.fraction));
    }
    std::string table =
        model_.numbers(name + "/table", {static_cast<std::int64_t>(values.size())}, values);
    if (dialect_ == OnnxDialect::Qonnx) {
      table =
          addFormat(model_, table, node.format, {node.format.fraction}, {}, name + "/table_quant");
    }
    return model_.node("Gather", {table, index}, name);
  }

  const Graph& graph_;
  std::vector<Interval> ranges_;
  OnnxDialect dialect_;
  OnnxBuilder model_;
  std::vector<std::string> tensors_;  ///< of each node
};

}  // namespace

Result<std::string> toOnnx(const Graph& graph) {
  auto single = exactRanges(graph, FloatType::Single);
  if (single) {
    return NetworkWriter(graph, std::move(*single), FloatType::Single, OnnxDialect::Plain).run();
  }
  auto both = exactRanges(graph, FloatType::Double);
  if (!both) return both.error();
  return NetworkWriter(graph, std::move(*both), FloatType::Double, OnnxDialect::Plain).run();
}

Result<std::string> toQonnx(const Graph& graph) {
  auto ranges = exactRanges(graph, FloatType::Single);
  if (!ranges) {
    core::Diagnostic problem = ranges.error();
    problem.notes.emplace_back("QONNX is binary32; plain ONNX may use binary64");
    return problem;
  }
  return NetworkWriter(graph, std::move(*ranges), FloatType::Single, OnnxDialect::Qonnx).run();
}

}  // namespace aegen::encoders
