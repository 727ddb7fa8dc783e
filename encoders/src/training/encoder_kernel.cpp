#include "encoder_kernel.hpp"

#include <algorithm>
#include <numeric>
#include <type_traits>

namespace aegen::encoders::training {
namespace {

constexpr std::size_t kLanes = 64;  // events of a block: its activations stay in the first cache

constexpr int channelAt(int row, int column) {
  constexpr auto kGrid = econ_t::gridChannels();
  constexpr int kSide = econ_t::kGridSide;
  return row < kSide && column < kSide ? kGrid[static_cast<std::size_t>(row * kSide + column)] : -1;
}

constexpr auto kTapChannels = [] {
  std::array<std::array<int, kTaps>, kPositions> channels{};
  for (int position = 0; position < kPositions; ++position) {
    for (int tap = 0; tap < kTaps; ++tap) {
      channels[static_cast<std::size_t>(position)][static_cast<std::size_t>(tap)] =
          channelAt(position / 4 * 2 + tap / 3, position % 4 * 2 + tap % 3);
    }
  }
  return channels;
}();

// sum += floor(weight * value / 2^shift): an arithmetic shift is Rounding::Floor on every lane.
template <int kShift, typename Value>
void addProducts(std::int32_t* sum, const Value* value, std::int16_t weight) {
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    sum[lane] += (static_cast<std::int32_t>(value[lane]) * weight) >> kShift;
  }
}

template <std::size_t kCount>
void copyNarrow(const std::vector<std::int64_t>& from, std::array<std::int16_t, kCount>& to) {
  std::transform(from.begin(), from.end(), to.begin(),
                 [](std::int64_t raw) { return static_cast<std::int16_t>(raw); });
}

}  // namespace

const std::array<std::array<int, kTaps>, kPositions>& tapChannels() {
  return kTapChannels;
}

void normalize(std::span<const std::int64_t> charges, std::span<std::uint8_t> normalized) {
  const int shift =
      econ_t::normalizingShift(std::accumulate(charges.begin(), charges.end(), std::int64_t{0}));
  std::transform(charges.begin(), charges.end(), normalized.begin(), [&](std::int64_t charge) {
    return static_cast<std::uint8_t>((charge << kChargeFraction) >> shift);
  });
}

EncoderKernel::EncoderKernel(const econ_t::AutoencoderWeights& weights, bool truncateProducts)
    : truncate_(truncateProducts) {
  copyNarrow(weights.convKernel, convKernel_);
  copyNarrow(weights.convBias, convBias_);
  copyNarrow(weights.denseKernel, denseKernel_);
  copyNarrow(weights.denseBias, denseBias_);
}

void EncoderKernel::run(std::span<const std::uint8_t> normalized, std::size_t events,
                        EncoderActivations& out) const {
  out.events = events;
  out.conv.resize(kConvValues * events);
  out.latentSum.resize(econ_t::kLatents * events);
  out.latent.resize(econ_t::kLatents * events);
  for (std::size_t first = 0; first < events; first += kLanes) {
    if (truncate_) {
      runBlock<true>(normalized.data(), first, events, out);
    } else {
      runBlock<false>(normalized.data(), first, events, out);
    }
  }
}

template <bool kTruncate>
void EncoderKernel::runBlock(const std::uint8_t* normalized, std::size_t first, std::size_t events,
                             EncoderActivations& out) const {
  // Truncated convolution outputs stay below 9*255 + 124, exact ones below 2^17.
  using Conv = std::conditional_t<kTruncate, std::int16_t, std::int32_t>;
  constexpr int kConvShift = kTruncate ? kWeightFraction : 0;
  constexpr int kConvOut = kChargeFraction + kWeightFraction - kConvShift;
  constexpr int kDenseShift = kTruncate ? kConvOut + kWeightFraction - kLatentFraction : 0;
  constexpr int kDenseOut = kConvOut + kWeightFraction - kDenseShift;
  constexpr float kConvLsb = 1.0F / static_cast<float>(1 << kConvOut);
  const std::size_t lanes = std::min(kLanes, events - first);

  std::int16_t charge[econ_t::kTriggerCells][kLanes] = {};
  for (std::size_t c = 0; c < econ_t::kTriggerCells; ++c) {
    std::copy_n(normalized + c * events + first, lanes, charge[c]);
  }
  Conv conv[kConvValues][kLanes];
  std::int32_t sum[kLanes];
  for (std::size_t position = 0; position < kPositions; ++position) {
    for (std::size_t filter = 0; filter < kFilters; ++filter) {
      std::fill_n(sum, kLanes, std::int32_t{convBias_[filter]} << (kConvOut - kWeightFraction));
      for (std::size_t tap = 0; tap < kTaps; ++tap) {
        const int channel = kTapChannels[position][tap];
        if (channel < 0) continue;
        addProducts<kConvShift>(sum, charge[channel], convKernel_[tap * kFilters + filter]);
      }
      const std::size_t value = position * kFilters + filter;
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        conv[value][lane] = static_cast<Conv>(std::max(sum[lane], 0));
      }
      float* activation = out.conv.data() + value * events + first;
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        activation[lane] = static_cast<float>(conv[value][lane]) * kConvLsb;
      }
    }
  }
  for (std::size_t latent = 0; latent < econ_t::kLatents; ++latent) {
    std::fill_n(sum, kLanes, std::int32_t{denseBias_[latent]} << (kDenseOut - kWeightFraction));
    for (std::size_t value = 0; value < kConvValues; ++value) {
      addProducts<kDenseShift>(sum, conv[value], denseKernel_[latent * kConvValues + value]);
    }
    std::copy_n(sum, lanes, out.latentSum.data() + latent * events + first);
    std::int32_t* result = out.latent.data() + latent * events + first;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      result[lane] = std::clamp(sum[lane] >> (kDenseOut - kLatentFraction), 0, kLatentMax);
    }
  }
}

}  // namespace aegen::encoders::training
