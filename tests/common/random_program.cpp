#include "random_program.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace aegen::test_common {
namespace {

using core::FixedFormat;
using core::Instruction;
using core::Op;
using core::ValueId;

constexpr FixedFormat kFlag{};

FixedFormat bits(int width) {
  return {false, width, 0};
}

// Appends random steps to one function.
class FunctionMaker {
 public:
  FunctionMaker(SplitMix64& random, const RandomProgramOptions& options,
                std::span<const core::Function> callees, std::string name)
      : random_(random), options_(options), callees_(callees) {
    f_.name = std::move(name);
    f_.comment = "random operations, \"quoted\" \\ to be sure";
  }

  core::Function make(bool everyOp) {
    inputs();
    for (int i = 0; i < options_.instructions; ++i) {
      if (random_.oneIn(12)) {
        sumOfProducts();
      } else if (random_.oneIn(25)) {
        normaliser();
      } else {
        step(core::kOpTable[random_.below(core::kOpTable.size())].op);
      }
    }
    if (everyOp) {
      for (const core::OpInfo& row : core::kOpTable) step(row.op);
    }
    for (std::size_t i = 0; i < f_.values.size(); ++i) {
      if (random_.oneIn(5)) f_.values[i].name = "v" + std::to_string(i);
    }
    outputs();
    return std::move(f_);
  }

 private:
  // ---- ports
  // -------------------------------------------------------------------------------------

  void inputs() {
    const int events = random_.between(1, 3);
    const int configs = options_.config ? random_.between(0, 2) : 0;
    for (int i = 0; i < events + configs; ++i) {
      const bool config = i % 2 == 1 ? i / 2 < configs : i / 2 >= events;  // interleaved
      f_.inputs.push_back({(config ? "cfg" : "in") + std::to_string(i), anyFormat(),
                           static_cast<std::uint32_t>(random_.between(1, 4)),
                           config ? core::Role::Config : core::Role::Event});
    }
    for (const core::Port& port : f_.inputs) {
      f_.values.insert(f_.values.end(), port.count, core::Value{port.format, {}});
    }
  }

  void outputs() {
    output(static_cast<ValueId>(f_.values.size() - 1));
    const int more = random_.between(2, 8);
    for (int i = 0; i < more; ++i) output(static_cast<ValueId>(random_.below(f_.values.size())));
    // Once an input itself leaves; inputs are otherwise rare among many values.
    if (random_.oneIn(2)) output(static_cast<ValueId>(random_.below(f_.inputElements())));
  }

  void output(ValueId first) {
    core::Port port{"out" + std::to_string(f_.outputs.size()), f_.values[first].format, 1,
                    core::Role::Output};
    f_.outputValues.push_back(first);
    for (ValueId id = 0; id < f_.values.size() && port.count < 4; ++id) {
      if (f_.values[id].format != port.format || random_.oneIn(2)) continue;
      f_.outputValues.push_back(id);
      ++port.count;
    }
    f_.outputs.push_back(std::move(port));
  }

  // ---- values
  // ------------------------------------------------------------------------------------

  int anyWidth() {
    static constexpr std::array kEdges{1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 62, 63};
    int width = 0;
    switch (random_.below(4)) {
      case 0:
        width = kEdges[random_.below(kEdges.size())];
        break;
      case 1:
        width = random_.between(1, options_.maxWidth);
        break;
      default:  // small, as in real designs
        width = random_.between(1, 12);
        break;
    }
    return std::min(width, options_.maxWidth);
  }

  int anyFraction() { return random_.between(options_.minFraction, options_.maxFraction); }
  FixedFormat anyFormat(int fraction) { return {random_.oneIn(2), anyWidth(), fraction}; }
  FixedFormat anyFormat() { return anyFormat(anyFraction()); }

  // Half the time a recent value, so that chains grow deep.
  ValueId any() {
    const std::size_t size = f_.values.size();
    const std::size_t window = random_.oneIn(2) ? size : std::min<std::size_t>(size, 6);
    return static_cast<ValueId>(size - 1 - random_.below(window));
  }

  // A braced list is evaluated left to right, arguments in any order: so the same seed draws the
  // same program with every compiler.
  struct Step {
    Instruction instruction;
    FixedFormat format;
  };

  ValueId add(Step step) {
    const auto id = static_cast<ValueId>(f_.values.size());
    f_.values.push_back({step.format, {}});
    step.instruction.results = {id};
    f_.instructions.push_back(std::move(step.instruction));
    return id;
  }

  ValueId as(ValueId value, const FixedFormat& format) {
    if (f_.values[value].format == format) return value;
    return add({{.op = Op::Reinterpret, .operands = {value}}, format});
  }

  ValueId withFraction(ValueId value, int fraction) {
    FixedFormat format = f_.values[value].format;
    format.fraction = fraction;
    return as(value, format);
  }

  FixedFormat formatOf(ValueId value) const { return f_.values[value].format; }

  ValueId constant(const FixedFormat& format) {
    return add({{.op = Op::Const, .immediate = randomRaw(random_, format)}, format});
  }

  // ---- what real designs look like
  // ---------------------------------------------------------------

  // A neuron: products with constants or with any values, truncated one by one, then added up.
  void sumOfProducts() {
    const FixedFormat weight{true, random_.between(2, 8), 3};
    const int drop = random_.between(0, 4);
    const int fraction = anyFraction();
    const int width = std::min(options_.maxWidth, random_.between(6, 24));
    const FixedFormat sumFormat{true, width, fraction};
    ValueId sum = constant(sumFormat);
    for (int n = random_.between(2, 6); n > 0; --n) {
      const ValueId x = withFraction(any(), fraction - 3);
      const ValueId w = random_.oneIn(2) ? constant(weight) : as(any(), weight);
      const FixedFormat product{true, std::min(options_.maxWidth, formatOf(x).width + 9), fraction};
      ValueId term = add({{.op = Op::Mul, .operands = {x, w}}, product});
      if (drop > 0) {
        term = add({{.op = Op::ShiftRight, .operands = {term}, .immediate = drop}, product});
      }
      sum = add({{.op = Op::Add, .operands = {sum, term}}, sumFormat});
    }
    add({{.op = Op::Requantize,
          .operands = {sum},
          .rounding = core::Rounding::Floor,
          .overflow = core::Overflow::Saturate},
         {false, random_.between(1, std::min(9, options_.maxWidth)), fraction}});
  }

  // (a << k) >> min(leading_one(sum), limit), with widths that hold everything or do not.
  void normaliser() {
    const FixedFormat charge = bits(random_.between(1, std::min(10, options_.maxWidth)));
    const bool exact = random_.oneIn(2);
    const auto sized = [&](int width) {
      return bits(std::min(options_.maxWidth, exact ? width : std::max(1, width - 3)));
    };
    const ValueId a = as(any(), charge);
    ValueId sum = a;
    for (int n = random_.between(1, 3); n > 0; --n) {
      sum = add({{.op = Op::Add, .operands = {sum, as(any(), charge)}}, sized(charge.width + 3)});
    }
    ValueId amount = add({{.op = Op::LeadingOne, .operands = {sum}}, sized(5)});
    if (random_.oneIn(2)) {
      const FixedFormat small = sized(5);
      const ValueId limit = constant(small);
      amount = add({{.op = Op::Min, .operands = {amount, limit}}, small});
    }
    const int k = random_.between(0, 7);
    const ValueId shifted =
        add({{.op = Op::ShiftLeft, .operands = {a}, .immediate = k}, sized(charge.width + k)});
    add({{.op = Op::ShiftRightBy, .operands = {shifted, amount}}, sized(k + 1)});
  }

  // ---- one step of an op
  // -------------------------------------------------------------------------

  void step(Op op) {
    const ValueId a = any();
    const int fraction = formatOf(a).fraction;
    switch (op) {
      case Op::Const:
        constant(anyFormat());
        return;
      case Op::Add:
      case Op::Sub:
      case Op::Min:
      case Op::Max:
        add({{.op = op, .operands = {a, withFraction(any(), fraction)}}, anyFormat(fraction)});
        return;
      case Op::Mul:
        product(a);
        return;
      case Op::ShiftLeft:
      case Op::ShiftRight:
        add({{.op = op,
              .operands = {a},
              .immediate = random_.between(0, random_.oneIn(4) ? 63 : 9)},
             anyFormat(fraction)});
        return;
      case Op::ShiftLeftBy:
      case Op::ShiftRightBy: {
        const int width = random_.between(1, std::min(random_.oneIn(4) ? 6 : 3, options_.maxWidth));
        const ValueId amount = as(any(), bits(width));
        add({{.op = op, .operands = {a, amount}}, anyFormat(fraction)});
        return;
      }
      case Op::Reinterpret:
        add({{.op = op, .operands = {a}}, anyFormat()});
        return;
      case Op::And:
      case Op::Or:
      case Op::Xor: {
        FixedFormat format = bits(anyWidth());
        if (random_.oneIn(4)) format.fraction = anyFraction();
        add({{.op = op, .operands = {as(a, format), as(any(), format)}}, format});
        return;
      }
      case Op::Not: {
        const FixedFormat format = bits(anyWidth());
        add({{.op = op, .operands = {as(a, format)}}, format});
        return;
      }
      case Op::Equal:
      case Op::Less:
      case Op::LessEqual:
        add({{.op = op, .operands = {a, withFraction(any(), fraction)}}, kFlag});
        return;
      case Op::Select: {
        const ValueId condition = as(any(), kFlag);
        add({{.op = op, .operands = {condition, a, withFraction(any(), fraction)}},
             anyFormat(fraction)});
        return;
      }
      case Op::LeadingOne:
        add({{.op = op, .operands = {as(a, bits(anyWidth()))}}, bits(anyWidth())});
        return;
      case Op::Requantize:
        requantize(a);
        return;
      case Op::Lookup:
        lookup(a);
        return;
      case Op::Pick:
        pick(a);
        return;
      case Op::Slice: {
        const int low = random_.between(0, formatOf(a).width - 1);
        add({{.op = op, .operands = {a}, .immediate = low},
             bits(random_.between(1, formatOf(a).width - low))});
        return;
      }
      case Op::Concat:
        concat();
        return;
      case Op::Call:
        if (options_.calls && !callees_.empty()) call(callees_[random_.below(callees_.size())]);
        return;
    }
  }

  void product(ValueId a) {
    const ValueId b = any();
    const int fraction = formatOf(a).fraction + formatOf(b).fraction;
    const ValueId result = add({{.op = Op::Mul, .operands = {a, b}}, anyFormat(fraction)});
    if (fraction < options_.minFraction || fraction > options_.maxFraction) {
      withFraction(result, anyFraction());  // else chains of products leave every sensible format
    }
  }

  void requantize(ValueId a) {
    const int fraction = random_.oneIn(8) ? random_.between(-70, 80) : anyFraction();
    const ValueId result = add({{.op = Op::Requantize,
                                 .operands = {a},
                                 .rounding = static_cast<core::Rounding>(random_.below(4)),
                                 .overflow = static_cast<core::Overflow>(random_.below(2))},
                                anyFormat(fraction)});
    if (fraction < options_.minFraction || fraction > options_.maxFraction) {
      withFraction(result, anyFraction());
    }
  }

  void lookup(ValueId a) {
    const FixedFormat format = anyFormat();
    const int width = random_.between(1, std::min(5, options_.maxWidth));
    Instruction instruction{.op = Op::Lookup, .operands = {as(a, bits(width))}};
    for (int n = random_.between(1, (1 << width) + 2); n > 0; --n) {  // may be short or too long
      instruction.table.push_back(randomRaw(random_, format));
    }
    add({std::move(instruction), format});
  }

  void pick(ValueId a) {
    const int fraction = formatOf(a).fraction;
    const int width = random_.between(1, std::min(3, options_.maxWidth));
    Instruction instruction{.op = Op::Pick, .operands = {as(any(), bits(width))}};
    instruction.operands.push_back(a);
    for (int n = random_.between(0, 5); n > 0; --n) {
      instruction.operands.push_back(withFraction(any(), fraction));
    }
    add({std::move(instruction), anyFormat(fraction)});
  }

  void concat() {
    Instruction instruction{.op = Op::Concat};
    int width = 0;
    for (int n = random_.between(1, 5); n > 0; --n) {
      const FixedFormat part = bits(random_.between(1, std::min(12, options_.maxWidth)));
      if (width + part.width > options_.maxWidth) break;
      width += part.width;
      instruction.operands.push_back(as(any(), part));
    }
    add({std::move(instruction), bits(width)});
  }

  void call(const core::Function& callee) {
    Instruction instruction{.op = Op::Call, .callee = callee.name};
    for (const core::Port& port : callee.inputs) {
      for (std::uint32_t i = 0; i < port.count; ++i) {
        instruction.operands.push_back(as(any(), port.format));
      }
    }
    for (const core::Port& port : callee.outputs) {
      for (std::uint32_t i = 0; i < port.count; ++i) {
        instruction.results.push_back(static_cast<ValueId>(f_.values.size()));
        f_.values.push_back({port.format, {}});
      }
    }
    f_.instructions.push_back(std::move(instruction));
  }

  SplitMix64& random_;
  const RandomProgramOptions& options_;
  std::span<const core::Function> callees_;
  core::Function f_;
};

}  // namespace

std::uint64_t SplitMix64::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

std::int64_t SplitMix64::between(std::int64_t low, std::int64_t high) {
  const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  const std::uint64_t offset = span == ~std::uint64_t{0} ? next() : next() % (span + 1);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

core::Program randomProgram(std::uint64_t seed, const RandomProgramOptions& options) {
  SplitMix64 random(seed);
  core::Program program;
  for (int i = 0; i < options.functions; ++i) {
    const bool top = i + 1 == options.functions;
    core::Function function =
        FunctionMaker(random, options, program.functions, top ? kTop : "f" + std::to_string(i))
            .make(top && options.everyOp);
    program.functions.push_back(std::move(function));
  }
  return program;
}

std::int64_t randomRaw(SplitMix64& random, const FixedFormat& format) {
  switch (random.below(5)) {
    case 0:
      return core::wrap(format.maxRaw() - random.between(0, 2), format);
    case 1:
      return core::wrap(format.minRaw() + random.between(0, 2), format);
    case 2:
      return core::wrap(random.between(-3, 3), format);
    default:
      return core::wrap(static_cast<std::int64_t>(random.next()), format);
  }
}

core::Columns randomEvents(SplitMix64& random, const core::Function& function, std::size_t events) {
  std::vector<FixedFormat> formats;
  for (const core::Port& port : function.inputs) {
    if (port.role == core::Role::Event) formats.insert(formats.end(), port.count, port.format);
  }
  core::Columns columns(formats.size(), events);
  for (std::size_t element = 0; element < formats.size(); ++element) {
    for (std::int64_t& raw : columns.column(element)) raw = randomRaw(random, formats[element]);
  }
  return columns;
}

ConfigByPort randomConfig(SplitMix64& random, const core::Function& function) {
  ConfigByPort config;
  for (const core::Port& port : function.inputs) {
    if (port.role != core::Role::Config) continue;
    for (std::uint32_t i = 0; i < port.count; ++i) {
      config[port.name].push_back(randomRaw(random, port.format));
    }
  }
  return config;
}

std::vector<std::int64_t> inputsOf(const core::Function& function, const ConfigByPort& config,
                                   const core::Columns& events, std::size_t event) {
  std::vector<std::int64_t> inputs;
  std::size_t row = 0;
  for (const core::Port& port : function.inputs) {
    for (std::uint32_t i = 0; i < port.count; ++i) {
      inputs.push_back(port.role == core::Role::Config ? config.at(port.name)[i]
                                                       : events.at(row++, event));
    }
  }
  return inputs;
}

}  // namespace aegen::test_common
