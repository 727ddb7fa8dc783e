#pragma once
/// A Lookup node beside the real function it stands for, and how far the two can be apart.

#include <cstdint>
#include <vector>

#include "aegen/encoders/decoder_error_bound.hpp"

namespace aegen::encoders {

/// One element of a tensor: what the fixed-point side can be, and how far the float side can be
/// from it.
struct BoundedElement {
  double low = 0;
  double high = 0;
  ErrorInterval error;  ///< fixed-point value minus float value
};

/// What a Lookup computes on the float side: its function; where it names none, the table's entry
/// nearest to the argument (the last one past its ends).
class RealFunction {
 public:
  RealFunction(const Node& node, const core::FixedFormat& input) : node_(node), input_(input) {}
  [[nodiscard]] double operator()(double x) const;
  /// Everything it can give for arguments from `low` to `high`; not wider than the table's function
  /// makes it, plus its rounding.
  [[nodiscard]] ErrorInterval over(double low, double high) const;

 private:
  [[nodiscard]] std::size_t entry(double x) const;

  const Node& node_;
  core::FixedFormat input_;
};

/// Propagates an element through a Lookup: entry by entry of what the fixed-point side can read.
class TableError {
 public:
  TableError(const Node& node, const core::FixedFormat& input)
      : node_(node), input_(input), real_(node, input) {}
  [[nodiscard]] BoundedElement operator()(const BoundedElement& in) const;

 private:
  const Node& node_;
  core::FixedFormat input_;
  RealFunction real_;
};

}  // namespace aegen::encoders
