#pragma once
/// Sums of products as trees of full adders: all partial products of a sum side by side, sign bits
/// complemented instead of extended, their constants added up beforehand.

#include <cstdint>
#include <string_view>
#include <vector>

#include "gate_circuit.hpp"

namespace aegen::flows {

/// A two's complement or unsigned number, lowest bit first; no bits: 0.
struct Word {
  std::vector<Signal> bits;
  bool isSigned = false;
};

/// One summand, times 2^shift, added or subtracted: `a`, or `a` times `b` if there is one.
struct Summand {
  Word a;
  Word b;
  int shift = 0;
  bool negative = false;
  bool isProduct = false;
};

/// How the partial products of a multiplication are made.
enum class ProductRows : std::uint8_t {
  Bits,         ///< a row for each bit of the narrower operand
  Booth,        ///< a row for each two bits of the narrower operand, recoded to -2..2
  BoothOfWide,  ///< the same of the wider operand
  Pairs,        ///< of two products, a row for each two bits of equal weight: 0, a, c or a + c
};

[[nodiscard]] std::string_view nameOf(ProductRows rows);

/// The low `width` bits of the sum of `summands`. Exact modulo 2^width.
[[nodiscard]] std::vector<Signal> sumOfProducts(GateCircuit& circuit,
                                                const std::vector<Summand>& summands, int width,
                                                ProductRows rows);

}  // namespace aegen::flows
