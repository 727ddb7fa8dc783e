#pragma once
/// Compiles a flattened function, for one configuration, to the interpreter's tape: drops dead
/// values and products with zero, fuses sums of products, picks lane types and assigns slots.

#include <span>
#include <vector>

#include "flat_function.hpp"
#include "tape.hpp"

namespace aegen::core::tape {

/// Where a slot's data come from or go to.
struct TapePort {
  std::uint32_t element = 0;  ///< row of the event inputs or of the outputs
  std::uint32_t slot = 0;
  Lane lane = Lane::I64;
  FixedFormat format;
};

struct Tape {
  std::vector<Step> splats;      ///< once; their slots are never written again
  std::vector<Step> steps;       ///< every batch
  std::vector<TapePort> inputs;  ///< those that are used
  std::vector<TapePort> outputs;
  ByLane<std::uint32_t> slots{};  ///< of each lane type
};

/// `uniforms`: the values of the function's uniform nodes, by node. The tape points into the
/// program that `function` came from.
[[nodiscard]] Tape compile(const FlatFunction& function, std::span<const std::int64_t> uniforms,
                           const KernelSet& kernels);

}  // namespace aegen::core::tape
