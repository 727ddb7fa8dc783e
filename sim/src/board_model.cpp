#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "aegen/core/interpreter.hpp"
#include "board_plan.hpp"

namespace aegen::sim {

using aegen_bench::Received;
using core::Result;

namespace {

core::Diagnostic wrongPlan(std::string message, std::string where) {
  return core::badInput("sim.board-plan", std::move(message), std::move(where));
}

Result<void> checkKind(const BoardKind& kind) {
  const core::Function* const function =
      kind.program == nullptr ? nullptr : kind.program->find(kind.function);
  if (function == nullptr) return wrongPlan("there is no function " + kind.function, kind.name);
  const bool fits = !function->inputs.empty() && function->inputs[0].name == "tx" &&
                    function->inputs[0].role == core::Role::Event &&
                    function->inputs[0].format == core::FixedFormat{false, 32, 0} &&
                    std::all_of(function->inputs.begin() + 1, function->inputs.end(),
                                [](const core::Port& p) { return p.role == core::Role::Config; });
  if (!fits) return wrongPlan("a decoder takes tx u32 and settings", kind.name);
  return {};
}

Result<void> checkModule(const BoardPlan& plan, const BoardModule& module,
                         const ModuleWords& words) {
  if (module.kind >= plan.kinds.size()) return wrongPlan("no such decoder", module.name);
  const BoardKind& kind = plan.kinds[module.kind];
  const core::Function& function = *kind.program->find(kind.function);
  for (const auto& [name, values] : module.config) {
    const auto port = std::ranges::find(function.inputs, name, &core::Port::name);
    if (port == function.inputs.end() || port->role != core::Role::Config) {
      return wrongPlan("the decoder " + kind.name + " has no setting '" + name + "'", module.name);
    }
    if (values.size() != port->count) {
      return wrongPlan(
          fmt::format("'{}' needs {} values, not {}", name, port->count, values.size()),
          module.name);
    }
    for (const std::int64_t value : values) {
      if (!port->format.range().contains(value)) {
        return wrongPlan(fmt::format("'{}' = {} is outside {}", name, value, port->format.text()),
                         module.name);
      }
    }
  }
  const std::uint32_t a = module.format.words;
  if (a == 0 || a > 2 * decoderWords(kind) || words.size() % a != 0) {
    return wrongPlan(
        fmt::format("{} words are no whole number of crossings of {}", words.size(), a),
        module.name);
  }
  return {};
}

}  // namespace

bool BoardRecord::operator==(const BoardRecord& o) const {
  const Received& a = received;
  const Received& b = o.received;
  return a.index == b.index && a.bx == b.bx && a.status == b.status && a.start == b.start &&
         a.words == b.words && crossing == o.crossing && decoded == o.decoded;
}

std::uint32_t decoderWords(const BoardKind& kind) {
  return kind.program->find(kind.function)->inputs[0].count;
}

Result<void> checkPlan(const BoardPlan& plan, const std::vector<ModuleWords>& words) {
  if (words.size() != plan.modules.size()) {
    return wrongPlan(fmt::format("{} streams for {} modules", words.size(), plan.modules.size()),
                     "board");
  }
  for (const BoardKind& kind : plan.kinds) {
    if (auto good = checkKind(kind); !good) return good;
  }
  for (std::size_t m = 0; m < words.size(); ++m) {
    if (auto good = checkModule(plan, plan.modules[m], words[m]); !good) return good;
  }
  return {};
}

std::vector<std::int64_t> configElements(const BoardPlan& plan, const BoardModule& module) {
  const BoardKind& kind = plan.kinds[module.kind];
  std::vector<std::int64_t> out;
  for (const core::Port& port : kind.program->find(kind.function)->inputs) {
    if (port.role != core::Role::Config) continue;
    const auto given = module.config.find(port.name);
    const auto values =
        given == module.config.end() ? std::vector<std::int64_t>(port.count, 0) : given->second;
    out.insert(out.end(), values.begin(), values.end());
  }
  return out;
}

Result<std::vector<ModuleResult>> runBoardModel(const BoardPlan& plan,
                                                const std::vector<ModuleWords>& words) {
  if (auto good = checkPlan(plan, words); !good) return good.error();
  std::vector<std::unique_ptr<core::Interpreter>> decoders;
  for (const BoardKind& kind : plan.kinds) {
    decoders.push_back(std::make_unique<core::Interpreter>(*kind.program, kind.function));
  }
  std::uint64_t end = 0;  // receivers say what they hold when the longest stream has ended
  for (std::size_t m = 0; m < words.size(); ++m) {
    end = std::max<std::uint64_t>(end, words[m].size() / plan.modules[m].format.words);
  }
  std::vector<ModuleResult> results(words.size());
  for (std::size_t m = 0; m < words.size(); ++m) {
    const BoardModule& module = plan.modules[m];
    const BoardKind& kind = plan.kinds[module.kind];
    std::vector<std::uint16_t> strings;  // of the crossings to be decoded, one behind the other
    std::uint64_t now = 0;
    std::int64_t count = 0;
    const std::size_t room = std::size_t{2} * decoderWords(kind);
    const auto sink = [&](const Received& received, const std::uint16_t* string) {
      BoardRecord record{received, now + aegen_bench::kBoardLatency, -1};
      if (isDecoded(received)) {
        record.decoded = count++;
        const std::size_t used = std::min<std::size_t>(received.words, room);
        strings.insert(strings.end(), string, string + used);
        strings.resize(static_cast<std::size_t>(count) * room, 0);
      }
      results[m].records.push_back(record);
    };
    aegen_bench::LinkReceiver receiver(module.format, module.receiver);
    for (std::size_t at = 0; at < words[m].size(); at += module.format.words, ++now) {
      receiver.crossing(words[m].data() + at, sink);
    }
    now = end;
    receiver.finish(sink);
    core::Columns tx(room / 2, static_cast<std::size_t>(count));
    for (std::size_t k = 0; k < tx.events(); ++k) {
      for (std::size_t i = 0; i < room; ++i) {
        tx.at(i / 2, k) |= std::int64_t{strings[k * room + i]} << (i % 2 == 0 ? 16 : 0);
      }
    }
    core::Interpreter& decoder = *decoders[module.kind];
    for (const core::Port& port : kind.program->find(kind.function)->inputs) {
      if (port.role != core::Role::Config) continue;
      const auto given = module.config.find(port.name);
      decoder.setConfig(port.name, given == module.config.end()
                                       ? std::vector<std::int64_t>(port.count, 0)
                                       : given->second);
    }
    auto decoded = decoder.run(tx);
    if (!decoded) return decoded.error();
    results[m].outputs = std::move(*decoded);
  }
  return results;
}

}  // namespace aegen::sim
