#pragma once
/// A strict reader of the part of SystemRDL 2.0 that the register map uses: properties, an addrmap
/// of regfiles and registers, parametrised register types, arrays. It checks what the standard asks
/// for (names, kinds of values, widths, overlaps) and gives every register with its address.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace aegen::rtl_gen::testing {

struct RdlField {
  std::string name;
  int high = 0;
  int low = 0;
  std::uint64_t reset = 0;
  std::string sw;
  std::string hw;
  std::string numberFormat;
  bool isSigned = false;
};

struct RdlRegister {
  std::string path;           ///< `regfile.register[index]`
  std::uint64_t address = 0;  ///< in bytes
  int width = 32;
  std::string fileName;     ///< `name` of the regfile
  std::string description;  ///< `desc` of the regfile
  std::vector<RdlField> fields;
};

struct RdlMap {
  std::string name;
  std::string description;
  std::vector<RdlRegister> registers;
};

/// The map, or what is wrong and where.
[[nodiscard]] std::variant<RdlMap, std::string> readSystemRdl(std::string_view text);

}  // namespace aegen::rtl_gen::testing
