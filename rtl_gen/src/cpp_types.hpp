#pragma once
/// How raw values are kept in printed C++: types, names, literals, and ranges of exact results.

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>

#include "aegen/core/program.hpp"

namespace aegen::rtl_gen {

__extension__ using Int128 = __int128;

/// What an operation can produce before it is cut to its result's format.
struct Exact {
  Int128 low = 0;
  Int128 high = 0;

  Exact() = default;
  Exact(Int128 a, Int128 b) : low(a), high(b) {}
  explicit Exact(const core::Interval& range) : low(range.low), high(range.high) {}

  [[nodiscard]] bool within(const core::Interval& range) const {
    return range.low <= low && high <= range.high;
  }
};

inline constexpr core::Interval kInt32{std::numeric_limits<std::int32_t>::min(),
                                       std::numeric_limits<std::int32_t>::max()};
inline constexpr core::Interval kInt64{std::numeric_limits<std::int64_t>::min(),
                                       std::numeric_limits<std::int64_t>::max()};

/// Whether raw values of `format` are kept in 64 bits (type i64) rather than in 32 (i32).
[[nodiscard]] bool isWide(const core::FixedFormat& format);

/// "i32" or "i64".
[[nodiscard]] std::string_view cppType(const core::FixedFormat& format);

/// `value` of type int, or of long long when `wide`; negative ones in parentheses.
[[nodiscard]] std::string cppLiteral(std::int64_t value, bool wide);

/// `name`, with underscores appended while it is a C++ keyword, an alternative token or in `taken`.
[[nodiscard]] std::string cppIdentifier(std::string_view name,
                                        const std::set<std::string, std::less<>>& taken);

/// The C++ name of an IR function.
[[nodiscard]] std::string cppFunctionName(std::string_view function);

/// The type aliases and helpers that printed functions use; goes once before them.
[[nodiscard]] std::string_view cppFunctionPrelude();

/// An expression that cuts `expression`, an i64, to `format` (core::wrap()) and has its type.
[[nodiscard]] std::string cppWrap(const std::string& expression, const core::FixedFormat& format);

}  // namespace aegen::rtl_gen
