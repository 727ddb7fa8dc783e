#include "keras_oracle.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <iostream>

namespace aegen::test {
namespace {

using nlohmann::json;

struct Tensor {
  std::vector<int> shape;
  std::vector<double> values;
};

[[noreturn]] void unknown(const std::string& what) {
  std::cerr << "keras_oracle does not know " << what << "\n";
  std::abort();
}

double halfEven(double x) {
  return x - std::remainder(x, 1.0);
}

// quantized_bits without alpha auto: m_i * clip(round(x * m / m_i), low, m - 1) / m * alpha.
double bitsOf(double x, const json& c) {
  const json kept = c.value("keep_negative", json(true));  // true or 1
  const bool negative = kept.is_boolean() ? kept.get<bool>() : kept.get<int>() != 0;
  const double m = std::pow(2.0, c.at("bits").get<int>() - (negative ? 1 : 0));
  const double mi = std::pow(2.0, c.value("integer", 0));
  const double low = negative ? -m + (c.value("symmetric", 0) != 0 ? 1 : 0) : 0;
  const double alpha =
      c.contains("alpha") && c["alpha"].is_number() ? c["alpha"].get<double>() : 1.0;
  return alpha * mi * std::clamp(halfEven(x * m / mi), low, m - 1) / m;
}

double reluOf(double x, int bits, int integer) {
  const double m = std::pow(2.0, bits);
  const double mi = std::pow(2.0, integer);
  return mi * std::clamp(halfEven(x * m / mi) / m, 0.0, 1 - 1 / m);
}

// alpha = "auto_po2": one power of two a channel of the last axis, by five rounds of least squares.
void autoPowerOfTwo(Tensor& t, const json& c) {
  const int channels = t.shape.size() > 1 ? t.shape.back() : 1;
  const double mi = std::pow(2.0, c.value("integer", 0));
  const float top = static_cast<float>(std::pow(2.0, c.at("bits").get<int>() - 1) - 1);
  const auto power = [](float s) { return std::pow(2.0F, std::rint(std::log2(s + 1e-7F))); };
  const auto level = [&](float x, float s) {
    const float v = std::floor(std::fabs(x) / s + 0.5F);
    return (x < 0 ? -1.0F : 1.0F) * (v < top ? v : top);
  };
  for (int channel = 0; channel < channels; ++channel) {
    std::vector<double*> mine;
    for (std::size_t i = 0; i < t.values.size(); ++i) {
      if (static_cast<int>(i) % channels == channel) mine.push_back(&t.values[i]);
    }
    float largest = 0;
    for (const double* x : mine)
      largest = std::fmax(largest, std::fabs(static_cast<float>(*x / mi)));
    float scale = power(largest / top);
    for (int round = 0; round < 5; ++round) {
      double xq = 0;
      double qq = 0;
      for (const double* x : mine) {
        const float v = static_cast<float>(*x / mi);
        const double q = level(v, scale);
        xq += static_cast<double>(v) * q;
        qq += q * q;
      }
      const double n = static_cast<double>(mine.size());
      scale = power(static_cast<float>(xq / n / (qq / n + static_cast<double>(1e-7F))));
    }
    for (double* x : mine) *x = mi * scale * level(static_cast<float>(*x / mi), scale);
  }
}

Tensor weightsOf(const KerasModel& model, const json& config, const char* tensor,
                 const char* quantizer) {
  const KerasTensor* const stored = model.find(config.at("name"), tensor);
  if (stored == nullptr) return {};
  Tensor out{stored->shape, {stored->values.begin(), stored->values.end()}};
  if (!config.contains(quantizer) || config[quantizer].is_null()) return out;
  const json& c = config[quantizer]["config"];
  const bool kernel = std::string(tensor) == "kernel:0";
  const json alpha = c.value("alpha", json(nullptr));
  if (alpha == "auto_po2" || (kernel && alpha.is_null())) {
    autoPowerOfTwo(out, c);
  } else {
    for (double& x : out.values) x = bitsOf(x, c);
  }
  return out;
}

void activate(Tensor& t, const json& activation) {
  if (activation.is_null() || activation == "linear") return;
  std::function<double(double)> f;
  if (activation == "relu") {
    f = [](double x) { return x > 0 ? x : 0.0; };
  } else if (activation == "sigmoid") {
    f = [](double x) { return 1 / (1 + std::exp(-x)); };
  } else if (activation == "quantized_relu(8,2)") {
    f = [](double x) { return reluOf(x, 8, 2); };
  } else if (activation == "quantized_bits(7,1)") {
    f = [](double x) { return bitsOf(x, {{"bits", 7}, {"integer", 1}}); };
  } else if (activation.is_object() && activation["class_name"] == "quantized_bits") {
    f = [&](double x) { return bitsOf(x, activation["config"]); };
  } else {
    unknown(activation.dump());
  }
  for (double& x : t.values) x = f(x);
}

int sizeOf(const json& value) {
  return value.is_array() ? value[0].get<int>() : value.get<int>();
}

double at(const Tensor& t, int r, int c, int k) {
  if (r < 0 || c < 0 || r >= t.shape[0] || c >= t.shape[1]) return 0;
  return t.values[static_cast<std::size_t>((r * t.shape[1] + c) * t.shape[2] + k)];
}

Tensor convolution(const Tensor& in, const Tensor& kernel, const Tensor& bias, const json& config) {
  const int s = sizeOf(config.at("strides"));
  const int k = kernel.shape[0];
  int before = 0;
  int out = (in.shape[0] - k) / s + 1;
  if (config.at("padding") == "same") {
    out = (in.shape[0] + s - 1) / s;
    before = std::max(0, (out - 1) * s + k - in.shape[0]) / 2;
  }
  const int filters = kernel.shape[3];
  Tensor result{{out, out, filters}, {}};
  for (int r = 0; r < out; ++r) {
    for (int c = 0; c < out; ++c) {
      for (int f = 0; f < filters; ++f) {
        double sum = bias.values.empty() ? 0 : bias.values[static_cast<std::size_t>(f)];
        for (int i = 0; i < k; ++i) {
          for (int j = 0; j < k; ++j) {
            for (int d = 0; d < in.shape[2]; ++d) {
              const auto w =
                  static_cast<std::size_t>(((i * k + j) * in.shape[2] + d) * filters + f);
              sum += kernel.values[w] * at(in, r * s + i - before, c * s + j - before, d);
            }
          }
        }
        result.values.push_back(sum);
      }
    }
  }
  return result;
}

// Keras's kernel is [row][column][out][in]; "same" keeps size * stride.
Tensor transposed(const Tensor& in, const Tensor& kernel, const Tensor& bias, const json& config) {
  const int s = sizeOf(config.at("strides"));
  const int k = kernel.shape[0];
  const int filters = kernel.shape[2];
  const bool same = config.at("padding") == "same";
  const int cut = same ? (k - s) / 2 : 0;
  const int out = same ? in.shape[0] * s : (in.shape[0] - 1) * s + k;
  Tensor result{{out, out, filters}, {}};
  for (int r = 0; r < out; ++r) {
    for (int c = 0; c < out; ++c) {
      for (int f = 0; f < filters; ++f) {
        double sum = bias.values[static_cast<std::size_t>(f)];
        for (int i = 0; i < in.shape[0]; ++i) {
          for (int j = 0; j < in.shape[1]; ++j) {
            const int a = r + cut - i * s;
            const int b = c + cut - j * s;
            if (a < 0 || b < 0 || a >= k || b >= k) continue;
            for (int d = 0; d < in.shape[2]; ++d) {
              const auto w =
                  static_cast<std::size_t>(((a * k + b) * filters + f) * in.shape[2] + d);
              sum += kernel.values[w] * at(in, i, j, d);
            }
          }
        }
        result.values.push_back(sum);
      }
    }
  }
  return result;
}

Tensor dense(const Tensor& in, const Tensor& kernel, const Tensor& bias) {
  Tensor out{{kernel.shape[1]}, bias.values};
  for (std::size_t i = 0; i < in.values.size(); ++i) {
    for (std::size_t o = 0; o < out.values.size(); ++o) {
      out.values[o] += in.values[i] * kernel.values[i * out.values.size() + o];
    }
  }
  return out;
}

Tensor paddedBy(const Tensor& in, int before, int after) {
  Tensor out{{in.shape[0] + before + after, in.shape[1] + before + after, in.shape[2]}, {}};
  for (int r = 0; r < out.shape[0]; ++r) {
    for (int c = 0; c < out.shape[1]; ++c) {
      for (int k = 0; k < out.shape[2]; ++k)
        out.values.push_back(at(in, r - before, c - before, k));
    }
  }
  return out;
}

Tensor layer(const KerasModel& model, const std::string& kind, const json& config, Tensor in,
             const json& arguments) {
  const auto each = [&](auto f) {
    for (double& x : in.values) x = f(x);
    return in;
  };
  if (kind == "QConv2D" || kind == "Conv2DTranspose" || kind == "QDense" || kind == "Dense") {
    const Tensor kernel = weightsOf(model, config, "kernel:0", "kernel_quantizer");
    const Tensor bias = weightsOf(model, config, "bias:0", "bias_quantizer");
    Tensor out = kind == "QConv2D"           ? convolution(in, kernel, bias, config)
                 : kind == "Conv2DTranspose" ? transposed(in, kernel, bias, config)
                                             : dense(in, kernel, bias);
    activate(out, config.value("activation", json("linear")));
    return out;
  }
  if (kind == "QActivation" || kind == "Activation") {
    activate(in, config.at("activation"));
    return in;
  }
  if (kind == "ReLU") return each([](double x) { return x > 0 ? x : 0.0; });
  if (kind == "keras_pad") return paddedBy(in, 0, 1);
  if (kind == "ZeroPadding2D") return paddedBy(in, 1, 0);
  if (kind == "keras_floor") return each([](double x) { return std::floor(x); });
  if (kind == "keras_minimum") {
    return each([m = arguments.at("sat_val").get<double>()](double x) { return x < m ? x : m; });
  }
  if (kind == "TFOpLambda") {
    const double y = arguments.at("y").get<double>();
    const bool times = config.at("function") == "math.multiply";
    return each([&](double x) { return times ? x * y : x / y; });
  }
  if (kind == "Flatten") return {{static_cast<int>(in.values.size())}, in.values};
  if (kind == "Reshape") {
    const int channels = config.at("target_shape")[2].get<int>();
    return {{4, static_cast<int>(in.values.size()) / 4 / channels, channels}, in.values};
  }
  if (kind == "Permute") {  // {3, 1, 2} only
    Tensor out{{in.shape[2], in.shape[0], in.shape[1]}, {}};
    for (int k = 0; k < in.shape[2]; ++k) {
      for (int r = 0; r < in.shape[0]; ++r) {
        for (int c = 0; c < in.shape[1]; ++c) out.values.push_back(at(in, r, c, k));
      }
    }
    return out;
  }
  if (kind == "SlicingOpLambda") {  // 0:8 of rows and columns
    Tensor out{{8, 8, in.shape[2]}, {}};
    for (int i = 0; i < 64 * in.shape[2]; ++i) {
      out.values.push_back(at(in, i / in.shape[2] / 8, i / in.shape[2] % 8, i % in.shape[2]));
    }
    return out;
  }
  unknown(kind);
}

}  // namespace

std::vector<double> evaluateKeras(const KerasModel& model,
                                  const std::vector<std::vector<double>>& inputs) {
  std::map<std::string, Tensor> results;
  std::size_t nextInput = 0;
  std::string last;
  for (const json& entry : model.architecture.at("config").at("layers")) {
    const json& config = entry.at("config");
    const std::string kind = entry.at("class_name");
    const std::string name = config.at("name");
    const std::string previous = last;
    last = name;
    if (kind == "InputLayer") {
      std::vector<int> shape;
      const json& given = config.at("batch_input_shape");
      for (std::size_t i = 1; i < given.size(); ++i) shape.push_back(given[i]);
      results[name] = {shape, inputs.at(nextInput++)};
      continue;
    }
    // Sequential: the layer before; Functional: as the nodes say.
    const json nodes = entry.value("inbound_nodes", json::array());
    if (model.architecture.at("class_name") == "Sequential") {
      results[name] = layer(model, kind, config, results.at(previous), {});
      continue;
    }
    const json call = nodes.at(0).at(0).is_string() ? json::array({nodes[0]}) : nodes.at(0);
    if (kind == "Concatenate") {
      Tensor joined{{0}, {}};
      for (const json& part : call) {
        const Tensor& t = results.at(part.at(0).get<std::string>());
        joined.values.insert(joined.values.end(), t.values.begin(), t.values.end());
      }
      joined.shape[0] = static_cast<int>(joined.values.size());
      results[name] = joined;
      continue;
    }
    const json& first = call.at(0);
    results[name] =
        layer(model, kind, config, results.at(first.at(0).get<std::string>()), first.at(3));
  }
  return results.at(last).values;
}

}  // namespace aegen::test
