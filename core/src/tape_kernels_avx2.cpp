// The interpreter's kernels for processors with AVX2; compiled with -mavx2.
#define AEGEN_KERNEL_SET avx2Kernels
#include "tape_kernels.inc"
