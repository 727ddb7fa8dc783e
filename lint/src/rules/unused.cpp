#include <algorithm>
#include <string_view>

#include "rules.hpp"

namespace aegen::lint::rules {

namespace {

/// The net by which generated RTL says which bits it drops on purpose (Verilator knows it too).
constexpr std::string_view kSink = "_unused_ok";

}  // namespace

std::vector<Finding> unused(Modules modules) {
  std::vector<Finding> findings;
  for (const ModuleFacts& facts : factsOf(modules)) {
    for (const std::string& name : facts.order) {
      if (name == kSink) {
        continue;
      }
      const NameFacts& known = facts.names.at(name);
      if (std::find(known.isRead.begin(), known.isRead.end(), true) == known.isRead.end()) {
        findings.push_back({facts.module->name, name, name + " is read by nothing"});
      }
    }
  }
  return findings;
}

}  // namespace aegen::lint::rules
