// ONNX operations that work element by element.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "onnx_reader.hpp"
#include "tensor_folding.hpp"

namespace aegen::encoders {
namespace {

bool isWeighted(LayerKind kind) {
  return kind == LayerKind::Conv2d || kind == LayerKind::Conv2dTranspose ||
         kind == LayerKind::Dense;
}

}  // namespace

OnnxValue OnnxReader::function(const Node& node) {
  const bool negates = node.op_type() == "Neg";
  const ElementFunction found = negates
                                    ? ElementFunction{LayerKind::Scale, [](double x) { return -x; }}
                                    : *elementFunction(node.op_type());
  const OnnxValue& x = input(node, 0);
  if (!x.constant) {
    return same(node, found.kind, x, {.constant = negates ? -1.0 : 0.0});
  }
  RealTensor out = *x.constant;
  out.quantizer.reset();
  std::ranges::transform(out.values, out.values.begin(), found.of);
  return folded(std::move(out), node);
}

OnnxValue OnnxReader::identity(const Node& node) {
  const OnnxValue& x = input(node, 0);
  return x.constant ? x : passed(node, x);
}

// Between floating-point types nothing changes here: values are exact.
OnnxValue OnnxReader::cast(const Node& node) {
  const OnnxValue& x = input(node, 0);
  const std::int64_t to = integerOf(node, "to", 0);
  const bool real = to == onnx::TensorProto::FLOAT || to == onnx::TensorProto::DOUBLE;
  if (x.constant && (real || to == onnx::TensorProto::INT64)) return x;
  if (!x.constant && real) return passed(node, x);
  fails("unsupported", fmt::format("casts to type {}", to), node,
        {"to float or double; to integers with QuantizeLinear or Quant"});
}

OnnxValue OnnxReader::clip(const Node& node) {
  const OnnxValue x = tensor(node, 0);
  const auto end = [&](const char* name, int i, double otherwise) {
    return hasInput(node, i) ? number(node, i) : realOf(node, name, otherwise);
  };
  const double least = end("min", 1, -HUGE_VAL);
  const double most = end("max", 2, HUGE_VAL);
  if (std::isnan(least) || std::isnan(most) || least > most) {
    fails("unsupported", fmt::format("clips from {} to {}", least, most), node);
  }
  if (std::isinf(least) && std::isinf(most)) return passed(node, x);
  if (std::isinf(least)) return same(node, LayerKind::Minimum, x, {.constant = most});
  if (std::isinf(most)) return same(node, LayerKind::Maximum, x, {.constant = least});
  return same(node, LayerKind::Clip, x, {.constant = most, .least = least});
}

OnnxValue OnnxReader::twoConstants(const Node& node, const OnnxValue& a, const OnnxValue& b,
                                   const std::function<double(double, double)>& f) {
  auto out = combined(*a.constant, *b.constant, f);
  if (out) return folded(*std::move(out), node);
  fails("shape",
        shapeText(a.constant->shape) + " and " + shapeText(b.constant->shape) + " do not fit",
        node);
}

OnnxValue OnnxReader::sum(const Node& node) {
  const OnnxValue a = input(node, 0);
  const OnnxValue b = input(node, 1);
  if (a.constant && b.constant) {
    return twoConstants(node, a, b, [](double x, double y) { return x + y; });
  }
  if (a.constant) return withConstant(node, b, *a.constant);
  if (b.constant) return withConstant(node, a, *b.constant);
  fails("unsupported", "adds two tensors", node, {"tensors plus constants"});
}

// A bias where it stands behind a layer with weights, else one number.
OnnxValue OnnxReader::withConstant(const Node& node, const OnnxValue& x,
                                   const RealTensor& constant) {
  ImportedLayer& layer = network_.layers[static_cast<std::size_t>(x.layer)];
  const auto bias = channelValues(x, constant);
  if (isWeighted(layer.kind) && layer.bias.values.empty() && file_.uses(layer.name) <= 1 && bias) {
    RealTensor values{{static_cast<int>(bias->size())}, *bias, constant.quantizer};
    layer.bias = biasOf(std::move(values), layer.shape.back(), node);
    return passed(node, x);
  }
  return same(node, LayerKind::Add, x, {.constant = number(constant, node)});
}

OnnxValue OnnxReader::difference(const Node& node) {
  if (auto found = wrapped(node)) return *std::move(found);
  const OnnxValue a = input(node, 0);
  const OnnxValue b = input(node, 1);
  if (a.constant && b.constant) {
    return twoConstants(node, a, b, [](double x, double y) { return x - y; });
  }
  if (!b.constant) {
    fails("unsupported", "subtracts a tensor", node, {"tensors minus constants"});
  }
  RealTensor negative = *b.constant;
  negative.quantizer.reset();
  for (double& value : negative.values) value = -value;
  return withConstant(node, a, negative);
}

// One factor for all, or one a channel that goes into the weights before it.
OnnxValue OnnxReader::scaled(const Node& node, const OnnxValue& x, const RealTensor& factor) {
  const bool one = !factor.values.empty() && std::ranges::all_of(factor.values, [&](double v) {
    return v == factor.values[0] && std::isfinite(v);
  });
  ImportedLayer* const layer = scalable(x.layer);
  if (one) {
    const double all = number(factor, node);
    if (layer == nullptr || all <= 0 || exponentOf(all)) {
      return same(node, LayerKind::Scale, x, {.constant = all});
    }
    const auto channels = static_cast<std::size_t>(layer->shape.back());
    scaleChannels(*layer, std::vector<double>(channels, all), node);
    return passed(node, x);
  }
  const auto factors = channelValues(x, factor);
  const bool behind = layer == &network_.layers[static_cast<std::size_t>(x.layer)];
  if (layer == nullptr || !behind || !factors) differentConstants(node);
  scaleChannels(*layer, *factors, node);
  return passed(node, x);
}

OnnxValue OnnxReader::product(const Node& node) {
  if (auto found = towardZero(node)) return *std::move(found);
  const OnnxValue a = input(node, 0);
  const OnnxValue b = input(node, 1);
  if (a.constant && b.constant) {
    return twoConstants(node, a, b, [](double x, double y) { return x * y; });
  }
  if (a.constant) return scaled(node, b, *a.constant);
  if (b.constant) return scaled(node, a, *b.constant);
  fails("unsupported", "multiplies two tensors", node, {"tensors times constants"});
}

OnnxValue OnnxReader::quotient(const Node& node) {
  const OnnxValue a = input(node, 0);
  const OnnxValue b = input(node, 1);
  if (a.constant && b.constant) {
    return twoConstants(node, a, b, [](double x, double y) { return x / y; });
  }
  if (!b.constant) fails("unsupported", "divides by a tensor", node, {"tensors by constants"});
  RealTensor inverse = *b.constant;
  inverse.quantizer.reset();
  for (double& value : inverse.values) value = 1 / value;
  return scaled(node, a, inverse);
}

OnnxValue OnnxReader::bound(const Node& node) {
  const OnnxValue a = input(node, 0);
  const OnnxValue b = input(node, 1);
  const bool least = node.op_type() == "Min";
  if (node.input_size() != 2 || (!a.constant && !b.constant)) {
    fails("unsupported", "compares tensors", node, {"one tensor and one constant"});
  }
  if (a.constant && b.constant) {
    return twoConstants(
        node, a, b, [&](double x, double y) { return least ? std::min(x, y) : std::max(x, y); });
  }
  return same(node, least ? LayerKind::Minimum : LayerKind::Maximum, a.constant ? b : a,
              {.constant = number(a.constant ? *a.constant : *b.constant, node)});
}

}  // namespace aegen::encoders
