#include <algorithm>

#include "rules.hpp"

namespace aegen::lint::rules {

std::vector<Finding> multiplyDriven(Modules modules) {
  std::vector<Finding> findings;
  for (const ModuleFacts& facts : factsOf(modules)) {
    for (const std::string& name : facts.order) {
      const NameFacts& known = facts.names.at(name);
      std::vector<bool> contested(known.drivers.size());
      std::transform(known.drivers.begin(), known.drivers.end(), contested.begin(),
                     [](int drivers) { return drivers > 1; });
      if (std::find(contested.begin(), contested.end(), true) != contested.end()) {
        findings.push_back({facts.module->name, name,
                            describeBits(name, contested) + " has more than one driver"});
      }
    }
  }
  return findings;
}

}  // namespace aegen::lint::rules
