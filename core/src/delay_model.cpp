#include "aegen/core/delay_model.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <functional>

namespace aegen::core {
namespace {

int log2Up(std::size_t n) {
  return n <= 1 ? 0 : static_cast<int>(std::bit_width(n - 1));
}

bool isConstant(double arrival) {
  return arrival == kConstant;
}

// An operand with its format: bits past its end are its sign or constant zeros.
struct Operand {
  const BitArrivals& bits;
  bool isSigned;

  [[nodiscard]] double at(std::size_t i) const {
    if (i < bits.size()) return bits[i];
    return isSigned && !bits.empty() ? bits.back() : kConstant;
  }
  [[nodiscard]] double latest() const { return core::latest(bits); }
};

/// The arrival of one operation's result bits.
class OperationArrival {
 public:
  OperationArrival(const DelayModel& model, const Function& function,
                   const Instruction& instruction, const std::vector<const BitArrivals*>& operands,
                   const std::vector<const std::int64_t*>& constants)
      : model_(model),
        function_(function),
        instruction_(instruction),
        operands_(operands),
        constants_(constants),
        result_(function.values[instruction.results[0]].format) {}

  BitArrivals run() {
    switch (instruction_.op) {
      case Op::Const:
        return flat(kConstant);
      case Op::Add:
      case Op::Sub:
        return add(operand(0), operand(1));
      case Op::Mul:
        return product();
      case Op::ShiftLeft:
        return moved(operand(0), -instruction_.immediate);
      case Op::ShiftRight:
      case Op::Slice:
        return moved(operand(0), instruction_.immediate);
      case Op::Reinterpret:
        return moved(operand(0), 0);
      case Op::ShiftLeftBy:
        return shifter(true);
      case Op::ShiftRightBy:
        return shifter(false);
      case Op::And:
      case Op::Or:
        return bitwise(model_.gate);
      case Op::Xor:
        return bitwise(model_.parity);
      case Op::Not:
        return bitwise(0);
      case Op::Equal:
        return flat(later(operandsLatest(), model_.parity + tree(operandWidth(), model_.gate)));
      case Op::Less:
      case Op::LessEqual:
        return flat(compared());
      case Op::Select:
        return selected();
      case Op::Min:
      case Op::Max:
        return flat(later(compared(), driving(width()) + model_.mux));
      case Op::LeadingOne:
        return flat(later(operandsLatest(), 2 * tree(operandWidth(), model_.gate)));
      case Op::Requantize:
        return requantized();
      case Op::Lookup:
        return flat(later(operandsLatest(),
                          static_cast<double>(operandWidth()) * model_.mux + driving(width())));
      case Op::Pick:
        return picked();
      case Op::Concat:
        return concatenated();
      case Op::Call:
        break;
    }
    assert(false && "calls are looked into by the analysis");
    return {};
  }

 private:
  [[nodiscard]] std::size_t width() const { return static_cast<std::size_t>(result_.width); }
  [[nodiscard]] Operand operand(std::size_t k) const {
    return {*operands_[k], function_.values[instruction_.operands[k]].format.isSigned};
  }
  [[nodiscard]] std::size_t operandWidth() const { return operands_[0]->size(); }
  [[nodiscard]] BitArrivals flat(double arrival) const { return BitArrivals(width(), arrival); }
  static double later(double arrival, double by) { return arrival + by; }
  [[nodiscard]] double operandsLatest() const {
    double out = kConstant;
    for (const BitArrivals* bits : operands_) out = std::max(out, latest(*bits));
    return out;
  }
  static double tree(std::size_t leaves, double level) { return log2Up(leaves) * level; }
  // What it takes to drive so many sinks more than one.
  [[nodiscard]] double driving(std::size_t sinks) const {
    return sinks <= 1 ? 0 : model_.fanout * 0.5 * std::log2(static_cast<double>(sinks));
  }

  // Ripple: a bit with one input that varies is a wire, with two a half adder.
  struct Sum {
    double sum;
    double carry;
  };
  [[nodiscard]] Sum addBit(double a, double b, double c) const {
    const int varying = (isConstant(a) ? 0 : 1) + (isConstant(b) ? 0 : 1) + (isConstant(c) ? 0 : 1);
    const double last = std::max({a, b, c});
    if (varying <= 1) return {last, isConstant(c) ? kConstant : last};
    if (varying == 2) return {last + model_.parity, last + model_.gate};
    return {last + model_.sum, last + model_.carry};
  }
  [[nodiscard]] BitArrivals add(const Operand& a, const Operand& b) const {
    BitArrivals out;
    double carry = kConstant;
    for (std::size_t i = 0; i < width(); ++i) {
      const Sum bit = addBit(a.at(i), b.at(i), carry);
      out.push_back(bit.sum);
      carry = bit.carry;
    }
    return out;
  }

  // One row for each bit of the narrower operand, as arithmetic_map builds it; for a constant one
  // for each of its canonical signed digits.
  BitArrivals product() {
    for (std::size_t k = 0; k < 2; ++k) {
      if (constants_[k] != nullptr) return constantProduct(operand(1 - k), *constants_[k]);
    }
    const bool first = operands_[0]->size() < operands_[1]->size();
    const Operand rows = operand(first ? 0 : 1);
    const Operand wide = operand(first ? 1 : 0);
    BitArrivals sum(width(), kConstant);
    for (std::size_t j = 0; j < rows.bits.size(); ++j) {
      const double select = rows.bits[j] + driving(wide.bits.size());
      BitArrivals row(width(), kConstant);
      for (std::size_t i = 0; i <= wide.bits.size() && i + j < width(); ++i) {
        const double bit = wide.at(i);
        row[i + j] = isConstant(bit) ? kConstant : std::max(bit, select) + model_.gate;
      }
      addRow(sum, row, j, j + wide.bits.size() + 1);
    }
    return extended(std::move(sum), wide.bits.size() + rows.bits.size());
  }
  BitArrivals constantProduct(const Operand& value, std::int64_t constant) {
    BitArrivals sum(width(), kConstant);
    std::size_t end = 1;
    __int128 rest = constant;
    for (std::size_t j = 0; rest != 0; ++j, rest /= 2) {
      if (rest % 2 == 0) continue;
      rest -= (rest & 3) == 3 ? -1 : 1;
      BitArrivals row(width(), kConstant);
      for (std::size_t i = j; i < width(); ++i) row[i] = value.at(i - j);
      end = j + value.bits.size() + 2;
      addRow(sum, row, j, end);
    }
    return extended(std::move(sum), end);
  }
  void addRow(BitArrivals& sum, const BitArrivals& row, std::size_t from, std::size_t to) const {
    double carry = kConstant;
    for (std::size_t i = from; i < std::min(to + 1, width()); ++i) {
      const Sum bit = addBit(sum[i], row[i], carry);
      sum[i] = bit.sum;
      carry = bit.carry;
    }
  }
  // Bits past `end` repeat the last one.
  static BitArrivals extended(BitArrivals bits, std::size_t end) {
    for (std::size_t i = std::max<std::size_t>(end, 1); i < bits.size(); ++i) bits[i] = bits[i - 1];
    return bits;
  }

  [[nodiscard]] BitArrivals moved(const Operand& a, std::int64_t by) const {
    BitArrivals out;
    for (std::size_t i = 0; i < width(); ++i) {
      const std::int64_t from = static_cast<std::int64_t>(i) + by;
      out.push_back(from < 0 ? kConstant : a.at(static_cast<std::size_t>(from)));
    }
    return out;
  }

  [[nodiscard]] BitArrivals shifter(bool left) const {
    const Operand value = operand(0);
    const BitArrivals& by = *operands_[1];
    const std::size_t wide = std::max(width(), value.bits.size());
    BitArrivals bits;
    for (std::size_t i = 0; i < wide; ++i) bits.push_back(value.at(i));
    for (std::size_t s = 0; s < by.size() && s < 6; ++s) {
      const std::size_t step = std::size_t{1} << s;
      const double select = by[s] + driving(wide);
      BitArrivals next(wide);
      for (std::size_t i = 0; i < wide; ++i) {
        const double other = left ? (i >= step ? bits[i - step] : kConstant)
                                  : (i + step < wide ? bits[i + step] : kConstant);
        const double last = std::max(bits[i], other);
        next[i] = isConstant(last) ? kConstant : std::max(last, select) + model_.mux;
      }
      bits = std::move(next);
    }
    bits.resize(width(), kConstant);
    return bits;
  }

  [[nodiscard]] BitArrivals bitwise(double delay) const {
    BitArrivals out;
    for (std::size_t i = 0; i < width(); ++i) {
      double last = kConstant;
      for (std::size_t k = 0; k < operands_.size(); ++k) last = std::max(last, operand(k).at(i));
      out.push_back(last + delay);
    }
    return out;
  }

  // Yosys compares with a parallel-prefix carry.
  [[nodiscard]] double compared() const {
    const std::size_t wide = std::max(operands_[0]->size(), operands_[1]->size());
    return later(operandsLatest(), model_.parity + tree(wide, 2 * model_.gate));
  }

  [[nodiscard]] BitArrivals selected() const {
    const double select = latest(*operands_[0]) + driving(width());
    BitArrivals out;
    for (std::size_t i = 0; i < width(); ++i) {
      const double last = std::max(operand(1).at(i), operand(2).at(i));
      out.push_back(std::max(last, select) + model_.mux);
    }
    return out;
  }

  [[nodiscard]] BitArrivals picked() const {
    const std::size_t choices = operands_.size() - 1;
    const double index = latest(*operands_[0]) + driving(width() * choices);
    BitArrivals out;
    for (std::size_t i = 0; i < width(); ++i) {
      double last = kConstant;
      for (std::size_t k = 1; k <= choices; ++k) last = std::max(last, operand(k).at(i));
      out.push_back(std::max(last, index) + tree(choices, model_.mux));
    }
    return out;
  }

  [[nodiscard]] BitArrivals concatenated() const {
    BitArrivals out;
    for (std::size_t k = operands_.size(); k-- > 0;) {
      out.insert(out.end(), operands_[k]->begin(), operands_[k]->end());
    }
    out.resize(width(), kConstant);
    return out;
  }

  // Rounding adds a bit at the cut, saturation looks at the bits that do not fit.
  [[nodiscard]] BitArrivals requantized() const {
    const Operand value = operand(0);
    const FixedFormat& from = function_.values[instruction_.operands[0]].format;
    const int dropped = from.fraction - result_.fraction;
    BitArrivals out = moved(value, dropped);
    if (dropped > 0 && instruction_.rounding != Rounding::Floor) {
      double carry = std::max(kConstant, latest(value.bits));
      if (instruction_.rounding != Rounding::Floor) carry += 2 * model_.gate;
      for (double& bit : out) {
        const double last = std::max(bit, carry);
        bit = last + model_.parity;
        carry = last + model_.gate;
      }
    }
    if (instruction_.overflow != Overflow::Wrap) {
      const auto kept = static_cast<std::size_t>(std::max(result_.width + dropped, 0));
      const std::size_t looked = value.bits.size() > kept ? value.bits.size() - kept + 1 : 1;
      const double outside =
          std::max(latest(value.bits), latest(out)) + tree(looked, model_.gate) + driving(width());
      for (double& bit : out) bit = std::max(bit, outside) + model_.mux;
    }
    return out;
  }

  const DelayModel& model_;
  const Function& function_;
  const Instruction& instruction_;
  const std::vector<const BitArrivals*>& operands_;
  const std::vector<const std::int64_t*>& constants_;
  FixedFormat result_;
};

}  // namespace

double latest(const BitArrivals& bits) {
  return bits.empty() ? kConstant : *std::ranges::max_element(bits);
}

std::vector<BitArrivals> ArrivalAnalysis::registeredInputs(const Function& function) {
  std::vector<BitArrivals> out;
  for (const Port& port : function.inputs) {
    const double arrival = port.role == Role::Config ? kSettled : 0;
    out.insert(out.end(), port.count,
               BitArrivals(static_cast<std::size_t>(port.format.width), arrival));
  }
  return out;
}

std::vector<BitArrivals> ArrivalAnalysis::ofInstruction(
    const Function& function, const Instruction& instruction,
    const std::vector<const BitArrivals*>& operands,
    const std::vector<const std::int64_t*>& constants) {
  if (instruction.op != Op::Call) {
    return {OperationArrival(model_, function, instruction, operands, constants).run()};
  }
  // Fractions of a femtosecond do not make another call.
  std::pair<std::string, std::vector<std::int64_t>> key{instruction.callee, {}};
  std::vector<BitArrivals> inputs;
  for (const BitArrivals* bits : operands) {
    for (const double bit : *bits) {
      key.second.push_back(isConstant(bit) ? std::numeric_limits<std::int64_t>::min()
                                           : std::llround(bit * 1e6));
    }
    inputs.push_back(*bits);
  }
  if (const auto known = calls_.find(key); known != calls_.end()) return known->second;
  const Function* const callee = program_.find(instruction.callee);
  assert(callee != nullptr);
  const auto values = ofFunction(*callee, inputs);
  std::vector<BitArrivals> out;
  for (const ValueId value : callee->outputValues) out.push_back(values[value]);
  return calls_.emplace(std::move(key), std::move(out)).first->second;
}

std::vector<BitArrivals> ArrivalAnalysis::ofFunction(const Function& function,
                                                     const std::vector<BitArrivals>& inputs) {
  std::vector<BitArrivals> out(function.values.size());
  std::vector<const std::int64_t*> known(function.values.size(), nullptr);
  std::ranges::copy(inputs, out.begin());
  std::vector<const BitArrivals*> operands;
  std::vector<const std::int64_t*> constants;
  for (const Instruction& instruction : function.instructions) {
    operands.clear();
    constants.clear();
    for (const ValueId operand : instruction.operands) {
      operands.push_back(&out[operand]);
      constants.push_back(known[operand]);
    }
    auto results = ofInstruction(function, instruction, operands, constants);
    for (std::size_t k = 0; k < results.size(); ++k) {
      out[instruction.results[k]] = std::move(results[k]);
    }
    if (instruction.op == Op::Const) known[instruction.results[0]] = &instruction.immediate;
  }
  return out;
}

double delayOf(const DelayModel& model, const Program& program, std::string_view function) {
  const Function* const found = program.find(function);
  assert(found != nullptr);
  ArrivalAnalysis analysis(model, program);
  const auto values = analysis.ofFunction(*found, ArrivalAnalysis::registeredInputs(*found));
  double out = 0;
  for (const ValueId value : found->outputValues) out = std::max(out, latest(values[value]));
  return out;
}

}  // namespace aegen::core
