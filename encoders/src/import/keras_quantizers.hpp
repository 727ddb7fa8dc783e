#pragma once
/// QKeras's quantizers as formats, with QKeras's own rounding.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "imported_network.hpp"

namespace aegen::encoders {

/// quantized_bits or quantized_relu as a model's JSON or a text such as "quantized_bits(6,0,
/// alpha=1)" gives it.
struct KerasQuantizer {
  enum class Kind : std::uint8_t { Bits, Relu };
  enum class Alpha : std::uint8_t {
    None,    ///< not given: 1, for kernels `AutoPowerOfTwo`
    Number,  ///< `scale`
    Auto,    ///< each channel's own real scale
    AutoPowerOfTwo,
  };
  Kind kind = Kind::Bits;
  int bits = 8;
  int integer = 0;
  bool symmetric = false;
  bool keepNegative = true;
  Alpha alpha = Alpha::None;
  double scale = 1;                  ///< of Alpha::Number
  std::optional<double> upperBound;  ///< Relu: what is larger becomes it, after quantizing
  std::string text;                  ///< as it would be written in Python

  /// The grid before any scale.
  [[nodiscard]] Quantizer grid() const;
};

/// Empty for null. Throws ImportProblem `import.quantizer` for others than these two and for
/// settings that have no place in integers (slopes, stochastic or partial quantization).
[[nodiscard]] std::optional<KerasQuantizer> parseKerasQuantizer(const nlohmann::json& value,
                                                                const std::string& where);

/// Which tensor a weight quantizer works on.
enum class WeightRole : std::uint8_t { Kernel, Bias };

/// Quantizes a tensor as it stands in Keras's order. Afterwards its values are what the layer
/// computes with and its quantizer says where they fit exactly; with per-channel scales along the
/// last axis, `channelFraction` where `perChannel`, one finer format where not. Scales that are no
/// powers of two leave real values without a quantizer and add a decision.
void quantizeWeights(const KerasQuantizer& quantizer, WeightRole role, bool perChannel,
                     const std::string& where, RealTensor& tensor,
                     std::vector<Decision>& decisions);

}  // namespace aegen::encoders
