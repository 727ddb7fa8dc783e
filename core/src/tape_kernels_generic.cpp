// The interpreter's kernels for any processor, and the choice between the sets.
#define AEGEN_KERNEL_SET genericKernelFor
#include "tape_kernels.inc"
#undef AEGEN_KERNEL_SET

namespace aegen::core::tape {

#ifdef AEGEN_AVX2_KERNELS
Kernel avx2KernelFor(KernelKind kind, bool wideLanes);
#endif

Kernel kernelFor(KernelKind kind, bool wideLanes) {
#ifdef AEGEN_AVX2_KERNELS
  if (__builtin_cpu_supports("avx2") != 0) return avx2KernelFor(kind, wideLanes);
#endif
  return genericKernelFor(kind, wideLanes);
}

}  // namespace aegen::core::tape
