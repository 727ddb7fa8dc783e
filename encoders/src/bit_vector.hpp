#pragma once
/// Bit strings longer than one value of the IR, as limbs.

#include <span>
#include <vector>

#include "aegen/core/function_builder.hpp"

namespace aegen::encoders {

/// A string of bits in limbs of equal width, at most kMostLimb bits, least significant limb first.
class BitVector {
 public:
  static constexpr int kMostLimb = 48;
  /// Limbs of a string of `bits` bits: as few as hold it, and no wider than needed.
  [[nodiscard]] static int limbCount(int bits) { return (bits + kMostLimb - 1) / kMostLimb; }
  [[nodiscard]] static int limbWidth(int bits) {
    return (bits + limbCount(bits) - 1) / limbCount(bits);
  }

  /// From unsigned parts, the least significant first, in limbs of `limb` bits. The last limb is
  /// filled up with zeros.
  static BitVector join(core::FunctionBuilder& b, std::span<const core::ValueId> parts,
                        int limb = kMostLimb);

  /// From limbs of equal width, the least significant first; at least one.
  static BitVector of(const core::FunctionBuilder& b, std::vector<core::ValueId> limbs);

  [[nodiscard]] const std::vector<core::ValueId>& limbs() const { return limbs_; }
  [[nodiscard]] int bits() const { return static_cast<int>(limbs_.size()) * limb_; }
  /// Bits low+width-1..low; zeros past the end.
  [[nodiscard]] core::ValueId slice(core::FunctionBuilder& b, int low, int width) const;

  [[nodiscard]] BitVector operation(
      core::FunctionBuilder& b, const BitVector& o,
      core::ValueId (core::FunctionBuilder::*op)(core::ValueId, core::ValueId)) const;
  [[nodiscard]] BitVector inverted(core::FunctionBuilder& b) const;
  /// The whole string moved toward the most (positive) or least (negative) significant end.
  [[nodiscard]] BitVector shifted(core::FunctionBuilder& b, int places) const;

 private:
  int limb_ = kMostLimb;
  std::vector<core::ValueId> limbs_;
};

/// A step of closing up: bits set in `move` go `places` places toward the least significant end.
struct CloseUpStep {
  int places = 0;
  BitVector move;
};

/// How the bits that `mask` keeps come together at the least significant end, in order, step by
/// step; `move` refers to where the bits are at that step (Hacker's Delight, 2nd ed., section 7-4:
/// a parallel-suffix network).
[[nodiscard]] std::vector<CloseUpStep> closeUpSteps(core::FunctionBuilder& b,
                                                    const BitVector& mask);

/// The bits of `bits` where `mask` is 1, closed up, zeros above. The bits that steer the moves
/// depend on the mask alone.
[[nodiscard]] BitVector compress(core::FunctionBuilder& b, const BitVector& bits,
                                 const BitVector& mask);

/// The inverse: the bits at the least significant end of `bits`, in order, at the places where
/// `mask` is 1, zeros between (the same network backward).
[[nodiscard]] BitVector expand(core::FunctionBuilder& b, const BitVector& bits,
                               const BitVector& mask);

}  // namespace aegen::encoders
