#include "event_set.hpp"

#include <cmath>
#include <utility>

#include "encoder_kernel.hpp"

namespace aegen::encoders::training {
namespace {

constexpr auto kCells = static_cast<std::size_t>(econ_t::kTriggerCells);

}  // namespace

EventSet prepare(std::span<const data::Event> events) {
  EventSet set;
  for (const data::Event& event : events) {
    const std::int64_t sum = event.sum();
    if (sum <= 0) continue;
    const std::size_t first = set.normalized.size();
    set.normalized.resize(first + kCells);
    normalize(event.charge, std::span(set.normalized).subspan(first));
    const double scale = std::ldexp(1.0, -std::ilogb(static_cast<double>(sum)));
    for (const std::int64_t charge : event.charge) {
      set.truth.push_back(static_cast<float>(static_cast<double>(charge) * scale));
    }
    ++set.events;
  }
  return set;
}

void gather(const EventSet& set, std::span<const std::uint32_t> order, EventBatch& batch) {
  batch.events = order.size();
  batch.normalized.resize(kCells * batch.events);
  batch.truth.resize(static_cast<Eigen::Index>(batch.events), econ_t::kTriggerCells);
  float* truth = batch.truth.data();
  for (std::size_t event = 0; event < batch.events; ++event) {
    const std::size_t from = order[event] * kCells;
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      batch.normalized[cell * batch.events + event] = set.normalized[from + cell];
      truth[cell * batch.events + event] = set.truth[from + cell];
    }
  }
}

void shuffle(std::span<std::uint32_t> order, Random& random) {
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random.below(i)]);
  }
}

}  // namespace aegen::encoders::training
