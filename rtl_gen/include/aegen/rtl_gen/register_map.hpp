#pragma once
/// The register map of a design for people and tools: Markdown, C, JSON and SystemRDL.
///
/// Addresses are those of both ports: one value an address, whatever its width. Where a format
/// wants bytes (SystemRDL; given beside the others) the byte address is the address times the bytes
/// of a value, manifest.configDataWidth / 8.

#include <string>
#include <vector>

#include "aegen/rtl_gen/manifest.hpp"

namespace aegen::rtl_gen {

/// A page with the ports, a table of the fields and the values after reset.
[[nodiscard]] std::string registerMapMarkdown(const ModuleManifest& manifest);

/// A header for C99 and C++: `<DESIGN>_REG_<FIELD>_ADDRESS`, `_COUNT`, `_WIDTH`, `_FRACTION`,
/// `_SIGNED`, `_MASK` of each field and `<design>_reg_<field>_reset[]`, its raw values after reset;
/// `<DESIGN>_CONTROL_ADDRESS`, `_CONTROL_COMMIT`, `_CONTROL_BUSY`, `_DATA_WIDTH`,
/// `_ADDRESS_WIDTH`, `_BYTES_PER_VALUE`, and `_I2C_ADDRESS_BASE`, `_I2C_ADDRESS_PINS` if there is a
/// serial port. Field names that differ by case alone get a number behind them.
[[nodiscard]] std::string registerMapHeader(const ModuleManifest& manifest);

/// `{"format": "aegen-registers", "version": 1, ...}`; docs/registers.md lists the keys.
[[nodiscard]] std::string registerMapJson(const ModuleManifest& manifest);

/// SystemRDL 2.0: an addrmap of one regfile a field, whose registers are arrays as long as their
/// reset values are equal, and the control register.
[[nodiscard]] std::string registerMapRdl(const ModuleManifest& manifest);

/// The files of all four and their names, `registers.md`, `.h`, `.json`, `.rdl`; none for a design
/// without registers.
struct RegisterMapFile {
  std::string name;
  std::string text;
};
[[nodiscard]] std::vector<RegisterMapFile> registerMapFiles(const ModuleManifest& manifest);

/// Every name registerMapFiles() may give.
[[nodiscard]] std::vector<std::string> registerMapFileNames();

/// The bank modules that hold a register's values, one an instance; registers of one shape share
/// them.
[[nodiscard]] std::vector<std::string> bankModules(const ManifestRegister& reg);

}  // namespace aegen::rtl_gen
