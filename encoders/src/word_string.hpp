#pragma once
/// Bit strings as the formatter makes them: most significant bit first, cut into 16-bit words and
/// filled up with zeros (section 5 of the ECON-T page).

#include <span>
#include <vector>

#include "aegen/core/function_builder.hpp"

namespace aegen::encoders {

class WordString {
 public:
  static constexpr int kWord = 16;

  /// Appends the bits of an unsigned value.
  WordString& put(const core::FunctionBuilder& b, core::ValueId part);
  WordString& put(const core::FunctionBuilder& b, std::span<const core::ValueId> parts);

  [[nodiscard]] int bits() const { return bits_; }
  /// The first `count` words; bits past the string's end are 0.
  [[nodiscard]] std::vector<core::ValueId> words(core::FunctionBuilder& b, int count) const;

 private:
  struct Part {
    core::ValueId value;
    int first;  ///< position of its most significant bit
    int width;
  };
  std::vector<Part> parts_;
  int bits_ = 0;
};

/// Word by word the string number `index`; strings shorter than `count` words are followed by
/// zeros, an index past the end gives zeros.
[[nodiscard]] std::vector<core::ValueId> chooseWords(core::FunctionBuilder& b, core::ValueId index,
                                                     std::span<const WordString> strings,
                                                     int count);

}  // namespace aegen::encoders
