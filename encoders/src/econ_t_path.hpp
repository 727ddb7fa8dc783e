#pragma once
/// The functions of the ECON-T's trigger path before and behind the encoder.

#include <vector>

#include "aegen/core/function_builder.hpp"
#include "aegen/core/program.hpp"
#include "aegen/encoders/link_formats.hpp"
#include "bit_vector.hpp"
#include "path_formats.hpp"

namespace aegen::encoders::econ_t {

inline constexpr int kCharge = kChargeBits;  ///< bits of a calibrated charge
inline constexpr int kCalibration = 12;      ///< bits, 2048 = 1.0
inline constexpr int kPortCodes = 4;         ///< codes of a port word
inline constexpr FloatCode kPortCode{4, 3};  ///< a trigger cell as it comes in

/// Names of the functions add...() add.
inline constexpr const char* kUnpack = "unpack";
inline constexpr const char* kLinkHeader = "link_header";
inline constexpr const char* kChannelMux = "channel_mux";
inline constexpr const char* kCalibrate = "calibrate";
inline constexpr const char* kCodeSum = "code_module_sum";
inline constexpr const char* kCloseUp = "close_up_latents";
inline constexpr const char* kFormat = "format_autoencoder";

/// rx_words u32[n/4] -> codes u7[n], rx_header u4 (section 1).
void addUnpack(core::Program& program, const PathShape& shape);
/// bx u12 -> header u5 (section 1).
void addLinkHeader(core::Program& program);
/// codes u7[n], mux u6[n] -> channel_codes u7[n] (section 2, step 1).
void addChannelMux(core::Program& program, const PathShape& shape);
/// channel_codes u7[n], high_density u1, calibration u12[n] -> calq u22[n] (section 2, steps 2, 3).
void addCalibrate(core::Program& program, const PathShape& shape);
/// module_sum u28 -> sum_code u9 (section 3).
void addCodeSum(core::Program& program);
/// The words of ae_mask as a string of shape.patternBits() bits.
[[nodiscard]] BitVector maskOf(core::FunctionBuilder& b, std::vector<core::ValueId> words,
                               const PathShape& shape);
/// latent (shape.latents of the format), ae_mask u16[maskWords()] (Config) -> kept_bits in limbs
/// (u48[3] of the ECON-T): the bits that ae_mask keeps, closed up at the low end.
void addCloseUp(core::Program& program, const PathShape& shape, const core::FixedFormat& latent);
/// The same for a mask that is known: latent -> kept_bits, wires alone. Bits that are not kept are
/// not among its outputs.
void addWiredCloseUp(core::Program& program, const PathShape& shape,
                     const core::FixedFormat& latent, const std::vector<bool>& keep);
/// header, sum_code, kept_bits (limbs for `keptBits` bits), active_etx u4 -> words u16, count u6,
/// truncated_word u16, fill_word u16 (section 5, row AE; section 6).
void addFormat(core::Program& program, const PathShape& shape, int keptBits);

}  // namespace aegen::encoders::econ_t
