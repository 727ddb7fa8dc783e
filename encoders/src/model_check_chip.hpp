#pragma once
/// The part of the model check that holds an encoder against the ECON-T's own arithmetic.

#include <vector>

#include "aegen/encoders/model_check.hpp"
#include "tensor_statistics.hpp"

namespace aegen::encoders {

/// Appends what differs from section 4 of the ECON-T page. `charges` are those `statistics` of the
/// encoder were taken on.
[[nodiscard]] core::Result<void> checkAgainstChip(const Graph& encoder,
                                                  const core::Columns& charges,
                                                  const TensorStatistics& statistics,
                                                  std::vector<Finding>& findings);

/// Node that reads node `at` through nodes that only move elements; -1 where several or none do.
[[nodiscard]] int readerOf(const Graph& graph, std::size_t at);

}  // namespace aegen::encoders
