#pragma once
/// Vector sets as modules of one back-end board, their links clean or with errors injected.

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/link_decoders.hpp"
#include "aegen/sim/board.hpp"

namespace aegen::flows {

/// How the receiver has to read the links of a chip with these settings.
[[nodiscard]] aegen_bench::LinkFormat linkFormat(const encoders::econ_t::ChipSettings& settings,
                                                 const encoders::econ_t::PathShape& shape = {});
/// Ways in which a link goes wrong.
enum class LinkError : std::uint8_t {
  Flip,            ///< one bit
  Burst,           ///< 16 bits anywhere in three crossings' words
  DropWord,        ///< a 16-bit word is missing; all later ones come a place earlier
  RepeatWord,      ///< a 16-bit word comes twice
  DropCrossing,    ///< the words of a crossing are missing
  RepeatCrossing,  ///< the words of a crossing come twice
  Orbit,           ///< the chip goes on somewhere else in the orbit
};
inline constexpr std::array kLinkErrors{
    LinkError::Flip,         LinkError::Burst,          LinkError::DropWord, LinkError::RepeatWord,
    LinkError::DropCrossing, LinkError::RepeatCrossing, LinkError::Orbit};
/// "flip", "burst", "drop", "repeat", "drop-crossing", "repeat-crossing", "orbit".
[[nodiscard]] std::string_view text(LinkError error);

struct BoardRunSettings {
  std::vector<std::string> sets;  ///< empty: every set of the folder
  std::vector<LinkError> errors;  ///< empty: clean links
  unsigned count = 10;            ///< of each kind and module
  encoders::econ_t::Spread spread = encoders::econ_t::Spread::Concentrated;
  /// Model file with the autoencoders' decoder; empty: each module's own encoder weights,
  /// transposed.
  std::filesystem::path decoder;
  aegen_bench::ReceiverOptions receiver;
  bool systemC = true;  ///< else receivers and interpreter
  std::uint64_t seed = 1;
  sim::BenchOptions bench;
};

/// Errors of one kind on a module, and crossings until it was in step again: from the error to the
/// first crossing from which on all are given out.
struct RecoveryTimes {
  LinkError error = LinkError::Flip;
  std::uint32_t injected = 0;
  std::uint32_t unseen = 0;                       ///< nothing was withheld
  std::uint32_t notRecovered = 0;                 ///< not before the next error
  std::uint32_t least = 0, median = 0, most = 0;  ///< crossings, of those that recovered
};

/// A module's account. A crossing counts once: decoded, refused by the decoder, by the receiver's
/// status, or as one that still waits.
struct ModuleReport {
  std::string name;
  std::string algorithm;
  std::uint64_t crossings = 0;  ///< received
  std::uint64_t decoded = 0;    ///< strings the decoder found good
  std::uint64_t waiting = 0;    ///< whose string had not come when the links stopped
  std::array<std::uint64_t, aegen_bench::kCrossingStatuses> received{};
  std::array<std::uint64_t, encoders::econ_t::kStringStatuses> strings{};
  std::vector<RecoveryTimes> recovery;
  std::uint64_t damaged = 0;   ///< given out with a bit, word wrong inside: no check can see it
  std::uint64_t mistimed = 0;  ///< given out as another crossing, behind an unseen orbit jump
  std::uint64_t garbage = 0;   ///< given out, and no string of the chip
  std::optional<core::Diagnostic> problem;  ///< why it is not on the board
};

struct BoardReport {
  std::string executor;  ///< "systemc" or "interpreter"
  aegen_bench::ReceiverOptions receiver;
  std::uint64_t seed = 0;
  double seconds = 0;  ///< of the board's run, its compilation included
  std::vector<ModuleReport> modules;
};

/// Runs the sets of a folder through one board. The board knows that the first crossing is BX 0.
/// With errors a set is played again and again as an orbit of its own length. Errors, when nothing
/// can be run at all: those of listVectorSets() and sim::runBoard().
[[nodiscard]] core::Result<BoardReport> runBoardOnSets(const std::filesystem::path& folder,
                                                       const BoardRunSettings& settings);

[[nodiscard]] std::string boardJson(const BoardReport& report);
/// 0, 1 when a module gave out garbage, 2 or 3 when a set is not on the board.
[[nodiscard]] int boardExitCode(const BoardReport& report);

}  // namespace aegen::flows
