#pragma once
/// Checkpoint: everything a run needs to go on, as a file.

#include <cstdint>
#include <filesystem>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/encoders/trainer.hpp"
#include "learner.hpp"

namespace aegen::encoders::training {

struct Checkpoint {
  std::uint64_t run = 0;  ///< identifies configuration, events and network
  std::uint64_t random = 0;
  std::uint64_t steps = 0;
  std::uint64_t seen = 0;     ///< events since the last revival
  std::uint64_t revived = 0;  ///< latents so far
  double bestLoss = 0;
  std::int64_t bestEpoch = 0;
  std::vector<std::uint32_t> order;  ///< of all events, as shuffled so far
  std::vector<float> parameters;
  std::vector<float> best;
  Moments moments;
  std::vector<std::uint64_t> alive;
  std::vector<EpochReport> epochs;
};

/// Written at once or not at all (core::writeFile()).
[[nodiscard]] core::Result<void> save(const Checkpoint& checkpoint,
                                      const std::filesystem::path& file);
/// Diagnostic `train.checkpoint` when the file is damaged or of another run than `run`.
[[nodiscard]] core::Result<Checkpoint> load(const std::filesystem::path& file, std::uint64_t run);

/// FNV-1a over bytes, to be chained.
[[nodiscard]] std::uint64_t hashOf(std::string_view bytes,
                                   std::uint64_t start = 0xcbf29ce484222325ULL);

}  // namespace aegen::encoders::training
