#pragma once
/// Events of one module and the files that carry them: calibrated charges, ePortRX words, eTX
/// words.

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/data/geometry.hpp"

namespace aegen::data {

/// Calibrated units a minimum ionising particle at vertical incidence leaves in a TC (1 MIP_T).
inline constexpr int kUnitsPerMip = 35;
/// Largest calibrated charge: 22 bits.
inline constexpr std::int64_t kMaxCharge = (std::int64_t{1} << 22) - 1;
inline constexpr int kRxWords = 12;
inline constexpr int kTxWords = 13;
/// Bunch crossings in an orbit of the LHC.
inline constexpr int kCrossingsPerOrbit = 3564;

/// One module in one bunch crossing.
struct Event {
  std::array<std::int64_t, kTriggerCells>
      charge{};  ///< calibrated, AE channel order, 0..kMaxCharge

  [[nodiscard]] std::int64_t sum() const;
  /// TCs with more than 1 MIP_T.
  [[nodiscard]] int occupancy() const;
  bool operator==(const Event&) const = default;
};

/// A crossing's input of the chip: bits 31..28 header, below four 7-bit TC codes.
using RxCrossing = std::array<std::uint32_t, kRxWords>;
/// A crossing's output of the chip, unused links 0.
using TxCrossing = std::array<std::uint32_t, kTxWords>;

/// A number of each event beside its charges.
struct Column {
  std::string name;
  std::vector<double> values;
  bool operator==(const Column&) const = default;
};
/// Events and what else is known of each.
struct EventTable {
  std::vector<Event> events;
  std::vector<Column> columns;  ///< a value an event
  bool operator==(const EventTable&) const = default;
};

/// Calibrated charges as CSV: header `CALQ_0,...,CALQ_47`, one event a line, columns in the
/// `tc_order` numbering. Columns of other names may follow; they are checked and left out.
/// Diagnostics `events.*` (missing-file, empty, header, columns,
/// malformed-charge, charge-range, truncated) placed as `file:line`.
[[nodiscard]] core::Result<std::vector<Event>> readCalqCsv(const std::filesystem::path& file);
/// As core::writeFile() does, and with its diagnostic.
[[nodiscard]] core::Result<void> writeCalqCsv(std::span<const Event> events,
                                              const std::filesystem::path& file);
/// The same with the columns behind the charges, which are finite numbers: diagnostics besides
/// those `events.malformed-number`.
[[nodiscard]] core::Result<EventTable> readCalqTable(const std::filesystem::path& file);
[[nodiscard]] core::Result<void> writeCalqTable(const EventTable& table,
                                                const std::filesystem::path& file);

/// Words as CSV of eight hexadecimal digits each: header `RX_DATA_0,...`, 12 words a line.
/// Diagnostics `vectors.*` (missing-file, empty, header, columns, malformed-word, truncated)
/// placed as `file:line` or `file:line:column`.
[[nodiscard]] core::Result<std::vector<RxCrossing>> readRxCsv(const std::filesystem::path& file);
/// Whether a CSV file's header is that of ePortRX words, not of charges. Diagnostic
/// `events.missing-file`.
[[nodiscard]] core::Result<bool> holdsRxWords(const std::filesystem::path& file);
[[nodiscard]] core::Result<void> writeRxCsv(std::span<const RxCrossing> crossings,
                                            const std::filesystem::path& file);

/// The same for `TX_DATA_0,...`, 13 words a line.
[[nodiscard]] core::Result<std::vector<TxCrossing>> readTxCsv(const std::filesystem::path& file);
[[nodiscard]] core::Result<void> writeTxCsv(std::span<const TxCrossing> crossings,
                                            const std::filesystem::path& file);

/// The charge the chip makes of a 7-bit code (4-bit exponent, 3-bit mantissa): middle of the code's
/// range, in units of the low-density (drop 1) or high-density (drop 3) module.
[[nodiscard]] std::int64_t decodeCharge(int code, bool highDensity);
/// The code whose decodeCharge() comes closest to `charge`, the lower of two equally close.
[[nodiscard]] int encodeCharge(std::int64_t charge, bool highDensity);

/// How a chip's inputs map to its channels.
struct InputSettings {
  /// Channel c takes input TC mux[c]; a permutation of 0..47 where events are encoded.
  std::array<int, kTriggerCells> mux{};
  /// Gain of each channel, 2048 = 1.0.
  std::array<int, kTriggerCells> calibration{};
  bool highDensity = true;

  /// No permutation, all gains 1.0, high density.
  [[nodiscard]] static InputSettings plain();
};

/// ePortRX words that bring the chip as close to `events` as its codes allow, given unit
/// calibration; other gains are divided out first. The header is 9 where the crossing's number,
/// counted from `firstCrossing`, is the first of an orbit, else 0xa. Diagnostics `events.mux` when
/// the mux is not a permutation, `events.calibration` when a gain is not in 1..4095.
[[nodiscard]] core::Result<std::vector<RxCrossing>> encodeRx(std::span<const Event> events,
                                                             const InputSettings& settings,
                                                             int firstCrossing = 0);

/// The calibrated charges the chip makes of its input words. Diagnostic `events.mux` when an entry
/// is not in 0..47.
[[nodiscard]] core::Result<std::vector<Event>> decodeRx(std::span<const RxCrossing> crossings,
                                                        const InputSettings& settings);

/// Events of a file of either kind: calibrated charges with what else it says of each event, or
/// ePortRX words, of which the chip makes charges with `settings`.
[[nodiscard]] core::Result<EventTable> readEvents(const std::filesystem::path& file,
                                                  const InputSettings& settings);

}  // namespace aegen::data
