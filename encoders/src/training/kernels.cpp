#include "kernels.hpp"

namespace aegen::encoders::training {

const KernelSet& genericKernels();
#ifdef AEGEN_X86_KERNELS
const KernelSet& avx2Kernels();
const KernelSet& avx512Kernels();
#endif

const KernelSet& kernelsFor(core::InstructionSet set) {
  switch (set) {
    case core::InstructionSet::Generic:
      break;
#ifdef AEGEN_X86_KERNELS
    case core::InstructionSet::Avx2:
      return avx2Kernels();
    case core::InstructionSet::Avx512:
      return avx512Kernels();
#else
    case core::InstructionSet::Avx2:
    case core::InstructionSet::Avx512:
      break;
#endif
  }
  return genericKernels();
}

}  // namespace aegen::encoders::training
