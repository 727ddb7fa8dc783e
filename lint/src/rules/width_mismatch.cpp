#include <fmt/format.h>

#include "rules.hpp"

namespace aegen::lint::rules {

std::vector<Finding> widthMismatch(Modules modules) {
  std::vector<Finding> findings;
  for (const ModuleFacts& facts : factsOf(modules)) {
    for (const WidthPair& pair : facts.widths) {
      if (pair.target != pair.value) {
        findings.push_back(
            {facts.module->name, pair.name,
             fmt::format("{} has {} bits but is given {}", pair.name, pair.target, pair.value)});
      }
    }
  }
  return findings;
}

}  // namespace aegen::lint::rules
