// TensorFlow functions called on Keras tensors: TFOpLambda and SlicingOpLambda.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "keras_layers.hpp"

namespace aegen::encoders {
namespace {

using nlohmann::json;

// The constant a two-operand function is called with.
double operand(const KerasCall& call, const JsonFields& arguments, const char* key) {
  if (!arguments.has(key) || !arguments.at(key).is_number()) {
    importFails(
        "unsupported",
        fmt::format("'{}' of two tensors is not supported", call.config.text("function", "?")),
        call.where, {"the second operand must be one number"});
  }
  return arguments.real(key, 0);
}

}  // namespace

int KerasLayers::clip(const KerasCall& call, double least, double most) {
  KerasCall after = call;
  after.name += "_least";
  after.inputs = {appendConstant(after, LayerKind::Maximum, least)};
  after.name = call.name;
  return appendConstant(after, LayerKind::Minimum, most);
}

int KerasLayers::tensorOperation(const KerasCall& call) {
  static const std::map<std::string, LayerKind> kPlain{
      {"math.floor", LayerKind::Floor}, {"floor", LayerKind::Floor},
      {"math.round", LayerKind::Round}, {"round", LayerKind::Round},
      {"nn.relu", LayerKind::Relu},     {"math.sigmoid", LayerKind::Sigmoid},
      {"sigmoid", LayerKind::Sigmoid},  {"nn.sigmoid", LayerKind::Sigmoid},
      {"math.tanh", LayerKind::Tanh},   {"tanh", LayerKind::Tanh}};
  const std::string function = call.config.text("function");
  if (const auto found = kPlain.find(function); found != kPlain.end()) {
    return appendPlain(call, found->second);
  }
  const JsonFields arguments(call.arguments, call.where + ", call");
  const auto is = [&](const char* name) { return function == name; };
  if (is("math.multiply") || is("__operators__.mul")) {
    return appendConstant(call, LayerKind::Scale, operand(call, arguments, "y"));
  }
  if (is("math.truediv") || is("math.divide") || is("__operators__.truediv")) {
    const double by = operand(call, arguments, "y");
    if (by == 0) importFails("type", "divides by 0", call.where);
    return appendConstant(call, LayerKind::Scale, 1 / by);
  }
  if (is("math.add") || is("__operators__.add")) {
    return appendConstant(call, LayerKind::Add, operand(call, arguments, "y"));
  }
  if (is("math.subtract") || is("__operators__.sub")) {
    return appendConstant(call, LayerKind::Add, -operand(call, arguments, "y"));
  }
  if (is("math.minimum")) {
    return appendConstant(call, LayerKind::Minimum, operand(call, arguments, "y"));
  }
  if (is("math.maximum")) {
    return appendConstant(call, LayerKind::Maximum, operand(call, arguments, "y"));
  }
  if (is("clip_by_value")) {
    return clip(call, operand(call, arguments, "clip_value_min"),
                operand(call, arguments, "clip_value_max"));
  }
  importFails("unsupported", "TensorFlow function '" + function + "' is not supported", call.where,
              {"aegen reads multiply, truediv, add, subtract, minimum, maximum, clip_by_value, "
               "floor, round, relu, sigmoid, tanh and slices"});
}

int KerasLayers::slicing(const KerasCall& call) {
  const JsonFields arguments(call.arguments, call.where + ", call");
  const json& spec = arguments.list("slice_spec");
  const Shape& from = shapeOf(call.inputs[0]);
  if (spec.empty() || spec.size() > from.size() + 1) {
    importFails("unsupported", fmt::format("a slice of {} axes", spec.size()), call.where);
  }
  ImportedLayer layer = start(call, LayerKind::Slice);
  layer.begin.assign(from.size(), 0);
  layer.shape = from;
  for (std::size_t i = 0; i < spec.size(); ++i) {
    const std::string where = fmt::format("{}, slice_spec[{}]", call.where, i);
    if (!spec[i].is_object()) {
      importFails("unsupported", "picks single elements", where, {"use slices such as 0:8"});
    }
    const JsonFields slice(spec[i], where);
    if (slice.has("step") && slice.integer("step", -65'536, 65'536) != 1) {
      importFails("unsupported", "a slice with a step is not supported", where, {"use step 1"});
    }
    if (i == 0) {  // events
      if (slice.has("start") || slice.has("stop")) {
        importFails("unsupported", "picks events", where, {"leave the first axis whole"});
      }
      continue;
    }
    const int size = from[i - 1];
    const auto place = [&](const char* key, int otherwise) {
      const int at = slice.integer(key, -65'536, 65'536, otherwise);
      return std::clamp(at < 0 ? at + size : at, 0, size);
    };
    layer.begin[i - 1] = place("start", 0);
    layer.shape[i - 1] = place("stop", size) - layer.begin[i - 1];
  }
  return append(std::move(layer));
}

}  // namespace aegen::encoders
