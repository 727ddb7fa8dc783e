#pragma once
/// The verilated chip behind rows of words: the fixed part around the generated chip_ports.hpp.

#include <cstdint>
#include <memory>
#include <string>

#include "chip_ports.hpp"
#include "session.hpp"
#include "verilated.h"
#ifdef AEGEN_BENCH_TRACE
#include "verilated_fst_c.h"
#endif

namespace aegen_bench {

/// One crossing is settle() with its inputs driven, then edge(). Between the two, nets show what a
/// flip-flop behind them would take at the crossing's end: where a crossing has several clocks,
/// settle() runs all but the last.
class ChipModel : public ChipPorts {
 public:
  /// Before the first model: Verilator's own arguments (+verilator+seed+N ...).
  static void begin(int argc, char** argv) {
    Verilated::commandArgs(argc, argv);
#ifdef AEGEN_BENCH_TRACE
    Verilated::traceEverOn(true);
#endif
  }

  ChipModel() {
    drivePins(Pins{});
  }
  ~ChipModel() {
    trace({});
    model_.final();
  }

  void drivePins(const Pins& pins) {
    pins_ = pins;
    ChipPorts::drivePins(model_, pins);
  }
  void driveSignals(const std::uint32_t* row) {
    ChipPorts::driveSignals(model_, row);
  }
  void capture(std::uint32_t* row) const {
    ChipPorts::capture(model_, row);
  }
  void outputs(std::uint32_t* row) const {
    ChipPorts::outputs(model_, row);
  }
  std::uint32_t configRead() const {
    return ChipPorts::configRead(model_);
  }
  bool serialLow() const {
    return ChipPorts::serialLow(model_);
  }

  void settle() {
    for (int clock = 1; clock < kClocksPerCrossing; ++clock) {
      low();
      edge();
    }
    low();
  }
  void edge() {
    model_.clk = 1;
    model_.eval();
    dump(kPeriod / 2);
    time_ += kPeriod;
  }

  bool trace(const std::string& file) {
#ifdef AEGEN_BENCH_TRACE
    if (waves_) waves_->close();
    waves_.reset();
    if (!file.empty()) {
      waves_ = std::make_unique<VerilatedFstC>();
      model_.trace(waves_.get(), 99);
      waves_->open(file.c_str());
    }
    return true;
#else
    return file.empty();
#endif
  }

 private:
  /// Picoseconds: of a bunch crossing's clocks.
  static constexpr std::uint64_t kPeriod = 25000 / kClocksPerCrossing;

  void low() {
    ChipPorts::driveSerial(model_, pins_);
    model_.clk = 0;
    model_.eval();
    dump(0);
  }

  void dump(std::uint64_t offset) {
#ifdef AEGEN_BENCH_TRACE
    if (waves_) waves_->dump(time_ + offset);
#else
    static_cast<void>(offset);
#endif
  }

  Vchip model_;
  Pins pins_;  ///< SDA follows what the chip pulls down, clock by clock
  std::uint64_t time_ = 0;
#ifdef AEGEN_BENCH_TRACE
  std::unique_ptr<VerilatedFstC> waves_;
#endif
};

}  // namespace aegen_bench
