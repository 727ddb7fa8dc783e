// The interpreter's kernels for processors with AVX-512; compiled for its byte and word, double and
// quad word, and vector length extensions.
#define AEGEN_KERNEL_SET avx512Kernels
#include "tape_kernels.inc"
