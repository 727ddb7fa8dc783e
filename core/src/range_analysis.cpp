#include "aegen/core/range_analysis.hpp"

#include "program_facts.hpp"

namespace aegen::core {

RangeReport analyseRanges(const Program& program, std::string_view top) {
  ProgramFacts facts(program);
  facts.run(top);
  RangeReport out;
  for (std::size_t at = 0; at < program.functions.size(); ++at) {
    out.intervals.emplace_back();
    for (const ValueFacts& value : facts.of(at)) out.intervals[at].push_back(value.range);
  }
  for (const auto& [place, check] : facts.checks()) {
    if (!check.overflows) {
      ++out.provenValues;
      continue;
    }
    const Function& f = program.functions[place.first];
    const Value& value = f.values[place.second];
    out.risks.push_back({f.name, place.second,
                         value.name.empty() ? "%" + std::to_string(place.second) : value.name,
                         value.format, check.exact});
  }
  return out;
}

}  // namespace aegen::core
