#include <algorithm>

#include "rules.hpp"

namespace aegen::lint::rules {

std::vector<Finding> unused(Modules modules) {
  std::vector<Finding> findings;
  for (const ModuleFacts& facts : factsOfAll(modules)) {
    for (const std::string& name : facts.order) {
      const NameFacts& known = facts.names.at(name);
      if (std::find(known.isRead.begin(), known.isRead.end(), true) == known.isRead.end()) {
        findings.push_back({facts.module->name, name, name + " is read by nothing"});
      }
    }
  }
  return findings;
}

}  // namespace aegen::lint::rules
