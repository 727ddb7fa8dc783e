#include "event_set.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace aegen::encoders::training {
namespace {

constexpr auto kCells = static_cast<std::size_t>(data::kTriggerCells);

float powerOfTwo(int exponent) {
  // 2^exponent by its bits: ldexp() is a call of libm's.
  return std::bit_cast<float>(static_cast<std::uint32_t>(exponent + 127) << 23U);
}

}  // namespace

EventSet prepare(const LabelledEvents& labelled) {
  EventSet set;
  if (!labelled.events.empty()) {
    set.conditionCount = labelled.conditions.size() / labelled.events.size();
  }
  for (std::size_t e = 0; e < labelled.events.size(); ++e) {
    const std::int64_t sum = labelled.events[e].sum();
    if (sum <= 0) continue;
    for (const std::int64_t charge : labelled.events[e].charge) {
      set.charges.push_back(static_cast<std::uint32_t>(charge));
    }
    set.log2Sum.push_back(
        static_cast<std::uint8_t>(std::bit_width(static_cast<std::uint64_t>(sum)) - 1));
    const float* own = labelled.conditions.data() + e * set.conditionCount;
    set.conditions.insert(set.conditions.end(), own, own + set.conditionCount);
    ++set.events;
  }
  return set;
}

void gather(const EventSet& set, std::span<const std::uint32_t> order, const InputScale& scale,
            float* inputs, float* truth) {
  const std::size_t lanes = order.size();
  const std::size_t rows = kCells + set.conditionCount;
  if (lanes < kLanes) std::fill_n(inputs, rows * kLanes, 0.0F);
  const float lsb = powerOfTwo(-scale.fraction);
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const std::uint32_t* charge = set.charges.data() + std::size_t{order[lane]} * kCells;
    const int log2Sum = set.log2Sum[order[lane]];
    const float toTruth = powerOfTwo(-log2Sum);
    // Products with powers of two are exact, and the conversion cuts the rest off: the normaliser.
    const float toRaw =
        scale.normalizes ? powerOfTwo(scale.fraction - std::min(log2Sum, scale.maxShift)) : 1.0F;
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      const auto value = static_cast<float>(static_cast<std::int32_t>(charge[cell]));
      truth[cell * lanes + lane] = value * toTruth;
      inputs[cell * kLanes + lane] =
          static_cast<float>(static_cast<std::int32_t>(value * toRaw)) * lsb;
    }
    for (std::size_t c = 0; c < set.conditionCount; ++c) {
      inputs[(kCells + c) * kLanes + lane] =
          set.conditions[std::size_t{order[lane]} * set.conditionCount + c];
    }
  }
}

void shuffle(std::span<std::uint32_t> order, Random& random) {
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random.below(i)]);
  }
}

}  // namespace aegen::encoders::training
