#pragma once
/// The functions of the ECON-T's trigger path before and behind the encoder.

#include "aegen/core/program.hpp"
#include "aegen/encoders/float_code.hpp"

namespace aegen::encoders::econ_t {

inline constexpr int kPortWords = 12;
inline constexpr int kCharge = 22;       ///< bits of a calibrated charge
inline constexpr int kCalibration = 12;  ///< bits, 2048 = 1.0
inline constexpr int kEtx = 13;
inline constexpr int kBufferWords = 26;     ///< words a crossing writes
inline constexpr int kLinkWords = 10;       ///< words of the longest autoencoder string
inline constexpr int kSumBits = 28;         ///< bits of the module sum
inline constexpr FloatCode kSumCode{5, 4};  ///< the module sum on the link
inline constexpr int kMaskWords = 9;        ///< 16-bit words of ae_mask

/// Names of the functions add...() add.
inline constexpr const char* kUnpack = "unpack";
inline constexpr const char* kChannelMux = "channel_mux";
inline constexpr const char* kCalibrate = "calibrate";
inline constexpr const char* kLinkHeader = "link_header";
inline constexpr const char* kCloseUp = "close_up_latents";
inline constexpr const char* kFormat = "format_autoencoder";

/// rx_words u32[12] -> codes u7[48], rx_header u4 (section 1).
void addUnpack(core::Program& program);
/// codes u7[48], mux u6[48] -> channel_codes u7[48] (section 2, step 1).
void addChannelMux(core::Program& program);
/// channel_codes u7[48], high_density u1, calibration u12[48] -> calq u22[48] (section 2, steps 2,
/// 3).
void addCalibrate(core::Program& program);
/// bx u12, module_sum u28 -> header u5, sum_code u9 (sections 1 and 3).
void addLinkHeader(core::Program& program);
/// latent u9.8[16], ae_mask u16[9] -> kept u48[3]: the bits that ae_mask keeps, closed up at the
/// low end.
void addCloseUp(core::Program& program);
/// header, sum_code, kept u48[3], active_etx u4 -> words u16[26], count u6,
/// truncated_word u16, fill_word u16 (section 5, row AE; section 6).
void addFormat(core::Program& program);

}  // namespace aegen::encoders::econ_t
