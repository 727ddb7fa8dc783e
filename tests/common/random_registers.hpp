#pragma once
/// Random designs that are all registers: fields of any count, width and sign, each shown at the
/// outputs as the crossing saw it. What a register port must be able to reach.

#include <string>

#include "aegen/core/design.hpp"
#include "random_program.hpp"

namespace aegen::test_common {

struct RandomRegistersOptions {
  int fields = 6;
  int minWidth = 1;
  int maxWidth = core::kMaxConfigBits;
  int maxCount = 80;
};

/// One u8 input `charge` that passes three registered stages. A stage shows fields as outputs
/// `seen<stage>_<field>`; every field is shown by one stage at least, some by several.
[[nodiscard]] core::Design randomRegisters(SplitMix64& random, const std::string& name,
                                           const RandomRegistersOptions& options = {});

/// Random raw values for every field of the design, ends of ranges often.
[[nodiscard]] core::ConfigValues randomValues(SplitMix64& random, const core::Design& design);

}  // namespace aegen::test_common
