#include "network.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "aegen/core/fixed_format.hpp"
#include "random.hpp"

namespace aegen::encoders::training {
namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using RowVector = Eigen::RowVectorXf;

// Of the encoder's dense layer at its start: small, so that latents begin at different small
// values.
constexpr double kDenseGain = 0.5;
// A latent that is not 0 in a smaller share of events counts as dead.
constexpr double kAliveShare = 0.01;
constexpr core::FixedFormat kWeightFormat{true, 6, kWeightFraction};

Eigen::Map<const RowMajor> kernelOf(const std::vector<float>& values, const DensePlace& place) {
  return {values.data() + place.kernel, place.out, place.in};
}
Eigen::Map<RowMajor> kernelOf(std::vector<float>& values, const DensePlace& place) {
  return {values.data() + place.kernel, place.out, place.in};
}
Eigen::Map<RowVector> biasOf(std::vector<float>& values, const DensePlace& place) {
  return {values.data() + place.bias, place.out};
}

std::vector<std::int64_t> quantizeRange(std::span<const float> values) {
  std::vector<std::int64_t> raw;
  raw.reserve(values.size());
  for (const float value : values) {
    raw.push_back(core::quantize(static_cast<double>(value), kWeightFormat));
  }
  return raw;
}

RowMajor realOf(const std::vector<std::int64_t>& raw, int rows, int columns) {
  RowMajor real(rows, columns);
  std::transform(raw.begin(), raw.end(), real.data(), [](std::int64_t value) {
    return static_cast<float>(value) / static_cast<float>(1 << kWeightFraction);
  });
  return real;
}

// Appends `count` parameters, uniform in [low, high).
std::size_t append(std::vector<float>& parameters, std::size_t count, double low, double high,
                   Random& random) {
  const std::size_t first = parameters.size();
  for (std::size_t i = 0; i < count; ++i) {
    parameters.push_back(static_cast<float>(low + (high - low) * random.uniform()));
  }
  return first;
}

// Appends a dense layer. `gain` times the variance He et al. (2015) derive for layers followed by
// ReLU, 2 / fan-in, is the square of its kernel's spread.
DensePlace appendDense(std::vector<float>& parameters, int in, int out, double gain, float bias,
                       Random& random) {
  DensePlace place;
  place.in = in;
  place.out = out;
  const double limit = gain * std::sqrt(6.0 / in);
  const auto weights = static_cast<std::size_t>(in) * static_cast<std::size_t>(out);
  place.kernel = append(parameters, weights, -limit, limit, random);
  place.bias = append(parameters, static_cast<std::size_t>(out), 0, 0, random);
  std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(place.bias), out, bias);
  return place;
}

}  // namespace

Network::Network(const NetworkOptions& options, Random& random) : options_(options) {
  // Filters that start without negative taps rarely die under ReLU. Latents start without bias:
  // one of 0.3, which makes up for truncation, doubled the loss after five epochs of the example's
  // kind. Latents that are dead from the start are revived.
  append(parameters_, kTaps * kFilters, 0.0, 1.0, random);
  convBias_ = append(parameters_, kFilters, 0, 0, random);
  encoderDense_ = appendDense(parameters_, kConvValues, econ_t::kLatents, kDenseGain, 0.0F, random);
  int in = econ_t::kLatents;
  for (const int out : options_.decoderHidden) {
    decoder_.push_back(appendDense(parameters_, in, out, 1.0, 0.0F, random));
    in = out;
  }
  // Outputs start positive, at the order of a mean charge, so that none starts dead.
  decoder_.push_back(appendDense(parameters_, in, econ_t::kTriggerCells, 1.0, 0.05F, random));
  gradient_.resize(parameters_.size());
  clipEncoder();
}

void Network::clipEncoder() {
  const auto low =
      static_cast<float>(static_cast<double>(kWeightFormat.minRaw()) * kWeightFormat.lsb());
  const auto high =
      static_cast<float>(static_cast<double>(kWeightFormat.maxRaw()) * kWeightFormat.lsb());
  const std::size_t end = decoder_.front().kernel;
  for (std::size_t i = 0; i < end; ++i) parameters_[i] = std::clamp(parameters_[i], low, high);
}

econ_t::AutoencoderWeights Network::encoderWeights() const {
  const std::span<const float> all(parameters_);
  econ_t::AutoencoderWeights weights;
  weights.convKernel = quantizeRange(all.subspan(0, convBias_));
  weights.convBias = quantizeRange(all.subspan(convBias_, kFilters));
  weights.denseKernel =
      quantizeRange(all.subspan(encoderDense_.kernel, encoderDense_.bias - encoderDense_.kernel));
  weights.denseBias = quantizeRange(all.subspan(encoderDense_.bias, econ_t::kLatents));
  return weights;
}

int Network::reviveLatents(Random& random) {
  int revived = 0;
  const auto draw = [&](float& parameter, double limit) {
    parameter = static_cast<float>(limit * (2.0 * random.uniform() - 1.0));
  };
  const DensePlace& behind = decoder_.front();
  const auto values = static_cast<std::size_t>(encoderDense_.in);
  for (std::size_t latent = 0; latent < active_.size(); ++latent) {
    const auto active = static_cast<double>(std::exchange(active_[latent], 0));
    if (active >= kAliveShare * static_cast<double>(seen_)) continue;
    ++revived;
    for (std::size_t i = 0; i < values; ++i) {
      draw(parameters_[encoderDense_.kernel + latent * values + i],
           kDenseGain * std::sqrt(6.0 / encoderDense_.in));
    }
    parameters_[encoderDense_.bias + latent] = 0.0F;
    // The decoder's old use of the latent is void; small weights disturb little and pass a
    // gradient.
    for (int out = 0; out < behind.out; ++out) {
      draw(parameters_[behind.kernel + static_cast<std::size_t>(out * behind.in) + latent],
           0.1 * std::sqrt(6.0 / behind.in));
    }
  }
  seen_ = 0;
  return revived;
}

const Batch& Network::forward(std::span<const std::uint8_t> normalized, std::size_t events) {
  weights_ = encoderWeights();
  const EncoderKernel kernel(weights_, options_.truncateProducts);
  kernel.run(normalized, events, encoder_);
  latentSumFraction_ = kernel.latentSumFraction();

  for (std::size_t latent = 0; latent < active_.size(); ++latent) {
    const auto* values = encoder_.latent.data() + latent * events;
    active_[latent] += events - static_cast<std::size_t>(std::count(values, values + events, 0));
  }
  seen_ += events;

  activations_.resize(decoder_.size() + 1);
  const std::int32_t kept = ~((1 << (econ_t::kLatentBits - options_.latentBits)) - 1);
  constexpr float kLatentLsb = 1.0F / static_cast<float>(1 << kLatentFraction);
  Batch& latents = activations_.front();
  latents.resize(static_cast<Eigen::Index>(events), econ_t::kLatents);
  std::transform(encoder_.latent.begin(), encoder_.latent.end(), latents.data(),
                 [&](std::int32_t raw) { return static_cast<float>(raw & kept) * kLatentLsb; });
  for (std::size_t i = 0; i < decoder_.size(); ++i) {
    Batch& out = activations_[i + 1];
    out.noalias() = activations_[i] * kernelOf(std::as_const(parameters_), decoder_[i]).transpose();
    out.rowwise() += biasOf(parameters_, decoder_[i]);
    out = out.cwiseMax(0.0F);
  }
  return activations_.back();
}

void Network::backward(std::span<const std::uint8_t> normalized, const Batch& outputGradient) {
  Batch gradient = outputGradient;
  for (std::size_t i = decoder_.size(); i-- > 0;) {
    const Batch& out = activations_[i + 1];
    gradient = (out.array() > 0.0F).select(gradient, 0.0F);
    kernelOf(gradient_, decoder_[i]).noalias() = gradient.transpose() * activations_[i];
    biasOf(gradient_, decoder_[i]) = gradient.colwise().sum();
    const Batch below = gradient * kernelOf(std::as_const(parameters_), decoder_[i]);
    gradient = below;
  }
  backwardEncoder(normalized, gradient);
}

void Network::backwardEncoder(std::span<const std::uint8_t> normalized,
                              const Batch& latentGradient) {
  const auto events = static_cast<Eigen::Index>(encoder_.events);
  const Eigen::Map<const Batch> conv(encoder_.conv.data(), events, kConvValues);
  const Eigen::Map<const Eigen::Array<std::int32_t, Eigen::Dynamic, Eigen::Dynamic>> sum(
      encoder_.latentSum.data(), events, econ_t::kLatents);
  const std::int32_t saturated = (kLatentMax + 1) << (latentSumFraction_ - kLatentFraction);
  const Batch latent = (sum > 0 && sum < saturated).select(latentGradient.array(), 0.0F).matrix();
  kernelOf(gradient_, encoderDense_).noalias() = latent.transpose() * conv;
  biasOf(gradient_, encoderDense_) = latent.colwise().sum();
  Batch below = latent * realOf(weights_.denseKernel, econ_t::kLatents, kConvValues);
  below = (conv.array() > 0.0F).select(below, 0.0F);

  Eigen::Map<RowMajor> convKernel(gradient_.data(), kTaps, kFilters);
  Eigen::Map<RowVector> convBias(gradient_.data() + convBias_, kFilters);
  convKernel.setZero();
  convBias.setZero();
  Batch patch(events, kTaps);
  for (int position = 0; position < kPositions; ++position) {
    for (int tap = 0; tap < kTaps; ++tap) {
      const int channel =
          tapChannels()[static_cast<std::size_t>(position)][static_cast<std::size_t>(tap)];
      if (channel < 0) {
        patch.col(tap).setZero();
        continue;
      }
      const Eigen::Map<const Eigen::Array<std::uint8_t, Eigen::Dynamic, 1>> charge(
          normalized.data() + channel * events, events);
      patch.col(tap) = charge.cast<float>() * (1.0F / static_cast<float>(1 << kChargeFraction));
    }
    const auto gradient = below.middleCols(position * kFilters, kFilters);
    convKernel.noalias() += patch.transpose() * gradient;
    convBias += gradient.colwise().sum();
  }
}

}  // namespace aegen::encoders::training
