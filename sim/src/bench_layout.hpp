#pragma once
/// What travels in the bench's rows, and the C++ that moves it: the generated part of the bench.

#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/core/program.hpp"
#include "aegen/rtl_gen/manifest.hpp"

namespace aegen::sim {

/// A signal's place in a row: element i is at bits firstBit + i * stride.
struct RowSignal {
  std::string name;
  core::FixedFormat format;
  std::uint32_t count = 1;
  std::size_t firstBit = 0;
  std::size_t stride = 0;
  int latency = 0;  ///< clocks from the chip's input by construction
  bool isPort = false;
};

/// Rows of the chip: what it is fed, what is captured from it, what it sends.
struct ChipLayout {
  std::vector<RowSignal> inputs;
  std::vector<RowSignal> captured;  ///< in the design's order: producers before consumers
  std::vector<RowSignal> outputs;
  std::uint32_t inputWords = 0;
  std::uint32_t captureWords = 0;
  std::uint32_t outputWords = 0;

  [[nodiscard]] const RowSignal* findCaptured(std::string_view name) const;
};

/// The layout for capturing the outputs and `extra` signals. Error: sim.no-signal, sim.no-port.
[[nodiscard]] core::Result<ChipLayout> chipLayout(const rtl_gen::ModuleManifest& manifest,
                                                  const std::vector<std::string>& extra);

/// The device address the bench gives the chip's serial port by its address pins.
[[nodiscard]] int benchDevice(const core::SerialPort& serial);

/// chip_ports.hpp for this layout.
[[nodiscard]] std::string chipPortsHeader(const rtl_gen::ModuleManifest& manifest,
                                          const ChipLayout& layout);

/// The Verilator configuration file that keeps captured inner nets readable.
[[nodiscard]] std::string verilatorConfiguration(const rtl_gen::ModuleManifest& manifest,
                                                 const ChipLayout& layout);

/// What the kernel of the whole path captures behind the chip's words.
struct DecoderLayout {
  std::vector<RowSignal> inputs;    ///< where the decoder's words are in the link's row
  std::vector<RowSignal> captured;  ///< the link's row as received, then the decoder's outputs
  std::uint32_t captureWords = 0;   ///< of the decoder's outputs alone
  std::uint32_t rowWords = 0;       ///< of chip, link and decoder together
};

/// The decoder's event inputs are the chip's outputs of the same name. Latencies are those at the
/// chip's outputs plus `linkLatency` and, for outputs, `decoderLatency`. Error: sim.decoder-input.
[[nodiscard]] core::Result<DecoderLayout> decoderLayout(const ChipLayout& chip,
                                                        const core::Function& decoder,
                                                        int linkLatency, int decoderLatency);

/// decoder_model.hpp around the emitted SystemC in decoder.hpp.
[[nodiscard]] std::string decoderModelHeader(const core::Function& decoder,
                                             std::string_view moduleName,
                                             const DecoderLayout& layout);

}  // namespace aegen::sim
