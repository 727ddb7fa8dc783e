#pragma once
/// Events ready for training: charges, from which chunks get what the encoder and the loss see.

#include <cstdint>
#include <span>
#include <vector>

#include "aegen/data/events.hpp"
#include "kernels.hpp"
#include "random.hpp"

namespace aegen::encoders::training {

/// Events and what the decoder is told of each.
struct LabelledEvents {
  std::vector<data::Event> events;
  std::vector<float> conditions;  ///< [event][condition], as the decoder sees them
};

/// Event-major, so that gathering a chunk reads neighbours.
struct EventSet {
  std::vector<std::uint32_t> charges;  ///< [event][48]
  std::vector<std::uint8_t> log2Sum;   ///< floor(log2 sum) of each event
  std::vector<float> conditions;       ///< [event][condition]
  std::size_t events = 0;
  std::size_t conditionCount = 0;
};

/// How the encoder's first node changes charges.
struct InputScale {
  bool normalizes = false;
  int fraction = 0;  ///< of the normalised charges
  int maxShift = 0;
};

/// Events without charge are left out.
[[nodiscard]] EventSet prepare(const LabelledEvents& labelled);

/// Rows of the events that `order` lists, at most kLanes: `inputs` [48 + conditions][lane] as the
/// encoder and the decoder see them, `truth` [48][order.size()] as the loss does: charge /
/// 2^floor(log2 sum), not rounded. Lanes past the last event are 0.
void gather(const EventSet& set, std::span<const std::uint32_t> order, const InputScale& scale,
            float* inputs, float* truth);

/// A random permutation (Fisher and Yates).
void shuffle(std::span<std::uint32_t> order, Random& random);

}  // namespace aegen::encoders::training
