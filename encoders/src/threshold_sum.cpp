// Threshold sum: the cells above their thresholds, and the module sum.

#include "aegen/encoders/trigger_encoders.hpp"
#include "path_formats.hpp"

namespace aegen::encoders::econ_t {

using core::FunctionBuilder;
using core::Role;
using core::ValueId;

void addThresholdSum(core::Program& program, const PathShape& shape) {
  FunctionBuilder b(
      program, "threshold_sum",
      "the cells at or above their thresholds and the module sum as " + shape.sum.text());
  const auto n = static_cast<std::uint32_t>(shape.channels);
  const auto charges = b.input("calq", bits(kChargeBits), n);
  const auto thresholds = b.input("threshold", bits(kChargeBits), n, Role::Config);
  const ValueId useSum = b.input("use_sum", bits(1), 1, Role::Config)[0];
  const ValueId nothing = b.reinterpret(b.constant(0), bits(kChargeBits));
  std::vector<ValueId> kept;
  std::vector<ValueId> rest;
  for (std::size_t c = 0; c < charges.size(); ++c) {
    kept.push_back(b.lessEqual(thresholds[c], charges[c]));
    rest.push_back(b.select(kept.back(), nothing, charges[c]));
  }
  const ValueId all = b.name(b.sum(charges), "all");
  const ValueId restSum = b.name(b.sum(rest), "not_kept");
  const ValueId allCode = encodeFloat(b, all, shape.sum);
  const ValueId restCode = encodeFloat(b, restSum, shape.sum);
  b.output("ts_kept", bits(1), kept);
  b.output("ts_sum", bits(shape.sum.width()), b.select(useSum, allCode, restCode));
  b.output("ts_all", bits(shape.sum.width()), allCode);
  program.functions.push_back(std::move(b).finish());
}

}  // namespace aegen::encoders::econ_t
