#pragma once
/// What chip() demands of its parts before it puts them together.

#include <set>
#include <string>

#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/lowering.hpp"
#include "chip_settings.hpp"

namespace aegen::encoders::econ_t {

/// `econ_t.shape`: sizes that cannot be, for the encoders held.
[[nodiscard]] core::Result<void> checkShape(const PathShape& shape, const Held& held);
/// `econ_t.encoder-shape`, `model.shape`: not 48 charges to the shape's latents, not one Normalize.
[[nodiscard]] core::Result<void> checkEncoder(const Graph& graph, const Lowering& encoder,
                                              const PathShape& shape);
/// `model.name`: the encoder shares a name with the path around it.
[[nodiscard]] core::Result<void> checkNames(const Lowering& encoder,
                                            const std::set<std::string>& taken);

}  // namespace aegen::encoders::econ_t
