#pragma once
/// How far a fixed-point decoder can be from the float decoder it was made of: a bound, not a
/// sample.

#include <span>
#include <vector>

#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

/// Every value that fixed-point output minus float output can take, in units of the output.
struct ErrorInterval {
  double low = 0;
  double high = 0;
  [[nodiscard]] double magnitude() const { return low + high < 0 ? -low : high; }
};

/// One interval an element of the graph's output, valid for every input that the input nodes'
/// format can hold. Both sides get the same input; the float side is evaluateReal()'s network.
/// Weight errors and rounding are propagated as intervals through the layers; the intervals also
/// cover the double rounding of evaluateReal(). `graph` has passed infer(). Diagnostic
/// `bound.unsupported` for a Normalize node, `bound.wraps` for a Requantize that can wrap.
[[nodiscard]] core::Result<std::vector<ErrorInterval>> decoderErrorBound(const Graph& graph);

/// The float network of the same graph in double: Weights::real (the quantized values where that is
/// empty), products summed exactly, nothing rounded. A Requantize that saturates clips to its
/// format's range: that is the network's function, not an error. `inputs`: real numbers, one an
/// element. Diagnostic `bound.unsupported` as above.
[[nodiscard]] core::Result<std::vector<double>> evaluateReal(const Graph& graph,
                                                             std::span<const double> inputs);

}  // namespace aegen::encoders
