#include "aegen/rtl_gen/emit_function.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>

#include "aegen/core/interpreter.hpp"
#include "function_emitter.hpp"

namespace aegen::rtl_gen {

using namespace verilog;
using core::Function;
using core::Instruction;
using core::Op;
using core::ValueId;

namespace {

// Stem of a value's name, as a designer would call the result.
std::string_view stem(Op op) {
  switch (op) {
    case Op::Const:
      return "const";
    case Op::Add:
      return "sum";
    case Op::Sub:
      return "diff";
    case Op::Mul:
      return "prod";
    case Op::ShiftLeft:
    case Op::ShiftLeftBy:
      return "shl";
    case Op::ShiftRight:
    case Op::ShiftRightBy:
      return "shr";
    case Op::Reinterpret:
      return "cast";
    case Op::And:
      return "and";
    case Op::Or:
      return "or";
    case Op::Xor:
      return "xor";
    case Op::Not:
      return "not";
    case Op::Equal:
      return "eq";
    case Op::Less:
      return "lt";
    case Op::LessEqual:
      return "le";
    case Op::Select:
      return "mux";
    case Op::Min:
      return "min";
    case Op::Max:
      return "max";
    case Op::LeadingOne:
      return "log2";
    case Op::Requantize:
      return "quant";
    case Op::Lookup:
      return "table";
    case Op::Pick:
      return "pick";
    case Op::Slice:
      return "bits";
    case Op::Concat:
      return "cat";
    case Op::Call:
      return "call";
  }
  return "value";
}

// Every call an instance.
class PlainEmitter final : public FunctionEmitter {
 public:
  PlainEmitter(const core::Program& program, const Function& function)
      : FunctionEmitter(program, function, ModuleKind::Function, legalName(function.name),
                        header(function)) {}

  Module run() {
    ports();
    body();
    outputs();
    return std::move(builder_).finish();
  }

 private:
  static std::vector<std::string> header(const Function& function) {
    std::vector<std::string> lines;
    lines.push_back(function.name + ": " +
                    (function.comment.empty() ? "combinational function" : function.comment));
    lines.emplace_back(
        "Combinational. A port carries its elements side by side, element 0 in the lowest bits.");
    return lines;
  }

  void call(std::size_t index) override { instance(function_.instructions[index]); }
};

}  // namespace

FunctionEmitter::FunctionEmitter(const core::Program& program, const Function& function,
                                 ModuleKind kind, const std::string& name,
                                 std::vector<std::string> comment)
    : program_(program),
      function_(function),
      builder_(name, kind, std::move(comment)),
      atoms_(function.values.size()),
      origins_(function.values.size()),
      scalar_(function.values.size(), false) {
  findLive();
  findScalars();
}

void FunctionEmitter::body() {
  for (std::size_t i = 0; i < function_.instructions.size(); ++i) {
    const Instruction& instruction = function_.instructions[i];
    if (!live_[i]) {
      continue;
    }
    if (instruction.op == Op::Call) {
      call(i);
    } else {
      operation(instruction);
    }
  }
}

void FunctionEmitter::findLive() {
  needed_.assign(function_.values.size(), false);
  for (const ValueId value : function_.outputValues) {
    needed_[value] = true;
  }
  live_.assign(function_.instructions.size(), false);
  for (std::size_t i = function_.instructions.size(); i-- > 0;) {
    const Instruction& instruction = function_.instructions[i];
    for (const ValueId result : instruction.results) {
      live_[i] = live_[i] || needed_[result];
    }
    if (live_[i]) {
      for (const ValueId operand : instruction.operands) {
        needed_[operand] = true;
      }
    }
  }
}

// Elements of vectors that only travel on, whole, need no wire of their own.
void FunctionEmitter::findScalars() {
  for (std::size_t i = 0; i < function_.instructions.size(); ++i) {
    if (live_[i] && function_.instructions[i].op != Op::Call) {
      for (const ValueId operand : function_.instructions[i].operands) {
        scalar_[operand] = true;
      }
    }
  }
}

void FunctionEmitter::ports() {
  for (const auto* const ports : {&function_.inputs, &function_.outputs}) {
    for (const core::Port& port : *ports) {
      builder_.reserve(legalName(port.name));
    }
  }
  ValueId value = 0;
  std::vector<std::pair<const core::Port*, ExprPtr>> vectors;
  for (const core::Port& port : function_.inputs) {
    const int width = port.format.width * static_cast<int>(port.count);
    const bool isSigned = port.count == 1 && port.format.isSigned;
    vectors.emplace_back(&port, builder_.input(legalName(port.name), width,
                                               describeFormat(port.format, port.count), isSigned));
  }
  for (const core::Port& port : function_.outputs) {
    const int width = port.format.width * static_cast<int>(port.count);
    outputs_.push_back(builder_.output(legalName(port.name), width,
                                       describeFormat(port.format, port.count),
                                       port.count == 1 && port.format.isSigned));
  }
  for (const auto& [port, vector] : vectors) {
    for (std::uint32_t i = 0; i < port->count; ++i, ++value) {
      element(value, vector, static_cast<int>(i), port->count, port->name);
    }
  }
}

// Element `index` of `vector`, with a wire if operations need it.
void FunctionEmitter::element(ValueId value, const ExprPtr& vector, int index, std::uint32_t count,
                              const std::string& stemName) {
  origins_[value] = Origin{vector, index};
  if (count == 1) {
    atoms_[value] = vector;
    return;
  }
  if (!scalar_[value]) {
    return;
  }
  const int width = format(value).width;
  const std::string& given = function_.values[value].name;
  atoms_[value] =
      builder_.net(given.empty() ? fmt::format("{}_{}", stemName, index) : given,
                   slice(vector, index * width + width - 1, index * width), format(value).isSigned);
}

void FunctionEmitter::operation(const Instruction& instruction) {
  const ValueId result = instruction.results[0];
  const core::FixedFormat& to = format(result);
  if (instruction.op == Op::Const) {
    atoms_[result] = literal(instruction.immediate, to.width, to.isSigned);
    return;
  }
  std::vector<Operand> operands;
  for (const ValueId operand : instruction.operands) {
    operands.push_back({atoms_[operand], format(operand)});
  }
  if (const auto known = constantResult(instruction, operands)) {
    atoms_[result] = literal(*known, to.width, to.isSigned);
    return;
  }
  const std::string& given = function_.values[result].name;
  const std::string hint =
      given.empty() ? fmt::format("{}_{}", stem(instruction.op), result) : given;
  const ExprPtr expr = lowerOperation(builder_, hint, instruction, operands, to);
  const bool ready = expr->isSigned == to.isSigned &&
                     (expr->kind == ExprKind::Literal || expr->kind == ExprKind::Reference);
  atoms_[result] = ready ? expr : builder_.net(hint, expr, to.isSigned);
}

// The result of an operation on constants alone, as the IR defines it.
std::optional<std::int64_t> FunctionEmitter::constantResult(
    const Instruction& instruction, const std::vector<Operand>& operands) const {
  core::Function single;
  core::Instruction copy = instruction;
  std::vector<std::int64_t> inputs;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (operands[i].atom->kind != ExprKind::Literal) {
      return std::nullopt;
    }
    single.values.push_back({operands[i].format, {}});
    inputs.push_back(
        core::wrap(static_cast<std::int64_t>(operands[i].atom->bits), operands[i].format));
    copy.operands[i] = static_cast<ValueId>(i);
  }
  single.values.push_back({format(instruction.results[0]), {}});
  copy.results = {static_cast<ValueId>(operands.size())};
  single.instructions.push_back(std::move(copy));
  return core::evaluate(program_, single, inputs).back();
}

void FunctionEmitter::instance(const Instruction& instruction) {
  const Function& callee = *program_.find(instruction.callee);
  const std::string name =
      builder_.unique(fmt::format("{}_{}", callee.name, calls_[callee.name]++));
  std::vector<Connection> connections;
  std::size_t operand = 0;
  for (const core::Port& port : callee.inputs) {
    const auto first = instruction.operands.begin() + static_cast<std::ptrdiff_t>(operand);
    connections.push_back({legalName(port.name), packed({first, first + port.count})});
    operand += port.count;
  }
  std::size_t result = 0;
  std::vector<ExprPtr> vectors;
  for (const core::Port& port : callee.outputs) {
    const bool isSigned = port.count == 1 && port.format.isSigned;
    vectors.push_back(builder_.wire(vectorName(instruction, port, result, name),
                                    port.format.width * static_cast<int>(port.count), {},
                                    isSigned));
    connections.push_back({legalName(port.name), vectors.back(), true});
    result += port.count;
  }
  builder_.add(Instance{legalName(callee.name), name, std::move(connections), {}});
  results(instruction, vectors, name);
}

void FunctionEmitter::results(const Instruction& instruction, const std::vector<ExprPtr>& vectors,
                              const std::string& name) {
  const Function& callee = *program_.find(instruction.callee);
  std::size_t result = 0;
  for (std::size_t p = 0; p < callee.outputs.size(); ++p) {
    const core::Port& port = callee.outputs[p];
    for (std::uint32_t i = 0; i < port.count; ++i, ++result) {
      element(instruction.results[result], vectors[p], static_cast<int>(i), port.count,
              name + "_" + port.name);
    }
  }
}

std::string FunctionEmitter::vectorName(const Instruction& instruction, const core::Port& port,
                                        std::size_t result, const std::string& instance) const {
  const std::string& given = function_.values[instruction.results[result]].name;
  return port.count == 1 && !given.empty() ? given : instance + "_" + port.name;
}

// Values side by side, the first in the lowest bits; neighbours in a vector stay together.
ExprPtr FunctionEmitter::packed(const std::vector<ValueId>& values) const {
  std::vector<ExprPtr> parts;
  for (std::size_t i = 0; i < values.size();) {
    const auto& origin = origins_[values[i]];
    const int width = format(values[i]).width;
    if (!origin) {
      parts.push_back(atoms_[values[i]]);
      ++i;
      continue;
    }
    std::size_t run = 1;
    while (i + run < values.size() && follows(values[i], values[i + run], run)) {
      ++run;
    }
    const bool alone = run == 1 && atoms_[values[i]];
    parts.push_back(alone
                        ? atoms_[values[i]]
                        : slice(origin->vector, (origin->index + static_cast<int>(run)) * width - 1,
                                origin->index * width));
    i += run;
  }
  if (parts.size() == 1) {
    return parts[0];
  }
  return concat({parts.rbegin(), parts.rend()});
}

bool FunctionEmitter::follows(ValueId first, ValueId later, std::size_t distance) const {
  const auto& a = origins_[first];
  const auto& b = origins_[later];
  return b && a->vector == b->vector && b->index == a->index + static_cast<int>(distance);
}

void FunctionEmitter::outputs() {
  std::size_t element = 0;
  for (std::size_t p = 0; p < function_.outputs.size(); ++p) {
    const auto first = function_.outputValues.begin() + static_cast<std::ptrdiff_t>(element);
    builder_.assign(outputs_[p], packed({first, first + function_.outputs[p].count}));
    element += function_.outputs[p].count;
  }
}

std::string describeFormat(const core::FixedFormat& format, std::uint32_t count) {
  std::string text = count == 1 ? format.text() : fmt::format("{} x {}", count, format.text());
  if (format.fraction != 0) {
    text += fmt::format(", value = raw * 2^{}", -format.fraction);
  }
  return text;
}

Module emitFunction(const core::Program& program, const Function& function) {
  return PlainEmitter(program, function).run();
}

}  // namespace aegen::rtl_gen
