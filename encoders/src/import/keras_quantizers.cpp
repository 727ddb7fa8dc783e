#include "keras_quantizers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "json_fields.hpp"

namespace aegen::encoders {
namespace {

using nlohmann::json;

constexpr int kMostBits = 24;  // float32 holds no more, so the source does not either
constexpr int kMostInteger = 24;
constexpr const char* kKnown =
    "aegen reads quantized_bits and quantized_relu; retrain with one of these";

std::string trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return std::string(text.substr(from, text.find_last_not_of(" \t") - from + 1));
}

// A Python literal of a quantizer's argument.
json literal(const std::string& text, const std::string& where) {
  if (text == "None") return nullptr;
  if (text == "True") return true;
  if (text == "False") return false;
  if (text.size() >= 2 && (text[0] == '\'' || text[0] == '"') && text.back() == text[0]) {
    return text.substr(1, text.size() - 2);
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    importFails("quantizer", "'" + text + "' is no value of a quantizer", where);
  }
  return number;
}

// "quantized_bits(6, 0, alpha=1)" as the {class_name, config} that JSON would hold.
json fromCall(const std::string& text, const std::string& where) {
  static const std::vector<std::string> kBits{
      "bits", "integer", "symmetric", "keep_negative", "alpha", "use_stochastic_rounding"};
  static const std::vector<std::string> kRelu{"bits",
                                              "integer",
                                              "use_sigmoid",
                                              "negative_slope",
                                              "use_stochastic_rounding",
                                              "relu_upper_bound"};
  const auto open = text.find('(');
  const std::string name = trimmed(text.substr(0, open));
  json config = json::object();
  if (open != std::string::npos) {
    const auto close = text.rfind(')');
    if (close == std::string::npos || close < open) {
      importFails("quantizer", "'" + text + "' does not end in ')'", where);
    }
    const auto& names = name == "quantized_relu" ? kRelu : kBits;
    std::string arguments = text.substr(open + 1, close - open - 1);
    for (std::size_t position = 0; !trimmed(arguments).empty(); ++position) {
      const auto comma = arguments.find(',');
      const std::string argument = trimmed(arguments.substr(0, comma));
      arguments = comma == std::string::npos ? "" : arguments.substr(comma + 1);
      const auto equals = argument.find('=');
      if (equals == std::string::npos && position >= names.size()) {
        importFails("quantizer", "'" + text + "' has too many arguments", where);
      }
      const std::string key =
          equals == std::string::npos ? names[position] : trimmed(argument.substr(0, equals));
      config[key] = literal(
          equals == std::string::npos ? argument : trimmed(argument.substr(equals + 1)), where);
    }
  }
  return {{"class_name", name}, {"config", config}};
}

void readAlpha(const JsonFields& config, KerasQuantizer& out) {
  if (!config.has("alpha")) return;
  const json& alpha = config.at("alpha");
  if (alpha == "auto") {
    out.alpha = KerasQuantizer::Alpha::Auto;
  } else if (alpha == "auto_po2") {
    out.alpha = KerasQuantizer::Alpha::AutoPowerOfTwo;
  } else if (alpha.is_number()) {
    out.alpha = KerasQuantizer::Alpha::Number;
    out.scale = config.real("alpha", 1);
    if (out.scale > 0 && std::abs(std::log2(out.scale)) < 60) return;
    importFails("quantizer", fmt::format("alpha = {} is no scale", out.scale), config.where());
  } else {
    importFails("quantizer", "alpha = " + alpha.dump().substr(0, 40) + " is not supported",
                config.where(), {"a number, \"auto_po2\" or \"auto\""});
  }
}

// Settings under which what is trained is not what a fixed function computes.
void refuseSettings(const JsonFields& config) {
  const auto refuse = [&](const char* what, const char* instead) {
    importFails("quantizer", std::string(what) + " is not supported", config.where(), {instead});
  };
  if (config.real("qnoise_factor", 1) != 1) {
    refuse("qnoise_factor other than 1 (a mixture of quantized and not)",
           "finish training with qnoise_factor = 1");
  }
  if (config.real("negative_slope", 0) != 0) refuse("a negative slope", "use a slope of 0");
  if (config.boolean("use_sigmoid", false)) refuse("use_sigmoid", "use_sigmoid=0");
  if (config.has("post_training_scale") || config.has("elements_per_scale")) {
    refuse("a scale kept beside the weights",
           "save the weights with model_save_quantized_weights and a fixed alpha");
  }
}

bool isPowerOfTwo(double value) {
  int exponent = 0;
  return value > 0 && std::frexp(value, &exponent) == 0.5;
}

int log2Of(double powerOfTwo) {
  return std::ilogb(powerOfTwo);
}

// Scales of one group of values as QKeras's quantized_bits finds them with alpha auto or auto_po2,
// in its float32. Keras's K.epsilon() keeps the logarithm from zero.
constexpr float kEpsilon = 1e-7F;

class AutoScale {
 public:
  AutoScale(std::vector<float> values, int bits, bool powerOfTwo) : values_(std::move(values)) {
    top_ = static_cast<float>(std::ldexp(1.0, bits - 1) - 1);
    float largest = 0;
    for (const float value : values_) largest = std::max(largest, std::abs(value));
    scale_ = largest * 2 / (top_ * 2);
    if (!powerOfTwo) return;
    scale_ = nearestPower(scale_);
    for (int round = 0; round < 5; ++round) fit();
  }

  [[nodiscard]] double scale() const { return scale_; }
  // The integer that stands for a value: halves away from zero.
  [[nodiscard]] double level(float value) const {
    const float level = std::floor(std::abs(value) / scale_ + 0.5F);
    return std::copysign(level < top_ ? level : top_, value);
  }

 private:
  static float nearestPower(float scale) {
    return std::exp2(std::nearbyint(std::log2(scale + kEpsilon)));
  }
  void fit() {
    double xq = 0;
    double qq = 0;
    for (const float value : values_) {
      xq += value * level(value);
      qq += level(value) * level(value);
    }
    const double n = static_cast<double>(values_.size());
    scale_ = nearestPower(static_cast<float>((xq / n) / (qq / n + kEpsilon)));
  }

  std::vector<float> values_;
  float top_ = 1;
  float scale_ = 1;
};

// Per channel of the last axis: values become m * scale * level. Returns the scales.
std::vector<double> applyAutoScale(const KerasQuantizer& q, bool powerOfTwo, RealTensor& tensor) {
  const auto channels = tensor.shape.size() > 1 ? static_cast<std::size_t>(tensor.shape.back()) : 1;
  const double integerScale = std::ldexp(1.0, q.integer);
  std::vector<double> scales;
  for (std::size_t c = 0; c < channels; ++c) {
    std::vector<float> values;
    for (std::size_t i = c; i < tensor.values.size(); i += channels) {
      values.push_back(static_cast<float>(tensor.values[i] / integerScale));
    }
    const AutoScale found(values, q.bits, powerOfTwo);
    std::size_t at = 0;
    for (std::size_t i = c; i < tensor.values.size(); i += channels) {
      const double level = found.scale() > 0 ? found.level(values[at]) : 0;
      tensor.values[i] = integerScale * found.scale() * level;
      ++at;
    }
    scales.push_back(integerScale * found.scale());
  }
  return scales;
}

// The quantizer of values that are whole multiples of each channel's power of two.
Quantizer scaledGrid(const std::vector<double>& scales, int bits, bool perChannel,
                     const std::string& where) {
  Quantizer out;
  out.format = {true, bits, 0};
  for (const double scale : scales) out.channelFraction.push_back(-log2Of(scale));
  const auto [least, most] = std::ranges::minmax(out.channelFraction);
  out.format.fraction = most;
  if (perChannel && least != most) return out;
  out.channelFraction.clear();
  out.format.width += most - least;
  if (out.format.width > kMostBits) {
    importFails("quantizer",
                fmt::format("its channels' scales lie {} powers of two apart", most - least), where,
                {"use one scale for the layer (alpha=1)"});
  }
  return out;
}

void quantizeToSigns(const KerasQuantizer& q, RealTensor& tensor, const std::string& where) {
  const double scale = q.alpha == KerasQuantizer::Alpha::Number ? q.scale : 1;
  if (!isPowerOfTwo(scale)) {
    importFails("quantizer", q.text + ": one bit with a scale that is no power of two", where,
                {"use alpha=1"});
  }
  for (double& value : tensor.values) value = value < 0 ? -scale : scale;
  tensor.quantizer = Quantizer{{true, 2, -log2Of(scale)}};
}

}  // namespace

Quantizer KerasQuantizer::grid() const {
  Quantizer out;
  const bool isSigned = kind == Kind::Bits && keepNegative;
  out.format = {isSigned, bits, bits - (isSigned ? 1 : 0) - integer};
  out.symmetric = kind == Kind::Bits && symmetric && isSigned;
  return out;
}

std::optional<KerasQuantizer> parseKerasQuantizer(const json& value, const std::string& where) {
  if (value.is_null()) return std::nullopt;
  const json spec = value.is_string() ? fromCall(value.get<std::string>(), where) : value;
  const JsonFields fields(spec, where);
  const std::string name = fields.text("class_name");
  const bool relu = name == "quantized_relu";
  if (!relu && name != "quantized_bits") {
    importFails("quantizer", "quantizer '" + name + "' is not supported", where, {kKnown});
  }
  const JsonFields config(fields.at("config"), where + ", " + name);
  refuseSettings(config);
  KerasQuantizer out;
  out.kind = relu ? KerasQuantizer::Kind::Relu : KerasQuantizer::Kind::Bits;
  out.bits = config.integer("bits", 1, kMostBits, 8);
  out.integer = config.integer("integer", -kMostInteger, kMostInteger, 0);
  out.text = fmt::format("{}({},{})", name, out.bits, out.integer);
  if (relu) {
    if (!config.boolean("is_quantized_clip", true) && config.has("relu_upper_bound")) {
      out.upperBound = config.real("relu_upper_bound", 0);
    }
    return out;
  }
  out.symmetric = config.boolean("symmetric", false);
  out.keepNegative = config.boolean("keep_negative", true);
  readAlpha(config, out);
  return out;
}

void quantizeWeights(const KerasQuantizer& quantizer, WeightRole role, bool perChannel,
                     const std::string& where, RealTensor& tensor,
                     std::vector<Decision>& decisions) {
  using Alpha = KerasQuantizer::Alpha;
  Alpha alpha = quantizer.alpha;
  // What QKeras does with a kernel's quantizer when it builds the layer.
  if (alpha == Alpha::None && role == WeightRole::Kernel &&
      quantizer.kind == KerasQuantizer::Kind::Bits) {
    alpha = Alpha::AutoPowerOfTwo;
    decisions.push_back({where, quantizer.text + " without alpha taken as alpha=\"auto_po2\"",
                         "QKeras makes it that for kernels"});
  }
  if (alpha == Alpha::Auto || alpha == Alpha::AutoPowerOfTwo) {
    if (quantizer.bits < 2) {
      importFails("quantizer", quantizer.text + ": one bit with alpha auto", where,
                  {"use alpha=1 or two bits"});
    }
    const bool powerOfTwo = alpha == Alpha::AutoPowerOfTwo;
    const auto scales = applyAutoScale(quantizer, powerOfTwo, tensor);
    if (powerOfTwo) {
      tensor.quantizer = scaledGrid(scales, quantizer.bits, perChannel, where);
    } else {
      decisions.push_back({where,
                           "weights scaled by alpha=\"auto\" taken as real numbers and quantized",
                           "their scales are no powers of two, so no integers stand for them"});
    }
    return;
  }
  if (quantizer.bits - (quantizer.keepNegative ? 1 : 0) < 1) {
    return quantizeToSigns(quantizer, tensor, where);
  }
  Quantizer grid = quantizer.grid();
  if (quantizer.scale == 1) {
    tensor.quantizer = grid;
    return;
  }
  for (double& value : tensor.values) {
    std::int64_t raw = core::quantize(value, grid.format);
    if (grid.symmetric) raw = std::max(raw, -grid.format.maxRaw());
    value = std::ldexp(static_cast<double>(raw), -grid.format.fraction) * quantizer.scale;
  }
  if (isPowerOfTwo(quantizer.scale)) {
    grid.format.fraction -= log2Of(quantizer.scale);
    tensor.quantizer = grid;
  } else {
    decisions.push_back({where,
                         fmt::format("weights of {} times alpha = {} taken as real numbers and "
                                     "quantized",
                                     quantizer.text, quantizer.scale),
                         "the scale is no power of two, so no integers stand for them"});
  }
}

}  // namespace aegen::encoders
