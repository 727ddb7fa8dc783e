#include "chip_inputs.hpp"

#include <algorithm>

namespace aegen::flows {
namespace {

constexpr int kWordBits = 16;
constexpr int kHeaderShift = 28;
constexpr std::int64_t kOrbitStart = 0x9;
constexpr std::int64_t kOtherCrossing = 0xa;

}  // namespace

core::Columns flushed(const core::Columns& rx) {
  core::Columns out(rx.elements(), rx.events() + kFlush);
  for (std::size_t w = 0; w < rx.elements(); ++w) {
    std::ranges::copy(rx.column(w), out.column(w).begin());
  }
  return out;
}

core::Columns chargeInputs(std::span<const data::Event> events, std::span<const int> places) {
  core::Columns out(data::kRxWords + places.size(), events.size() + kFlush);
  for (std::size_t k = 0; k < out.events(); ++k) {
    const bool first = k % data::kCrossingsPerOrbit == 0;
    out.at(0, k) = (first ? kOrbitStart : kOtherCrossing) << kHeaderShift;
  }
  for (std::size_t k = 0; k < events.size(); ++k) {
    for (std::size_t c = 0; c < places.size(); ++c) {
      out.at(data::kRxWords + c, k) = events[k].charge[static_cast<std::size_t>(places[c])];
    }
  }
  return out;
}

double meanStringBits(const core::Columns& count, std::size_t events) {
  double words = 0;
  for (std::size_t k = 0; k < events; ++k) words += static_cast<double>(count.at(0, k));
  return events == 0 ? 0 : kWordBits * words / static_cast<double>(events);
}

}  // namespace aegen::flows
