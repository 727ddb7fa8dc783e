// The interpreter's kernels for any processor.
#define AEGEN_KERNEL_SET genericKernels
#include "tape_kernels.inc"
