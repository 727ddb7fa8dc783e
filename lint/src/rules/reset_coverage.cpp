#include <algorithm>

#include "rules.hpp"

namespace aegen::lint::rules {

std::vector<Finding> resetCoverage(Modules modules) {
  std::vector<Finding> findings;
  for (const ModuleFacts& facts : factsOf(modules)) {
    for (const std::string& name : facts.order) {
      const NameFacts& known = facts.names.at(name);
      const auto report = [&](const std::string& message) {
        findings.push_back({facts.module->name, name, message});
      };
      if (known.kind == NameKind::Memory && known.datapath.empty()) {
        report("memory " + name + " is not marked as datapath with a reason");
      }
      if (known.reg == nullptr) {
        continue;
      }
      if (known.reg->reset == nullptr) {
        if (known.reg->datapath.empty()) {
          report("register " + name + " has no reset and is not marked as datapath with a reason");
        }
        continue;
      }
      std::vector<bool> missed = known.isReset;
      missed.flip();
      if (std::find(missed.begin(), missed.end(), true) != missed.end()) {
        report(describeBits(name, missed) + " should be reset but no process does it");
      }
    }
  }
  return findings;
}

}  // namespace aegen::lint::rules
