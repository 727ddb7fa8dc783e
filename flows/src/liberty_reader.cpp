#include "liberty_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace aegen::flows {

namespace {

std::optional<double> parseNumber(std::string_view text) {
  double value = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool isTrue(const std::string* text) {
  return text != nullptr && (lower(*text) == "true" || *text == "1");
}

// Metric prefixes as units have them; Liberty's letters are in either case.
std::optional<double> prefix(std::string_view letters) {
  static constexpr std::array<std::pair<std::string_view, double>, 8> kPrefixes = {{{"", 1},
                                                                                    {"k", 1e3},
                                                                                    {"m", 1e-3},
                                                                                    {"u", 1e-6},
                                                                                    {"n", 1e-9},
                                                                                    {"p", 1e-12},
                                                                                    {"f", 1e-15},
                                                                                    {"a", 1e-18}}};
  const auto found = std::ranges::find(kPrefixes, letters, [](const auto& e) { return e.first; });
  return found == kPrefixes.end() ? std::nullopt : std::optional(found->second);
}

// "10ps" with the letter "s" as 1e-11.
std::optional<double> parseUnit(std::string text, const std::string& letter) {
  text = lower(text);
  std::erase(text, ' ');
  const std::size_t digits = std::min(text.find_first_not_of("0123456789.+-"), text.size());
  std::string rest = text.substr(digits);
  const auto factor = digits == 0 ? std::optional(1.0) : parseNumber(text.substr(0, digits));
  if (!factor || *factor <= 0 || !rest.ends_with(letter)) return std::nullopt;
  rest.erase(rest.size() - letter.size());
  const auto scale = prefix(rest);
  return scale ? std::optional(*factor * *scale) : std::nullopt;
}

bool isTransition(std::string_view variable) {
  return variable.empty() || variable == "input_net_transition" ||
         variable == "related_pin_transition" || variable == "input_transition_time";
}

constexpr std::string_view kBundle = "bundle";

std::string join(const std::vector<LibertyWord>& words) {
  std::string out;
  for (const LibertyWord& word : words) out += word.text + " ";
  return out;
}

// Names in a blank-separated list.
std::vector<std::string> namesIn(const std::string& text) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(" ,\t\n", at)) != std::string::npos) {
    const std::size_t end = std::min(text.find_first_of(" ,\t\n", at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

std::string valueOf(const LibertyGroup& group, std::string_view attribute) {
  const std::string* const text = group.attribute(attribute);
  return text == nullptr ? std::string() : *text;
}

StateElement readState(const LibertyGroup& group, bool latch) {
  StateElement out;
  if (!group.arguments.empty()) out.state = group.arguments[0].text;
  if (group.arguments.size() > 1) out.inverse = group.arguments[1].text;
  out.nextState = valueOf(group, latch ? "data_in" : "next_state");
  out.clockedOn = valueOf(group, latch ? "enable" : "clocked_on");
  out.clear = valueOf(group, "clear");
  out.preset = valueOf(group, "preset");
  return out;
}

std::string clockGateRole(const LibertyGroup& pin) {
  for (const char* role : {"clock", "enable", "test", "out"}) {
    if (isTrue(pin.attribute(fmt::format("clock_gate_{}_pin", role)))) return role;
  }
  return {};
}

}  // namespace

bool isUnreadGroup(std::string_view group) {
  static constexpr std::string_view kUnread[] = {"output_current_rise",
                                                 "output_current_fall",
                                                 "receiver_capacitance",
                                                 "ccsn_first_stage",
                                                 "ccsn_last_stage",
                                                 "noise_immunity_high",
                                                 "noise_immunity_low",
                                                 "steady_state_current_high",
                                                 "steady_state_current_low",
                                                 "propagated_noise_high",
                                                 "propagated_noise_low",
                                                 "input_ccb",
                                                 "output_ccb",
                                                 "compact_lut_template",
                                                 "base_curves",
                                                 "normalized_driver_waveform",
                                                 "dynamic_current",
                                                 "intrinsic_parasitic",
                                                 "leakage_current",
                                                 "electromigration",
                                                 "sensitization",
                                                 "ocv_sigma_cell_rise",
                                                 "ocv_sigma_cell_fall",
                                                 "ocv_sigma_rise_transition",
                                                 "ocv_sigma_fall_transition",
                                                 "ocv_sigma_rise_constraint",
                                                 "ocv_sigma_fall_constraint",
                                                 "output_voltage",
                                                 "input_voltage",
                                                 "iv_lut_template",
                                                 "noise_lut_template",
                                                 "propagation_lut_template",
                                                 "output_current_template",
                                                 "wire_load",
                                                 "wire_load_selection",
                                                 "wire_load_table"};
  return std::ranges::find(kUnread, group) != std::end(kUnread) || group.starts_with("receiver_") ||
         group.starts_with("compact_ccs") || group.starts_with("ecsm") ||
         group.starts_with("hyperbolic_noise");
}

void LibertyReader::fail(std::string code, std::string message, int line,
                         std::vector<std::string> notes) {
  if (error_) return;
  error_ = core::badInput(std::move(code), std::move(message),
                          fmt::format("{}:{}", file_.string(), line), std::move(notes));
}

std::optional<double> LibertyReader::unit(const char* attribute, const std::string& letter) {
  const LibertyAttribute* const found = library_.find(attribute);
  if (found == nullptr) return std::nullopt;
  const auto value = parseUnit(found->value.text, letter);
  if (!value) {
    fail("liberty.bad-unit",
         fmt::format("{} is '{}', which is no unit", attribute, found->value.text), found->line,
         {fmt::format("such as 1n{0}, 10p{0}", letter)});
  }
  return value;
}

void LibertyReader::readUnits() {
  const auto scaled = [](std::optional<double> value, double by) {
    return value ? std::optional(*value * by) : std::nullopt;
  };
  units_.time = scaled(unit("time_unit", "s"), 1e9);
  units_.voltage = unit("voltage_unit", "v");
  units_.leakagePower = unit("leakage_power_unit", "w");
  const LibertyAttribute* const load = library_.findComplex("capacitive_load_unit");
  if (load == nullptr) return;
  const auto factor =
      load->arguments.size() == 2 ? parseNumber(load->arguments[0].text) : std::nullopt;
  const auto farads = factor ? parseUnit("1" + load->arguments[1].text, "f") : std::nullopt;
  if (!farads || *factor <= 0) {
    return fail(
        "liberty.bad-unit",
        fmt::format("capacitive_load_unit is '{}', which is no unit", join(load->arguments)),
        load->line, {"a number and pf or ff, such as (1, pf)"});
  }
  units_.capacitance = *factor * *farads * 1e12;
}

std::vector<double> LibertyReader::numbers(const std::vector<LibertyWord>& words, int line) {
  std::vector<double> out;
  for (const LibertyWord& word : words) {
    for (const std::string& each : namesIn(word.text)) {
      const auto value = parseNumber(each);
      if (!value) {
        fail("liberty.bad-value", fmt::format("'{}' is not a number", each), line);
        return {};
      }
      out.push_back(*value);
    }
  }
  return out;
}

void LibertyReader::readTemplates() {
  for (const LibertyGroup& group : library_.groups) {
    if (group.name != "lu_table_template" || group.arguments.empty()) continue;
    Template& out = templates_[group.arguments[0].text];
    for (int k = 0; k < 2; ++k) {
      out.variables[k] = valueOf(group, fmt::format("variable_{}", k + 1));
      if (const auto* index = group.findComplex(fmt::format("index_{}", k + 1))) {
        out.indices[k] = numbers(index->arguments, index->line);
      }
    }
  }
}

std::optional<double> LibertyReader::number(const LibertyGroup& group, const char* attribute) {
  const LibertyAttribute* const found = group.find(attribute);
  if (found == nullptr) return std::nullopt;
  const auto value = parseNumber(found->value.text);
  if (!value) {
    fail("liberty.bad-value", fmt::format("{} is '{}', not a number", attribute, found->value.text),
         found->line);
  }
  return value;
}

// Turned so that rows are the transition of the related pin. A table of a third variable is left
// out, as no standard cell has one.
TimingTable LibertyReader::readTable(const LibertyGroup& group, bool constraint) {
  const LibertyAttribute* const values = group.findComplex("values");
  if (values == nullptr || group.findComplex("index_3") != nullptr) return {};
  const std::string name = group.arguments.empty() ? "scalar" : group.arguments[0].text;
  Template shape;
  if (const auto found = templates_.find(name); found != templates_.end()) shape = found->second;
  for (int k = 0; k < 2; ++k) {
    if (const auto* index = group.findComplex(fmt::format("index_{}", k + 1))) {
      shape.indices[k] = numbers(index->arguments, index->line);
    }
  }
  TimingTable out;
  out.values = numbers(values->arguments, values->line);
  for (int k = 0; k < 2; ++k) {
    if (shape.indices[k].empty()) shape.indices[k] = {0};
  }
  if (out.values.size() == 1) shape = {{}, {{0}, {0}}};
  // Unless it says otherwise the first variable of a constraint is the constrained pin's.
  const bool rowsFirst = isTransition(shape.variables[0]);
  const auto& rows = shape.indices[rowsFirst ? 0 : 1];
  const auto& columns = shape.indices[rowsFirst ? 1 : 0];
  if (rows.size() * columns.size() != out.values.size()) {
    fail("liberty.bad-value",
         fmt::format("{} has {} values for indices of {} by {}", group.name, out.values.size(),
                     shape.indices[0].size(), shape.indices[1].size()),
         values->line);
    return {};
  }
  if (!std::ranges::is_sorted(rows) || !std::ranges::is_sorted(columns)) {
    fail("liberty.bad-value", group.name + " has indices that do not ascend", group.line);
    return {};
  }
  if (!rowsFirst) {
    std::vector<double> turned;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      for (std::size_t c = 0; c < columns.size(); ++c) {
        turned.push_back(out.values[c * rows.size() + r]);
      }
    }
    out.values = std::move(turned);
  }
  const double time = units_.time.value_or(1);
  const double columnUnit = constraint ? time : units_.capacitance.value_or(1);
  for (const double value : rows) out.rows.push_back(value * time);
  for (const double value : columns) out.columns.push_back(value * columnUnit);
  for (double& value : out.values) value *= time;
  return out;
}

std::vector<TimingArc> LibertyReader::readArcs(const LibertyGroup& pin) {
  std::vector<TimingArc> out;
  for (const LibertyGroup& group : pin.groups) {
    if (group.name != "timing") continue;
    TimingArc arc;
    const auto related = namesIn(valueOf(group, "related_pin"));
    if (!related.empty()) arc.relatedPin = related.front();
    arc.type = valueOf(group, "timing_type");
    if (arc.type.empty()) arc.type = "combinational";
    arc.when = valueOf(group, "when");
    const std::string sense = valueOf(group, "timing_sense");
    arc.sense = sense == "positive_unate"   ? TimingSense::Positive
                : sense == "negative_unate" ? TimingSense::Negative
                                            : TimingSense::NonUnate;
    for (const LibertyGroup& table : group.groups) {
      if (table.name == "cell_rise") arc.rise = readTable(table, false);
      if (table.name == "cell_fall") arc.fall = readTable(table, false);
      if (table.name == "rise_transition") arc.riseTransition = readTable(table, false);
      if (table.name == "fall_transition") arc.fallTransition = readTable(table, false);
      if (table.name == "rise_constraint") arc.rise = readTable(table, true);
      if (table.name == "fall_constraint") arc.fall = readTable(table, true);
    }
    for (std::size_t k = 1; k < related.size(); ++k) {
      out.push_back(arc);
      out.back().relatedPin = related[k];
    }
    out.push_back(std::move(arc));
  }
  return out;
}

LibertyPin LibertyReader::readPin(const LibertyGroup& group, std::string name) {
  LibertyPin pin;
  pin.name = std::move(name);
  const std::string direction = valueOf(group, "direction");
  pin.isInput = direction.empty() || direction == "input";
  pin.function = valueOf(group, "function");
  pin.threeState = group.find("three_state") != nullptr;
  pin.isClock = isTrue(group.attribute("clock"));
  pin.clockGateRole = clockGateRole(group);
  pin.capacitance = number(group, "capacitance").value_or(0) * units_.capacitance.value_or(1);
  pin.arcs = readArcs(group);
  return pin;
}

void LibertyReader::readPins(const LibertyGroup& group, LibertyCell& cell) {
  for (const LibertyGroup& member : group.groups) {
    if (member.name == "bus" || member.name == kBundle) {
      cell.kind = CellKind::Other;
      readPins(member, cell);
      if (member.name == kBundle) continue;
      // A bus of which no pin is described has at least its own direction.
      const bool described = std::ranges::any_of(
          member.groups, [](const LibertyGroup& each) { return each.name == "pin"; });
      if (!described && !member.arguments.empty()) {
        cell.pins.push_back(readPin(member, member.arguments[0].text));
      }
    }
    if (member.name != "pin") continue;
    const std::string direction = valueOf(member, "direction");
    if (direction == "internal") continue;
    if (direction == "inout") cell.kind = CellKind::Other;
    for (const LibertyWord& word : member.arguments) {
      for (const std::string& name : namesIn(word.text)) {
        cell.pins.push_back(readPin(member, name));
      }
    }
  }
}

LibertyCell LibertyReader::readCell(const LibertyGroup& group) {
  LibertyCell cell;
  cell.line = group.line;
  cell.name = group.arguments.empty() ? "" : group.arguments.front().text;
  cell.area = number(group, "area").value_or(0);
  cell.leakage = number(group, "cell_leakage_power").value_or(0) * units_.leakagePower.value_or(0);
  cell.dontUse = isTrue(group.attribute("dont_use"));
  int elements = 0;
  for (const LibertyGroup& member : group.groups) {
    const bool latch = member.name == "latch";
    if (member.name == "ff" || latch) {
      cell.kind = latch ? CellKind::Latch : CellKind::FlipFlop;
      cell.state = readState(member, latch);
      ++elements;
    } else if (member.name == "ff_bank" || member.name == "latch_bank" ||
               member.name == "statetable") {
      elements += 2;
    }
  }
  if (elements > 1) {  // several bits, or state that no expression gives
    cell.kind = CellKind::Other;
    cell.state.reset();
  }
  readPins(group, cell);
  if (group.find("clock_gating_integrated_cell") != nullptr) cell.kind = CellKind::ClockGate;
  if (isTrue(group.attribute("is_macro_cell")) || isTrue(group.attribute("pad_cell"))) {
    cell.kind = CellKind::Other;
  }
  return cell;
}

core::Result<std::vector<LibertyCell>> LibertyReader::run() {
  readUnits();
  readTemplates();
  std::vector<LibertyCell> out;
  for (const LibertyGroup& group : library_.groups) {
    if (error_) break;
    if (group.name == "cell") out.push_back(readCell(group));
  }
  if (error_) return *error_;
  return out;
}

}  // namespace aegen::flows
