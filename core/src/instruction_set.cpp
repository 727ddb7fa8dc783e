#include "aegen/core/instruction_set.hpp"

#include "tape.hpp"

namespace aegen::core {

namespace tape {

const KernelSet& genericKernels();
#ifdef AEGEN_X86_KERNELS
const KernelSet& avx2Kernels();
const KernelSet& avx512Kernels();
#endif

const KernelSet& kernelsFor(InstructionSet set) {
  switch (set) {
    case InstructionSet::Generic:
      break;
#ifdef AEGEN_X86_KERNELS
    case InstructionSet::Avx2:
      return avx2Kernels();
    case InstructionSet::Avx512:
      return avx512Kernels();
#else
    case InstructionSet::Avx2:
    case InstructionSet::Avx512:
      break;
#endif
  }
  return genericKernels();
}

}  // namespace tape

std::string_view text(InstructionSet set) {
  switch (set) {
    case InstructionSet::Generic:
      return "generic";
    case InstructionSet::Avx2:
      return "avx2";
    case InstructionSet::Avx512:
      return "avx512";
  }
  return {};
}

std::vector<InstructionSet> availableInstructionSets() {
  std::vector<InstructionSet> sets{InstructionSet::Generic};
#ifdef AEGEN_X86_KERNELS
  if (__builtin_cpu_supports("avx2") != 0) sets.push_back(InstructionSet::Avx2);
  const bool avx512 =
      __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
      __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  if (avx512) sets.push_back(InstructionSet::Avx512);
#endif
  return sets;
}

}  // namespace aegen::core
