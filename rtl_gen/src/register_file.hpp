#pragma once
/// The configuration registers: a shadow copy that is written value by value and an active copy
/// that takes it over at a crossing boundary, in banks of values.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "aegen/core/design.hpp"
#include "aegen/rtl_gen/verilog_ast.hpp"

namespace aegen::rtl_gen {

/// Where the values of a design's fields are and when they are used.
struct RegisterMap {
  struct Field {
    const core::ConfigField* field = nullptr;
    std::uint32_t firstAddress = 0;
    int firstUse = 0;  ///< clocks; the active copy switches this long after the commit
    int lastUse = 0;   ///< copies delayed by up to lastUse - firstUse clocks are made
  };
  std::vector<Field> fields;
  std::uint32_t controlAddress = 0;
  int addressBits = 1;
  bool serial = false;  ///< a serial port asks for registers, too
  bool paced = false;   ///< a crossing has several clocks
  int dataBits = 0;     ///< of the words that carry values: design.configDataBits()

  [[nodiscard]] const Field* find(std::string_view field) const;
};

/// One value an address in the order of design.config, then the control address.
[[nodiscard]] RegisterMap mapRegisters(const core::Design& design,
                                       const core::DesignTiming& timing);

/// Net of a field's values as seen by a block that computes `time` clocks after the input.
[[nodiscard]] std::string configNet(const RegisterMap::Field& field, int time);

/// The bank modules and the register file (last), named `<design>_registers`: ports clk, rst_n,
/// cfg_write, cfg_address, cfg_wdata, cfg_rdata, cfg_ready and one output a configNet(). With a
/// serial port also serial_write, serial_read, serial_address, serial_wdata -> serial_granted,
/// serial_rdata: a request is granted in a clock in which the parallel port neither writes nor
/// waits for a value, so that the parallel port never sees a difference; writes only while
/// cfg_ready is high. Where a crossing has several clocks also kCrossingEnd: the serial port moves
/// on, and is served, in the last clock of a crossing alone.
[[nodiscard]] std::vector<verilog::Module> registerModules(const core::Design& design,
                                                           const RegisterMap& map);

}  // namespace aegen::rtl_gen
