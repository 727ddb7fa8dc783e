#pragma once
// How fast each way of computing a design is, with the check that what it computed was right.

#include <filesystem>
#include <string>

#include "aegen/rtl_gen/emit_design.hpp"
#include "measure.hpp"

namespace aegen::bench {

// A figure and its check.
struct Rate {
  std::vector<double> perSecond;         // of each repeat, by wall time
  std::vector<double> processorSeconds;  // of each repeat, on all threads and processes; of the
                                         // Verilated ones with their start and configuration
  std::uint64_t crossings = 0;           // of each repeat
  unsigned threads = 1;                  // that compute at a time, in all processes
  std::string checked;                   // what was compared
  bool correct = false;
  ordered more = ordered::object();  // further facts

  // The same by processor time: what a busy machine does not distort.
  [[nodiscard]] std::vector<double> perProcessorSecond() const;
  [[nodiscard]] ordered json() const;
};

// A design with its stimuli, its RTL in a folder of its own and what comes out of it.
struct Subject {
  std::string name;  // of the folder
  const core::Design* design = nullptr;
  core::Columns inputs;
  rtl_gen::GeneratedRtl rtl;
  std::filesystem::path work;
  core::Columns expected;  // the interpreter's outputs, which the others are held against
};

// Emits the RTL and interprets the stimuli.
Subject subject(const Settings& settings, const std::string& name, const core::Design& design,
                core::Columns inputs);

// The interpreter in batches, nothing kept but the outputs. Checked against `witness`, outputs that
// another executor gave.
Rate interpreterRate(const Settings& settings, const Subject& subject, unsigned threads,
                     const core::Columns& witness);

// The verilated design: rows in, outputs back, no scoreboard. `outputs`: what it gave.
Rate rtlRate(const Settings& settings, const Subject& subject, core::Columns* outputs = nullptr);

// The verilated chip with the scoreboard on every output and milestone; with the SystemC link and
// decoder when the bundle's decoder is wanted.
Rate scoreboardRate(const Settings& settings, const Subject& subject,
                    const flows::DesignBundle& bundle, bool withDecoder);

// The back-end board with `modules` links that carry the chip's words: receivers and decoders in
// SystemC, or receivers and interpreter. A crossing of one module counts as one. Checked record by
// record against the other of the two.
Rate boardRate(const Settings& settings, const Subject& subject, const flows::DesignBundle& bundle,
               std::size_t modules, bool systemC);

// Icarus Verilog on the same files, fed the first `crossings` of the same stimuli.
Rate icarusRate(const Settings& settings, const Subject& subject, std::size_t crossings);

}  // namespace aegen::bench
