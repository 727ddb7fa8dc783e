#include "aegen/core/program.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace aegen::core {
namespace {

std::uint32_t elements(const std::vector<Port>& ports) {
  return std::accumulate(ports.begin(), ports.end(), std::uint32_t{0},
                         [](std::uint32_t sum, const Port& port) { return sum + port.count; });
}

}  // namespace

std::string_view text(Role role) {
  switch (role) {
    case Role::Event:
      return "event";
    case Role::Config:
      return "config";
    case Role::Output:
      return "output";
  }
  return {};
}

std::optional<Op> parseOp(std::string_view text) {
  const auto found = std::ranges::find(kOpTable, text, &OpInfo::mnemonic);
  if (found == kOpTable.end()) return std::nullopt;
  return found->op;
}

std::uint32_t Function::inputElements() const {
  return elements(inputs);
}
std::uint32_t Function::outputElements() const {
  return elements(outputs);
}

const Function* Program::find(std::string_view name) const {
  const auto found = std::ranges::find(functions, name, &Function::name);
  return found == functions.end() ? nullptr : &*found;
}

void Program::merge(const Program& other) {
  for (const Function& function : other.functions) {
    const Function* const present = find(function.name);
    assert(present == nullptr || *present == function);
    if (present == nullptr) functions.push_back(function);
  }
}

}  // namespace aegen::core
