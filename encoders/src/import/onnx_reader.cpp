#include "onnx_reader.hpp"

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "onnx_model.hpp"

namespace aegen::encoders {
namespace {

constexpr std::size_t kMostDepth = 1000;
constexpr std::size_t kMostConstants = std::size_t{1} << 22;
constexpr double kMostInteger = 0x1p53;

bool isWeighted(const ImportedLayer& layer) {
  return layer.kind == LayerKind::Conv2d || layer.kind == LayerKind::Conv2dTranspose ||
         layer.kind == LayerKind::Dense;
}

}  // namespace

std::vector<int> straightAxes(std::size_t count) {
  std::vector<int> out(count);
  std::iota(out.begin(), out.end(), 0);
  return out;
}

std::vector<int> imageAxes() {
  return {2, 0, 1};
}

ImportedNetwork OnnxReader::read() {
  const onnx::GraphProto& graph = file_.graph();
  network_.name = graph.name().empty() ? "onnx" : graph.name();
  network_.source = "ONNX, " + file_.name();
  for (const onnx::ValueInfoProto& input : graph.input()) {
    if (file_.initializer(input.name()) == nullptr) addInput(input);
  }
  if (graph.output_size() == 0) importFails("structure", "has no output", file_.name());
  const std::string& output = graph.output(0).name();
  const OnnxValue& value = valueOf(output, file_.name());
  const Node* const maker = file_.maker(output);
  if (value.constant || maker == nullptr) {
    importFails("structure", "its output '" + output + "' is no node's", file_.name());
  }
  network_.outputs = {inFileOrder(*maker, value)};
  if (graph.output_size() > 1) {
    network_.decisions.push_back({file_.name(), "output '" + output + "' is taken",
                                  fmt::format("it is the first of {}", graph.output_size())});
  }
  return std::move(network_);
}

// Sizes behind the number of events. One channel's image needs no other order of its elements.
void OnnxReader::addInput(const onnx::ValueInfoProto& input) {
  const std::string where = file_.name() + ": input '" + input.name() + "'";
  ImportedLayer layer;
  layer.name = input.name();
  layer.where = where;
  const onnx::TensorShapeProto& shape = input.type().tensor_type().shape();
  for (int i = 1; i < shape.dim_size() && i < 8; ++i) {
    layer.shape.push_back(
        static_cast<int>(std::clamp<std::int64_t>(shape.dim(i).dim_value(), 0, 1 << 20)));
  }
  if (layer.shape.empty() || elementCount(layer.shape) == 0 || shape.dim(0).dim_value() > 1) {
    importFails("shape", "has no sizes behind one number of events", where,
                {"export with inputs of [1, ...] or [N, ...] and known sizes"});
  }
  std::vector<int> axes = straightAxes(layer.shape.size());
  if (layer.shape.size() == 3 && layer.shape[0] == 1) {
    layer.shape = {layer.shape[1], layer.shape[2], 1};
    axes = imageAxes();
  }
  const auto index = network_.append(std::move(layer));
  if (!index) throw ImportProblem{index.error()};
  values_[input.name()] = {{}, *index, std::move(axes)};
}

void OnnxReader::fails(const std::string& code, const std::string& message, const Node& node,
                       std::vector<std::string> notes) const {
  importFails(code, message, file_.where(node), std::move(notes));
}

const OnnxValue& OnnxReader::valueOf(const std::string& tensor, const std::string& user) {
  if (const auto done = values_.find(tensor); done != values_.end()) return done->second;
  if (const onnx::TensorProto* const initial = file_.initializer(tensor)) {
    RealTensor values = tensorOf(*initial, file_.name());
    constants_ += values.values.size() + 1;
    if (constants_ > kMostConstants) importFails("shape", "constants are too large", user);
    return values_[tensor] = {std::move(values), -1, {}};
  }
  const Node* const node = file_.maker(tensor);
  if (node == nullptr || node->output(0) != tensor) {
    importFails("structure", "its input '" + tensor + "' is not in the file", user);
  }
  if (!open_.insert(tensor).second || open_.size() > kMostDepth) {
    fails("structure", "depends on itself, or is too deep", *node);
  }
  OnnxValue value = compute(*node);
  open_.erase(tensor);
  return values_[tensor] = std::move(value);
}

bool OnnxReader::hasInput(const Node& node, int i) const {
  return !OnnxFile::input(node, i).empty();
}

const OnnxValue& OnnxReader::input(const Node& node, int i) {
  if (!hasInput(node, i)) fails("structure", fmt::format("has no input {}", i), node);
  return valueOf(node.input(i), file_.where(node));
}

OnnxValue OnnxReader::compute(const Node& node) {
  using Operator = OnnxValue (OnnxReader::*)(const Node&);
  static const std::map<std::string, Operator, std::less<>> operators{
      {"Add", &OnnxReader::sum},
      {"BatchNormalization", &OnnxReader::batchNormalization},
      {"BipolarQuant", &OnnxReader::bipolarQuant},
      {"Cast", &OnnxReader::cast},
      {"Clip", &OnnxReader::clip},
      {"Concat", &OnnxReader::concat},
      {"Constant", &OnnxReader::constantNode},
      {"Conv", &OnnxReader::conv},
      {"ConvTranspose", &OnnxReader::convTranspose},
      {"DequantizeLinear", &OnnxReader::dequantize},
      {"Div", &OnnxReader::quotient},
      {"Dropout", &OnnxReader::identity},
      {"Flatten", &OnnxReader::flatten},
      {"Floor", &OnnxReader::floor},
      {"Gather", &OnnxReader::gather},
      {"Gemm", &OnnxReader::gemm},
      {"Identity", &OnnxReader::identity},
      {"MatMul", &OnnxReader::matMul},
      {"Max", &OnnxReader::bound},
      {"Min", &OnnxReader::bound},
      {"Mul", &OnnxReader::product},
      {"Neg", &OnnxReader::function},
      {"Pad", &OnnxReader::pad},
      {"IntQuant", &OnnxReader::quant},
      {"Quant", &OnnxReader::quant},
      {"ReduceSum", &OnnxReader::flooredSum},
      {"Relu", &OnnxReader::function},
      {"Reshape", &OnnxReader::reshape},
      {"Round", &OnnxReader::function},
      {"Sigmoid", &OnnxReader::function},
      {"Slice", &OnnxReader::slice},
      {"Squeeze", &OnnxReader::squeeze},
      {"Sub", &OnnxReader::difference},
      {"Tanh", &OnnxReader::function},
      {"Transpose", &OnnxReader::transpose},
      {"Trunc", &OnnxReader::trunc},
      {"Unsqueeze", &OnnxReader::unsqueeze}};
  const auto at = operators.find(node.op_type());
  if (at != operators.end()) return (this->*at->second)(node);
  std::string known;
  for (const auto& [name, _] : operators) known += (known.empty() ? "" : ", ") + name;
  if (node.op_type() == "QuantizeLinear") {
    fails("unsupported", "stands without a DequantizeLinear of the same scale behind it", node,
          {"quantize as QuantizeLinear, DequantizeLinear, or as Quant (QONNX)"});
  }
  fails("unsupported", "operation '" + node.op_type() + "' is not supported", node,
        {"known: " + known});
}

OnnxValue OnnxReader::folded(RealTensor constant, const Node& node) {
  constants_ += constant.values.size() + 1;
  if (constants_ > kMostConstants) fails("shape", "constants are too large", node);
  return {std::move(constant), -1, {}};
}

OnnxValue OnnxReader::constantNode(const Node& node) {
  if (const auto* const value = attributeOf(node, "value")) {
    return folded(tensorOf(value->t(), file_.where(node)), node);
  }
  if (attributeOf(node, "value_float") != nullptr) {
    return folded({{}, {realOf(node, "value_float", 0)}, {}}, node);
  }
  if (attributeOf(node, "value_int") != nullptr) {
    return folded({{}, {static_cast<double>(integerOf(node, "value_int", 0))}, {}}, node);
  }
  RealTensor out;
  if (const auto* const list = attributeOf(node, "value_floats")) {
    out.values.assign(list->floats().begin(), list->floats().end());
  } else if (attributeOf(node, "value_ints") != nullptr) {
    for (const std::int64_t i : integersOf(node, "value_ints")) {
      out.values.push_back(static_cast<double>(i));
    }
  } else {
    fails("unsupported", "a constant of this kind is not supported", node,
          {"numbers or a tensor of them"});
  }
  out.shape = {static_cast<int>(out.values.size())};
  return folded(std::move(out), node);
}

const RealTensor& OnnxReader::constant(const Node& node, int i) {
  const OnnxValue& value = input(node, i);
  if (value.constant) return *value.constant;
  fails("unsupported", fmt::format("its input {} is not a constant", i), node,
        {"export the model with its weights and shapes as constants"});
}

const OnnxValue& OnnxReader::tensor(const Node& node, int i) {
  const OnnxValue& value = input(node, i);
  if (!value.constant) return value;
  fails("unsupported", fmt::format("its input {} is a constant", i), node,
        {"a tensor that depends on the model's input"});
}

double OnnxReader::number(const RealTensor& tensor, const Node& node) const {
  const auto& values = tensor.values;
  const bool one = !values.empty() && std::ranges::all_of(values, [&](double v) {
    return v == values[0] && std::isfinite(v);
  });
  if (one) return values[0];
  differentConstants(node);
}

void OnnxReader::differentConstants(const Node& node) const {
  fails("unsupported", "combines elements with different constants", node,
        {"one finite number for all, or one a channel right behind the layer with weights"});
}

double OnnxReader::number(const Node& node, int i) {
  return number(constant(node, i), node);
}

std::vector<std::int64_t> OnnxReader::integers(const Node& node, int i) {
  std::vector<std::int64_t> out;
  for (const double value : constant(node, i).values) {
    if (value != std::floor(value) || std::isnan(value)) {
      fails("structure", fmt::format("its input {} holds {}, no integer", i, value), node);
    }
    out.push_back(static_cast<std::int64_t>(std::clamp(value, -kMostInteger, kMostInteger)));
  }
  return out;
}

std::vector<std::int64_t> OnnxReader::integers(const Node& node, const char* attribute, int i) {
  return attributeOf(node, attribute) != nullptr || !hasInput(node, i) ? integersOf(node, attribute)
                                                                       : integers(node, i);
}

std::size_t OnnxReader::axisOf(std::int64_t axis, std::size_t axes, const Node& node) const {
  const auto all = static_cast<std::int64_t>(axes) + 1;
  const std::int64_t at = axis < 0 ? axis + all : axis;
  if (axis >= -all && at >= 1 && at < all) return static_cast<std::size_t>(at - 1);
  fails("unsupported", fmt::format("axis {} is none of {} behind the events", axis, axes), node);
}

int OnnxReader::add(const Node& node, LayerKind kind, std::vector<int> inputs, ImportedLayer layer,
                    const std::string& suffix) {
  layer.name = node.output(0) + suffix;
  layer.where = file_.where(node);
  layer.kind = kind;
  layer.inputs = std::move(inputs);
  const auto index = network_.append(std::move(layer));
  if (!index) throw ImportProblem{index.error()};
  return *index;
}

OnnxValue OnnxReader::same(const Node& node, LayerKind kind, const OnnxValue& in,
                           ImportedLayer layer, const std::string& suffix) {
  const std::vector<int> axes = in.axes;
  return {{}, add(node, kind, {in.layer}, std::move(layer), suffix), axes};
}

const ImportedLayer& OnnxReader::at(int layer) const {
  return network_.layers[static_cast<std::size_t>(layer)];
}

Shape OnnxReader::shapeOf(const OnnxValue& value) const {
  Shape out;
  for (const int axis : value.axes)
    out.push_back(at(value.layer).shape[static_cast<std::size_t>(axis)]);
  return out;
}

int OnnxReader::withAxes(const Node& node, const OnnxValue& value, const std::vector<int>& axes) {
  if (value.axes == axes) return value.layer;
  std::vector<int> order(axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    order[static_cast<std::size_t>(axes[i])] = value.axes[i];
  }
  const Shape from = at(value.layer).shape;
  Shape shape;
  std::vector<int> moved;  // axes that have more than one element
  for (const int axis : order) {
    shape.push_back(from[static_cast<std::size_t>(axis)]);
    if (shape.back() > 1) moved.push_back(axis);
  }
  if (std::ranges::is_sorted(moved)) {
    return add(node, LayerKind::Reshape, {value.layer}, {.shape = std::move(shape)}, "_order");
  }
  return add(node, LayerKind::Permute, {value.layer}, {.axes = std::move(order)}, "_order");
}

int OnnxReader::inFileOrder(const Node& node, const OnnxValue& value) {
  return withAxes(node, value, straightAxes(value.axes.size()));
}

int OnnxReader::image(const Node& node, const OnnxValue& value) {
  if (value.axes.size() == 3) return withAxes(node, value, imageAxes());
  fails("unsupported", "takes " + shapeText(shapeOf(value)), node,
        {"[events][channel][row][column]; one-dimensional layers as images of one row"});
}

// A layer is known by the last tensor that is nothing but its result: what uses that, uses it.
OnnxValue OnnxReader::passed(const Node& node, const OnnxValue& value) {
  ImportedLayer& layer = network_.layers[static_cast<std::size_t>(value.layer)];
  const bool isInput = layer.kind == LayerKind::Input;
  if (!isInput && file_.uses(layer.name) <= 1) layer.name = node.output(0);
  return value;
}

ImportedLayer* OnnxReader::scalable(int layer) {
  while (layer >= 0) {
    ImportedLayer& at = network_.layers[static_cast<std::size_t>(layer)];
    if (file_.uses(at.name) > 1) return nullptr;
    if (isWeighted(at)) return at.products ? nullptr : &at;
    const bool passes = at.kind == LayerKind::Relu || at.kind == LayerKind::Reshape ||
                        at.kind == LayerKind::Permute;
    layer = passes ? at.inputs[0] : -1;
  }
  return nullptr;
}

void OnnxReader::scaleChannels(ImportedLayer& layer, const std::vector<double>& factors,
                               const Node& node) {
  const auto channels = factors.size();
  const std::size_t terms = layer.kernel.values.size() / channels;
  const bool isDense = layer.kind == LayerKind::Dense;
  for (std::size_t i = 0; i < layer.kernel.values.size(); ++i) {
    layer.kernel.values[i] *= factors[isDense ? i / terms : i % channels];
  }
  for (std::size_t i = 0; i < layer.bias.values.size(); ++i) layer.bias.values[i] *= factors[i];
  const auto finite = [](double w) { return std::isfinite(w); };
  if (!std::ranges::all_of(layer.kernel.values, finite) ||
      !std::ranges::all_of(layer.bias.values, finite)) {
    fails("weights", "has factors that are too large", node);
  }
  layer.kernel.quantizer.reset();
  layer.bias.quantizer.reset();
  network_.decisions.push_back({file_.where(node), "its factors go into the weights before it",
                                "no hardware for what weights can hold"});
}

core::Result<ImportedNetwork> readOnnxModel(std::string_view bytes, const std::string& file) {
  const google::protobuf::LogSilencer quiet;  // a damaged file is a diagnostic, no log line
  onnx::ModelProto model;
  if (bytes.size() > std::size_t{1} << 28 ||
      !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return core::badInput("import.onnx", "is not a binary ONNX model", file,
                          {"save it as one file with its weights; text forms are not read"});
  }
  try {
    return OnnxReader(model.graph(), file).read();
  } catch (const ImportProblem& problem) {
    return problem.diagnostic;
  }
}

}  // namespace aegen::encoders
