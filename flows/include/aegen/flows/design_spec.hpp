#pragma once
/// DesignSpec: what design.yaml asks for (docs/design_file.md).

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aegen/core/adder_graph.hpp"
#include "aegen/core/design.hpp"
#include "aegen/core/passes/pipeline.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/link_decoders.hpp"
#include "aegen/flows/liberty.hpp"
#include "aegen/flows/synthesis.hpp"

namespace aegen::flows {

/// Where stimuli come from.
struct EventSource {
  enum class Kind : std::uint8_t { Generator, RxFile, CalqFile };
  Kind kind = Kind::Generator;
  std::string regime = "sparse";    ///< Generator: "sparse" or "dense"
  std::filesystem::path file;       ///< RxFile: ePortRX words; CalqFile: calibrated charges
  std::uint64_t crossings = 20000;  ///< at most, of a file; a file is never repeated
};

struct DesignSpec {
  std::filesystem::path file;  ///< the design.yaml
  std::string name;            ///< an identifier: the top module
  std::string description;
  std::filesystem::path model;  ///< of the autoencoder: an aegen model, or a config.json with
                                ///< ae_weights (no decoder then); empty when the chip holds none
  bool loadable = true;         ///< weights in registers; else constants of the hardware
  /// How products by constants become shared additions; empty: they stay products.
  std::optional<core::AdderGraphOptions> adderGraphs = core::AdderGraphOptions{};
  /// Encoders held, sizes, latencies. buildDesign() sets the latents, which are the model's.
  encoders::econ_t::ChipOptions chip;
  int linkLatency = 1;     ///< crossings from eTX to the board
  int decoderLatency = 1;  ///< crossings the decoder takes
  encoders::econ_t::ChipSettings settings;
  std::optional<int> latentBits;             ///< top bits of each latent that are sent
  std::map<std::string, double> conditions;  ///< values of the model's given conditions
  EventSource events;
  /// Run over the chip, in order (docs/passes.md).
  std::vector<std::string> passes = core::passes::defaultPasses();
  MultiplierStyle multipliers = MultiplierStyle::Array;
  std::filesystem::path liberty;   ///< maps; empty: the default library
  std::vector<Corner> corners;     ///< further ones to time at
  std::optional<double> clockMHz;  ///< the clock asked for; a crossing enters each
  bool pipeline = false;           ///< as many crossings as that clock needs

  [[nodiscard]] bool holds(encoders::econ_t::Algorithm algorithm) const;
};

/// Reads design.yaml. Diagnostics `design.*` are placed as file:line and say what is allowed.
[[nodiscard]] core::Result<DesignSpec> loadDesignSpec(const std::filesystem::path& file);

/// The library that maps: the spec's or the default.
[[nodiscard]] std::filesystem::path libertyOf(const DesignSpec& spec);

/// A spec's design with all that belongs to it.
struct DesignBundle {
  DesignSpec spec;
  core::Design chip;                    ///< what is built: behind the passes
  core::Design written;                 ///< the chip before them, whose formats are proven
  core::passes::PipelineReport passes;  ///< what they saved
  encoders::Codec codec;                ///< of the autoencoder; without nodes when there is none
  std::vector<encoders::econ_t::LinkDecoder> decoders;  ///< the board's, one an encoder held
  /// The board's `decode` for the algorithm chosen at reset, its settings fixed: a string of words
  /// to charges. Empty for threshold sum, whose strings have no place of their own in a crossing,
  /// and for an autoencoder whose model has no decoder.
  std::optional<core::Program> decoder;
};

/// Reads the model, builds the chip and the board's decoder, and runs the passes. Diagnostics of
/// loadCodec(), loadWeights(), econ_t::chip(), core::analyse(), core::passes::runPasses(); of a
/// chip to be pipelined, which it is behind the passes, also of loadLiberty(), fitDelayModel() and
/// core::pipelineDesign().
[[nodiscard]] core::Result<DesignBundle> buildDesign(const DesignSpec& spec);

}  // namespace aegen::flows
