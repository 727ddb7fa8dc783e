#pragma once
/// Vector sets as modules of one back-end board, their links clean or with errors injected.

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/core/diagnostic.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/link_decoders.hpp"
#include "aegen/sim/board.hpp"

namespace aegen::flows {

/// How the receiver has to read the links of a chip with these settings.
[[nodiscard]] aegen_bench::LinkFormat linkFormat(const encoders::econ_t::ChipSettings& settings,
                                                 const encoders::econ_t::PathShape& shape = {});
/// The 16-bit words of the links in use, first to last, of eTX words: a row an eTX, a column a
/// crossing.
[[nodiscard]] sim::ModuleWords moduleWords(const core::Columns& tx, int activeEtx);

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
  /// Model file with the autoencoders' decoder; empty: a stand-in, each module's own encoder
  /// weights transposed.
  std::filesystem::path decoder;
  std::filesystem::path charges;  ///< folder for NAME.csv of each module; empty: none
  aegen_bench::ReceiverOptions receiver;
  bool systemC = true;  ///< else receivers and interpreter
  bool check = true;    ///< hold the SystemC board's results against receivers and interpreter
  std::uint64_t seed = 1;
  sim::BenchOptions bench;
};

/// Errors of one kind on a module, and crossings until it was in step again: from the error to the
/// first crossing from which on all are given out. Errors that nothing was withheld for are not
/// among the times.
struct RecoveryTimes {
  LinkError error = LinkError::Flip;
  std::uint32_t injected = 0;
  std::uint32_t unseen = 0;                       ///< nothing was withheld
  std::uint32_t notRecovered = 0;                 ///< not before the next error
  std::uint32_t least = 0, median = 0, most = 0;  ///< crossings, of those that recovered
  [[nodiscard]] std::uint32_t seen() const { return injected - unseen; }
  [[nodiscard]] std::uint32_t recovered() const { return seen() - notRecovered; }
};

/// A module's account. A crossing counts once: as decoded, truncated, refused, by the receiver's
/// status BadType to Lost, or as unfinished; accounted() is their sum.
struct ModuleReport {
  std::string name;
  std::string algorithm;
  bool standIn = false;         ///< its decoder network is the encoder's weights transposed
  bool nothingSent = false;     ///< with its settings the chip sends nothing, and the set says so
  std::uint64_t crossings = 0;  ///< on the link: its words by those of a crossing
  std::uint64_t decoded = 0;    ///< strings the decoder found good
  std::uint64_t truncated = 0;  ///< given out as truncated by the chip
  std::uint64_t refused = 0;    ///< by the decoder
  /// On the link without a record: what the stream's end cuts off or leaves in the chip's buffer,
  /// what remains of crossings of which words were lost, and crossings lost that could not be
  /// counted because the buffer was not seen empty.
  std::int64_t unfinished = 0;
  std::array<std::uint64_t, aegen_bench::kCrossingStatuses> received{};
  std::array<std::uint64_t, encoders::econ_t::kStringStatuses> strings{};
  std::vector<RecoveryTimes> recovery;
  std::uint64_t damaged = 0;   ///< given out with a bit, word wrong inside: no check can see it
  std::uint64_t mistimed = 0;  ///< given out as another crossing, behind an unseen orbit jump
  std::uint64_t mistimedLongest = 0;  ///< of these without one at its right place in between
  std::uint64_t garbage = 0;          ///< given out, and no string of the chip
  /// Not given out, those apart that at the stream's end wait for the headers behind them.
  std::uint64_t withheld = 0;
  std::optional<std::uint64_t> mismatches;  ///< records that are not the interpreter's; if checked
  std::optional<core::Diagnostic> problem;  ///< why it is not on the board

  [[nodiscard]] std::int64_t accounted() const;
};

struct BoardReport {
  std::string version;   ///< of aegen
  std::string revision;  ///< of its sources
  std::string executor;  ///< "systemc" or "interpreter"
  std::vector<LinkError> errors;
  unsigned count = 0;  ///< of each
  encoders::econ_t::Spread spread = encoders::econ_t::Spread::Concentrated;
  std::string decoder;  ///< the autoencoders', as given
  aegen_bench::ReceiverOptions receiver;
  std::uint64_t seed = 0;
  double seconds = 0;  ///< of the board's run, its compilation included
  std::vector<ModuleReport> modules;
};

/// Runs the sets of a folder through one board. The board knows that the first crossing is BX 0.
/// With errors a set is played again and again as an orbit of its own length. Errors, when nothing
/// can be run at all: those of listVectorSets() and sim::runBoard(); `file.unwritable` for charges.
[[nodiscard]] core::Result<BoardReport> runBoardOnSets(const std::filesystem::path& folder,
                                                       const BoardRunSettings& settings);

[[nodiscard]] std::string boardJson(const BoardReport& report);
/// Whether a module gave out no garbage, is what the interpreter says, recovered from all errors
/// and, on a clean link, had nothing withheld.
[[nodiscard]] bool passed(const ModuleReport& module, bool cleanLinks);
/// 0, 1 when a module did not pass, 2 or 3 when a set is not on the board.
[[nodiscard]] int boardExitCode(const BoardReport& report);

}  // namespace aegen::flows
