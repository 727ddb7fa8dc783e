#pragma once
/// The interpreter's tape: a function flattened, specialised and laid out in slots of kLanes
/// events.

#include <cstdint>
#include <vector>

#include "aegen/core/program.hpp"

namespace aegen::core::tape {

/// Events a kernel works on at once: enough to hide dispatch, few enough for the L2 cache.
inline constexpr std::size_t kLanes = 128;

/// A term of a sum: lanes of slot `slot` times the uniform `factor`.
struct Product {
  std::uint32_t slot;
  std::uint32_t factor;  ///< index of a uniform
};

/// Working memory of one run.
struct Frame {
  std::int32_t* narrow;          ///< 32-bit slots, kLanes each
  std::int64_t* wide;            ///< 64-bit slots, kLanes each
  const std::int64_t* uniforms;  ///< values that depend on configuration alone
};

struct Step;
using Kernel = void (*)(const Step&, const Frame&);

/// One instruction of the tape. Slots are indices into the frame's memory of the kernel's lane
/// type.
struct Step {
  Kernel kernel = nullptr;
  std::uint32_t result = 0;
  std::uint32_t a = 0, b = 0, c = 0;
  std::int64_t immediate = 0;
  const Instruction* source = nullptr;         ///< Requantize, Lookup
  FixedFormat from;                            ///< Requantize: operand's format
  FixedFormat format;                          ///< result's
  bool wraps = false;                          ///< the exact result may leave the format
  std::vector<std::uint32_t> slots;            ///< Pick, Concat: operands; Sum: plain terms
  std::vector<std::uint32_t> negative;         ///< Sum: plain terms taken off
  std::vector<int> widths;                     ///< Concat
  std::vector<Product> products;               ///< Sum: floor(x * w / 2^immediate), added
  std::vector<std::uint32_t> offsets;          ///< Sum: uniforms added
  std::vector<std::uint32_t> negativeOffsets;  ///< Sum: uniforms taken off
};

/// Kernels by what they do; made for both lane types.
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
  PickUniform,
  Slice,
  Concat,
  Sum,
  FromOther,
  Splat,
};

/// The kernels compiled for this processor.
[[nodiscard]] Kernel kernelFor(KernelKind kind, bool wideLanes);

}  // namespace aegen::core::tape
