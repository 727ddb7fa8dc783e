// The gate simulator's engine for processors with AVX2; compiled with -mavx2 -mpopcnt.
#define AEGEN_GATE_ENGINE makeAvx2Engine
#include "gate_engine.inc"
