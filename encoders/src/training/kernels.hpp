#pragma once
/// The trainer's inner loops on chunks of kLanes events, once for each instruction set. All sets
/// give the same bits: every sum runs in the order its description states, nothing is contracted.

#include <cstddef>
#include <cstdint>
#include <span>

#include "aegen/core/instruction_set.hpp"

namespace aegen::encoders::training {

/// Events of a chunk; a row is one element of a tensor in all events of a chunk.
inline constexpr std::size_t kLanes = 32;

/// Rows of sums of products: sum(m) = start(m) + sum over k, ascending, of
/// weights[k * stride + m] * row[rows[k]].
struct RowProducts {
  const float* weights = nullptr;       ///< [terms][stride]
  std::size_t stride = 0;               ///< of `weights`, at least `outputs`
  const float* values = nullptr;        ///< rows of kLanes
  const std::uint32_t* rows = nullptr;  ///< [terms]
  std::size_t terms = 0;
  std::size_t outputs = 0;
  float* sums = nullptr;                   ///< rows of kLanes
  const std::uint32_t* sumRows = nullptr;  ///< [outputs]; null: rows 0, 1, ...
  const float* bias = nullptr;             ///< [outputs]: start; null: start is what `sums` holds
};

/// gradient[m * stride + n] += sum over lanes, ascending, of left[m][lane] * right[lane][n].
struct LaneProducts {
  const float* left = nullptr;   ///< [rows][kLanes]
  const float* right = nullptr;  ///< [kLanes][columns]
  std::size_t rows = 0;
  std::size_t columns = 0;  ///< a multiple of kColumnStep
  float* gradient = nullptr;
  std::size_t stride = 0;
};
inline constexpr std::size_t kColumnStep = 16;

/// Sums of products that are truncated one by one: sum = bias + sum over k of
/// (values[rows[k]] * weights[k]) >> 16, for 16-bit rows.
struct HighProducts {
  const std::int16_t* values = nullptr;  ///< rows of kLanes
  const std::uint32_t* rows = nullptr;   ///< [terms]
  const std::int16_t* weights = nullptr;
  std::size_t terms = 0;
  std::size_t safeTerms = 1;  ///< so many products add up within 16 bits
  std::int32_t bias = 0;
  std::int32_t* sum = nullptr;  ///< one row
};

/// The step of AdamW (Loshchilov and Hutter, 2019) on some parameters.
struct AdamStep {
  float rate = 0;        ///< of the step, over 1 - beta1^t
  float squareGain = 0;  ///< 1 / (1 - beta2^t)
  float decay = 0;       ///< share of the parameter that is taken off; 0: plain Adam
};

struct KernelSet {
  void (*rowProducts)(const RowProducts&);
  void (*laneProducts)(const LaneProducts&);
  void (*highProducts)(const HighProducts&);
  void (*adam)(const AdamStep&, std::span<float> parameters, const float* gradient, float* mean,
               float* square);
};

[[nodiscard]] const KernelSet& kernelsFor(core::InstructionSet set);

}  // namespace aegen::encoders::training
