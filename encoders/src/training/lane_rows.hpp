#pragma once
/// Charges of a few events side by side: what a loss works on, small enough for the first cache and
/// as wide as vector instructions like it.

#include <algorithm>
#include <array>
#include <cstddef>

#include "aegen/data/geometry.hpp"
#include "loss.hpp"

/// Compiles a function once more for newer processors, which is chosen when the program starts. The
/// bits stay: nothing is contracted, and no sum over lanes is left to the compiler.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define AEGEN_VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define AEGEN_VECTOR_CLONES
#endif

namespace aegen::encoders::training {

inline constexpr std::size_t kLaneCount = 32;
/// One number of each event.
using LaneRow = std::array<float, kLaneCount>;
/// [channel][event].
using LaneRows = std::array<LaneRow, data::kTriggerCells>;

/// Events first .. first + count - 1 of a batch, at most kLaneCount; the other lanes become 0.
inline void loadLanes(const Batch& batch, Eigen::Index first, std::size_t count, LaneRows& rows) {
  for (std::size_t c = 0; c < rows.size(); ++c) {
    const float* const from = batch.data() + static_cast<Eigen::Index>(c) * batch.rows() + first;
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      rows[c][lane] = lane < count ? from[lane] : 0.0F;
    }
  }
}

/// The way back.
inline void storeLanes(const LaneRows& rows, Eigen::Index first, std::size_t count, Batch& batch) {
  for (std::size_t c = 0; c < rows.size(); ++c) {
    float* const to = batch.data() + static_cast<Eigen::Index>(c) * batch.rows() + first;
    for (std::size_t lane = 0; lane < count; ++lane) to[lane] = rows[c][lane];
  }
}

/// Sum over all events of what `block(truth, predicted, count, slope)` gives for the blocks of a
/// batch; `slope`, null when `gradient` is, is what it has to fill.
template <typename Block>
double sumOverBlocks(const Batch& truth, const Batch& predicted, Batch* gradient, Block&& block) {
  if (gradient != nullptr) gradient->resize(predicted.rows(), predicted.cols());
  LaneRows y;
  LaneRows p;
  LaneRows slope;
  double total = 0;
  constexpr auto kStep = static_cast<Eigen::Index>(kLaneCount);
  for (Eigen::Index first = 0; first < truth.rows(); first += kStep) {
    const auto count = static_cast<std::size_t>(std::min(kStep, truth.rows() - first));
    loadLanes(truth, first, count, y);
    loadLanes(predicted, first, count, p);
    total += block(y, p, count, gradient != nullptr ? &slope : nullptr);
    if (gradient != nullptr) storeLanes(slope, first, count, *gradient);
  }
  return total;
}

/// Sum over the first `count` lanes, in their order.
inline double sumOfLanes(const LaneRow& row, std::size_t count) {
  double sum = 0;
  for (std::size_t lane = 0; lane < count; ++lane) sum += static_cast<double>(row[lane]);
  return sum;
}

}  // namespace aegen::encoders::training
