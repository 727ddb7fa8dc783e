#pragma once
/// What the board's decoders share: bits of a string by position, the checks on it, and the
/// functions that turn codes into charges.

#include <span>
#include <utility>
#include <vector>

#include "aegen/core/function_builder.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/link_decoders.hpp"
#include "path_formats.hpp"

namespace aegen::encoders::econ_t {

inline constexpr core::FixedFormat kModuleSum{false, kSumBits, 0};
inline constexpr core::FixedFormat kStatus{false, 4, 0};
inline constexpr core::FixedFormat kBit{false, 1, 0};

/// A string in 32-bit words; positions count from its first bit, the highest of the first word.
class LinkString {
 public:
  LinkString(core::FunctionBuilder& b, std::vector<core::ValueId> words)
      : b_(&b), words_(std::move(words)) {}
  [[nodiscard]] int bits() const { return static_cast<int>(words_.size()) * 32; }
  /// `width` bits from `position` on; zeros past the end.
  [[nodiscard]] core::ValueId at(int position, int width) const;
  /// Whether a bit of [first, last) is 1.
  [[nodiscard]] core::ValueId anySet(int first, int last) const;
  /// Whether a bit from `first` on is 1.
  [[nodiscard]] core::ValueId anyFrom(int first) const { return anySet(first, bits()); }

 private:
  core::FunctionBuilder* b_;
  std::vector<core::ValueId> words_;
};

/// Violations in the order of their precedence.
class StatusChecks {
 public:
  explicit StatusChecks(core::FunctionBuilder& b) : b_(&b) {}
  /// `found` is a u1.
  void add(StringStatus status, core::ValueId found) { found_.emplace_back(status, found); }
  /// The first violation, else `otherwise`: u4.
  [[nodiscard]] core::ValueId status(core::ValueId otherwise) const;
  /// Whether there is none: u1.
  [[nodiscard]] core::ValueId none() const;

 private:
  core::FunctionBuilder* b_;
  std::vector<std::pair<StringStatus, core::ValueId>> found_;
};

/// `value` limited to what kBoardCharge or another unsigned format holds.
[[nodiscard]] core::ValueId limited(core::FunctionBuilder& b, core::ValueId value,
                                    const core::FixedFormat& format);
/// `value` where the bit `keep` is 1, else 0.
[[nodiscard]] core::ValueId gated(core::FunctionBuilder& b, core::ValueId keep,
                                  core::ValueId value);
/// The code of the integer `value`, as encodeFloat() makes it.
[[nodiscard]] std::int64_t floatCodeOf(std::int64_t value, const FloatCode& code);
/// Whether `code` is above that of `most`: a sum that cannot be. Constant 0 when no code is.
[[nodiscard]] core::ValueId isAbove(core::FunctionBuilder& b, core::ValueId code,
                                    const FloatCode& format, std::int64_t most);

/// The largest integer up to `most` that has `code`: the last of its step or, for the code that
/// also stands for all integers too large for the format, `most`.
[[nodiscard]] core::ValueId lastOf(core::FunctionBuilder& b, core::ValueId code,
                                   const FloatStep& step, const FloatCode& format,
                                   std::int64_t most);

inline constexpr std::int64_t kMostCharge = (std::int64_t{1} << kChargeBits) - 1;
inline constexpr std::int64_t kMostSorted = (std::int64_t{1} << 18) - 1;  ///< by best choice

/// Adds `cell_charge`: code, drop u3 -> charge u26 (middle of the step, dropped bits included),
/// least, most (ends of the step in units of 2^drop; of values up to kMostSorted).
void addCellCharge(core::Program& program, const PathShape& shape);
/// Adds `rest_share`: rest u28, cells -> share u26 = rest / cells to nearest, halves up, limited; 0
/// for no cells.
void addRestShare(core::Program& program, int channels);

/// Adds `list_cell`: channel, used u1[n], address[n], code[n] -> sent u1, cell_code: whether a list
/// of up to n cells names the channel, and with which code.
void addListCell(core::Program& program, const PathShape& shape);

/// Outputs of all decoders but the header: status; sum, sent, charges where `good` is 1.
void outputDecoded(core::FunctionBuilder& b, core::ValueId good, core::ValueId status,
                   core::ValueId moduleSum, std::span<const core::ValueId> sent,
                   std::span<const core::ValueId> charge);

/// The builders behind linkDecoder(), which has checked the shape.
void addThresholdSumDecoder(core::Program& program, const PathShape& shape);
void addBestChoiceDecoder(core::Program& program, const PathShape& shape);
void addRepeaterDecoder(core::Program& program, const PathShape& shape);
void addSuperTriggerCellDecoder(core::Program& program, const PathShape& shape);

}  // namespace aegen::encoders::econ_t
