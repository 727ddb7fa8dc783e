#pragma once
/// Export: networks for other tools and runtimes, weights for registers, tensors for NumPy
/// (docs/export.md).

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

/// The bytes of an ONNX model that computes `graph` exactly: [events][...] tensors of real numbers
/// (raw integers times 2^-fraction) in and out, named as the graph's inputs and output. ONNX's own
/// operators (operator set 13); binary32 where that holds every number on the way, else binary64.
/// Loadable weights have the values they have in the graph. `graph` has passed infer(). Diagnostic
/// `export.range` when binary64 does not hold everything either; it names the node.
[[nodiscard]] core::Result<std::string> toOnnx(const Graph& graph);

/// The same as QONNX: formats as Quant nodes (domain qonnx.custom_op.general) on inputs, weights
/// and results, layers as Conv, ConvTranspose and Gemm, binary32. The file defines Quant as a local
/// function too, so that runtimes without QONNX run it. Diagnostic `export.range` when binary32
/// does not hold everything.
[[nodiscard]] core::Result<std::string> toQonnx(const Graph& graph);

}  // namespace aegen::encoders
