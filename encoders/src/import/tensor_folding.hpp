#pragma once
/// Constant tensors of a framework's graph, computed at import.

#include <functional>
#include <optional>
#include <string_view>

#include "imported_network.hpp"

namespace aegen::encoders {

/// `f` of the elements of two tensors, repeated along axes of size 1 and missing leading ones as
/// NumPy does; empty when the shapes do not fit or the result has more than 2^22 elements.
[[nodiscard]] std::optional<RealTensor> combined(const RealTensor& a, const RealTensor& b,
                                                 const std::function<double(double, double)>& f);

/// A function of single elements as frameworks name it, and the layer that computes it.
struct ElementFunction {
  LayerKind kind;
  double (*of)(double);
};
/// Relu, Sigmoid, Tanh, Round and Rint (halves to even), Floor; null for other names.
[[nodiscard]] const ElementFunction* elementFunction(std::string_view name);

/// The coarsest grid of at most 16 bits that holds every value exactly; empty when there is none.
[[nodiscard]] std::optional<Quantizer> gridOf(const std::vector<double>& values);

/// The same of each output channel, axis `channelAxis`: one signed width, a fraction a channel.
[[nodiscard]] std::optional<Quantizer> channelGrids(const RealTensor& tensor,
                                                    std::size_t channelAxis);

}  // namespace aegen::encoders
