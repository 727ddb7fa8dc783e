#pragma once
/// A chip small enough to compile in seconds that has what a real one has: words in and out, a BX
/// counter, loadable weights, two pipeline stages, inner signals; and its decoder.

#include <cstdint>
#include <filesystem>
#include <string>

#include "aegen/core/columns.hpp"
#include "aegen/core/design.hpp"
#include "aegen/rtl_gen/manifest.hpp"

namespace aegen::sim::testing {

/// rx_words u32[2] (header in the top four bits of word 0, four signed 7-bit samples) -> tx u32[2].
/// Signals: header, samples, bx, sum (registered; latency 1), tx (registered; latency 2).
/// Configuration: weights s6.5[4], offset u8.
[[nodiscard]] core::Design smallDesign(const std::string& name);

/// tx u32[2] -> bx u12, sum as sent, magnitude[2].
[[nodiscard]] core::Program smallDecoder();
inline constexpr const char* kSmallDecoder = "small_decoder";

/// Random words; the header marks crossing 0 and every `orbit`-th.
[[nodiscard]] core::Columns smallInputs(std::size_t crossings, std::uint64_t seed);

[[nodiscard]] core::ConfigValues smallConfig();

struct WrittenRtl {
  std::filesystem::path folder;
  rtl_gen::ModuleManifest manifest;
};
/// Emits the design's Verilog into a fresh folder of the build tree. Fails the test when it cannot.
[[nodiscard]] WrittenRtl writtenRtl(const core::Design& design);

/// Where the tests' benches are built: kept, so that compiled parts are shared by tests and runs.
[[nodiscard]] std::filesystem::path workFolder();

}  // namespace aegen::sim::testing
