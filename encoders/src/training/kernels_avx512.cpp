// The trainer's kernels for processors with AVX-512.
#define AEGEN_KERNEL_SET avx512Kernels
#define AEGEN_VECTOR_BYTES 64
#include "kernels.inc"
