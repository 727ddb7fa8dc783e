#include "onnx_layers.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "../layer_windows.hpp"

namespace aegen::encoders {
namespace {

using core::Interval;

double realOf(std::int64_t raw, int fraction) {
  return std::ldexp(static_cast<double>(raw), -fraction);
}

std::int64_t size(const Shape& shape, std::size_t axis) {
  return shape[axis];
}

// The kernel as a matrix: `terms` weights an output channel, in the order [row][column][in].
class KernelMatrix {
 public:
  explicit KernelMatrix(const Node& node)
      : node_(node),
        channels_(static_cast<std::size_t>(node.shape.back())),
        terms_(node.kernel.values.size() / channels_) {}

  [[nodiscard]] std::int64_t channels() const { return static_cast<std::int64_t>(channels_); }
  [[nodiscard]] std::int64_t terms() const { return static_cast<std::int64_t>(terms_); }
  [[nodiscard]] std::int64_t raw(std::size_t term, std::size_t channel) const {
    return node_.kernel.values[node_.kind == NodeKind::Dense ? channel * terms_ + term
                                                             : term * channels_ + channel];
  }
  /// [term][channel], or [channel][term].
  [[nodiscard]] std::vector<double> reals(bool channelFirst) const {
    std::vector<double> out(terms_ * channels_);
    for (std::size_t term = 0; term < terms_; ++term) {
      for (std::size_t channel = 0; channel < channels_; ++channel) {
        out[channelFirst ? channel * terms_ + term : term * channels_ + channel] =
            realOf(raw(term, channel), node_.kernel.fraction(channel));
      }
    }
    return out;
  }

 private:
  const Node& node_;
  std::size_t channels_;
  std::size_t terms_;
};

std::vector<double> biases(const Node& node) {
  std::vector<double> out;
  for (std::size_t channel = 0; channel < node.bias.values.size(); ++channel) {
    out.push_back(realOf(node.bias.values[channel], node.bias.fraction(channel)));
  }
  return out;
}

std::vector<int> fractions(const Weights& weights, std::size_t channels) {
  if (weights.channelFraction.empty()) return {weights.format.fraction};
  std::vector<int> out;
  for (std::size_t channel = 0; channel < channels; ++channel) {
    out.push_back(weights.fraction(channel));
  }
  return out;
}

// Raw values of the floored products.
Interval flooredProducts(const OnnxLayer& layer) {
  const Weights& kernel = layer.node.kernel;
  const core::FixedFormat wide{true, core::kMaxWidth, layer.node.sum.productFraction};
  Interval all{0, 0};
  for (std::size_t i = 0; i < kernel.values.size(); ++i) {
    const auto channels = static_cast<std::size_t>(layer.node.shape.back());
    const std::size_t channel =
        layer.node.kind == NodeKind::Dense ? i / (kernel.values.size() / channels) : i % channels;
    for (const std::int64_t x : {layer.inputs.low, layer.inputs.high}) {
      const std::int64_t product = core::requantize(
          x * kernel.values[i], layer.input.format.fraction + kernel.fraction(channel), wide,
          core::Rounding::Floor, core::Overflow::Saturate);
      all = all.join({product, product});
    }
  }
  return all;
}

// Elements behind each position by place in the kernel; `none` where there is nothing.
std::vector<std::int64_t> gatherIndices(const OnnxLayer& layer, std::int64_t none) {
  const LayerWindows windows(layer.node, layer.input.shape);
  const auto terms = static_cast<std::size_t>(KernelMatrix(layer.node).terms());
  std::vector<std::int64_t> out(windows.positions() * terms, none);
  for (std::size_t position = 0; position < windows.positions(); ++position) {
    const std::size_t window = windows.windowOf(position);
    for (std::size_t term = 0; term < windows.terms(window); ++term) {
      const auto element = windows.input(position, term);
      const std::size_t at = windows.weight(window, term, 0) / windows.channels();
      if (element) out[position * terms + at] = static_cast<std::int64_t>(*element);
    }
  }
  return out;
}

// The operands of every position: [events][position][term].
std::string addOperands(OnnxBuilder& model, const OnnxLayer& layer) {
  const std::string& name = layer.node.name;
  const auto elements = static_cast<std::int64_t>(elementCount(layer.input.shape));
  const std::vector<std::int64_t> at = gatherIndices(layer, elements);
  const std::int64_t terms = KernelMatrix(layer.node).terms();
  std::string x = layer.x;
  if (std::ranges::find(at, elements) != at.end()) {
    x = model.node("Pad", {x, model.list({0, 0, 0, 1})}, name + "/with_zero");
  }
  const std::string indices =
      model.indices(name + "/indices", {static_cast<std::int64_t>(at.size()) / terms, terms}, at);
  return model.node("Gather", {x, indices}, name + "/operands", {{"axis", std::int64_t{1}}});
}

// A convolution whose filters each pick one operand of the window: [events][term][row][column].
std::string addPicked(OnnxBuilder& model, const OnnxLayer& layer, bool transposed,
                      const OnnxBuilder::Attributes& attributes) {
  const Shape& kernel = layer.node.kernel.shape;
  const std::int64_t terms = KernelMatrix(layer.node).terms();
  const std::int64_t area = size(kernel, 0) * size(kernel, 1);
  const std::int64_t depth = kernel[2];
  std::vector<double> ones(static_cast<std::size_t>(terms * depth * area), 0);
  for (std::int64_t place = 0; place < area; ++place) {
    for (std::int64_t channel = 0; channel < depth; ++channel) {
      const std::int64_t term = place * depth + channel;
      const std::int64_t row = transposed ? channel * terms + term : term * depth + channel;
      ones[static_cast<std::size_t>(row * area + place)] = 1;
    }
  }
  const std::string picks = model.numbers(
      layer.node.name + "/picks",
      {transposed ? depth : terms, transposed ? terms : depth, size(kernel, 0), size(kernel, 1)},
      ones);
  return model.node(transposed ? "ConvTranspose" : "Conv", {layer.x, picks},
                    layer.node.name + "/picked", attributes);
}

std::string addBiasFormat(OnnxBuilder& model, const Node& node) {
  const std::vector<double> values = biases(node);
  const auto channels = static_cast<std::int64_t>(values.size());
  const auto fraction = fractions(node.bias, values.size());
  return addFormat(
      model, model.numbers(node.bias.name, {channels}, values), node.bias.format, fraction,
      fraction.size() > 1 ? std::vector<std::int64_t>{channels} : std::vector<std::int64_t>{},
      node.bias.name + "/quant");
}

// The kernel's Quant in a given layout, `axis` being the output channel's.
std::string addKernelFormat(OnnxBuilder& model, const Node& node,
                            const std::vector<std::int64_t>& shape, std::size_t axis,
                            const std::vector<double>& values) {
  const KernelMatrix matrix(node);
  const auto fraction = fractions(node.kernel, static_cast<std::size_t>(matrix.channels()));
  std::vector<std::int64_t> scaleShape;
  if (fraction.size() > 1) {
    scaleShape.assign(shape.size(), 1);
    scaleShape[axis] = matrix.channels();
  }
  return addFormat(model, model.numbers(node.kernel.name, shape, values), node.kernel.format,
                   fraction, scaleShape, node.kernel.name + "/quant");
}

// Conv's kernel is [out][in][row][column], ConvTranspose's [in][out][row][column].
std::string addConvolutionKernel(OnnxBuilder& model, const Node& node, bool transposed) {
  const Shape& shape = node.kernel.shape;
  const KernelMatrix matrix(node);
  const std::int64_t area = size(shape, 0) * size(shape, 1);
  const std::int64_t depth = shape[2];
  const std::int64_t channels = matrix.channels();
  const std::vector<double> reals = matrix.reals(false);
  std::vector<double> values(reals.size());
  for (std::int64_t place = 0; place < area; ++place) {
    for (std::int64_t in = 0; in < depth; ++in) {
      for (std::int64_t out = 0; out < channels; ++out) {
        const std::int64_t row = transposed ? in * channels + out : out * depth + in;
        values[static_cast<std::size_t>(row * area + place)] =
            reals[static_cast<std::size_t>((place * depth + in) * channels + out)];
      }
    }
  }
  return addKernelFormat(model, node,
                         {transposed ? depth : channels, transposed ? channels : depth,
                          size(shape, 0), size(shape, 1)},
                         transposed ? 1 : 0, values);
}

std::string addFlooredSum(OnnxBuilder& model, const OnnxLayer& layer, bool image,
                          const std::string& operands) {
  const Node& node = layer.node;
  const KernelMatrix matrix(node);
  std::vector<std::int64_t> shape{matrix.channels(), matrix.terms()};
  if (image) shape.insert(shape.end(), {1, 1});
  const std::string kernel = addKernelFormat(model, node, shape, 0, matrix.reals(true));
  const std::string spread =
      model.node("Unsqueeze", {operands, model.list({1})}, node.name + "/spread");
  const std::string products = model.node("Mul", {spread, kernel}, node.name + "/products");
  const std::string floored =
      addFloor(model, OnnxDialect::Qonnx, products, node.sum.productFraction,
               flooredProducts(layer), node.name + "/floored");
  const std::string sum = model.node("ReduceSum", {floored, model.list({2})},
                                     node.name + "/products_sum", {{"keepdims", std::int64_t{0}}});
  std::string bias = addBiasFormat(model, node);
  if (image) bias = model.node("Unsqueeze", {bias, model.list({1, 2})}, node.name + "/bias");
  return model.node("Add", {sum, bias}, node.name);
}

}  // namespace

std::string addGatheredLayer(OnnxBuilder& model, const OnnxLayer& layer) {
  const Node& node = layer.node;
  const std::string& name = node.name;
  const KernelMatrix matrix(node);
  const bool image = node.kind != NodeKind::Dense;
  std::string x = image ? addOperands(model, layer) : layer.x;
  const std::string bias = model.numbers(node.bias.name, {matrix.channels()}, biases(node));
  std::string sum;
  if (node.sum.truncateProducts) {
    const std::string kernel =
        model.numbers(node.kernel.name, {matrix.channels(), matrix.terms()}, matrix.reals(true));
    x = model.node("Unsqueeze", {x, model.list({image ? 2 : 1})}, name + "/spread");
    const std::string products = model.node("Mul", {x, kernel}, name + "/products");
    const std::string floored = addFloor(model, OnnxDialect::Plain, products,
                                         node.sum.productFraction, {}, name + "/floored");
    sum = model.node("ReduceSum", {floored, model.list({image ? 3 : 2})}, name + "/products_sum",
                     {{"keepdims", std::int64_t{0}}});
  } else {
    const std::string kernel =
        model.numbers(node.kernel.name, {matrix.terms(), matrix.channels()}, matrix.reals(false));
    sum = model.node("MatMul", {x, kernel}, name + "/products_sum");
  }
  if (!image) return model.node("Add", {sum, bias}, name);
  const std::string withBias = model.node("Add", {sum, bias}, name + "/with_bias");
  const auto elements = static_cast<std::int64_t>(elementCount(node.shape));
  return model.node("Reshape", {withBias, model.list({0, elements})}, name);
}

std::string addQonnxLayer(OnnxBuilder& model, const OnnxLayer& layer) {
  const Node& node = layer.node;
  const bool image = node.kind != NodeKind::Dense;
  const bool transposed = node.kind == NodeKind::Conv2dTranspose;
  OnnxBuilder::Attributes attributes;
  if (image) {
    attributes["strides"] = std::vector<std::int64_t>{node.stride, node.stride};
    attributes["kernel_shape"] =
        std::vector<std::int64_t>{size(node.kernel.shape, 0), size(node.kernel.shape, 1)};
  }
  if (transposed) {
    const auto& cut = node.padding;
    attributes["pads"] = std::vector<std::int64_t>{cut[0], cut[2], cut[1], cut[3]};
  }
  if (node.sum.truncateProducts) {
    return addFlooredSum(model, layer, image,
                         image ? addPicked(model, layer, transposed, attributes) : layer.x);
  }
  if (image) {
    const std::string kernel = addConvolutionKernel(model, node, transposed);
    return model.node(transposed ? "ConvTranspose" : "Conv",
                      {layer.x, kernel, addBiasFormat(model, node)}, node.name, attributes);
  }
  const KernelMatrix matrix(node);
  const std::string kernel =
      addKernelFormat(model, node, {matrix.channels(), matrix.terms()}, 0, matrix.reals(true));
  return model.node("Gemm", {layer.x, kernel, addBiasFormat(model, node)}, node.name,
                    {{"transB", std::int64_t{1}}});
}

}  // namespace aegen::encoders
