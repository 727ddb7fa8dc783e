#pragma once
#include "aegen/encoders/econ_t.hpp"
#include "aegen/sim/board.hpp"
namespace aegen::flows {
inline aegen_bench::LinkFormat linkFormat(const encoders::econ_t::ChipSettings& settings,
                                   const encoders::econ_t::PathShape& shape) {
  const auto number = [](int value) { return static_cast<std::uint32_t>(value); };
  aegen_bench::LinkFormat format;
  format.words = number(2 * std::min(settings.activeEtx, shape.etx));
  const bool isShort = settings.algorithm == encoders::econ_t::Algorithm::BestChoice ||
                       settings.algorithm == encoders::econ_t::Algorithm::SuperTriggerCell;
  format.headerBits = number(isShort ? encoders::econ_t::kShortHeader : encoders::econ_t::kHeaderBits);
  format.variable = settings.algorithm == encoders::econ_t::Algorithm::ThresholdSum ? 1 : 0;
  format.syncWord = number(settings.syncWord) & ((1U << encoders::econ_t::kSyncBits) - 1);
  format.sumBits = number(shape.sum.width());
  format.countBits = number(shape.countBits);
  format.addressBits = number(shape.addressBits());
  format.chargeBits = number(shape.charge.width());
  format.channels = number(shape.channels);
  format.rules[encoders::econ_t::kTypeNone] = aegen_bench::StringRule::Bare;
  format.rules[encoders::econ_t::kTypeList] = aegen_bench::StringRule::List;
  format.rules[encoders::econ_t::kTypeMap] = aegen_bench::StringRule::Map;
  format.rules[encoders::econ_t::kTypeFull] = aegen_bench::StringRule::TruncatedFull;
  format.rules[encoders::econ_t::kTypeLate] = aegen_bench::StringRule::TruncatedLate;
  return format;
}
}
