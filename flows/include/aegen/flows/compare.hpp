#pragma once
/// The comparison of encoders: the RTL of each, the link and the board's SystemC decoder on the
/// same events, for every number of links; bits, reconstruction, latency and area side by side.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/encoders/link_decoders.hpp"
#include "aegen/encoders/metrics.hpp"
#include "aegen/flows/design_spec.hpp"

namespace aegen::flows {

/// Events to compare on.
struct CompareSample {
  std::string name;                 ///< short, unique in the comparison
  EventSource source;               ///< at most source.crossings of them
  std::optional<bool> highDensity;  ///< how codes stand for charges; empty: as the design says
};

struct CompareOptions {
  std::vector<std::filesystem::path> designs;  ///< design.yaml files
  std::vector<CompareSample> samples;
  int firstEtx = 1;
  int lastEtx = 13;
  std::filesystem::path out = "out/compare";  ///< RTL, compiled models, netlists, results
  bool area = true;                           ///< synthesise the designs
  /// Compare with the charges of file or generator; else with those the chip makes of their codes,
  /// which is what the encoders see (and what a file of ePortRX words always means).
  bool truthAsGiven = false;
  /// false: chips without front end get the charges themselves, which are the truth then.
  bool frontEnd = true;
  std::filesystem::path liberty;  ///< overrides the designs'
  std::uint64_t seed = 1;
  unsigned jobs = 0;  ///< 0: as many as processors
  std::function<void(std::string_view step, std::uint64_t done, std::uint64_t total)> progress;
};

/// A way of encoding and decoding: what a row is about.
struct CompareVariant {
  std::string design;
  encoders::econ_t::Algorithm algorithm = encoders::econ_t::Algorithm::Autoencoder;
  int stcType = 0;
  encoders::econ_t::Spread spread = encoders::econ_t::Spread::Concentrated;
  std::string name;  ///< for a reader, unique in the comparison
  bool operator==(const CompareVariant&) const = default;
};

/// Share of events without a pattern from which on a mean over the others does not stand for all.
inline constexpr double kLostThatCounts = 0.01;

/// One variant on one sample with one number of links.
struct CompareRow {
  std::size_t sample = 0;   ///< index of Comparison::samples
  std::size_t variant = 0;  ///< index of Comparison::variants
  int etx = 0;
  std::uint64_t crossings = 0;
  std::uint64_t wrong = 0;       ///< crossings whose RTL words are not the interpreter's
  int linkBits = 0;              ///< a crossing has: 32 an eTX
  double stringBits = 0;         ///< mean of what the formatter made of a crossing, whole words
  std::uint64_t lost = 0;        ///< events with charge of which the board has no pattern
  std::uint64_t truncated = 0;   ///< crossings of which the chip sent no pattern
  std::uint64_t undecoded = 0;   ///< crossings the board gave nothing for, for any other reason
  encoders::MetricsSummary all;  ///< over the events with a pattern on both sides
  std::vector<encoders::MetricsSummary> byOccupancy;
  /// Crossings from ePortRX words to eTX words: the manifest's, at which every word was compared.
  int latency = 0;
  double waitMean = 0;  ///< further crossings in the chip's buffer until the last word is out
  std::uint64_t waitMax = 0;

  /// Events without a pattern on the board (truncated, not decoded, all zero), of those with
  /// charges: 0..1.
  [[nodiscard]] double lostShare() const;
};

/// What an encoder of a design costs.
struct CompareCost {
  std::string design;
  encoders::econ_t::Algorithm algorithm = encoders::econ_t::Algorithm::Autoencoder;
  int encoderLatency = 1;  ///< crossings of the chip that holds it alone
  int formatterLatency = 1;
  /// um2, empty when nothing was synthesised: of its encoder and formatter, all that stands between
  /// charges and words, what it shares with others included; and of the registers of its own fields
  /// (weights, thresholds), each with its shadow copy.
  std::optional<double> area;
  std::optional<double> registerArea;
};

/// A whole design as synthesised: with front end, all registers, buffer and pipeline.
struct CompareDesign {
  std::string name;
  double area = 0;  ///< um2
  std::uint64_t flipFlops = 0;
};

struct Comparison {
  std::string revision;
  std::string library;  ///< of the areas; empty when there are none
  std::uint64_t seed = 1;
  std::vector<std::string> samples;       ///< names
  std::vector<std::string> descriptions;  ///< of the samples: file or generator, how many
  std::vector<CompareVariant> variants;
  std::vector<CompareRow> rows;
  std::vector<CompareCost> costs;
  std::vector<CompareDesign> designs;  ///< those that were synthesised
  std::vector<std::string> remarks;    ///< where the autoencoder wins and loses, in sentences
  double seconds = 0;

  /// All words of the RTL were the interpreter's.
  [[nodiscard]] bool passed() const;
  [[nodiscard]] const CompareRow* find(std::size_t sample, std::size_t variant, int etx) const;
};

/// Runs the comparison. Every design's RTL is verilated once and reconfigured for each encoder it
/// holds and each number of links. Threshold sum, best choice and super trigger cells appear once a
/// way of spreading what was not sent. Super trigger cells get a channel order in which their
/// groups are neighbours on the wafer (gains and thresholds move along); super trigger cells that
/// would send nothing have no row, nor has a repeater whose links do not carry every cell. The
/// autoencoder sends the leading bits of its latents that fit the links; one with a hard-wired mask
/// is made for one number of links and has no row at another. Errors: those of the
/// designs, the readers, the simulation and the synthesis; `compare.nothing` without designs or
/// samples; `compare.shape` for a design that has not 48 channels; `compare.names` for two designs
/// of one name; `compare.decoder` for an autoencoder whose model has none; `compare.etx` when no
/// variant has a row. What designs, links and samples can be wrong about is found before anything
/// is written.
[[nodiscard]] core::Result<Comparison> compare(const CompareOptions& options);

/// `compare.json`.
[[nodiscard]] std::string comparisonJson(const Comparison& comparison);
/// `compare.md`: a table of EMD by links a sample, details, costs, remarks.
[[nodiscard]] std::string comparisonMarkdown(const Comparison& comparison);
/// Writes compare.json, compare.md and, where gnuplot is there, a plot of EMD against links and of
/// EMD against occupancy for each sample (SVG) with the data and scripts they are made from.
/// Without gnuplot the scripts are written all the same. Errors: file.unwritable,
/// `plot.gnuplot` when it fails.
[[nodiscard]] core::Result<void> writeComparison(const Comparison& comparison,
                                                 const std::filesystem::path& folder);

/// The autoencoder beside the best other variant for each sample and number of links, as sentences.
/// Of the others those count that bring back a pattern of 99 % of the events; an autoencoder that
/// does not loses to them.
[[nodiscard]] std::vector<std::string> autoencoderRemarks(const Comparison& comparison);

}  // namespace aegen::flows
