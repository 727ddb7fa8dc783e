#include "onnx_quantizers.hpp"

#include <cmath>

namespace aegen::encoders {
namespace {

using core::Interval;
using core::Overflow;
using core::Rounding;

constexpr int kQonnxVersion = 1;

double powerOfTwo(int exponent) {
  return std::ldexp(1.0, exponent);
}

std::string addQuant(OnnxBuilder& model, const std::string& x, const core::FixedFormat& format,
                     const std::string& scale, const char* rounding, const std::string& name) {
  // One signed bit is -1 and 1 to QONNX's tools; two bits hold -1 and 0 as well.
  const int width = format.isSigned && format.width == 1 ? 2 : format.width;
  return model.node("Quant", {x, scale, model.number(0), model.number(width)}, name,
                    {{"signed", std::int64_t{format.isSigned}},
                     {"narrow", std::int64_t{0}},
                     {"rounding_mode", std::string(rounding)}},
                    kQonnxDomain);
}

// An attribute of the function being defined, as a tensor.
void attributeAsTensor(onnx::FunctionProto& function, const std::string& attribute,
                       const std::string& kind, onnx::AttributeProto::AttributeType type) {
  onnx::NodeProto& node = *function.add_node();
  node.set_op_type("Constant");
  node.add_output(attribute + "_value");
  onnx::AttributeProto& value = *node.add_attribute();
  value.set_name(kind);
  value.set_type(type);
  value.set_ref_attr_name(attribute);
  function.add_attribute(attribute);
}

onnx::NodeProto& step(onnx::FunctionProto& function, const std::string& op,
                      const std::vector<std::string>& inputs, const std::string& output) {
  onnx::NodeProto& node = *function.add_node();
  node.set_op_type(op);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

void constantNumber(onnx::FunctionProto& function, const std::string& name, float value) {
  onnx::AttributeProto& attribute = *step(function, "Constant", {}, name).add_attribute();
  attribute.set_name("value_float");
  attribute.set_type(onnx::AttributeProto::FLOAT);
  attribute.set_f(value);
}

// Gives FLOOR and CEIL numbers; everything else, ROUND, is 0. A label encoder, since older
// versions of Equal compare no strings.
void roundingNumber(onnx::FunctionProto& function) {
  onnx::NodeProto& node = step(function, "LabelEncoder", {"rounding_mode_value"}, "mode");
  node.set_domain("ai.onnx.ml");
  onnx::AttributeProto& keys = *node.add_attribute();
  keys.set_name("keys_strings");
  keys.set_type(onnx::AttributeProto::STRINGS);
  onnx::AttributeProto& values = *node.add_attribute();
  values.set_name("values_floats");
  values.set_type(onnx::AttributeProto::FLOATS);
  onnx::AttributeProto& other = *node.add_attribute();
  other.set_name("default_float");
  other.set_type(onnx::AttributeProto::FLOAT);
  other.set_f(0);
  float number = 0;
  for (const char* const name : {"FLOOR", "CEIL"}) {
    keys.add_strings(name);
    values.add_floats(++number);
  }
}

// Behind rounding: x, a multiple of the step, in the format's range.
std::string wrapped(OnnxBuilder& model, const std::string& x, const core::FixedFormat& format,
                    const std::string& name) {
  const double low = static_cast<double>(format.minRaw());
  std::string above = x;
  if (low != 0) above = model.node("Sub", {x, model.number(low)}, name + "/above");
  const std::string turns =
      model.node("Mul", {above, model.number(powerOfTwo(-format.width))}, name + "/turns");
  const std::string whole = model.node("Floor", {turns}, name + "/whole_turns");
  const std::string excess =
      model.node("Mul", {whole, model.number(powerOfTwo(format.width))}, name + "/excess");
  return model.node("Sub", {x, excess}, name + "/wrapped");
}

// x in units of the step, rounded to whole ones.
std::string rounded(OnnxBuilder& model, std::string x, Rounding rounding, const std::string& name) {
  switch (rounding) {
    case Rounding::Floor:
      return model.node("Floor", {x}, name + "/floor");
    case Rounding::NearestEven:
      return model.node("Round", {x}, name + "/round");
    case Rounding::NearestUp:
      x = model.node("Add", {x, model.number(0.5)}, name + "/half");
      return model.node("Floor", {x}, name + "/floor");
    case Rounding::TowardZero: {
      const std::string size = model.node("Abs", {x}, name + "/abs");
      const std::string whole = model.node("Floor", {size}, name + "/floor");
      const std::string sign = model.node("Sign", {x}, name + "/sign");
      return model.node("Mul", {whole, sign}, name + "/signed");
    }
  }
  return x;
}

// Whether one Quant node, its input perhaps moved by half a step, has the node's meaning.
bool isQuant(const Node& node) {
  return node.overflow == Overflow::Saturate && node.rounding != Rounding::TowardZero &&
         !(node.format.isSigned && node.format.width == 1);
}

}  // namespace

void useQuant(OnnxBuilder& model) {
  model.useDomain(kQonnxDomain, kQonnxVersion);
  model.useDomain("ai.onnx.ml", 2);
  onnx::FunctionProto& function = *model.model().add_functions();
  function.set_name("Quant");
  function.set_domain(kQonnxDomain);
  for (const char* const input : {"x", "scale", "zeropt", "bitwidth"}) function.add_input(input);
  function.add_output("y");
  for (const onnx::OperatorSetIdProto& set : model.model().opset_import()) {
    if (set.domain() != kQonnxDomain) *function.add_opset_import() = set;
  }
  attributeAsTensor(function, "signed", "value_int", onnx::AttributeProto::INT);
  attributeAsTensor(function, "narrow", "value_int", onnx::AttributeProto::INT);
  attributeAsTensor(function, "rounding_mode", "value_string", onnx::AttributeProto::STRING);
  for (const char* const attribute : {"signed", "narrow"}) {
    onnx::NodeProto& cast = step(function, "Cast", {std::string(attribute) + "_value"}, attribute);
    setAttribute(cast, "to", std::int64_t{onnx::TensorProto::FLOAT});
  }
  constantNumber(function, "one", 1);
  constantNumber(function, "two", 2);
  // Unsigned: 0 .. 2^bits - 1 - narrow. Signed: narrow - 2^(bits-1) .. 2^(bits-1) - 1.
  step(function, "Sub", {"bitwidth", "signed"}, "bits");
  step(function, "Pow", {"two", "bits"}, "span");
  step(function, "Sub", {"one", "signed"}, "unsigned");
  step(function, "Mul", {"narrow", "unsigned"}, "narrowed");
  step(function, "Add", {"narrowed", "one"}, "off");
  step(function, "Sub", {"span", "off"}, "highest");
  step(function, "Sub", {"narrow", "span"}, "lowest_signed");
  step(function, "Mul", {"signed", "lowest_signed"}, "lowest");
  step(function, "Div", {"x", "scale"}, "scaled");
  step(function, "Add", {"scaled", "zeropt"}, "offset");
  step(function, "Max", {"offset", "lowest"}, "above");
  step(function, "Min", {"above", "highest"}, "inside");
  roundingNumber(function);
  step(function, "Floor", {"inside"}, "floored");
  step(function, "Ceil", {"inside"}, "raised");
  step(function, "Round", {"inside"}, "nearest");
  step(function, "Equal", {"mode", "one"}, "floors");
  step(function, "Equal", {"mode", "two"}, "raises");
  step(function, "Where", {"raises", "raised", "nearest"}, "other");
  step(function, "Where", {"floors", "floored", "other"}, "whole");
  step(function, "Sub", {"whole", "zeropt"}, "centred");
  step(function, "Mul", {"centred", "scale"}, "y");
}

std::string addFormat(OnnxBuilder& model, const std::string& x, const core::FixedFormat& format,
                      const std::vector<int>& fractions,
                      const std::vector<std::int64_t>& scaleShape, const std::string& name) {
  std::vector<double> scales;
  for (const int fraction : fractions) scales.push_back(powerOfTwo(-fraction));
  const std::string scale = scaleShape.empty() ? model.number(scales[0])
                                               : model.numbers(name + "/scale", scaleShape, scales);
  return addQuant(model, x, format, scale, "ROUND", name);
}

std::string addFloor(OnnxBuilder& model, OnnxDialect dialect, const std::string& x, int fraction,
                     const Interval& range, const std::string& name) {
  if (dialect == OnnxDialect::Qonnx) {
    const auto format = core::FixedFormat::holding(range, fraction);
    return addQuant(model, x, format, model.number(powerOfTwo(-fraction)), "FLOOR", name);
  }
  std::string y = x;
  if (fraction != 0) y = model.node("Mul", {y, model.number(powerOfTwo(fraction))}, name + "/up");
  y = model.node("Floor", {y}, fraction == 0 ? name : name + "/floor");
  if (fraction != 0) y = model.node("Mul", {y, model.number(powerOfTwo(-fraction))}, name);
  return y;
}

std::string addRequantize(OnnxBuilder& model, OnnxDialect dialect, const std::string& x,
                          int fromFraction, const Interval& range, const Node& node) {
  const std::string& name = node.name;
  const core::FixedFormat& to = node.format;
  const int drop = fromFraction - to.fraction;
  if (dialect == OnnxDialect::Qonnx && isQuant(node)) {
    std::string y = x;
    if (node.rounding == Rounding::NearestUp && drop > 0) {
      y = model.node("Add", {y, model.number(powerOfTwo(-to.fraction - 1))}, name + "/half");
    }
    const bool even = node.rounding == Rounding::NearestEven;
    return addQuant(model, y, to, model.number(powerOfTwo(-to.fraction)), even ? "ROUND" : "FLOOR",
                    name);
  }
  std::string y = x;
  if (to.fraction != 0) {
    y = model.node("Mul", {y, model.number(powerOfTwo(to.fraction))}, name + "/up");
  }
  if (drop > 0) y = rounded(model, y, node.rounding, name);
  const auto inUnits = [&](std::int64_t raw) {
    return core::requantize(raw, fromFraction, {true, core::kMaxWidth, to.fraction}, node.rounding,
                            Overflow::Saturate);
  };
  if (!to.range().contains(Interval{inUnits(range.low), inUnits(range.high)})) {
    y = node.overflow == Overflow::Wrap
            ? wrapped(model, y, to, name)
            : model.node("Clip",
                         {y, model.number(static_cast<double>(to.minRaw())),
                          model.number(static_cast<double>(to.maxRaw()))},
                         name + "/clip");
  }
  const bool qonnx = dialect == OnnxDialect::Qonnx;
  y = model.node("Mul", {y, model.number(powerOfTwo(-to.fraction))},
                 qonnx ? name + "/value" : name);
  return qonnx ? addFormat(model, y, to, {to.fraction}, {}, name) : y;
}

}  // namespace aegen::encoders
