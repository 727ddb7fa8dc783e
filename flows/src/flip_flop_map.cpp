#include "flip_flop_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace aegen::flows {

namespace {

constexpr std::size_t kMostNames = 6;  // of a truth table

/// A pin and whether it acts when low: what "CK" or "(!RN)" says.
struct Literal {
  std::string pin;
  bool inverted = false;
};

// Empty when the expression is not one pin or its complement.
std::optional<Literal> literalOf(const std::string& expression,
                                 const std::vector<std::string>& pins) {
  for (const std::string& pin : pins) {
    const auto table = truthTable(expression, {pin});
    if (table == 0b10U) return Literal{pin, false};
    if (table == 0b01U) return Literal{pin, true};
  }
  return std::nullopt;
}

bool uses(const std::string& expression, const std::string& name,
          const std::vector<std::string>& names) {
  // It does when the expression cannot be read without it.
  std::vector<std::string> others = names;
  std::erase(others, name);
  for (std::size_t from = 0; from < others.size() || from == 0; from += kMostNames) {
    const std::vector<std::string> some(
        others.begin() + static_cast<std::ptrdiff_t>(from),
        others.begin() + static_cast<std::ptrdiff_t>(std::min(from + kMostNames, others.size())));
    if (truthTable(expression, some)) return false;
  }
  return true;
}

/// Everything about one cell that does not depend on the type asked for.
class CellStudy {
 public:
  explicit CellStudy(const LibertyCell& cell) : cell_(cell), state_(*cell.state) {}

  // All the ways in which the cell can serve.
  std::vector<FlipFlopCell> run(double inverterArea) {
    const std::vector<std::string> inputs = cell_.inputs();
    clock_ = literalOf(state_.clockedOn, inputs);
    if (!clock_ || !findOutput()) return {};
    if (!state_.clear.empty() && !(clear_ = literalOf(state_.clear, inputs))) return {};
    if (!state_.preset.empty() && !(preset_ = literalOf(state_.preset, inputs))) return {};
    for (const std::string& pin : inputs) {
      const bool control =
          pin == clock_->pin || (clear_ && pin == clear_->pin) || (preset_ && pin == preset_->pin);
      if (!control) free_.push_back(pin);
    }
    if (!readNextState()) return {};
    std::vector<FlipFlopCell> out;
    for (std::size_t data = 0; data < free_.size(); ++data) {
      withData(data, out);
      for (std::size_t enable = 0; enable < free_.size(); ++enable) {
        if (enable != data) withEnable(data, enable, out);
      }
    }
    for (FlipFlopCell& each : out) {
      const int inverters = (each.dataInverted ? 1 : 0) + (each.outputInverted ? 1 : 0) +
                            (each.enableInverted ? 1 : 0);
      each.area = cell_.area + inverterArea * inverters;
    }
    return out;
  }

 private:
  bool findOutput() {
    for (const LibertyPin& pin : cell_.pins) {
      if (pin.isInput || pin.threeState || pin.function.empty()) continue;
      for (const bool inverse : {false, true}) {
        const std::string& name = inverse ? state_.inverse : state_.state;
        const auto table = truthTable(pin.function, {name});
        if (table != 0b10U && table != 0b01U) continue;
        const bool inverted = inverse != (table == 0b01U);
        // The straight output where there are both.
        if (output_.empty() || !inverted) {
          output_ = pin.name;
          outputInverted_ = inverted;
        }
      }
    }
    return !output_.empty();
  }

  // The table of next_state over the inputs that are not controls and, last, the state.
  bool readNextState() {
    std::vector<std::string> names = free_;
    names.push_back(state_.state);
    if (!state_.inverse.empty() && uses(state_.nextState, state_.inverse, names)) {
      return readWithInverse(names);
    }
    if (names.size() > kMostNames) return false;
    const auto table = truthTable(state_.nextState, names);
    if (table) table_ = *table;
    return table.has_value();
  }

  // IQN is another name of !IQ: of its rows those count where the two differ.
  bool readWithInverse(std::vector<std::string> names) {
    names.push_back(state_.inverse);
    if (names.size() > kMostNames) return false;
    const auto table = truthTable(state_.nextState, names);
    if (!table) return false;
    const std::size_t n = free_.size();
    for (std::uint32_t row = 0; row < (2U << n); ++row) {
      const bool state = ((row >> n) & 1U) != 0;
      const std::uint32_t wide = row | (state ? 0U : 2U << n);
      if (((*table >> wide) & 1U) != 0) table_ |= std::uint64_t{1} << row;
    }
    return true;
  }

  [[nodiscard]] bool next(std::uint32_t row) const { return ((table_ >> row) & 1U) != 0; }

  // Calls `use` with each assignment of the inputs other than those of `open`.
  template <typename Use>
  void eachTie(std::uint32_t open, const Use& use) const {
    const std::uint32_t all = (1U << free_.size()) - 1;
    for (std::uint32_t tie = 0; tie <= all; ++tie) {
      if ((tie & open) == 0) use(tie);
    }
  }

  void withData(std::size_t data, std::vector<FlipFlopCell>& out) {
    const std::uint32_t d = 1U << data;
    const std::uint32_t state = 1U << free_.size();
    eachTie(d, [&](std::uint32_t tie) {
      for (const bool inverted : {false, true}) {
        const bool serves = next(tie) == inverted && next(tie | state) == inverted &&
                            next(tie | d) != inverted && next(tie | d | state) != inverted;
        if (serves) add({}, data, std::nullopt, tie, inverted, false, out);
      }
    });
  }

  void withEnable(std::size_t data, std::size_t enable, std::vector<FlipFlopCell>& out) {
    const std::uint32_t d = 1U << data;
    const std::uint32_t e = 1U << enable;
    const std::uint32_t state = 1U << free_.size();
    eachTie(d | e, [&](std::uint32_t tie) {
      for (const bool low : {false, true}) {  // the enable acts when low
        bool serves = true;
        for (const std::uint32_t bits : {0U, d, state, d | state}) {
          const std::uint32_t on = low ? 0 : e;
          serves = serves && next(tie | bits | on) == ((bits & d) != 0) &&
                   next(tie | bits | (e ^ on)) == ((bits & state) != 0);
        }
        if (serves) add({true, true}, data, enable, tie, false, low, out);
      }
    });
  }

  void add(FlipFlopType type, std::size_t data, std::optional<std::size_t> enable,
           std::uint32_t tie, bool dataInverted, bool enableInverted,
           std::vector<FlipFlopCell>& out) {
    FlipFlopCell base;
    base.type = type;
    base.type.risingEdge = !clock_->inverted;
    base.cell = cell_.name;
    base.clock = clock_->pin;
    base.data = free_[data];
    if (enable) base.enable = free_[*enable];
    base.dataInverted = dataInverted;
    base.enableInverted = enableInverted;
    base.output = output_;
    base.outputInverted = outputInverted_ != dataInverted;
    for (std::size_t k = 0; k < free_.size(); ++k) {
      if (k != data && (!enable || k != *enable)) {
        base.tied.emplace_back(free_[k], ((tie >> k) & 1U) != 0);
      }
    }
    FlipFlopCell plain = base;
    if (clear_) plain.tied.emplace_back(clear_->pin, clear_->inverted);
    if (preset_) plain.tied.emplace_back(preset_->pin, preset_->inverted);
    out.push_back(plain);
    if (enable) return;
    // What is stored inverted comes out of a clear as one.
    if (clear_) out.push_back(withReset(base, *clear_, preset_, dataInverted));
    if (preset_) out.push_back(withReset(base, *preset_, clear_, !dataInverted));
  }

  static FlipFlopCell withReset(FlipFlopCell cell, const Literal& reset,
                                const std::optional<Literal>& other, bool value) {
    cell.type.hasReset = true;
    cell.type.resetActiveHigh = !reset.inverted;
    cell.type.resetValue = value;
    cell.reset = reset.pin;
    if (other) cell.tied.emplace_back(other->pin, other->inverted);
    return cell;
  }

  const LibertyCell& cell_;
  const StateElement& state_;
  std::optional<Literal> clock_, clear_, preset_;
  std::vector<std::string> free_;  ///< inputs of next_state
  std::string output_;
  bool outputInverted_ = false;
  std::uint64_t table_ = 0;
};

}  // namespace

std::string FlipFlopType::text() const {
  const char edge = risingEdge ? 'P' : 'N';
  if (hasEnable) return fmt::format("$_DFFE_{}P_", edge);
  if (!hasReset) return fmt::format("$_DFF_{}_", edge);
  return fmt::format("$_DFF_{}{}{}_", edge, resetActiveHigh ? 'P' : 'N', resetValue ? 1 : 0);
}

std::vector<FlipFlopCell> flipFlopCells(const Liberty& library) {
  const double inverterArea = library.inverter()->area;
  std::map<std::string, FlipFlopCell> best;
  for (const LibertyCell& cell : library.cells()) {
    if (cell.kind != CellKind::FlipFlop || cell.dontUse || !cell.state || cell.area <= 0) continue;
    for (FlipFlopCell& each : CellStudy(cell).run(inverterArea)) {
      const auto [found, fresh] = best.try_emplace(each.type.text(), each);
      if (!fresh && each.area < found->second.area) found->second = std::move(each);
    }
  }
  std::vector<FlipFlopCell> out;
  for (auto& [type, cell] : best) out.push_back(std::move(cell));
  return out;
}

std::string legalTypes(const std::vector<FlipFlopCell>& cells) {
  std::string out;
  for (const FlipFlopCell& cell : cells) out += fmt::format(" -cell {} 01", cell.type.text());
  return out;
}

std::string flipFlopMap(const std::vector<FlipFlopCell>& cells) {
  std::string out;
  for (const FlipFlopCell& each : cells) {
    std::string ports = "input D, input C, ";
    std::string pins =
        fmt::format(".{}(C), .{}({})", each.clock, each.data, each.dataInverted ? "d" : "D");
    std::string gates;
    if (each.dataInverted) gates += "  wire d; \\$_NOT_ invert_d (.A(D), .Y(d));\n";
    if (each.type.hasEnable) {
      ports += "input E, ";
      pins += fmt::format(", .{}({})", each.enable, each.enableInverted ? "e" : "E");
      if (each.enableInverted) gates += "  wire e; \\$_NOT_ invert_e (.A(E), .Y(e));\n";
    }
    if (each.type.hasReset) {
      ports += "input R, ";
      pins += fmt::format(", .{}(R)", each.reset);
    }
    for (const auto& [pin, value] : each.tied) pins += fmt::format(", .{}(1'b{:d})", pin, value);
    if (each.outputInverted) gates += "  wire q; \\$_NOT_ invert_q (.A(q), .Y(Q));\n";
    out += fmt::format(
        "module \\{} ({}output Q);\n{}  {} _TECHMAP_REPLACE_ ({}, .{}({}));\nendmodule\n",
        each.type.text(), ports, gates, each.cell, pins, each.output,
        each.outputInverted ? "q" : "Q");
  }
  return out;
}

}  // namespace aegen::flows
