#include "tensorflow_model.hpp"

#include <fmt/format.h>

#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "tensor_folding.hpp"
#include "tensorflow_graph.pb.h"

namespace aegen::encoders {
namespace {

namespace tf = aegen::tensorflow;
using core::Result;

constexpr int kMostNodes = 4096;
constexpr int kMostDepth = 1000;
constexpr std::size_t kMostConstants = std::size_t{1} << 22;

// What a node gives: a constant, or one layer minus another (-1: nothing).
struct Value {
  bool isConstant = false;
  RealTensor constant;
  int layer = -1;
  int minus = -1;
};

class GraphReader {
 public:
  GraphReader(const tf::GraphDef& graph, std::string file) : graph_(graph), file_(std::move(file)) {
    network_.name = "tensorflow";
    network_.source = "TensorFlow, " + file_;
  }

  ImportedNetwork read() {
    if (graph_.node_size() == 0 || graph_.node_size() > kMostNodes) {
      importFails("structure", fmt::format("has {} nodes", graph_.node_size()), file_,
                  {fmt::format("a frozen GraphDef of 1..{} nodes is read", kMostNodes)});
    }
    for (const tf::NodeDef& node : graph_.node()) {
      if (!nodes_.emplace(node.name(), &node).second) {
        importFails("structure", "node '" + node.name() + "' is there twice", file_);
      }
      for (const std::string& input : node.input()) ++uses_[plain(input)];
    }
    const tf::NodeDef& last = output();
    network_.outputs = {layerOf(last.name(), last)};
    return std::move(network_);
  }

 private:
  // "node:0" and "^node" without their marks.
  static std::string plain(const std::string& input) {
    std::string name = input.starts_with('^') ? input.substr(1) : input;
    return name.substr(0, name.find(':'));
  }

  std::string where(const tf::NodeDef& node) const {
    return fmt::format("{}: node '{}' ({})", file_, node.name(), node.op());
  }

  const tf::NodeDef& output() const {
    std::vector<const tf::NodeDef*> found;
    for (const tf::NodeDef& node : graph_.node()) {
      if (!uses_.contains(node.name()) && node.op() != "NoOp" && node.op() != "Const" &&
          node.op() != "Placeholder") {
        found.push_back(&node);
      }
    }
    if (found.size() == 1) return *found[0];
    std::string names;
    for (const tf::NodeDef* node : found) names += (names.empty() ? "" : ", ") + node->name();
    importFails("structure", fmt::format("has {} outputs: {}", found.size(), names), file_,
                {"freeze the graph with one output"});
  }

  const Value& valueOf(const std::string& input, const tf::NodeDef& user) {
    const std::string name = plain(input);
    if (const auto done = values_.find(name); done != values_.end()) return done->second;
    const auto at = nodes_.find(name);
    if (at == nodes_.end()) {
      importFails("structure", "its input '" + name + "' is not in the file", where(user));
    }
    if (!open_.insert(name).second || open_.size() > kMostDepth) {
      importFails("structure", "depends on itself, or is too deep", where(*at->second));
    }
    Value value = compute(*at->second);
    open_.erase(name);
    return values_[name] = std::move(value);
  }

  const Value& input(const tf::NodeDef& node, int i) {
    if (i >= node.input_size()) {
      importFails("structure", fmt::format("has {} inputs", node.input_size()), where(node));
    }
    return valueOf(node.input(i), node);
  }

  int layerOf(const Value& value, const tf::NodeDef& node) const {
    if (!value.isConstant && value.layer >= 0 && value.minus < 0) return value.layer;
    importFails("unsupported",
                value.isConstant ? "a constant stands where a tensor is needed"
                                 : "differences of tensors are not supported",
                where(node),
                {"differences are known as x + (q(x) - x), a straight-through quantizer"});
  }
  int layerOf(const std::string& name, const tf::NodeDef& user) {
    return layerOf(valueOf(name, user), user);
  }
  int inputLayer(const tf::NodeDef& node, int i = 0) { return layerOf(input(node, i), node); }

  const RealTensor& constant(const tf::NodeDef& node, int i) {
    const Value& value = input(node, i);
    if (value.isConstant) return value.constant;
    importFails("unsupported", fmt::format("its input {} is not a constant", i), where(node),
                {"freeze the graph: variables become constants"});
  }

  Value add(const tf::NodeDef& node, LayerKind kind, std::vector<int> inputs,
            ImportedLayer layer = {}) {
    layer.name = node.name();
    layer.where = where(node);
    layer.kind = kind;
    layer.inputs = std::move(inputs);
    const auto index = network_.append(std::move(layer));
    if (!index) throw ImportProblem{index.error()};
    return {.layer = *index};
  }

  const Shape& shapeOf(int layer) const {
    return network_.layers[static_cast<std::size_t>(layer)].shape;
  }

  Value compute(const tf::NodeDef& node) {
    const std::string& op = node.op();
    if (op == "Const") return constantNode(node);
    if (op == "Placeholder") return placeholder(node);
    if (op == "Identity" || op == "StopGradient") return input(node, 0);
    if (op == "Conv2D") return convolution(node);
    if (op == "Conv2DBackpropInput") return transposed(node);
    if (op == "MatMul") return dense(node);
    if (op == "Reshape") return reshape(node);
    if (op == "Pad") return pad(node);
    if (op == "ConcatV2") return concat(node);
    if (op == "Neg") return negative(node);
    if (op == "BiasAdd" || op == "Add" || op == "AddV2") return sum(node);
    if (op == "Sub") return difference(node);
    if (op == "Mul" || op == "RealDiv") return product(node);
    if (op == "Minimum" || op == "Maximum") return bound(node);
    if (op == "Relu6") {
      const Value positive = add(node, LayerKind::Relu, {inputLayer(node)});
      return add(node, LayerKind::Minimum, {positive.layer}, {.constant = 6});
    }
    return function(node);
  }

  // Relu, Round and other functions of one element.
  Value function(const tf::NodeDef& node) {
    const ElementFunction* const found = elementFunction(node.op());
    if (found == nullptr) {
      importFails("unsupported", "operation '" + node.op() + "' is not supported", where(node),
                  {"known: Conv2D, Conv2DBackpropInput, MatMul, BiasAdd, Add, Sub, Mul, RealDiv, "
                   "Minimum, Maximum, Relu, Relu6, Sigmoid, Tanh, Round, Floor, Neg, Reshape, Pad, "
                   "ConcatV2, Identity"});
    }
    const Value& x = input(node, 0);
    if (!x.isConstant) return add(node, found->kind, {layerOf(x, node)});
    Value out = x;
    std::ranges::transform(out.constant.values, out.constant.values.begin(), found->of);
    return out;
  }

  static std::int64_t sizeOf(const tf::TensorShape& shape, int i) { return shape.dim(i).size(); }

  Value placeholder(const tf::NodeDef& node) {
    const auto at = node.attr().find("shape");
    ImportedLayer layer;
    if (at != node.attr().end()) {
      const tf::TensorShape& shape = at->second.shape();
      for (int i = 1; i < shape.dim_size() && i < 8; ++i) {
        layer.shape.push_back(
            static_cast<int>(std::clamp<std::int64_t>(sizeOf(shape, i), 0, 1 << 20)));
      }
    }
    if (layer.shape.empty() || elementCount(layer.shape) == 0) {
      importFails("shape", "does not say its shape", where(node),
                  {"freeze the graph with an input of known sizes behind the batch"});
    }
    return add(node, LayerKind::Input, {}, std::move(layer));
  }

  template <typename Values>
  static void copy(const Values& from, std::vector<double>& to) {
    for (const auto value : from) to.push_back(static_cast<double>(value));
  }
  template <typename T>
  static void unpack(const std::string& bytes, std::vector<double>& to) {
    for (std::size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
      T value;
      std::memcpy(&value, bytes.data() + at, sizeof value);
      to.push_back(static_cast<double>(value));
    }
  }

  Value constantNode(const tf::NodeDef& node) {
    const auto at = node.attr().find("value");
    const tf::Tensor tensor = at == node.attr().end() ? tf::Tensor() : at->second.tensor();
    Value out{.isConstant = true};
    std::vector<double>& values = out.constant.values;
    for (const auto& dim : tensor.tensor_shape().dim()) {
      out.constant.shape.push_back(
          static_cast<int>(std::clamp<std::int64_t>(dim.size(), 0, 1 << 22)));
    }
    const std::size_t count = elementCount(out.constant.shape);
    constants_ += std::min(count, kMostConstants);
    if (constants_ > kMostConstants) importFails("shape", "constants are too large", where(node));
    const std::string& bytes = tensor.tensor_content();
    switch (tensor.dtype()) {
      case tf::FLOAT:
        bytes.empty() ? copy(tensor.float_val(), values) : unpack<float>(bytes, values);
        break;
      case tf::DOUBLE:
        bytes.empty() ? copy(tensor.double_val(), values) : unpack<double>(bytes, values);
        break;
      case tf::INT32:
        bytes.empty() ? copy(tensor.int_val(), values) : unpack<std::int32_t>(bytes, values);
        break;
      case tf::INT64:
        bytes.empty() ? copy(tensor.int64_val(), values) : unpack<std::int64_t>(bytes, values);
        break;
      default:
        importFails("unsupported", "a constant of this type is not supported", where(node),
                    {"float, double, int32 and int64 are"});
    }
    if (bytes.empty() && !values.empty() && values.size() < count) {
      values.resize(count, values.back());
    }
    if (values.size() != count) {
      importFails("weights", fmt::format("holds {} values, its shape {}", values.size(), count),
                  where(node));
    }
    return out;
  }

  std::string text(const tf::NodeDef& node, const char* name) const {
    const auto at = node.attr().find(name);
    return at == node.attr().end() ? std::string() : at->second.s();
  }

  // The stride of an image's rows and columns, with what else must be as aegen computes.
  int stride(const tf::NodeDef& node) const {
    const auto ints = [&](const char* name) {
      const auto at = node.attr().find(name);
      std::vector<std::int64_t> out;
      if (at != node.attr().end()) {
        out.assign(at->second.list().i().begin(), at->second.list().i().end());
      }
      return out;
    };
    const auto strides = ints("strides");
    const std::string order = text(node, "data_format");
    const auto dilations = ints("dilations");
    const bool dilated = std::ranges::any_of(dilations, [](std::int64_t d) { return d != 1; });
    if (strides.size() != 4 || strides[0] != 1 || strides[3] != 1 || strides[1] != strides[2] ||
        strides[1] < 1 || strides[1] > 4096 || dilated || (!order.empty() && order != "NHWC")) {
      importFails("unsupported", "its strides, dilations or data format are not supported",
                  where(node), {"one stride for rows and columns, no dilation, NHWC"});
    }
    return static_cast<int>(strides[1]);
  }

  bool isSame(const tf::NodeDef& node) const {
    const std::string padding = text(node, "padding");
    if (padding == "SAME" || padding == "VALID") return padding == "SAME";
    importFails("unsupported", "padding '" + padding + "' is not supported", where(node),
                {"SAME and VALID are; or a Pad before it"});
  }

  RealTensor weights(const tf::NodeDef& node, int i, std::size_t axes) {
    RealTensor out = constant(node, i);
    if (out.shape.size() != axes || elementCount(out.shape) == 0) {
      importFails("weights", "has a kernel of " + shapeText(out.shape), where(node));
    }
    if (!std::ranges::all_of(out.values, [](double w) { return std::isfinite(w); })) {
      importFails("weights", "holds a value that is not finite", where(node));
    }
    out.quantizer = gridOf(out.values);
    return out;
  }

  Value convolution(const tf::NodeDef& node) {
    const int x = inputLayer(node);
    ImportedLayer layer;
    layer.kernel = weights(node, 1, 4);
    layer.stride = stride(node);
    if (isSame(node) && shapeOf(x).size() == 3) {
      layer.padding = samePadding(shapeOf(x), layer.kernel.shape, layer.stride);
    }
    return add(node, LayerKind::Conv2d, {x}, std::move(layer));
  }

  // The kernel is [row][column][out][in]; the output's size follows from the padding.
  Value transposed(const tf::NodeDef& node) {
    const int x = inputLayer(node, 2);
    RealTensor kernel = weights(node, 1, 4);
    ImportedLayer layer;
    layer.stride = stride(node);
    const Shape& s = kernel.shape;
    layer.kernel = kernel;
    layer.kernel.shape = {s[0], s[1], s[3], s[2]};
    const auto ins = static_cast<std::size_t>(s[3]);
    const auto outs = static_cast<std::size_t>(s[2]);
    for (std::size_t i = 0; i < kernel.values.size(); ++i) {
      const std::size_t place = i / (ins * outs);
      const std::size_t out = i / ins % outs;
      layer.kernel.values[(place * ins + i % ins) * outs + out] = kernel.values[i];
    }
    if (s[0] < layer.stride || s[1] < layer.stride) {
      importFails("unsupported", "its stride is larger than its kernel", where(node));
    }
    if (isSame(node)) layer.padding = sameCut(layer.kernel.shape, layer.stride);
    return add(node, LayerKind::Conv2dTranspose, {x}, std::move(layer));
  }

  bool flag(const tf::NodeDef& node, const char* name) const {
    const auto at = node.attr().find(name);
    return at != node.attr().end() && at->second.b();
  }

  Value dense(const tf::NodeDef& node) {
    const int x = inputLayer(node);
    if (flag(node, "transpose_a")) importFails("unsupported", "transposes its input", where(node));
    const RealTensor stored = weights(node, 1, 2);
    ImportedLayer layer;
    layer.kernel = stored;
    if (!flag(node, "transpose_b")) {
      const auto ins = static_cast<std::size_t>(stored.shape[0]);
      const auto outs = static_cast<std::size_t>(stored.shape[1]);
      layer.kernel.shape = {stored.shape[1], stored.shape[0]};
      for (std::size_t i = 0; i < stored.values.size(); ++i) {
        layer.kernel.values[i % outs * ins + i / outs] = stored.values[i];
      }
    }
    return add(node, LayerKind::Dense, {x}, std::move(layer));
  }

  // Sizes behind the batch, from a constant or a Pack whose unknown part is the batch.
  Value reshape(const tf::NodeDef& node) {
    const Value& x = input(node, 0);
    std::vector<double> sizes;
    const auto at = node.input_size() > 1 ? nodes_.find(plain(node.input(1))) : nodes_.end();
    if (at != nodes_.end() && at->second->op() == "Pack") {
      for (int i = 0; i < at->second->input_size(); ++i) {
        sizes.push_back(i == 0 ? -1 : number(constant(*at->second, i), *at->second));
      }
    } else {
      sizes = constant(node, 1).values;
    }
    const std::size_t first = x.isConstant ? 0 : 1;
    Shape shape;
    for (std::size_t i = first; i < sizes.size() && i < 8; ++i) {
      shape.push_back(sizes[i] >= -1 && sizes[i] <= 1e6 ? static_cast<int>(sizes[i]) : 0);
    }
    const std::size_t all =
        x.isConstant ? x.constant.values.size() : elementCount(shapeOf(layerOf(x, node)));
    if (const auto open = std::ranges::find(shape, -1); open != shape.end()) {
      *open = 1;
      const std::size_t rest = elementCount(shape);
      *open = rest == 0 ? 0 : static_cast<int>(std::min<std::size_t>(all / rest, 1 << 22));
    }
    if (!x.isConstant) {
      return add(node, LayerKind::Reshape, {layerOf(x, node)}, {.shape = std::move(shape)});
    }
    if (elementCount(shape) != all)
      importFails("shape", "changes the number of values", where(node));
    Value out = x;
    out.constant.shape = std::move(shape);
    return out;
  }

  Value pad(const tf::NodeDef& node) {
    const int x = inputLayer(node);
    const std::vector<double> sides = constant(node, 1).values;
    const auto good = [](double side) { return side >= 0 && side <= 4096; };
    if (sides.size() != 8 || !std::ranges::all_of(sides, good) || sides[0] + sides[1] != 0 ||
        sides[6] + sides[7] != 0) {
      importFails("unsupported", "does not pad rows and columns of images alone", where(node));
    }
    ImportedLayer layer;
    layer.padding.assign({static_cast<int>(sides[2]), static_cast<int>(sides[3]),
                          static_cast<int>(sides[4]), static_cast<int>(sides[5])});
    return add(node, LayerKind::Pad, {x}, std::move(layer));
  }

  Value concat(const tf::NodeDef& node) {
    const int last = node.input_size() - 1;
    if (last < 1) importFails("structure", "joins nothing", where(node));
    const RealTensor& along = constant(node, last);
    const double axis = along.values.empty() ? 0 : along.values[0];
    if (axis == 0 || !(std::abs(axis) <= 8)) {
      importFails("unsupported", "joins along the batch", where(node));
    }
    std::vector<int> inputs;
    for (int i = 0; i < last; ++i) inputs.push_back(inputLayer(node, i));
    const int behindBatch = static_cast<int>(axis > 0 ? axis - 1 : axis);
    return add(node, LayerKind::Concat, std::move(inputs), {.axis = behindBatch});
  }

  Value negative(const tf::NodeDef& node) {
    Value out = input(node, 0);
    for (double& value : out.constant.values) value = -value;
    std::swap(out.layer, out.minus);
    return out;
  }

  Value folded(const tf::NodeDef& node, const Value& a, const Value& b,
               const std::function<double(double, double)>& f) const {
    auto out = combined(a.constant, b.constant, f);
    if (!out) {
      importFails(
          "shape",
          shapeText(a.constant.shape) + " and " + shapeText(b.constant.shape) + " do not fit",
          where(node));
    }
    return {.isConstant = true, .constant = *std::move(out)};
  }

  // The one number of a constant.
  double number(const RealTensor& tensor, const tf::NodeDef& node) const {
    const auto& values = tensor.values;
    const bool one = !values.empty() && std::ranges::all_of(values, [&](double v) {
      return v == values[0] && std::isfinite(v);
    });
    if (one) return values[0];
    importFails("unsupported", "combines elements with different constants", where(node),
                {"one finite number for all; biases right behind their layer"});
  }

  static double plus(double a, double b) { return a + b; }

  Value sum(const tf::NodeDef& node) {
    const Value a = input(node, 0);
    const Value b = input(node, 1);
    if (a.isConstant && b.isConstant) return folded(node, a, b, plus);
    if (a.isConstant || b.isConstant) {
      return withConstant(node, a.isConstant ? b : a, (a.isConstant ? a : b).constant);
    }
    return added(node, a, b);
  }

  // Layers cancel: x + (q - x) is q.
  Value added(const tf::NodeDef& node, Value a, Value b) {
    if (a.layer >= 0 && a.layer == b.minus) std::swap(a, b);
    if (b.layer >= 0 && b.layer == a.minus) {
      network_.decisions.push_back({where(node), "taken as its quantized value",
                                    "x + (q(x) - x) passes gradients, its value is q(x)"});
      return {.layer = a.layer, .minus = b.minus};
    }
    if (a.layer < 0) std::swap(a, b);
    if (b.layer < 0 && a.minus < 0) return {.layer = a.layer, .minus = b.minus};
    importFails("unsupported", "adds two tensors", where(node),
                {"known: biases, and straight-through quantizers x + (q(x) - x)"});
  }

  Value withConstant(const tf::NodeDef& node, const Value& x, RealTensor bias) {
    const int at = layerOf(x, node);
    ImportedLayer& layer = network_.layers[static_cast<std::size_t>(at)];
    const bool weighted = layer.kind == LayerKind::Conv2d || layer.kind == LayerKind::Dense ||
                          layer.kind == LayerKind::Conv2dTranspose;
    if (weighted && layer.bias.values.empty() && uses_[layer.name] == 1 &&
        bias.values.size() == static_cast<std::size_t>(layer.shape.back())) {
      bias.quantizer = gridOf(bias.values);
      bias.shape = {layer.shape.back()};
      layer.bias = std::move(bias);
      return x;
    }
    return add(node, LayerKind::Add, {at}, {.constant = number(bias, node)});
  }

  Value difference(const tf::NodeDef& node) {
    const Value a = input(node, 0);
    Value b = input(node, 1);
    if (a.isConstant && b.isConstant) {
      return folded(node, a, b, [](double x, double y) { return x - y; });
    }
    if (a.isConstant) importFails("unsupported", "subtracts from a constant", where(node));
    if (!b.isConstant) {
      std::swap(b.layer, b.minus);
      return added(node, a, b);
    }
    for (double& value : b.constant.values) value = -value;
    return withConstant(node, a, b.constant);
  }

  Value product(const tf::NodeDef& node) {
    const Value a = input(node, 0);
    const Value b = input(node, 1);
    const bool divides = node.op() == "RealDiv";
    const auto f = [&](double x, double y) { return divides ? x / y : x * y; };
    if (a.isConstant && b.isConstant) return folded(node, a, b, f);
    if ((!a.isConstant && !b.isConstant) || (divides && a.isConstant)) {
      importFails("unsupported", "multiplies or divides tensors", where(node));
    }
    const double factor = f(1, number((a.isConstant ? a : b).constant, node));
    if (!std::isfinite(factor)) importFails("unsupported", "divides by zero", where(node));
    return add(node, LayerKind::Scale, {layerOf(a.isConstant ? b : a, node)}, {.constant = factor});
  }

  Value bound(const tf::NodeDef& node) {
    const Value a = input(node, 0);
    const Value b = input(node, 1);
    const bool least = node.op() == "Minimum";
    if (a.isConstant && b.isConstant) {
      return folded(node, a, b,
                    [&](double x, double y) { return least ? std::min(x, y) : std::max(x, y); });
    }
    if (!a.isConstant && !b.isConstant) {
      importFails("unsupported", "compares two tensors", where(node));
    }
    return add(node, least ? LayerKind::Minimum : LayerKind::Maximum,
               {layerOf(a.isConstant ? b : a, node)},
               {.constant = number((a.isConstant ? a : b).constant, node)});
  }

  const tf::GraphDef& graph_;
  std::string file_;
  ImportedNetwork network_;
  std::map<std::string, const tf::NodeDef*, std::less<>> nodes_;
  std::map<std::string, int, std::less<>> uses_;
  std::map<std::string, Value, std::less<>> values_;
  std::set<std::string, std::less<>> open_;  ///< being computed
  std::size_t constants_ = 0;                ///< values of all constants so far
};

}  // namespace

Result<ImportedNetwork> readTensorflowGraph(std::string_view bytes, const std::string& file) {
  const google::protobuf::LogSilencer quiet;  // a damaged file is a diagnostic, no log line
  tf::GraphDef graph;
  if (bytes.size() > std::size_t{1} << 28 ||
      !graph.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return core::badInput("import.graph-def", "is not a binary TensorFlow GraphDef", file,
                          {"freeze the model; SavedModel folders and text graphs are not read"});
  }
  try {
    return GraphReader(graph, file).read();
  } catch (const ImportProblem& problem) {
    return problem.diagnostic;
  }
}

}  // namespace aegen::encoders
