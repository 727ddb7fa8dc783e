#pragma once
/// The meaning of each operation on single raw integers.

#include <cstdint>
#include <span>

#include "aegen/core/program.hpp"

namespace aegen::core {

/// The result of `instruction`, any op but Call, cut to `result`'s width.
[[nodiscard]] std::int64_t applyOp(const Instruction& instruction,
                                   std::span<const std::int64_t> operands,
                                   std::span<const FixedFormat> formats, const FixedFormat& result);

}  // namespace aegen::core
