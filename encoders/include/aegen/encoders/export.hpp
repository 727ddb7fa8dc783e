#pragma once
/// Export: networks for other tools and runtimes, weights for registers, tensors for NumPy
/// (docs/export.md).

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "aegen/encoders/graph.hpp"
#include "aegen/encoders/weight_registers.hpp"

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

/// The weights of the chip's own encoder as its registers (YAML, weight_registers.hpp). Diagnostic
/// `export.registers` when `encoder` has other weights than the ECON-T's 2144 of s6.5.
[[nodiscard]] core::Result<std::string> toRegisters(const Graph& encoder, RegisterLayout layout);

/// All weights as a C header: an array of the narrowest integer type a kernel or bias, in layer
/// order, row-major, raw. `source` names where they come from, in a comment.
[[nodiscard]] std::string toHeader(const Graph& graph, const std::string& source);

/// All weights as a memory file for Verilog's $readmemh: one word a line, lowest address first;
/// the weights' bits closed up in layer order, kernel before bias, the first in the lowest bits.
/// `wordBits`: 8, 16 or 32. Of the chip's encoder this is what its registers hold.
[[nodiscard]] std::string toMemory(const Graph& graph, int wordBits);

/// A NumPy file (version 1.0) of raw integers, `<i8`, row-major. As many `values` as `shape` has
/// elements.
[[nodiscard]] std::string toNumpy(const std::vector<std::size_t>& shape,
                                  std::span<const std::int64_t> values);

}  // namespace aegen::encoders
