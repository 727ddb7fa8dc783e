#pragma once
/// Yosys synthesis of a module hierarchy onto a Liberty library: every distinct module once, on
/// several cores, never flattened; area, gate equivalents, flip-flops and depth by hierarchy.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/flows/liberty.hpp"
#include "aegen/flows/stage_results.hpp"

namespace aegen::flows {

/// What adders and multipliers are built of.
enum class AdderStyle : std::uint8_t {
  Cells,  ///< the library's full-adder cell where all inputs vary; Logic when it has none
  Logic,  ///< ripple-carry gates, left to ABC
  Yosys,  ///< and multipliers too: what Yosys itself makes of + and *, for comparison
};

/// How products of two variables and sums of them are built.
enum class MultiplierStyle : std::uint8_t {
  Auto,   ///< trees with the rows that make the smallest area, sum by sum
  Array,  ///< a row of adders for each bit of the narrower operand, sums one by one
  Tree,   ///< one tree of full adders a sum, a row for each bit of the narrower operand
  Booth,  ///< one tree of full adders a sum, a row for each two bits
};

/// `auto`, `array`, `tree` or `booth`; nothing for other texts.
[[nodiscard]] std::optional<MultiplierStyle> multiplierStyle(std::string_view text);

/// One Yosys run came to its end.
struct SynthesisProgress {
  std::vector<std::string> modules;  ///< those of the run; empty: the elaboration of the whole
  double seconds = 0;                ///< of the run
  std::size_t done = 0;              ///< modules mapped so far
  std::size_t total = 0;
};

struct SynthesisOptions {
  std::filesystem::path liberty = std::filesystem::path(kDefaultLiberty);
  AdderStyle adders = AdderStyle::Cells;
  MultiplierStyle multipliers = MultiplierStyle::Array;
  unsigned jobs = 2;  ///< Yosys processes at a time
  /// Scripts, logs and mapped netlists (`batch_*.json`, `batch_*.v`) go here, and `cells.v`,
  /// Verilog models of the library's cells; created.
  std::filesystem::path workDirectory;
  /// Commands for ABC, one line; empty: areaScript().
  std::string abcScript;
  double timeoutSeconds = 3600;  ///< for one Yosys run
  /// Called after each run, never by two threads at once.
  std::function<void(const SynthesisProgress&)> progress;
};

/// The ABC commands used when none are given: rewriting, structural choices, area mapping. Steps
/// that prove nodes equal by SAT are left out: they take most of the time on adder trees and save
/// 0-2 %.
[[nodiscard]] std::string areaScript();

/// Techmap rules for $add, $sub, $neg and $mul: exact widths, constants known bit by bit, array
/// multipliers, canonical signed digits for constant factors. With `adder` its cell is used for
/// every bit whose three inputs vary.
[[nodiscard]] std::string arithmeticMap(const std::optional<AdderCell>& adder);

/// Synthesises `files` (Verilog) below module `top`. Area of a module is that of its own cells plus
/// instances times the area of each child. No buffers, clock tree or scan are added.
/// Errors: liberty.*, process.not-found, synth.yosys-failed (with Yosys' own message),
/// synth.timeout, synth.no-sources, netlist.*, file.unwritable.
[[nodiscard]] core::Result<SynthResult> synthesise(const std::vector<std::filesystem::path>& files,
                                                   const std::string& top,
                                                   const SynthesisOptions& options);

/// The same for a directory of generated RTL with its manifest.json, which names files, top and
/// what each module is. Errors: also manifest.*.
[[nodiscard]] core::Result<SynthResult> synthesiseDirectory(const std::filesystem::path& rtl,
                                                            const SynthesisOptions& options);

}  // namespace aegen::flows
