#pragma once
/// The serial port: an I2C slave that reaches the register file.

#include "aegen/rtl_gen/verilog_ast.hpp"
#include "register_file.hpp"

namespace aegen::rtl_gen {

inline constexpr const char* kI2cSlave = "i2c_slave";

/// Ports clk, rst_n; scl, sda, sda_low (a register: pull SDA down), address[6:0] (static); and, on
/// the register file's side, request_write, request_read, request_address, request_wdata -> granted
/// and rdata of the same clock. A request stays until it is granted.
///
/// Protocol (UM10204; docs/registers.md): START, device address and W, register address in two
/// bytes, then the values, each of map.dataBits in bytes from the highest; the register address
/// counts up behind each value. A repeated START and the device address with R reads from there.
/// A value is written when its last byte is acknowledged. Bytes that cannot be taken are not
/// acknowledged: another device's address, a register address outside the map, a value behind the
/// last address, a value while the one before still waits for the register file, a read that the
/// register file has not served in time. A further value that is not served in time is not sent
/// (SDA stays high); behind the last address zeros are.
///
/// Both lines pass two flip-flops and a filter that follows after four equal samples, so that
/// spikes of up to 50 ns at 40 MHz are not seen; a START or STOP counts when SDA has kept its new
/// level for seven clocks with SCL high, which tolerates SDA changing together with SCL's fall.
/// Where a crossing has several clocks (map.paced, kCrossingEnd) the slave steps once a crossing,
/// so that these times stay as they are.
[[nodiscard]] verilog::Module i2cSlaveModule(const RegisterMap& map);

}  // namespace aegen::rtl_gen
