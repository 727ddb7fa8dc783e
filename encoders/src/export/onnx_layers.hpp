#pragma once
/// Layers with weights in ONNX.

#include <string>

#include "aegen/encoders/graph.hpp"
#include "onnx_quantizers.hpp"

namespace aegen::encoders {

/// A layer as it is written: what it reads and what is known of it.
struct OnnxLayer {
  const Node& node;
  const Node& input;      ///< the node it reads
  std::string x;          ///< its tensor
  core::Interval inputs;  ///< its raw values
};

/// As gathers and matrix products: `x` and the result are [events][elements], row-major. No runtime
/// can choose an inexact way to convolve (Winograd, FFT), and double precision works everywhere.
std::string addGatheredLayer(OnnxBuilder& model, const OnnxLayer& layer);

/// As Conv, ConvTranspose and Gemm with Quant on the weights: images are [events][channel][row]
/// [column]. Products that are floored one by one can't be inside of these: they become a
/// convolution with ones that picks each product's operand, a product, a Quant and a sum.
std::string addQonnxLayer(OnnxBuilder& model, const OnnxLayer& layer);

}  // namespace aegen::encoders
