#pragma once
/// The ECON-T's weight registers as the YAML files of its test systems: 2144 six-bit weights,
/// 12,864 bits, in twelve blocks of 134 bytes.

#include <filesystem>
#include <string>
#include <vector>

#include "aegen/encoders/econ_t.hpp"

namespace aegen::encoders {

/// How the files name the registers. In both a register `weights_byteN` holds a block's bytes from
/// N up to the next register, the lowest byte in its lowest bits.
enum class RegisterLayout : std::uint8_t {
  Blocks,  ///< ECON-T: RW: AUTOENCODER_<block>INPUT: registers: weights_byteN: value: 0x...
  Pages,   ///< Encoder: <block>: weights_byteN: 0x...
};

/// Reads either layout, wherever in the file it stands; other registers are passed over. Numbers
/// are hexadecimal (underscores allowed) or decimal; registers may be of any number of bytes.
/// Diagnostics `import.no-file`, `import.syntax`, `import.registers` name the block and register.
[[nodiscard]] core::Result<econ_t::AutoencoderWeights> readWeightRegisters(
    const std::filesystem::path& file);

/// The file's text with registers of 16 bytes and one of 6 a block. The weights are the chip's:
/// 72, 8, 2048 and 16 of them, each s6.5.
[[nodiscard]] std::string weightRegistersYaml(const econ_t::AutoencoderWeights& weights,
                                              RegisterLayout layout);

/// The blocks' bytes, one block after the other, and back: weight i's bits are 6i .. 6i + 5, the
/// first bit being the lowest of the first byte.
[[nodiscard]] std::vector<std::uint8_t> packWeights(const econ_t::AutoencoderWeights& weights);
[[nodiscard]] econ_t::AutoencoderWeights unpackWeights(const std::vector<std::uint8_t>& bytes);

inline constexpr int kWeightBlocks = 12;
inline constexpr int kWeightBlockBytes = 134;

}  // namespace aegen::encoders
