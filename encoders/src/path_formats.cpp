#include "path_formats.hpp"

#include <algorithm>
#include <bit>

namespace aegen::encoders::econ_t {

using core::FunctionBuilder;
using core::ValueId;

int bitsFor(std::uint64_t most) {
  return std::max(1, static_cast<int>(std::bit_width(most)));
}

ValueId effectiveDrop(FunctionBuilder& b, ValueId dropLsb) {
  std::vector<std::int64_t> amounts;
  for (int drop = 0; drop <= kMostDrop; ++drop) amounts.push_back(drop);
  return b.lookup(dropLsb, std::move(amounts));
}

ValueId dropped(FunctionBuilder& b, ValueId value, ValueId dropLsb) {
  return b.shiftRightBy(value, effectiveDrop(b, dropLsb));
}

}  // namespace aegen::encoders::econ_t
