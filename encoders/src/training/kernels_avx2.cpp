// The trainer's kernels for processors with AVX2.
#define AEGEN_KERNEL_SET avx2Kernels
#define AEGEN_VECTOR_BYTES 32
#include "kernels.inc"
