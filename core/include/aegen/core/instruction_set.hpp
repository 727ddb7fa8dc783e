#pragma once
/// Instruction sets the interpreter's inner loops are compiled for.

#include <cstdint>
#include <string_view>
#include <vector>

namespace aegen::core {

/// Every set gives the same bits; they differ in speed.
enum class InstructionSet : std::uint8_t {
  Generic,  ///< any processor
  Avx2,     ///< x86-64 with AVX2
  Avx512,   ///< x86-64 with AVX-512 F, BW, DQ and VL
};

/// "generic", "avx2", "avx512".
[[nodiscard]] std::string_view text(InstructionSet set);

/// Those this processor and this build have, the slowest first; Generic is always there.
[[nodiscard]] std::vector<InstructionSet> availableInstructionSets();

}  // namespace aegen::core
