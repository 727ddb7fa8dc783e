#pragma once
/// The functions of the ECON-T's trigger path before and behind the encoder.

#include "aegen/core/program.hpp"
#include "aegen/encoders/link_formats.hpp"
#include "path_formats.hpp"

namespace aegen::encoders::econ_t {

inline constexpr int kCharge = kChargeBits;  ///< bits of a calibrated charge
inline constexpr int kCalibration = 12;      ///< bits, 2048 = 1.0
inline constexpr int kPortCodes = 4;         ///< codes of a port word
inline constexpr FloatCode kPortCode{4, 3};  ///< a trigger cell as it comes in
inline constexpr int kEtx = 13;
inline constexpr int kLinkWords = 10;       ///< words of the longest autoencoder string
inline constexpr FloatCode kSumCode{5, 4};  ///< the autoencoder's module sum on the link
inline constexpr int kMaskWords = 9;        ///< 16-bit words of ae_mask

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
/// latent u9.8[16], ae_mask u16[9] -> kept_bits u48[3]: the bits that ae_mask keeps, closed up at
/// the low end.
void addCloseUp(core::Program& program);
/// header, sum_code, kept_bits u48[3], active_etx u4 -> words u16, count u6, truncated_word u16,
/// fill_word u16 (section 5, row AE; section 6).
void addFormat(core::Program& program, const PathShape& shape);

}  // namespace aegen::encoders::econ_t
