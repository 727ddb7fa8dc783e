#pragma once
/// Formats and small pieces of IR that the trigger path's functions share.

#include <algorithm>
#include <vector>

#include "aegen/core/function_builder.hpp"
#include "aegen/encoders/link_formats.hpp"

namespace aegen::encoders::econ_t {

inline constexpr int kSumBits = 28;       ///< of the sum of all charges
inline constexpr int kEtxBits = 4;        ///< of the active_etx field
inline constexpr int kDropBits = 4;       ///< of the drop_lsb field
inline constexpr int kAlgorithmBits = 3;  ///< of the algorithm field
inline constexpr int kCountBits = 6;      ///< of a crossing's number of words

/// An unsigned integer of `width` bits.
[[nodiscard]] constexpr core::FixedFormat bits(int width) {
  return {false, width, 0};
}
/// Bits that hold 0 .. most.
[[nodiscard]] int bitsFor(std::uint64_t most);

/// What the field drop_lsb drops, u3: settings above kMostDrop act as 0.
[[nodiscard]] core::ValueId effectiveDrop(core::FunctionBuilder& b, core::ValueId dropLsb);
/// value >> drop_lsb, where settings above kMostDrop act as 0.
[[nodiscard]] core::ValueId dropped(core::FunctionBuilder& b, core::ValueId value,
                                    core::ValueId dropLsb);
/// table[setting of active_etx], where 0 acts as 1 and more than shape.etx as shape.etx; `of` gives
/// the entry for 1..shape.etx.
template <typename Of>
[[nodiscard]] core::ValueId byActiveEtx(core::FunctionBuilder& b, core::ValueId activeEtx,
                                        const PathShape& shape, Of of) {
  std::vector<std::int64_t> table;
  for (int setting = 0; setting < 1 << kEtxBits; ++setting) {
    table.push_back(of(std::min(std::max(setting, 1), shape.etx)));
  }
  return b.lookup(activeEtx, std::move(table));
}

}  // namespace aegen::encoders::econ_t
