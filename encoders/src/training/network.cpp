#include "network.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "element_steps.hpp"

namespace aegen::encoders::training {
namespace {

// A latent that passes a gradient on in a smaller share of events counts as dead.
constexpr double kAliveShare = 0.01;
// Of the layer that gives the latents, at its start: small, so that they begin at different small
// values.
constexpr double kLatentGain = 0.5;
// Outputs start positive, at the order of a mean charge, so that none starts dead.
constexpr float kOutputBias = 0.05F;

std::size_t paddedColumns(std::size_t n) {
  return (n + kColumnStep - 1) / kColumnStep * kColumnStep;
}

// Integers of magnitude below 2^22 to the nearest, halves to even, as core::quantize() does:
// adding and taking off 1.5 * 2^23 leaves no bits below 1.
float nearest(float value) {
  constexpr float kMagic = 12582912.0F;
  return (value + kMagic) - kMagic;
}

// Half the width of the range that gives the variance He et al. (2015) derive for ReLU.
double heLimit(double fanIn) {
  return std::sqrt(6.0 / fanIn);
}

void draw(float& parameter, double low, double high, Random& random) {
  parameter = static_cast<float>(low + (high - low) * random.uniform());
}

}  // namespace

Chunk::Chunk(const Plan& plan)
    : values(plan.rows * kLanes),
      gradients(plan.rows * kLanes),
      alive(plan.stages[plan.latentStage].rows),
      masks_(plan.rows * kLanes) {
  std::size_t turned = 0;
  std::size_t left = 0;
  std::size_t sums = 0;
  for (const Stage& stage : plan.stages) {
    turned = std::max({turned, paddedColumns(stage.terms), paddedColumns(stage.channels)});
    left = std::max({left, stage.terms, stage.channels});
    sums = std::max({sums, stage.channels * paddedColumns(stage.terms),
                     stage.terms * paddedColumns(stage.channels)});
    if (stage.arithmetic == Arithmetic::HighHalf) words_.resize(plan.rows * kLanes);
    if (stage.arithmetic == Arithmetic::Wide32) wide32_.resize(plan.rows * kLanes);
    if (stage.arithmetic == Arithmetic::Wide64) wide64_.resize(plan.rows * kLanes);
  }
  turned_.resize(turned * kLanes);
  left_.resize(left * kLanes);
  sums_.resize(sums);
}

Network::Network(Plan plan, core::InstructionSet set, Random& random)
    : plan_(std::move(plan)),
      kernels_(kernelsFor(set)),
      parameters_(plan_.parameters),
      weights_(plan_.stages.size()),
      inputRows_(plan_.stages.size()) {
  for (std::size_t i = 0; i < plan_.stages.size(); ++i) {
    std::vector<Row>& rows = inputRows_[i];
    for (const TapGroup& group : plan_.stages[i].groups) {
      for (const auto& patch : group.patches) {
        rows.insert(rows.end(), patch.rows.begin(), patch.rows.end());
      }
    }
    std::ranges::sort(rows);
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  }
  initialize(random);
  prepareAll();
}

void Network::initialize(Random& random) {
  std::size_t last = 0;
  std::size_t lastOfEncoder = 0;
  for (std::size_t i = 0; i < plan_.stages.size(); ++i) {
    if (plan_.stages[i].terms == 0) continue;
    last = i;
    if (!plan_.stages[i].inDecoder) lastOfEncoder = i;
  }
  for (std::size_t i = 0; i < plan_.stages.size(); ++i) {
    const Stage& stage = plan_.stages[i];
    if (stage.terms == 0) continue;
    double low = -heLimit(stage.fanIn);
    double high = -low;
    if (!stage.passesGradient && stage.groups.size() + stage.groups.front().patches.size() > 2) {
      // Filters over charges that start without negative taps rarely die under ReLU.
      low = 0.0;
      high = std::min(1.0, 9.0 / static_cast<double>(stage.terms));
    } else if (i == lastOfEncoder) {
      low *= kLatentGain;
      high *= kLatentGain;
    }
    const double scale = fullScale(stage, stage.weightFormat);
    low *= scale;
    high *= scale;
    for (std::size_t p = stage.kernel; p < stage.bias; ++p) {
      draw(parameters_[p], low, high, random);
    }
    std::fill_n(parameters_.begin() + static_cast<std::ptrdiff_t>(stage.bias), stage.channels,
                i == last ? kOutputBias : 0.0F);
  }
}

void Network::prepareAll() {
  for (std::size_t i = 0; i < plan_.stages.size(); ++i) prepare(i);
}

void Network::round(const Stage& stage, StageWeights& weights) const {
  const float* kernel = parameters_.data() + stage.kernel;
  weights.kernel.assign(kernel, kernel + stage.channels * stage.terms);
  weights.bias.assign(kernel + stage.channels * stage.terms,
                      kernel + stage.channels * (stage.terms + 1));
  weights.fraction.assign(stage.channels, stage.weightFormat.fraction);
  if (!stage.quantized) return;
  const auto low = static_cast<float>(stage.weightFormat.minRaw());
  const auto high = static_cast<float>(stage.weightFormat.maxRaw());
  const auto at = [&](std::size_t channel, std::size_t term) {
    return stage.parameter(channel, term) - stage.kernel;
  };
  for (std::size_t c = 0; c < stage.channels; ++c) {
    if (stage.extraFraction > 0) {
      float largest = 0;
      for (std::size_t t = 0; t < stage.terms; ++t) {
        largest = std::max(largest, std::abs(weights.kernel[at(c, t)]));
      }
      const int most = stage.weightFormat.fraction + stage.extraFraction;
      int& fraction = weights.fraction[c];
      while (fraction < most && nearest(std::ldexp(largest, fraction + 1)) <= high) ++fraction;
    }
  }
  const auto roundOne = [&](float value, float scale, float lsb) {
    return nearest(std::clamp(value * scale, low, high)) * lsb;
  };
  const bool uniform = stage.extraFraction == 0;
  const float scale = std::ldexp(1.0F, stage.weightFormat.fraction);
  const float lsb = std::ldexp(1.0F, -stage.weightFormat.fraction);
  if (uniform) {
    for (float& value : weights.kernel) value = roundOne(value, scale, lsb);
  } else {
    for (std::size_t c = 0; c < stage.channels; ++c) {
      const float own = std::ldexp(1.0F, weights.fraction[c]);
      for (std::size_t t = 0; t < stage.terms; ++t) {
        float& value = weights.kernel[at(c, t)];
        value = roundOne(value, own, 1.0F / own);
      }
    }
  }
  const auto biasLow = static_cast<float>(stage.biasFormat.minRaw());
  const auto biasHigh = static_cast<float>(stage.biasFormat.maxRaw());
  const float biasScale = std::ldexp(1.0F, stage.biasFormat.fraction);
  for (float& value : weights.bias) {
    value = nearest(std::clamp(value * biasScale, biasLow, biasHigh)) / biasScale;
  }
}

void Network::prepare(std::size_t index) {
  const Stage& stage = plan_.stages[index];
  if (stage.terms == 0) return;
  if (stage.quantized) {
    const auto clip = [&](std::size_t first, std::size_t count, const core::FixedFormat& format) {
      const auto low = static_cast<float>(std::ldexp(format.minRaw(), -format.fraction));
      const auto high = static_cast<float>(std::ldexp(format.maxRaw(), -format.fraction));
      for (std::size_t p = first; p < first + count; ++p) {
        parameters_[p] = std::clamp(parameters_[p], low, high);
      }
    };
    clip(stage.kernel, stage.channels * stage.terms, stage.weightFormat);
    clip(stage.bias, stage.channels, stage.biasFormat);
  }
  StageWeights& weights = weights_[index];
  round(stage, weights);
  weights.groups.resize(stage.groups.size());
  weights.largestHigh = 0;
  for (std::size_t g = 0; g < stage.groups.size(); ++g) {
    const std::vector<std::uint32_t>& taps = stage.groups[g].taps;
    StageWeights::Group& group = weights.groups[g];
    group.forward.resize(taps.size() * stage.channels);
    group.backward.resize(taps.size() * stage.channels);
    for (std::size_t c = 0; c < stage.channels; ++c) {
      for (std::size_t t = 0; t < taps.size(); ++t) {
        const float value = weights.kernel[stage.parameter(c, taps[t]) - stage.kernel];
        group.forward[t * stage.channels + c] = value;
        group.backward[c * taps.size() + t] = value;
      }
    }
    if (stage.arithmetic != Arithmetic::HighHalf && stage.arithmetic != Arithmetic::Wide32 &&
        stage.arithmetic != Arithmetic::Wide64) {
      continue;
    }
    group.wide.resize(taps.size() * stage.channels);
    group.high.resize(stage.arithmetic == Arithmetic::HighHalf ? group.wide.size() : 0);
    for (std::size_t c = 0; c < stage.channels; ++c) {
      const int shift = productShift(stage, weights.fraction[c]);
      const float scale = std::ldexp(1.0F, shift + stage.productFraction - stage.inputFraction);
      for (std::size_t i = c * taps.size(); i < (c + 1) * taps.size(); ++i) {
        group.wide[i] = static_cast<std::int64_t>(group.backward[i] * scale);
        if (group.high.empty()) continue;
        group.high[i] =
            static_cast<std::int16_t>(group.wide[i] << (16 - shift - inputShift(stage)));
        weights.largestHigh = std::max(weights.largestHigh, std::abs(std::int32_t{group.high[i]}));
      }
    }
  }
}

std::vector<std::size_t> Network::reviveLatents(std::span<const std::uint64_t> alive,
                                                std::uint64_t seen, Random& random) {
  const auto behind = std::ranges::find_if(
      plan_.stages, [](const Stage& stage) { return stage.inDecoder && stage.terms != 0; });
  const Stage& dense = plan_.stages[plan_.latentStage];
  std::vector<std::size_t> revived;
  if (dense.terms == 0 || dense.rows != dense.channels) return revived;
  for (std::size_t latent = 0; latent < alive.size(); ++latent) {
    if (static_cast<double>(alive[latent]) >= kAliveShare * static_cast<double>(seen)) continue;
    revived.push_back(latent);
    const double limit = kLatentGain * heLimit(dense.fanIn) * fullScale(dense, dense.weightFormat);
    for (std::size_t t = 0; t < dense.terms; ++t) {
      draw(parameters_[dense.parameter(latent, t)], -limit, limit, random);
    }
    parameters_[dense.bias + latent] = 0.0F;
    // The decoder's old use of the latent is void; small weights disturb little and pass a
    // gradient.
    const Row row = dense.firstRow + static_cast<Row>(latent);
    if (behind == plan_.stages.end() || behind->groups.front().patches.size() != 1) continue;
    const TapGroup& group = behind->groups.front();
    const auto found = std::ranges::find(group.patches.front().rows, row);
    if (found == group.patches.front().rows.end()) continue;
    const std::uint32_t tap =
        group.taps[static_cast<std::size_t>(found - group.patches.front().rows.begin())];
    const double small = 0.1 * heLimit(behind->fanIn);
    for (std::size_t c = 0; c < behind->channels; ++c) {
      draw(parameters_[behind->parameter(c, tap)], -small, small, random);
    }
  }
  if (!revived.empty()) prepareAll();
  return revived;
}

std::vector<float> Network::latentSums(const Chunk& chunk, std::size_t latent) const {
  const Stage& dense = plan_.stages[plan_.latentStage];
  const TapGroup& group = dense.groups.front();
  const std::vector<Row>& rows = group.patches.front().rows;
  const StageWeights& weights = weights_[plan_.latentStage];
  std::vector<float> sums(kLanes, 0.0F);
  for (std::size_t t = 0; t < rows.size(); ++t) {
    const float weight = weights.kernel[dense.parameter(latent, group.taps[t]) - dense.kernel];
    const float* values = chunk.values.data() + std::size_t{rows[t]} * kLanes;
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += weight * values[lane];
  }
  return sums;
}

void Network::scaleOutputs(double factor) {
  const auto last = std::find_if(plan_.stages.rbegin(), plan_.stages.rend(),
                                 [](const Stage& stage) { return stage.terms != 0; });
  for (std::size_t p = last->kernel; p < last->bias; ++p) {
    parameters_[p] = static_cast<float>(double{parameters_[p]} * factor);
  }
}

std::optional<core::FixedFormat> Network::latentFormat() const {
  const Stage& dense = plan_.stages[plan_.latentStage];
  if (dense.terms == 0 || dense.rows != dense.channels || !dense.quantized) return std::nullopt;
  std::optional<core::FixedFormat> format;
  for (const ElementStep& step : dense.steps) {
    if (step.kind == ElementStep::Kind::Requantize) format = step.format;
  }
  return format;
}

void Network::spreadLatent(std::size_t latent, double mean, double deviation) {
  const Stage& dense = plan_.stages[plan_.latentStage];
  const core::FixedFormat format = *latentFormat();
  const double span = std::ldexp(1.0, format.width) * format.lsb();
  const double middle = static_cast<double>(format.minRaw()) * format.lsb() + span / 2;
  float largest = 0;
  for (std::size_t t = 0; t < dense.terms; ++t) {
    largest = std::max(largest, std::abs(parameters_[dense.parameter(latent, t)]));
  }
  if (deviation <= 0 || largest <= 0) return;
  const double factor =
      std::min(span / (4 * deviation), fullScale(dense, dense.weightFormat) / double{largest});
  for (std::size_t t = 0; t < dense.terms; ++t) {
    float& weight = parameters_[dense.parameter(latent, t)];
    weight = static_cast<float>(double{weight} * factor);
  }
  parameters_[dense.bias + latent] = static_cast<float>(middle - factor * mean);
}

}  // namespace aegen::encoders::training
