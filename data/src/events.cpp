#include "aegen/data/events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <numeric>
#include <string>

namespace aegen::data {
namespace {

constexpr int kCodes = 128;
constexpr int kCodesPerWord = 4;
constexpr std::uint32_t kFirstOfOrbit = 0x9;
constexpr std::uint32_t kOtherCrossing = 0xa;

using CodeTable = std::array<std::int64_t, kCodes>;

const CodeTable& codeTable(bool highDensity) {
  const auto make = [](bool dense) {
    CodeTable table{};
    for (int code = 0; code < kCodes; ++code) {
      table[static_cast<std::size_t>(code)] = decodeCharge(code, dense);
    }
    return table;
  };
  static const CodeTable high = make(true);
  static const CodeTable low = make(false);
  return highDensity ? high : low;
}

core::Result<void> checkMux(const InputSettings& settings, bool permutation) {
  std::array<bool, kTriggerCells> taken{};
  for (std::size_t channel = 0; channel < settings.mux.size(); ++channel) {
    const int input = settings.mux[channel];
    if (input < 0 || input >= kTriggerCells) {
      return core::badInput("events.mux",
                            fmt::format("the mux takes input {}, but inputs are 0..47", input),
                            fmt::format("mux[{}]", channel));
    }
    if (permutation && taken[static_cast<std::size_t>(input)]) {
      return core::badInput(
          "events.mux", fmt::format("the mux takes input {} twice", input),
          fmt::format("mux[{}]", channel),
          {"events can be encoded only for a mux that is a permutation of the 48 inputs"});
    }
    taken[static_cast<std::size_t>(input)] = true;
  }
  return {};
}

core::Result<void> checkCalibration(const InputSettings& settings) {
  for (std::size_t channel = 0; channel < settings.calibration.size(); ++channel) {
    const int gain = settings.calibration[channel];
    if (gain < 1 || gain > 4095) {
      return core::badInput("events.calibration",
                            fmt::format("a gain of {} cannot be undone", gain),
                            fmt::format("calibration[{}]", channel), {"gains are 1..4095"});
    }
  }
  return {};
}

}  // namespace

std::int64_t Event::sum() const {
  return std::accumulate(charge.begin(), charge.end(), std::int64_t{0});
}

int Event::occupancy() const {
  return static_cast<int>(
      std::count_if(charge.begin(), charge.end(), [](std::int64_t q) { return q > kUnitsPerMip; }));
}

std::int64_t decodeCharge(int code, bool highDensity) {
  assert(0 <= code && code < kCodes);
  const int exponent = code >> 3;
  const std::int64_t mantissa = code & 7;
  const int drop = highDensity ? 3 : 1;
  const std::int64_t lower = (exponent == 0 ? mantissa : (mantissa + 8) << (exponent - 1)) << drop;
  const int step = std::max(exponent - 1, 0) + drop;
  return lower + (std::int64_t{1} << (step - 1));
}

int encodeCharge(std::int64_t charge, bool highDensity) {
  const CodeTable& table = codeTable(highDensity);
  const auto above = std::lower_bound(table.begin(), table.end(), charge);
  if (above == table.begin()) return 0;
  if (above == table.end()) return kCodes - 1;
  const auto code = static_cast<int>(above - table.begin());
  return *above - charge < charge - *(above - 1) ? code : code - 1;
}

InputSettings InputSettings::plain() {
  InputSettings settings;
  std::iota(settings.mux.begin(), settings.mux.end(), 0);
  settings.calibration.fill(2048);
  return settings;
}

core::Result<std::vector<RxCrossing>> encodeRx(std::span<const Event> events,
                                               const InputSettings& settings, int firstCrossing) {
  if (auto checked = checkMux(settings, true); !checked) return checked.error();
  if (auto checked = checkCalibration(settings); !checked) return checked.error();
  std::vector<RxCrossing> crossings(events.size());
  for (std::size_t k = 0; k < events.size(); ++k) {
    const auto number = static_cast<std::uint64_t>(firstCrossing) + k;
    const bool first = number % kCrossingsPerOrbit == 0;
    crossings[k].fill((first ? kFirstOfOrbit : kOtherCrossing) << 28);
    for (std::size_t channel = 0; channel < kTriggerCells; ++channel) {
      const std::int64_t charge =
          std::clamp<std::int64_t>(events[k].charge[channel], 0, kMaxCharge);
      const std::int64_t gain = settings.calibration[channel];
      const auto code = static_cast<std::uint32_t>(
          encodeCharge((charge * 2048 + gain / 2) / gain, settings.highDensity));
      const auto input = static_cast<std::size_t>(settings.mux[channel]);
      crossings[k][input / kCodesPerWord] |= code << (7 * (input % kCodesPerWord));
    }
  }
  return crossings;
}

core::Result<std::vector<Event>> decodeRx(std::span<const RxCrossing> crossings,
                                          const InputSettings& settings) {
  if (auto checked = checkMux(settings, false); !checked) return checked.error();
  const CodeTable& table = codeTable(settings.highDensity);
  std::vector<Event> events(crossings.size());
  for (std::size_t k = 0; k < crossings.size(); ++k) {
    for (std::size_t channel = 0; channel < kTriggerCells; ++channel) {
      const auto input = static_cast<std::size_t>(settings.mux[channel]);
      const std::uint32_t word = crossings[k][input / kCodesPerWord];
      const std::uint32_t code = word >> (7 * (input % kCodesPerWord)) & (kCodes - 1);
      events[k].charge[channel] = (table[code] * settings.calibration[channel]) >> 11;
    }
  }
  return events;
}

}  // namespace aegen::data
