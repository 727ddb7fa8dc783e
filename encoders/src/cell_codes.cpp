// Float codes of trigger cells, which threshold sum, best choice and repeater share.

#include <array>

#include "aegen/encoders/trigger_encoders.hpp"
#include "path_formats.hpp"

namespace aegen::encoders::econ_t {

using core::FunctionBuilder;
using core::Role;
using core::ValueId;

void addCellCodes(core::Program& program, const PathShape& shape) {
  {
    FunctionBuilder b(program, "code_cell",
                      "a charge without its drop_lsb lowest bits as " + shape.charge.text());
    const ValueId charge = b.input("calq", bits(kChargeBits))[0];
    const ValueId drop = b.input("drop_lsb", bits(kDropBits), 1, Role::Config)[0];
    b.output("cell_code", bits(shape.charge.width()),
             encodeFloat(b, dropped(b, charge, drop), shape.charge));
    program.functions.push_back(std::move(b).finish());
  }
  FunctionBuilder b(program, "cell_codes", "every charge as " + shape.charge.text());
  const auto n = static_cast<std::uint32_t>(shape.channels);
  const auto charges = b.input("calq", bits(kChargeBits), n);
  const ValueId drop = b.input("drop_lsb", bits(kDropBits), 1, Role::Config)[0];
  std::vector<ValueId> codes;
  for (const ValueId charge : charges) {
    codes.push_back(b.call("code_cell", std::array{charge, drop})[0]);
  }
  b.output("cell_code", bits(shape.charge.width()), codes);
  program.functions.push_back(std::move(b).finish());
}

}  // namespace aegen::encoders::econ_t
