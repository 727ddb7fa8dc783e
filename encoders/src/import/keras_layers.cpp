#include "keras_layers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace aegen::encoders {
namespace {

using nlohmann::json;

constexpr int kMost = 65'536;

[[noreturn]] void refuse(const KerasCall& call, const std::string& what,
                         std::vector<std::string> notes) {
  importFails("unsupported", what, call.where, std::move(notes));
}

// One number for rows and columns, or a list of the two.
std::array<int, 2> pair(const KerasCall& call, const char* key, int otherwise) {
  if (!call.config.has(key)) return {otherwise, otherwise};
  const json& value = call.config.at(key);
  if (!value.is_array()) {
    const int both = call.config.integer(key, 1, kMost);
    return {both, both};
  }
  if (value.size() != 2)
    importFails("type", fmt::format("'{}' must be two numbers", key), call.where);
  return {call.config.integerOf(value[0], key, 1, kMost),
          call.config.integerOf(value[1], key, 1, kMost)};
}

// {top, bottom, left, right} of a padding or cropping layer.
std::vector<int> sides(const KerasCall& call, const char* key) {
  const json& value = call.config.at(key);
  const auto number = [&](const json& n) { return call.config.integerOf(n, key, 0, kMost); };
  if (!value.is_array()) return std::vector<int>(4, number(value));
  std::vector<int> out;
  for (const json& axis : value) {
    const bool two = axis.is_array() && axis.size() == 2;
    out.push_back(number(two ? axis[0] : axis));
    out.push_back(number(two ? axis[1] : axis));
  }
  if (out.size() != 4)
    importFails("type", fmt::format("'{}' must be of two axes", key), call.where);
  return out;
}

int strideOf(const KerasCall& call) {
  const auto strides = pair(call, "strides", 1);
  if (strides[0] != strides[1]) {
    refuse(call, fmt::format("strides {} and {} differ", strides[0], strides[1]),
           {"use the same stride for rows and columns"});
  }
  return strides[0];
}

// Axes reversed two by two: what was at [.., a, b] is at [.., b, a].
void swapLastAxes(RealTensor& tensor) {
  const std::size_t n = tensor.shape.size();
  const auto a = static_cast<std::size_t>(tensor.shape[n - 2]);
  const auto b = static_cast<std::size_t>(tensor.shape[n - 1]);
  std::vector<double> out(tensor.values.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t block = i / (a * b) * (a * b);
    const std::size_t row = i % (a * b) / b;
    const std::size_t column = i % b;
    out[block + column * a + row] = tensor.values[i];
  }
  tensor.values = std::move(out);
  std::swap(tensor.shape[n - 2], tensor.shape[n - 1]);
}

}  // namespace

const std::map<std::string, KerasLayers::Rule>& KerasLayers::rules() {
  static const std::map<std::string, Rule> kRules{
      {"InputLayer", &KerasLayers::inputLayer},
      {"Dropout", &KerasLayers::same},
      {"GaussianNoise", &KerasLayers::same},
      {"ActivityRegularization", &KerasLayers::same},
      {"Conv2D", &KerasLayers::convolution},
      {"QConv2D", &KerasLayers::convolution},
      {"Conv2DTranspose", &KerasLayers::transposedConvolution},
      {"QConv2DTranspose", &KerasLayers::transposedConvolution},
      {"Dense", &KerasLayers::dense},
      {"QDense", &KerasLayers::dense},
      {"ReLU", &KerasLayers::relu},
      {"Activation", &KerasLayers::activationLayer},
      {"QActivation", &KerasLayers::activationLayer},
      {"Flatten", &KerasLayers::flatten},
      {"Reshape", &KerasLayers::reshape},
      {"Permute", &KerasLayers::permute},
      {"Concatenate", &KerasLayers::concatenate},
      {"ZeroPadding2D", &KerasLayers::zeroPadding},
      {"Cropping2D", &KerasLayers::cropping},
      {"TFOpLambda", &KerasLayers::tensorOperation},
      {"SlicingOpLambda", &KerasLayers::slicing},
      // Layers of the ECON-T autoencoders' authors.
      {"keras_pad", &KerasLayers::padBottomRight},
      {"keras_floor", &KerasLayers::floorLayer},
      {"keras_minimum", &KerasLayers::minimumLayer},
  };
  return kRules;
}

bool KerasLayers::hasWeights(const std::string& className) {
  return className.ends_with("Conv2D") || className.ends_with("Conv2DTranspose") ||
         className.ends_with("Dense");
}

int KerasLayers::add(const KerasCall& call) {
  const auto found = rules().find(call.className);
  if (found == rules().end()) {
    std::vector<std::string> notes;
    if (call.className == "BatchNormalization" || call.className == "QBatchNormalization") {
      notes.push_back("fold it into the weights of the layer before it");
    } else if (call.className == "Functional" || call.className == "Sequential" ||
               call.className == "Model") {
      notes.push_back("save encoder and decoder as models of their own and pass both");
    } else {
      std::string known;
      for (const auto& [name, rule] : rules()) known += (known.empty() ? "" : ", ") + name;
      notes.push_back("aegen reads " + known);
    }
    refuse(call, "layers of class '" + call.className + "' are not supported", std::move(notes));
  }
  const bool isInput = call.className == "InputLayer";
  if (call.inputs.empty() != isInput ||
      (call.inputs.size() > 1 && call.className != "Concatenate")) {
    importFails("structure", fmt::format("has {} inputs", call.inputs.size()), call.where);
  }
  return (this->*found->second)(call);
}

const Shape& KerasLayers::shapeOf(int index) const {
  return network_.layers[static_cast<std::size_t>(index)].shape;
}

ImportedLayer KerasLayers::start(const KerasCall& call, LayerKind kind) const {
  ImportedLayer layer;
  layer.name = call.name;
  layer.kind = kind;
  layer.where = call.where;
  layer.inputs = call.inputs;
  return layer;
}

int KerasLayers::append(ImportedLayer layer) {
  auto index = network_.append(std::move(layer));
  if (!index) throw ImportProblem{index.error()};
  return *index;
}

int KerasLayers::appendPlain(const KerasCall& call, LayerKind kind) {
  return append(start(call, kind));
}

int KerasLayers::appendConstant(const KerasCall& call, LayerKind kind, double constant) {
  if (!std::isfinite(constant)) importFails("type", "its constant is not finite", call.where);
  ImportedLayer layer = start(call, kind);
  layer.constant = constant;
  return append(std::move(layer));
}

int KerasLayers::inputLayer(const KerasCall& call) {
  const char* const key = call.config.has("batch_shape") ? "batch_shape" : "batch_input_shape";
  const json& shape = call.config.list(key);
  ImportedLayer layer = start(call, LayerKind::Input);
  for (std::size_t axis = 1; axis < shape.size(); ++axis) {
    if (shape[axis].is_null()) {
      refuse(call, "a size of the input is open", {"give the model a fixed input shape"});
    }
    layer.shape.push_back(call.config.integerOf(shape[axis], key, 1, kMost));
  }
  if (!shape.empty() && shape[0].is_number()) {
    network_.decisions.push_back({call.where, "the batch of " + shape[0].dump() + " is left out",
                                  "the chip takes one event a crossing"});
  }
  return append(std::move(layer));
}

int KerasLayers::same(const KerasCall& call) {
  return call.inputs[0];
}

void KerasLayers::checkImageLayer(const KerasCall& call) const {
  if (call.config.text("data_format", "channels_last") != "channels_last") {
    refuse(call, "data_format is not channels_last", {"train with channels_last"});
  }
  if (pair(call, "dilation_rate", 1) != std::array<int, 2>{1, 1}) {
    refuse(call, "dilated convolutions are not supported", {"use dilation_rate=1"});
  }
  if (call.config.integer("groups", 1, kMost, 1) != 1) {
    refuse(call, "grouped convolutions are not supported", {"use groups=1"});
  }
  if (shapeOf(call.inputs[0]).size() != 3) {
    importFails("shape", "takes no image but " + shapeText(shapeOf(call.inputs[0])), call.where);
  }
}

// Kernel and bias in Keras's order, quantized as the layer does.
void KerasLayers::readWeights(const KerasCall& call, ImportedLayer& layer, std::size_t kernelAxes,
                              bool perChannel) {
  const auto find = [&](const char* name) -> const StoredTensor* {
    if (call.stored == nullptr) return nullptr;
    const auto& tensors = call.stored->tensors;
    const auto found = std::ranges::find(tensors, name, &StoredTensor::name);
    return found == tensors.end() ? nullptr : &*found;
  };
  const auto take = [&](const char* name, std::size_t axes, RealTensor& out) {
    const StoredTensor* const stored = find(name);
    if (stored == nullptr) {
      importFails("weights", fmt::format("'{}' is not in the weights file", name), call.where);
    }
    if (stored->shape.size() != axes || stored->values.empty()) {
      importFails("weights", fmt::format("'{}' has shape {}", name, shapeText(stored->shape)),
                  call.where, {fmt::format("{} axes are expected", axes)});
    }
    for (const double value : stored->values) {
      if (!std::isfinite(value)) {
        importFails("weights", fmt::format("'{}' holds a value that is not finite", name),
                    call.where, {"the training diverged"});
      }
    }
    out.shape = stored->shape;
    out.values = stored->values;
  };
  const auto quantized = [&](const char* key, WeightRole role, RealTensor& tensor) {
    if (!call.config.has(key)) return;
    if (const auto quantizer = parseKerasQuantizer(call.config.at(key), call.where + ", " + key)) {
      quantizeWeights(*quantizer, role, perChannel || role == WeightRole::Bias,
                      call.where + ", " + key, tensor, network_.decisions);
    }
  };
  take("kernel:0", kernelAxes, layer.kernel);
  quantized("kernel_quantizer", WeightRole::Kernel, layer.kernel);
  if (!call.config.boolean("use_bias", true)) return;
  take("bias:0", 1, layer.bias);
  quantized("bias_quantizer", WeightRole::Bias, layer.bias);
}

int KerasLayers::convolution(const KerasCall& call) {
  checkImageLayer(call);
  ImportedLayer layer = start(call, LayerKind::Conv2d);
  readWeights(call, layer, 4, true);
  layer.stride = strideOf(call);
  const std::string padding = call.config.text("padding", "valid");
  if (padding == "same") {
    layer.padding = samePadding(shapeOf(call.inputs[0]), layer.kernel.shape, layer.stride);
  } else if (padding != "valid") {
    refuse(call, "padding '" + padding + "' is not supported", {"use \"valid\" or \"same\""});
  }
  return withActivation(call, append(std::move(layer)));
}

int KerasLayers::transposedConvolution(const KerasCall& call) {
  checkImageLayer(call);
  ImportedLayer layer = start(call, LayerKind::Conv2dTranspose);
  readWeights(call, layer, 4, false);
  swapLastAxes(layer.kernel);  // Keras: [row][column][out][in]
  layer.stride = strideOf(call);
  if (call.config.has("output_padding")) {
    refuse(call, "output_padding is not supported", {"leave it at None"});
  }
  const std::string padding = call.config.text("padding", "valid");
  if (padding != "valid" && padding != "same") {
    refuse(call, "padding '" + padding + "' is not supported", {"use \"valid\" or \"same\""});
  }
  const Shape& kernel = layer.kernel.shape;
  if (kernel[0] < layer.stride || kernel[1] < layer.stride) {
    refuse(call, "a kernel smaller than its stride is not supported",
           {"use a kernel of at least the stride"});
  }
  if (padding == "same") layer.padding = sameCut(kernel, layer.stride);
  return withActivation(call, append(std::move(layer)));
}

int KerasLayers::dense(const KerasCall& call) {
  ImportedLayer layer = start(call, LayerKind::Dense);
  readWeights(call, layer, 2, true);
  swapLastAxes(layer.kernel);  // Keras: [in][out]
  return withActivation(call, append(std::move(layer)));
}

int KerasLayers::withActivation(const KerasCall& call, int index) {
  if (!call.config.has("activation")) return index;
  return activation(call, index, call.config.at("activation"));
}

int KerasLayers::activationLayer(const KerasCall& call) {
  return activation(call, call.inputs[0], call.config.at("activation"));
}

int KerasLayers::activation(const KerasCall& call, int index, const json& function) {
  static const std::map<std::string, LayerKind> kPlain{
      {"relu", LayerKind::Relu}, {"sigmoid", LayerKind::Sigmoid}, {"tanh", LayerKind::Tanh}};
  if (function.is_string()) {
    const std::string name = function.get<std::string>();
    if (name == "linear") return index;
    if (const auto found = kPlain.find(name); found != kPlain.end()) {
      ImportedLayer layer = start(call, found->second);
      layer.inputs = {index};
      layer.name += index == call.inputs[0] ? "" : "_" + name;
      return append(std::move(layer));
    }
    if (!name.starts_with("quantized")) {
      refuse(call, "activation '" + name + "' is not supported",
             {"aegen reads linear, relu, sigmoid, tanh, quantized_bits and quantized_relu"});
    }
  }
  const auto quantizer = parseKerasQuantizer(function, call.where + ", activation");
  return quantizer ? quantize(call, index, *quantizer) : index;
}

int KerasLayers::quantize(const KerasCall& call, int index, const KerasQuantizer& quantizer) {
  using Alpha = KerasQuantizer::Alpha;
  if (quantizer.alpha == Alpha::Auto || quantizer.alpha == Alpha::AutoPowerOfTwo) {
    refuse(call, quantizer.text + ": a scale that follows each event's values",
           {"use alpha=1 for activations"});
  }
  if (quantizer.bits - (quantizer.grid().format.isSigned ? 1 : 0) < 1) {
    refuse(call, quantizer.text + " of one bit and a sign", {"use two bits"});
  }
  ImportedLayer layer = start(call, LayerKind::Quantize);
  layer.inputs = {index};
  layer.name += index == call.inputs[0] ? "" : "_quantized";
  layer.quantizer = quantizer.grid();
  KerasCall after = call;
  after.inputs = {append(std::move(layer))};
  if (quantizer.scale != 1) {
    after.name = call.name + "_alpha";
    after.inputs = {appendConstant(after, LayerKind::Scale, quantizer.scale)};
  }
  if (!quantizer.upperBound) return after.inputs[0];
  after.name = call.name + "_bound";
  return appendConstant(after, LayerKind::Minimum, *quantizer.upperBound);
}

int KerasLayers::relu(const KerasCall& call) {
  if (call.config.real("negative_slope", 0) != 0 || call.config.real("threshold", 0) != 0) {
    refuse(call, "a ReLU with a slope or threshold is not supported",
           {"use ReLU() or ReLU(max_value=...)"});
  }
  KerasCall after = call;
  after.inputs = {appendPlain(call, LayerKind::Relu)};
  if (!call.config.has("max_value")) return after.inputs[0];
  after.name += "_bound";
  return appendConstant(after, LayerKind::Minimum, call.config.real("max_value", 0));
}

int KerasLayers::flatten(const KerasCall& call) {
  if (call.config.text("data_format", "channels_last") != "channels_last") {
    refuse(call, "data_format is not channels_last", {"train with channels_last"});
  }
  ImportedLayer layer = start(call, LayerKind::Reshape);
  layer.shape = {static_cast<int>(elementCount(shapeOf(call.inputs[0])))};
  return append(std::move(layer));
}

int KerasLayers::reshape(const KerasCall& call) {
  ImportedLayer layer = start(call, LayerKind::Reshape);
  const auto all = static_cast<int>(elementCount(shapeOf(call.inputs[0])));
  std::int64_t known = 1;
  for (const json& size : call.config.list("target_shape")) {
    layer.shape.push_back(call.config.integerOf(size, "target_shape", -1, kMost));
    if (layer.shape.back() > 0) known = std::min<std::int64_t>(known * layer.shape.back(), all + 1);
  }
  const auto open = std::ranges::find(layer.shape, -1);
  if (open != layer.shape.end()) *open = static_cast<int>(all / known);
  return append(std::move(layer));
}

int KerasLayers::permute(const KerasCall& call) {
  ImportedLayer layer = start(call, LayerKind::Permute);
  for (const json& axis : call.config.list("dims")) {
    layer.axes.push_back(call.config.integerOf(axis, "dims", 1, 8) - 1);
  }
  return append(std::move(layer));
}

int KerasLayers::concatenate(const KerasCall& call) {
  ImportedLayer layer = start(call, LayerKind::Concat);
  const int axis = call.config.integer("axis", -8, 8, -1);
  if (axis == 0) refuse(call, "concatenates events", {"use axis=-1"});
  layer.axis = axis > 0 ? axis - 1 : axis;  // Keras counts the batch
  return append(std::move(layer));
}

int KerasLayers::zeroPadding(const KerasCall& call) {
  checkImageLayer(call);
  ImportedLayer layer = start(call, LayerKind::Pad);
  layer.padding = sides(call, "padding");
  return append(std::move(layer));
}

int KerasLayers::cropping(const KerasCall& call) {
  checkImageLayer(call);
  const std::vector<int> cut = sides(call, "cropping");
  const Shape& from = shapeOf(call.inputs[0]);
  ImportedLayer layer = start(call, LayerKind::Slice);
  layer.begin = {cut[0], cut[2], 0};
  layer.shape = {from[0] - cut[0] - cut[1], from[1] - cut[2] - cut[3], from[2]};
  return append(std::move(layer));
}

int KerasLayers::padBottomRight(const KerasCall& call) {
  ImportedLayer layer = start(call, LayerKind::Pad);
  layer.padding = {0, 1, 0, 1};
  network_.decisions.push_back({call.where,
                                "taken as zero padding of one row below and one column right",
                                "the file does not say what its authors' layer does"});
  return append(std::move(layer));
}

int KerasLayers::floorLayer(const KerasCall& call) {
  return appendPlain(call, LayerKind::Floor);
}

int KerasLayers::minimumLayer(const KerasCall& call) {
  const JsonFields arguments(call.arguments, call.where + ", call");
  return appendConstant(call, LayerKind::Minimum, arguments.real("sat_val", 1));
}

}  // namespace aegen::encoders
