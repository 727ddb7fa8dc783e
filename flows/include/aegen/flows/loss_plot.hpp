#pragma once
/// The loss curves of a training run as a picture.

#include <filesystem>
#include <span>
#include <string>

#include "aegen/encoders/trainer.hpp"

namespace aegen::flows {

/// Writes `svg`: training and validation loss against the epoch, on a logarithmic axis where both
/// stay positive, the best epoch marked. Beside it stand the script (.gp) and its numbers (.dat);
/// without gnuplot these alone. Diagnostics of core::writeFile() and `plot.gnuplot`; `plot.name`
/// when the file is not named *.svg.
[[nodiscard]] core::Result<void> plotLosses(std::span<const encoders::EpochReport> epochs,
                                            const std::string& title,
                                            const std::filesystem::path& svg);

}  // namespace aegen::flows
