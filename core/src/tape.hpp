#pragma once
/// The interpreter's tape: a function flattened, specialised and laid out in slots of kLanes
/// events.

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "aegen/core/instruction_set.hpp"
#include "aegen/core/program.hpp"

namespace aegen::core::tape {

/// Events a kernel works on at once: enough to hide dispatch, few enough for the L2 cache.
inline constexpr std::size_t kLanes = 128;

/// What a slot's lanes are: signed integers of this many bits. The narrower, the more of them one
/// instruction of the processor works on.
enum class Lane : std::uint8_t { I16, I32, I64 };
inline constexpr std::array kAllLanes{Lane::I16, Lane::I32, Lane::I64};
inline constexpr std::size_t kLaneTypes = kAllLanes.size();
template <typename T>
using ByLane = std::array<T, kLaneTypes>;

[[nodiscard]] constexpr std::size_t index(Lane lane) {
  return static_cast<std::size_t>(lane);
}
[[nodiscard]] constexpr int bitsOf(Lane lane) {
  return 16 << index(lane);
}

/// A term of a sum: lanes of slot `slot` times `factor`.
struct Product {
  std::uint32_t slot;
  std::int64_t factor;
};

/// Working memory of one run: for each lane type slots of kLanes each.
struct Frame {
  std::int16_t* i16 = nullptr;
  std::int32_t* i32 = nullptr;
  std::int64_t* i64 = nullptr;
};

struct Step;
using Kernel = void (*)(const Step&, const Frame&);

/// One instruction of the tape. Slots are indices into the frame's memory of the kernel's lane
/// type.
struct Step {
  Kernel kernel = nullptr;
  std::uint32_t result = 0;
  std::uint32_t a = 0, b = 0, c = 0;
  std::int64_t immediate = 0;           ///< Sum: added; Splat: the value; else the instruction's
  int shift = 0;                        ///< Sum: of the products
  const Instruction* source = nullptr;  ///< Requantize, Lookup
  FixedFormat from;                     ///< Requantize: operand's format
  FixedFormat format;                   ///< result's
  bool wraps = false;                   ///< the exact result may leave the format
  std::vector<std::uint32_t> slots;     ///< Pick, Concat: operands; Sum: plain terms
  std::vector<std::uint32_t> negative;  ///< Sum: plain terms taken off
  std::vector<int> widths;              ///< Concat
  std::vector<Product> products;        ///< Sum: floor(x * factor / 2^shift), added
  std::vector<Product> highHalves;      ///< Sum in 16 bits: floor(x * factor / 2^16), added
};

/// Kernels by what they do; made for every lane type.
enum class KernelKind : std::uint8_t {
  Add,
  Sub,
  Mul,
  ShiftLeft,
  ShiftRight,
  ShiftLeftBy,
  ShiftRightBy,
  Copy,
  And,
  Or,
  Xor,
  Not,
  Equal,
  Less,
  LessEqual,
  Select,
  Min,
  Max,
  LeadingOne,
  Requantize,
  Floor,
  Lookup,
  Pick,
  Slice,
  Concat,
  Sum,
  Splat,
};

/// Copies `count` values of a column into slot `slot`, wrapped into `format`; the lanes behind them
/// get zeros, which every operation accepts.
using Load = void (*)(const std::int64_t* from, std::size_t count, const FixedFormat& format,
                      const Frame& frame, std::uint32_t slot);
/// Copies the first `count` lanes of slot `slot` into a column.
using Store = void (*)(const Frame& frame, std::uint32_t slot, std::size_t count, std::int64_t* to);

/// The kernels as compiled for one instruction set.
struct KernelSet {
  Kernel (*of)(KernelKind kind, Lane lane);
  Kernel (*convert)(Lane from, Lane to);  ///< the values are known to fit
  ByLane<Load> load;                      ///< by lane
  ByLane<Store> store;
};

[[nodiscard]] const KernelSet& kernelsFor(InstructionSet set);

}  // namespace aegen::core::tape
