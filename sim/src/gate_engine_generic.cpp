// The gate simulator's engine for any processor.
#define AEGEN_GATE_ENGINE makeGenericEngine
#include "gate_engine.inc"
