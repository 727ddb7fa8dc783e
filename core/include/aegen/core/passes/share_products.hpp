#pragma once
/// share_products: sums of values times constants become adder graphs.
///
///   %4 : u10 = mul %0, 3                        %4 : u9 = shl 1 %0
///   %5 : u10 = mul %1, 5                 ->     %5 : u10 = add %4, %0
///   %6 : u11 = add %4, %5                       %6 : u10 = shl 2 %1  ...
///   %7 : s12 = sub %6, %2                       each multiple and each common sum once
///
/// Everything add, sub, shl, mul by a constant, and the conversions that lose nothing compute is a
/// constant matrix times a vector of other values; solveAdderGraph() finds the additions. Products
/// that are cut one by one share the multiples of each input, whatever their signs; equal cut
/// products are one value.

#include <cstddef>
#include <cstdint>

#include "aegen/core/adder_graph.hpp"
#include "aegen/core/program.hpp"

namespace aegen::core::passes {

/// What the pass did. Bits: widths of the results of additions; a product by a constant counts as
/// the additions of its canonical signed digits.
struct ShareProductsStats {
  std::size_t functions = 0;  ///< rewritten ones
  std::size_t matrices = 0;   ///< solved for them
  std::size_t addersBefore = 0;
  std::size_t addersAfter = 0;
  std::int64_t bitsBefore = 0;
  std::int64_t bitsAfter = 0;
  bool operator==(const ShareProductsStats&) const = default;
};

/// Rewrites every function of `program` in which that saves bits; ports, names of other values and
/// all results stay as they are, formats of values become the narrowest. Functions without products
/// by constants or common sums are left alone. `options.maxDepth` holds for each matrix. The result
/// passes verify(); what analyseRanges() proved it still proves. Error: adder-graph.shape (options
/// out of range).
[[nodiscard]] Result<ShareProductsStats> shareProducts(Program& program,
                                                       const AdderGraphOptions& options = {});

}  // namespace aegen::core::passes
