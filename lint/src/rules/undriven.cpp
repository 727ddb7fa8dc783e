#include <algorithm>

#include "rules.hpp"

namespace aegen::lint::rules {

std::vector<Finding> undriven(Modules modules) {
  std::vector<Finding> findings;
  for (const ModuleFacts& facts : factsOf(modules)) {
    for (const std::string& name : facts.order) {
      const NameFacts& known = facts.names.at(name);
      std::vector<bool> floating(known.drivers.size());
      std::transform(known.drivers.begin(), known.drivers.end(), floating.begin(),
                     [](int drivers) { return drivers == 0; });
      if (std::find(floating.begin(), floating.end(), true) != floating.end()) {
        findings.push_back(
            {facts.module->name, name, describeBits(name, floating) + " is driven by nothing"});
      }
    }
  }
  return findings;
}

}  // namespace aegen::lint::rules
