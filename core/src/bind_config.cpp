#include "aegen/core/bind_config.hpp"

#include <cassert>

#include "aegen/core/function_builder.hpp"

namespace aegen::core {

void bindConfig(Program& program, std::string_view function, const ConfigValues& values,
                std::string name) {
  // A copy: the program's functions move when one is added.
  const Function callee = *program.find(function);
  FunctionBuilder b(program, std::move(name), callee.comment);
  std::vector<std::vector<ValueId>> given;
  for (const Port& port : callee.inputs) {
    given.emplace_back();
    if (port.role == Role::Event) given.back() = b.input(port.name, port.format, port.count);
  }
  std::vector<ValueId> operands;
  for (std::size_t p = 0; p < callee.inputs.size(); ++p) {
    const Port& port = callee.inputs[p];
    if (port.role == Role::Config) {
      const auto found = values.find(port.name);
      assert(found != values.end() && found->second.size() == port.count);
      for (const std::int64_t value : found->second) {
        const ValueId constant = b.constant(wrap(value, port.format), port.format.fraction);
        given[p].push_back(b.reinterpret(constant, port.format));
      }
    }
    operands.insert(operands.end(), given[p].begin(), given[p].end());
  }
  const auto results = b.call(callee.name, operands);
  std::size_t next = 0;
  for (const Port& port : callee.outputs) {
    b.output(port.name, port.format, std::span(results).subspan(next, port.count));
    next += port.count;
  }
  program.functions.push_back(std::move(b).finish());
}

}  // namespace aegen::core
