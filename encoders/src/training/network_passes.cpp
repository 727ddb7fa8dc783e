// Network's forward and backward pass on a chunk.

#include <algorithm>
#include <array>
#include <cmath>

#include "element_steps.hpp"
#include "network.hpp"

namespace aegen::encoders::training {
namespace {

using Four = float __attribute__((vector_size(16)));

Four loadFour(const float* from) {
  Four value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

// turned[lane * columns + r] = rows[r][lane]; columns past the last row are 0.
void turn(const float* const* rows, std::size_t count, std::size_t columns, float* turned) {
  alignas(16) static constexpr std::array<float, kLanes> kZeros{};
  for (std::size_t r = 0; r < columns; r += 4) {
    const float* row[4];
    for (std::size_t i = 0; i < 4; ++i) row[i] = r + i < count ? rows[r + i] : kZeros.data();
    for (std::size_t lane = 0; lane < kLanes; lane += 4) {
      const Four a = loadFour(row[0] + lane);
      const Four b = loadFour(row[1] + lane);
      const Four c = loadFour(row[2] + lane);
      const Four d = loadFour(row[3] + lane);
      const Four ab0 = __builtin_shufflevector(a, b, 0, 4, 1, 5);
      const Four ab1 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
      const Four cd0 = __builtin_shufflevector(c, d, 0, 4, 1, 5);
      const Four cd1 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
      const Four out[4] = {__builtin_shufflevector(ab0, cd0, 0, 1, 4, 5),
                           __builtin_shufflevector(ab0, cd0, 2, 3, 6, 7),
                           __builtin_shufflevector(ab1, cd1, 0, 1, 4, 5),
                           __builtin_shufflevector(ab1, cd1, 2, 3, 6, 7)};
      for (std::size_t i = 0; i < 4; ++i) {
        __builtin_memcpy(turned + (lane + i) * columns + r, &out[i], sizeof(Four));
      }
    }
  }
}

// The sum of a row's lanes, halves added to halves.
float laneSum(const float* row) {
  float part[kLanes / 2];
  for (std::size_t i = 0; i < kLanes / 2; ++i) part[i] = row[i] + row[i + kLanes / 2];
  for (std::size_t half = kLanes / 4; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) part[i] += part[i + half];
  }
  return part[0];
}

std::size_t paddedColumns(std::size_t n) {
  return (n + kColumnStep - 1) / kColumnStep * kColumnStep;
}

template <typename Integer>
void toIntegers(const float* values, float scale, Integer* out) {
  for (std::size_t i = 0; i < kLanes; ++i) {
    // By way of 32 bits, for which there are instructions; nothing in a row has more than 24.
    out[i] = static_cast<Integer>(static_cast<std::int32_t>(values[i] * scale));
  }
}

}  // namespace

void Network::forward(Chunk& chunk) const {
  for (std::size_t i = 0; i < plan_.stages.size(); ++i) {
    sumsOf(plan_.stages[i], weights_[i], chunk);
  }
}

void Network::countAlive(Chunk& chunk, std::size_t events) const {
  const Stage& latents = plan_.stages[plan_.latentStage];
  const GradientMask kind = gradientMask(latents);
  const std::vector<float>& from = kind == GradientMask::Stored ? chunk.masks_ : chunk.values;
  for (std::size_t e = 0; e < latents.rows; ++e) {
    const float* row = from.data() + (latents.firstRow + e) * kLanes;
    chunk.alive[e] += kind == GradientMask::None
                          ? events
                          : static_cast<std::uint64_t>(std::count_if(
                                row, row + events, [](float value) { return value > 0.0F; }));
  }
}

void Network::clearGradients(Chunk& chunk) const {
  std::fill(chunk.gradients.begin() + static_cast<std::ptrdiff_t>(plan_.firstLearning() * kLanes),
            chunk.gradients.end(), 0.0F);
}

void Network::sumsOf(const Stage& stage, const StageWeights& weights, Chunk& chunk) const {
  switch (stage.arithmetic) {
    case Arithmetic::Elements: {
      if (!stage.quantized) return realRelu(stage, chunk);
      const bool masked = gradientMask(stage) == GradientMask::Stored;
      const int fraction = stage.inputFraction;
      for (std::size_t e = 0; e < stage.rows; ++e) {
        const std::size_t row = (stage.firstRow + e) * kLanes;
        std::int32_t raw[kLanes];
        toIntegers(chunk.values.data() + stage.sources[e] * kLanes, std::ldexp(1.0F, fraction),
                   raw);
        applySteps(stage, e, raw, fraction, chunk.values.data() + row,
                   masked ? chunk.masks_.data() + row : nullptr);
      }
      break;
    }
    case Arithmetic::Real:
      realSums(stage, weights, chunk);
      break;
    case Arithmetic::HighHalf:
      highSums(stage, weights, chunk);
      break;
    case Arithmetic::Wide32:
      wideSums(stage, weights, chunk.wide32_, chunk);
      break;
    case Arithmetic::Wide64:
      wideSums(stage, weights, chunk.wide64_, chunk);
      break;
  }
}

// In floats the only step is ReLU.
void Network::realRelu(const Stage& stage, Chunk& chunk) const {
  for (std::size_t e = 0; e < stage.rows; ++e) {
    float* value = chunk.values.data() + (stage.firstRow + e) * kLanes;
    const float* from =
        stage.sources.empty() ? value : chunk.values.data() + stage.sources[e] * kLanes;
    for (std::size_t i = 0; i < kLanes; ++i) value[i] = from[i] > 0.0F ? from[i] : 0.0F;
  }
}

void Network::realSums(const Stage& stage, const StageWeights& weights, Chunk& chunk) const {
  RowProducts products;
  products.stride = stage.channels;
  products.values = chunk.values.data();
  products.outputs = stage.channels;
  products.bias = weights.bias.data();
  for (std::size_t g = 0; g < stage.groups.size(); ++g) {
    products.weights = weights.groups[g].forward.data();
    products.terms = stage.groups[g].taps.size();
    for (const TapGroup::Patch& patch : stage.groups[g].patches) {
      products.rows = patch.rows.data();
      products.sums = chunk.values.data() + std::size_t{patch.firstOutput} * kLanes;
      kernels_.rowProducts(products);
    }
  }
  if (stage.steps.empty()) return;
  const GradientMask kind = gradientMask(stage);
  if (kind == GradientMask::ByValue) return realRelu(stage, chunk);
  for (std::size_t e = 0; e < stage.rows; ++e) {
    float* value = chunk.values.data() + (stage.firstRow + e) * kLanes;
    std::int32_t raw[kLanes];
    toIntegers(value, std::ldexp(1.0F, stage.sumFraction), raw);
    applySteps(stage, e, raw, stage.sumFraction, value,
               kind == GradientMask::Stored ? chunk.masks_.data() + (stage.firstRow + e) * kLanes
                                            : nullptr);
  }
}

void Network::highSums(const Stage& stage, const StageWeights& weights, Chunk& chunk) const {
  const std::size_t index = static_cast<std::size_t>(&stage - plan_.stages.data());
  const int shift = inputShift(stage);
  const float scale = std::ldexp(1.0F, stage.inputFraction + shift);
  std::int32_t largest = 1;
  for (const Row row : inputRows_[index]) {
    std::int16_t* words = chunk.words_.data() + std::size_t{row} * kLanes;
    toIntegers(chunk.values.data() + std::size_t{row} * kLanes, scale, words);
    for (std::size_t i = 0; i < kLanes; ++i) {
      largest = std::max(largest, std::abs(std::int32_t{words[i]}));
    }
  }
  const std::int32_t product = ((largest * std::max(1, weights.largestHigh)) >> 16) + 1;
  HighProducts products;
  products.values = chunk.words_.data();
  products.safeTerms = static_cast<std::size_t>(std::max(1, 32767 / product));
  const bool masked = gradientMask(stage) == GradientMask::Stored;
  const float biasScale = std::ldexp(1.0F, stage.sumFraction);
  for (std::size_t g = 0; g < stage.groups.size(); ++g) {
    products.terms = stage.groups[g].taps.size();
    for (const TapGroup::Patch& patch : stage.groups[g].patches) {
      products.rows = patch.rows.data();
      for (std::size_t c = 0; c < stage.channels; ++c) {
        std::int32_t sum[kLanes];
        products.weights = weights.groups[g].high.data() + c * products.terms;
        products.bias = static_cast<std::int32_t>(weights.bias[c] * biasScale);
        products.sum = sum;
        kernels_.highProducts(products);
        const std::size_t row = patch.firstOutput + c;
        applySteps(stage, row - stage.firstRow, sum, stage.sumFraction,
                   chunk.values.data() + row * kLanes,
                   masked ? chunk.masks_.data() + row * kLanes : nullptr);
      }
    }
  }
}

template <typename Integer>
void Network::wideSums(const Stage& stage, const StageWeights& weights,
                       std::vector<Integer>& inputs, Chunk& chunk) const {
  const std::size_t index = static_cast<std::size_t>(&stage - plan_.stages.data());
  for (const Row row : inputRows_[index]) {
    toIntegers(chunk.values.data() + std::size_t{row} * kLanes,
               std::ldexp(1.0F, stage.inputFraction), inputs.data() + std::size_t{row} * kLanes);
  }
  const bool masked = gradientMask(stage) == GradientMask::Stored;
  const int align = stage.sumFraction - stage.productFraction;
  for (std::size_t g = 0; g < stage.groups.size(); ++g) {
    const std::size_t terms = stage.groups[g].taps.size();
    for (const TapGroup::Patch& patch : stage.groups[g].patches) {
      for (std::size_t c = 0; c < stage.channels; ++c) {
        const int shift = productShift(stage, weights.fraction[c]);
        Integer sum[kLanes] = {};
        for (std::size_t t = 0; t < terms; ++t) {
          const Integer* x = inputs.data() + std::size_t{patch.rows[t]} * kLanes;
          const auto w = static_cast<Integer>(weights.groups[g].wide[c * terms + t]);
          for (std::size_t i = 0; i < kLanes; ++i) {
            sum[i] += static_cast<Integer>((x[i] * w) >> shift);
          }
        }
        const auto bias = static_cast<Integer>(
            std::ldexp(static_cast<double>(weights.bias[c]), stage.sumFraction));
        for (std::size_t i = 0; i < kLanes; ++i) {
          sum[i] = static_cast<Integer>(sum[i] * (Integer{1} << align) + bias);
        }
        const std::size_t row = patch.firstOutput + c;
        applySteps(stage, row - stage.firstRow, sum, stage.sumFraction,
                   chunk.values.data() + row * kLanes,
                   masked ? chunk.masks_.data() + row * kLanes : nullptr);
      }
    }
  }
}

void Network::backward(Chunk& chunk, std::span<float> gradient) const {
  for (std::size_t i = plan_.stages.size(); i-- > 0;) {
    const Stage& stage = plan_.stages[i];
    maskGradient(stage, chunk);
    if (stage.terms == 0) {
      for (std::size_t e = 0; e < stage.rows; ++e) {
        const float* from = chunk.gradients.data() + (stage.firstRow + e) * kLanes;
        float* to = chunk.gradients.data() + std::size_t{stage.sources[e]} * kLanes;
        for (std::size_t lane = 0; lane < kLanes; ++lane) to[lane] += from[lane];
      }
      continue;
    }
    weightGradient(stage, chunk, gradient.data());
    if (stage.passesGradient) inputGradient(stage, weights_[i], chunk);
  }
}

void Network::maskGradient(const Stage& stage, Chunk& chunk) const {
  const std::size_t first = std::size_t{stage.firstRow} * kLanes;
  const std::size_t count = stage.rows * kLanes;
  float* gradient = chunk.gradients.data() + first;
  switch (gradientMask(stage)) {
    case GradientMask::None:
      return;
    case GradientMask::ByValue: {
      const float* value = chunk.values.data() + first;
      for (std::size_t i = 0; i < count; ++i) gradient[i] = value[i] > 0.0F ? gradient[i] : 0.0F;
      return;
    }
    case GradientMask::Stored: {
      const float* mask = chunk.masks_.data() + first;
      for (std::size_t i = 0; i < count; ++i) gradient[i] *= mask[i];
      return;
    }
  }
}

void Network::weightGradient(const Stage& stage, Chunk& chunk, float* gradient) const {
  const auto rowOf = [&](const std::vector<float>& rows, std::size_t row) {
    return rows.data() + row * kLanes;
  };
  std::vector<const float*> pointers;
  for (const TapGroup& group : stage.groups) {
    const std::size_t taps = group.taps.size();
    LaneProducts products;
    products.rows = stage.channelFirst ? stage.channels : taps;
    products.columns = paddedColumns(stage.channelFirst ? taps : stage.channels);
    products.stride = products.columns;
    products.right = chunk.turned_.data();
    products.gradient = chunk.sums_.data();
    std::fill_n(chunk.sums_.begin(), products.rows * products.columns, 0.0F);
    for (const TapGroup::Patch& patch : group.patches) {
      if (taps == 0) break;
      pointers.clear();
      if (stage.channelFirst) {
        for (const Row row : patch.rows) pointers.push_back(rowOf(chunk.values, row));
        products.left = rowOf(chunk.gradients, patch.firstOutput);
      } else {
        for (std::size_t c = 0; c < stage.channels; ++c) {
          pointers.push_back(rowOf(chunk.gradients, patch.firstOutput + c));
        }
        products.left = rowOf(chunk.values, patch.rows.front());
        if (patch.rows.back() - patch.rows.front() + 1 != taps ||
            !std::ranges::is_sorted(patch.rows)) {
          for (std::size_t t = 0; t < taps; ++t) {
            std::copy_n(rowOf(chunk.values, patch.rows[t]), kLanes,
                        chunk.left_.data() + t * kLanes);
          }
          products.left = chunk.left_.data();
        }
      }
      turn(pointers.data(), pointers.size(), products.columns, chunk.turned_.data());
      kernels_.laneProducts(products);
    }
    for (std::size_t c = 0; c < stage.channels; ++c) {
      for (std::size_t t = 0; t < taps; ++t) {
        const std::size_t at =
            stage.channelFirst ? c * products.stride + t : t * products.stride + c;
        gradient[stage.parameter(c, group.taps[t])] += chunk.sums_[at];
      }
    }
    for (const TapGroup::Patch& patch : group.patches) {
      for (std::size_t c = 0; c < stage.channels; ++c) {
        gradient[stage.bias + c] += laneSum(rowOf(chunk.gradients, patch.firstOutput + c));
      }
    }
  }
}

void Network::inputGradient(const Stage& stage, const StageWeights& weights, Chunk& chunk) const {
  std::vector<Row> outputs(stage.channels);
  RowProducts products;
  products.values = chunk.gradients.data();
  products.rows = outputs.data();
  products.terms = stage.channels;
  products.sums = chunk.gradients.data();
  for (std::size_t g = 0; g < stage.groups.size(); ++g) {
    products.weights = weights.groups[g].backward.data();
    products.outputs = stage.groups[g].taps.size();
    products.stride = products.outputs;
    for (const TapGroup::Patch& patch : stage.groups[g].patches) {
      for (std::size_t c = 0; c < stage.channels; ++c) {
        outputs[c] = patch.firstOutput + static_cast<Row>(c);
      }
      products.sumRows = patch.rows.data();
      kernels_.rowProducts(products);
    }
  }
}

}  // namespace aegen::encoders::training
