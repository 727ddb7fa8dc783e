#pragma once
/// The integer graph of an ONNX model on inputs of known formats.

#include <map>
#include <string>

#include "aegen/encoders/graph.hpp"

namespace aegen::test {

/// A format and a shape for every input of the model.
struct OnnxInput {
  core::FixedFormat format;
  encoders::Shape shape;
};

struct OnnxNetwork {
  encoders::Graph graph;  ///< has passed infer()
  bool exact = true;      ///< nothing was quantized that the model does not quantize
};
[[nodiscard]] core::Result<OnnxNetwork> networkOfOnnx(const std::string& bytes,
                                                      const std::map<std::string, OnnxInput>& in);

}  // namespace aegen::test
