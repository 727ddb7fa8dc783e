#pragma once
/// The serial port as manifest.json and registers.json have it.

#include <nlohmann/json.hpp>
#include <optional>

#include "aegen/core/design.hpp"

namespace aegen::rtl_gen {

using Json = nlohmann::ordered_json;

inline constexpr const char* kI2cName = "i2c";

/// {"kind", "address_base", "address_pins"}; null when there is none.
[[nodiscard]] inline Json serialJson(const std::optional<core::SerialPort>& serial) {
  if (!serial) {
    return nullptr;
  }
  return {{"kind", kI2cName},
          {"address_base", serial->addressBase},
          {"address_pins", serial->addressPins}};
}

}  // namespace aegen::rtl_gen
