#pragma once
/// Interval range analysis: proves that no value of a Program overflows its format, or says which
/// can.

#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/program.hpp"

namespace aegen::core {

/// A value whose exact result can leave its format.
struct OverflowRisk {
  std::string function;
  ValueId value = 0;
  std::string valueName;  ///< name or %id
  FixedFormat format;
  Interval exact;  ///< what the operation can produce before it is cut to the format
};

struct RangeReport {
  /// Per function (in program order), per value: everything it can be over all call sites from the
  /// top. Values of functions that are never reached hold their format's range.
  std::vector<std::vector<Interval>> intervals;
  std::vector<OverflowRisk> risks;
  std::size_t provenValues = 0;  ///< values whose operation could in principle overflow and cannot

  [[nodiscard]] bool proven() const { return risks.empty(); }
};

/// Analyses from `top`, whose inputs take every value of their formats. Calls are analysed with the
/// intervals of each call site. Beyond plain intervals it knows that a term of a sum of
/// non-negative numbers is no larger than the sum, so that `a << k >> leading_one(sum)` stays below
/// 2^(k+1): the normaliser. Requantize with Overflow::Wrap is checked like every other op.
[[nodiscard]] RangeReport analyseRanges(const Program& program, std::string_view top);

}  // namespace aegen::core
