// The trainer's kernels for any processor.
#define AEGEN_KERNEL_SET genericKernels
#define AEGEN_VECTOR_BYTES 16
#include "kernels.inc"
