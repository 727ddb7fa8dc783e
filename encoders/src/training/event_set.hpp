#pragma once
/// Events ready for training: normalised charges as the encoder sees them and as the loss sees
/// them.

#include <cstdint>
#include <span>
#include <vector>

#include "aegen/encoders/trainer.hpp"
#include "random.hpp"
#include "telescope_loss.hpp"

namespace aegen::encoders::training {

/// Event-major, so that gathering a batch reads 48 neighbours at a time.
struct EventSet {
  std::vector<std::uint8_t> normalized;  ///< [event][48], u8.7
  std::vector<float> truth;              ///< [event][48], charge / 2^floor(log2 sum), not rounded
  std::size_t events = 0;
};

/// Element-major, so that arithmetic runs over events.
struct EventBatch {
  std::vector<std::uint8_t> normalized;  ///< [48][events], u8.7
  Batch truth;                           ///< events x 48
  std::size_t events = 0;
};

/// Events without charge are left out.
[[nodiscard]] EventSet prepare(std::span<const data::Event> events);

/// The events of `set` that `order` lists.
void gather(const EventSet& set, std::span<const std::uint32_t> order, EventBatch& batch);

/// A random permutation (Fisher and Yates).
void shuffle(std::span<std::uint32_t> order, Random& random);

}  // namespace aegen::encoders::training
