#pragma once
/// The ECON-T encoder in the trainer: integers forward, exactly the hardware's, for a batch of
/// events.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "aegen/encoders/econ_t.hpp"

namespace aegen::encoders::training {

inline constexpr int kFilters = 8;
inline constexpr int kTaps = 9;        ///< 3x3
inline constexpr int kPositions = 16;  ///< 4x4 outputs of the stride-2 convolution
inline constexpr int kConvValues = kPositions * kFilters;
inline constexpr int kChargeFraction = 7;  ///< normalised charges are u8.7
inline constexpr int kWeightFraction = 5;  ///< weights and biases are s6.5
inline constexpr int kConvFraction = 7;    ///< of a truncated convolution product
inline constexpr int kLatentFraction = 8;  ///< latents are u9.8
inline constexpr int kLatentMax = 511;

/// Channel under each tap of each position; -1 where the grid holds a zero.
[[nodiscard]] const std::array<std::array<int, kTaps>, kPositions>& tapChannels();

/// The charges of one event as u8.7: (q << 7) >> min(floor(log2 sum), 21); zeros for an empty
/// event.
void normalize(std::span<const std::int64_t> charges, std::span<std::uint8_t> normalized);

/// What the backward pass needs of a forward pass. Element-major: an element's events are
/// contiguous.
struct EncoderActivations {
  std::size_t events = 0;
  std::vector<float> conv;              ///< [128][events], real values after ReLU
  std::vector<std::int32_t> latentSum;  ///< [16][events], raw before ReLU, latentSumFraction() bits
  std::vector<std::int32_t> latent;     ///< [16][events], raw u9.8
};

class EncoderKernel {
 public:
  /// `truncateProducts`: floor each product to 7 (convolution) and 8 (dense) fractional bits before
  /// it is added, as the chip does; else sum products exactly and floor the latent once.
  EncoderKernel(const econ_t::AutoencoderWeights& weights, bool truncateProducts);

  /// `normalized`: [48][events] raw u8.7.
  void run(std::span<const std::uint8_t> normalized, std::size_t events,
           EncoderActivations& out) const;

  [[nodiscard]] int latentSumFraction() const { return truncate_ ? kLatentFraction : 17; }

 private:
  template <bool kTruncate>
  void runBlock(const std::uint8_t* normalized, std::size_t first, std::size_t events,
                EncoderActivations& out) const;

  bool truncate_;
  std::array<std::int16_t, kTaps * kFilters> convKernel_{};  ///< [tap][filter]
  std::array<std::int16_t, kFilters> convBias_{};
  std::array<std::int16_t, econ_t::kLatents * kConvValues> denseKernel_{};  ///< [latent][value]
  std::array<std::int16_t, econ_t::kLatents> denseBias_{};
};

}  // namespace aegen::encoders::training
