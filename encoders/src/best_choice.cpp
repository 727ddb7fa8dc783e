// Best choice: a sorting network, and the same network backwards with one bit an entry, which says
// of each channel whether it is among the first.

#include <algorithm>
#include <array>

#include "aegen/encoders/trigger_encoders.hpp"
#include "path_formats.hpp"
#include "sort_network.hpp"

namespace aegen::encoders::econ_t {
namespace {

using core::FunctionBuilder;
using core::Role;
using core::ValueId;

using Levels = std::vector<std::vector<Comparator>>;

// `levels` in `parts` runs of nearly equal length.
std::vector<Levels> split(const Levels& levels, int parts) {
  std::vector<Levels> out(static_cast<std::size_t>(parts));
  for (std::size_t i = 0; i < levels.size(); ++i) {
    out[i * out.size() / levels.size()].push_back(levels[i]);
  }
  return out;
}

std::uint32_t comparators(const Levels& levels) {
  std::size_t count = 0;
  for (const auto& level : levels) count += level.size();
  return static_cast<std::uint32_t>(count);
}

void addCompareExchange(core::Program& program, int width) {
  FunctionBuilder b(program, "compare_exchange",
                    "the larger to the left; what is equal keeps its place");
  const ValueId left = b.input("left", bits(width))[0];
  const ValueId right = b.input("right", bits(width))[0];
  const ValueId swap = b.less(left, right);
  b.output("larger", bits(width), b.select(swap, right, left));
  b.output("smaller", bits(width), b.select(swap, left, right));
  b.output("swapped", bits(1), swap);
  program.functions.push_back(std::move(b).finish());
}

void addSortPart(core::Program& program, const std::string& name, const Levels& levels,
                 std::uint32_t entries, int width) {
  FunctionBuilder b(
      program, name,
      std::to_string(levels.size()) + " levels of the sorting network, in descending order");
  auto values = b.input("value", bits(width), entries);
  std::vector<ValueId> swapped;
  for (const auto& level : levels) {
    for (const Comparator& c : level) {
      auto& left = values[static_cast<std::size_t>(c.low)];
      auto& right = values[static_cast<std::size_t>(c.high)];
      const auto out = b.call("compare_exchange", std::array{left, right});
      left = out[0];
      right = out[1];
      swapped.push_back(out[2]);
    }
  }
  b.output("sorted", bits(width), values);
  b.output("swapped", bits(1), swapped);
  program.functions.push_back(std::move(b).finish());
}

// Which channel each of the flags at the sorted end belongs to: every exchange undone.
void undo(FunctionBuilder& b, const Levels& levels, const std::vector<ValueId>& swapped,
          std::vector<ValueId>& flags) {
  std::size_t next = swapped.size();
  for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
    for (auto c = level->rbegin(); c != level->rend(); ++c) {
      const ValueId swap = swapped[--next];
      auto& left = flags[static_cast<std::size_t>(c->low)];
      auto& right = flags[static_cast<std::size_t>(c->high)];
      const ValueId first = b.select(swap, right, left);
      right = b.select(swap, left, right);
      left = first;
    }
  }
}

void addValues(core::Program& program, const PathShape& shape, int width) {
  FunctionBuilder b(program, "best_choice_values",
                    "charges without their drop_lsb lowest bits, limited to what " +
                        shape.charge.text() + " can say");
  const auto charges =
      b.input("calq", bits(kChargeBits), static_cast<std::uint32_t>(shape.channels));
  const ValueId drop = b.input("drop_lsb", bits(kDropBits), 1, Role::Config)[0];
  const ValueId most = b.constant(bestChoiceLimit(shape));
  std::vector<ValueId> values;
  for (const ValueId charge : charges) values.push_back(b.min(dropped(b, charge, drop), most));
  b.output("bc_value", bits(width), values);
  program.functions.push_back(std::move(b).finish());
}

void addSelection(core::Program& program, const PathShape& shape, const std::vector<Levels>& parts,
                  int width) {
  FunctionBuilder b(program, "best_choice",
                    "the channels of the largest values and the module sum as " + shape.sum.text());
  const auto sorted = b.input("sorted", bits(width), static_cast<std::uint32_t>(shape.channels));
  std::vector<std::vector<ValueId>> swapped;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    swapped.push_back(b.input("swapped_" + std::to_string(k), bits(1), comparators(parts[k])));
  }
  const ValueId activeEtx = b.input("active_etx", bits(kEtxBits), 1, Role::Config)[0];
  const ValueId useSum = b.input("use_sum", bits(1), 1, Role::Config)[0];
  const ValueId cells =
      b.name(byActiveEtx(b, activeEtx, shape, [&](int etx) { return bestChoiceCells(shape, etx); }),
             "cells");
  std::vector<ValueId> flags;
  std::vector<ValueId> counted;
  const ValueId nothing = b.reinterpret(b.constant(0), bits(width));
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    flags.push_back(b.less(b.constant(static_cast<std::int64_t>(i)), cells));
    // Not counted: what is sent, unless the sum is of all.
    const ValueId left = b.bitAnd(flags.back(), b.bitNot(useSum));
    counted.push_back(b.select(left, nothing, sorted[i]));
  }
  for (std::size_t k = parts.size(); k-- > 0;) undo(b, parts[k], swapped[k], flags);
  b.output("bc_kept", bits(1), flags);
  b.output("bc_sum", bits(shape.sum.width()), encodeFloat(b, b.sum(counted), shape.sum));
  program.functions.push_back(std::move(b).finish());
}

}  // namespace

std::int64_t bestChoiceLimit(const PathShape& shape) {
  // The code's largest exponent and all mantissa bits set; no more than a charge can be.
  const int top = (1 << shape.charge.exponent) - 1 + shape.charge.mantissa;
  return (std::int64_t{1} << std::min(top, kChargeBits)) - 1;
}

std::vector<std::string> addBestChoice(core::Program& program, const PathShape& shape, int parts) {
  const int width = bitsFor(static_cast<std::uint64_t>(bestChoiceLimit(shape)));
  const Levels levels = mergeExchange(shape.channels);
  const auto pieces = split(levels, std::min(parts, static_cast<int>(levels.size())));
  std::vector<std::string> names{"best_choice_values"};
  addValues(program, shape, width);
  addCompareExchange(program, width);
  for (std::size_t k = 0; k < pieces.size(); ++k) {
    names.push_back("best_choice_sort_" + std::to_string(k));
    addSortPart(program, names.back(), pieces[k], static_cast<std::uint32_t>(shape.channels),
                width);
  }
  names.emplace_back("best_choice");
  addSelection(program, shape, pieces, width);
  return names;
}

}  // namespace aegen::encoders::econ_t
