#pragma once
/// Plain, sequential readings of the ECON-T page, section 5: strings of every algorithm written bit
/// by bit, and read bit by bit. The second opinion on the board's decoders.

#include <cstdint>
#include <span>
#include <vector>

#include "aegen/encoders/link_decoders.hpp"
#include "random_program.hpp"

namespace aegen::test_common {

/// A string of bits, most significant first.
struct Bits {
  std::vector<bool> bits;
  void push(std::int64_t value, int width);
  /// 16-bit words, the last filled up with zeros.
  [[nodiscard]] std::vector<std::uint16_t> words() const;
};

/// 31 at BX 0, else BX mod 16.
[[nodiscard]] int headerOf(int bx);
/// The same without its second bit.
[[nodiscard]] int shortHeaderOf(int bx);

/// Words as 32-bit elements, `count` of them, zeros behind.
[[nodiscard]] std::vector<std::int64_t> packed(std::span<const std::uint16_t> words, int count);

/// What a chip is set to: the board's settings and what only the chip knows.
struct LinkSettings {
  encoders::econ_t::Algorithm algorithm = encoders::econ_t::Algorithm::ThresholdSum;
  encoders::econ_t::PathShape shape;
  encoders::econ_t::DecoderSettings board;
};

/// Settings with which the chip sends something; random eTX, drop, type, sums, spread, mask.
[[nodiscard]] LinkSettings randomSettings(SplitMix64& random, encoders::econ_t::Algorithm algorithm,
                                          const encoders::econ_t::PathShape& shape);
/// Sizes unlike the ECON-T's: channels, codes, counts, groups, links.
[[nodiscard]] encoders::econ_t::PathShape randomShape(SplitMix64& random);

/// The string of one crossing: of `calq` (22 bits each), those of at least `threshold` being sent
/// (threshold sum); the autoencoder's of `latents` too.
[[nodiscard]] std::vector<std::uint16_t> stringOf(const LinkSettings& settings, int bx,
                                                  std::span<const std::int64_t> calq,
                                                  std::int64_t threshold,
                                                  std::span<const std::int64_t> latents);
/// The same of random charges, from empty modules to full ones.
[[nodiscard]] std::vector<std::uint16_t> randomString(SplitMix64& random,
                                                      const LinkSettings& settings, int bx);
/// The word that stands for a truncated crossing.
[[nodiscard]] std::uint16_t truncatedWord(const LinkSettings& settings, int bx, bool late);

/// What a decoder gives.
struct Decoded {
  std::int64_t header = 0;
  encoders::econ_t::StringStatus status = encoders::econ_t::StringStatus::Good;
  std::int64_t moduleSum = 0;
  std::vector<std::int64_t> sent;
  std::vector<std::int64_t> charge;
  /// Outputs in the order of the decoder's ports, without latents.
  [[nodiscard]] std::vector<std::int64_t> outputs() const;
};
/// All algorithms but the autoencoder, from the words of a string (zeros behind).
[[nodiscard]] Decoded decodeString(const LinkSettings& settings,
                                   std::span<const std::uint16_t> words);

}  // namespace aegen::test_common
