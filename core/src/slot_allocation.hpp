#pragma once
/// From registers, one for each value of a tape, to slots that are used again when a value dies.

#include <cstdint>
#include <span>
#include <vector>

#include "tape_compiler.hpp"

namespace aegen::core::tape {

struct Register {
  Lane lane = Lane::I64;
  bool persistent = false;  ///< a splat: written once, never given back
};

/// Replaces the registers in the tape's steps and ports, which are indices into `registers`, by
/// slots. `reads`: for each step, how many of its a, b, c are registers.
void allocateSlots(Tape& tape, std::span<const Register> registers, std::span<const int> reads);

}  // namespace aegen::core::tape
