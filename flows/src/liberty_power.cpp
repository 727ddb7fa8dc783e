#include "aegen/flows/liberty_power.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "aegen/flows/liberty.hpp"
#include "liberty_groups.hpp"

namespace aegen::flows {

namespace {

using core::Result;

void numbers(const std::string& text, std::vector<double>& out) {
  for (const char* at = text.c_str(); *at != '\0';) {
    char* end = nullptr;
    const double value = std::strtod(at, &end);
    if (end == at) {
      ++at;
    } else {
      out.push_back(value);
      at = end;
    }
  }
}

/// Which variable of a template is the load.
struct Axes {
  std::string first, second;
  std::vector<double> firstIndex, secondIndex;
};

class Reader {
 public:
  Result<LibertyPower> run(std::string_view text, const std::string& where) {
    const auto includes = [&](const std::string& file) -> std::optional<std::string> {
      auto included = readLibertyText(std::filesystem::path(where).parent_path() / file);
      return included ? std::optional(std::move(*included)) : std::nullopt;
    };
    const LibertyParse parsed = parseLibertyGroups(text, {.skip = nullptr, .include = includes});
    if (parsed.error) {
      return core::badInput("liberty.not-liberty",
                            "the power data cannot be read: " + parsed.error->reason,
                            where + ":" + std::to_string(parsed.error->line));
    }
    walk(parsed.root);
    if (out_.voltage <= 0) {
      return core::badInput("liberty.no-voltage",
                            "the library does not say its supply voltage: there is no energy "
                            "without it",
                            where, {"add nom_voltage to the library"});
    }
    scale();
    return std::move(out_);
  }

 private:
  void walk(const LibertyGroup& group) {
    open(group);
    for (const LibertyAttribute& each : group.attributes) attribute(each);
    for (const LibertyGroup& each : group.groups) walk(each);
    close();
  }

  void open(const LibertyGroup& s) {
    groups_.push_back(s.name);
    const std::string argument = s.arguments.empty() ? "" : s.arguments.front().text;
    if (s.name == "cell") {
      cell_ = &out_.cells[argument];
    } else if (s.name == "pin" && cell_ != nullptr) {
      pin_ = &cell_->pins[argument];
    } else if (s.name == "internal_power" && pin_ != nullptr) {
      pin_->internal.emplace_back();
      out_.hasTables = true;
    } else if (s.name == "power_lut_template") {
      axes_ = {};
      template_ = argument;
    } else if (table() != nullptr) {
      const auto known = templates_.find(argument);
      axes_ = known == templates_.end() ? Axes{} : known->second;
      values_.clear();
    }
  }

  void close() {
    if (EnergyTable* const made = table()) finish(*made);
    const std::string name = groups_.back();
    groups_.pop_back();
    if (name == "cell") cell_ = nullptr;
    if (name == "pin") pin_ = nullptr;
    if (name == "power_lut_template") templates_[template_] = axes_;
  }

  /// The table that the group just open describes.
  EnergyTable* table() {
    if (groups_.size() < 2 || groups_[groups_.size() - 2] != "internal_power" || pin_ == nullptr) {
      return nullptr;
    }
    InternalPower& power = pin_->internal.back();
    if (groups_.back() == "rise_power") return &power.rise;
    if (groups_.back() == "fall_power") return &power.fall;
    return nullptr;
  }

  void finish(EnergyTable& made) {
    std::vector<double> first = axes_.firstIndex;
    std::vector<double> second = axes_.secondIndex;
    if (first.empty()) first = {0};
    if (second.empty()) second = {0};
    if (values_.size() != first.size() * second.size()) {
      if (values_.size() != 1) return;  // a third variable, or nothing
      first = second = {0};
    }
    if (axes_.first.find("capacitance") != std::string::npos) {
      made = {first, second, values_};
      return;
    }
    made.loads = second;
    made.slews = first;
    for (std::size_t j = 0; j < second.size(); ++j) {
      for (std::size_t i = 0; i < first.size(); ++i) {
        made.values.push_back(values_[i * second.size() + j]);
      }
    }
  }

  void attribute(const LibertyAttribute& s) {
    if (s.isComplex && s.arguments.empty()) return;
    const std::string& group = groups_.back();
    const std::string& value = s.isComplex ? s.arguments.front().text : s.value.text;
    const double number = std::strtod(value.c_str(), nullptr);
    if (s.name == "index_1" || s.name == "index_2") {
      std::vector<double>& index = s.name == "index_1" ? axes_.firstIndex : axes_.secondIndex;
      index.clear();
      for (const LibertyWord& argument : s.arguments) numbers(argument.text, index);
    } else if (s.name == "values") {
      for (const LibertyWord& argument : s.arguments) numbers(argument.text, values_);
    } else if (s.name == "variable_1") {
      axes_.first = value;
    } else if (s.name == "variable_2") {
      axes_.second = value;
    } else if (s.name == "nom_voltage" ||
               (group == "operating_conditions" && s.name == "voltage" && out_.voltage == 0)) {
      out_.voltage = number;
    } else if (s.name == "capacitive_load_unit" && s.arguments.size() == 2) {
      const bool femto = s.arguments[1].text == "ff" || s.arguments[1].text == "fF";
      capacitance_ = number * (femto ? 1e-3 : 1);
    } else if (s.name == "leakage_power_unit") {
      numberOfUnit(value, leakage_);
    } else if (s.name == "time_unit") {
      numberOfUnit(value, time_);
      time_ *= 1e9;
    } else if (s.name == "cell_leakage_power" && cell_ != nullptr) {
      cell_->leakage = number;
    } else if (s.name == "capacitance" && group == "pin" && pin_ != nullptr) {
      pin_->capacitance = number;
    } else if (s.name == "related_pin" && group == "internal_power" && pin_ != nullptr) {
      pin_->internal.back().relatedPin = value;
    }
  }

  /// "10pW" and the like in its base unit.
  static void numberOfUnit(const std::string& text, double& out) {
    char* end = nullptr;
    const double factor = std::strtod(text.c_str(), &end);
    static const std::map<char, double> kPrefixes{
        {'m', 1e-3}, {'u', 1e-6}, {'n', 1e-9}, {'p', 1e-12}, {'f', 1e-15}, {'W', 1}, {'s', 1}};
    const auto prefix = kPrefixes.find(*end);
    if (end != text.c_str() && prefix != kPrefixes.end()) out = factor * prefix->second;
  }

  /// Energies are in units of load times voltage squared.
  void scale() {
    for (auto& [cellName, cell] : out_.cells) {
      cell.leakage *= leakage_;
      for (auto& [pinName, pin] : cell.pins) {
        pin.capacitance *= capacitance_;
        for (InternalPower& power : pin.internal) {
          for (EnergyTable* const made : {&power.rise, &power.fall}) {
            for (double& value : made->values) value *= capacitance_;
            for (double& load : made->loads) load *= capacitance_;
            for (double& slew : made->slews) slew *= time_;
          }
        }
      }
    }
  }

  LibertyPower out_;
  std::vector<std::string> groups_;
  CellPower* cell_ = nullptr;
  PinPower* pin_ = nullptr;
  std::map<std::string, Axes> templates_;
  std::string template_;
  Axes axes_;
  std::vector<double> values_;
  double capacitance_ = 1;  ///< the file's unit in pF
  double leakage_ = 1e-9;   ///< in W
  double time_ = 1;         ///< in ns
};

/// Where a value lies on an axis: the lower neighbour and how far past it, kept to the axis.
std::pair<std::size_t, double> place(const std::vector<double>& axis, double value) {
  if (axis.size() < 2 || value <= axis.front()) return {0, 0};
  if (value >= axis.back()) return {axis.size() - 2, 1};
  const auto above = std::ranges::upper_bound(axis, value);
  const auto i = static_cast<std::size_t>(above - axis.begin()) - 1;
  return {i, (value - axis[i]) / (axis[i + 1] - axis[i])};
}

}  // namespace

double EnergyTable::at(double load, double slew) const {
  if (values.empty()) return 0;
  const auto [i, u] = place(loads, load);
  const auto [j, v] = place(slews, slew);
  const auto value = [&](std::size_t a, std::size_t b) {
    return values[std::min(a, loads.size() - 1) * slews.size() + std::min(b, slews.size() - 1)];
  };
  return (1 - u) * ((1 - v) * value(i, j) + v * value(i, j + 1)) +
         u * ((1 - v) * value(i + 1, j) + v * value(i + 1, j + 1));
}

double PinPower::energy(double load, double slew) const {
  if (internal.empty()) return 0;
  double sum = 0;
  for (const InternalPower& power : internal) {
    sum += (power.rise.at(load, slew) + power.fall.at(load, slew)) / 2;
  }
  return sum / static_cast<double>(internal.size());
}

Result<LibertyPower> readLibertyPower(std::string_view text, const std::string& where) {
  return Reader().run(text, where);
}

}  // namespace aegen::flows
