#pragma once
/// Moves values between rows of 32-bit words and the types Verilator gives ports and nets. Used by
/// the generated adapter chip_model.hpp.

#include <cstdint>
#include <cstring>

#include "verilated.h"

namespace aegen_bench {

inline void store(std::uint32_t* row, CData value) {
  row[0] = value;
}
inline void store(std::uint32_t* row, SData value) {
  row[0] = value;
}
inline void store(std::uint32_t* row, IData value) {
  row[0] = value;
}
inline void store(std::uint32_t* row, QData value) {
  row[0] = static_cast<std::uint32_t>(value);
  row[1] = static_cast<std::uint32_t>(value >> 32);
}
template <std::size_t Words>
void store(std::uint32_t* row, const VlWide<Words>& value) {
  std::memcpy(row, value.data(), Words * sizeof(std::uint32_t));
}

inline void load(CData& value, const std::uint32_t* row) {
  value = static_cast<CData>(row[0]);
}
inline void load(SData& value, const std::uint32_t* row) {
  value = static_cast<SData>(row[0]);
}
inline void load(IData& value, const std::uint32_t* row) {
  value = row[0];
}
inline void load(QData& value, const std::uint32_t* row) {
  value = (static_cast<QData>(row[1]) << 32) | row[0];
}
template <std::size_t Words>
void load(VlWide<Words>& value, const std::uint32_t* row) {
  std::memcpy(value.data(), row, Words * sizeof(std::uint32_t));
}

}  // namespace aegen_bench
