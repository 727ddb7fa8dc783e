#include "flat_function.hpp"

#include <algorithm>

namespace aegen::core::tape {
namespace {

class Flattener {
 public:
  explicit Flattener(const Program& program) : program_(program) {}

  FlatFunction run(const Function& function) {
    std::vector<NodeId> arguments;
    for (const Port& port : function.inputs) {
      const bool config = port.role == Role::Config;
      if (config) {
        const auto first = static_cast<std::uint32_t>(flat_.config.size());
        flat_.configPorts[port.name] = {first, port.count};
      }
      for (std::uint32_t i = 0; i < port.count; ++i) {
        arguments.push_back(add({nullptr, {}, port.format, config}));
        (config ? flat_.config : flat_.events).push_back(arguments.back());
      }
    }
    flat_.outputs = inlined(function, arguments);
    return std::move(flat_);
  }

 private:
  NodeId add(Node node) {
    flat_.nodes.push_back(std::move(node));
    return static_cast<NodeId>(flat_.nodes.size() - 1);
  }

  std::vector<NodeId> inlined(const Function& function, const std::vector<NodeId>& arguments) {
    std::vector<NodeId> at(function.values.size(), 0);
    std::ranges::copy(arguments, at.begin());
    for (const Instruction& instruction : function.instructions) {
      std::vector<NodeId> operands;
      for (const ValueId operand : instruction.operands) operands.push_back(at[operand]);
      if (instruction.op == Op::Call) {
        const auto results = inlined(*program_.find(instruction.callee), operands);
        for (std::size_t i = 0; i < results.size(); ++i) at[instruction.results[i]] = results[i];
        continue;
      }
      const bool uniform = std::ranges::all_of(
          operands, [&](NodeId operand) { return flat_.nodes[operand].uniform; });
      const ValueId result = instruction.results[0];
      at[result] =
          add({&instruction, std::move(operands), function.values[result].format, uniform});
    }
    std::vector<NodeId> outputs;
    for (const ValueId id : function.outputValues) outputs.push_back(at[id]);
    return outputs;
  }

  const Program& program_;
  FlatFunction flat_;
};

}  // namespace

FlatFunction flatten(const Program& program, std::string_view function) {
  return Flattener(program).run(*program.find(function));
}

}  // namespace aegen::core::tape
