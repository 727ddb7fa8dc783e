#pragma once
/// Energies of a Liberty file: internal power tables, pin capacitances, leakage, supply voltage.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"

namespace aegen::flows {

/// Energy of a transition in pJ over load (pF) and input transition (ns); either axis may be one
/// value long.
struct EnergyTable {
  std::vector<double> loads;
  std::vector<double> slews;
  std::vector<double> values;  ///< load by load; empty: no table

  /// Between neighbours linear; outside the table its edge.
  [[nodiscard]] double at(double load, double slew) const;
};

/// One `internal_power` group.
struct InternalPower {
  std::string relatedPin;  ///< empty for inputs
  EnergyTable rise;
  EnergyTable fall;
};

struct PinPower {
  double capacitance = 0;  ///< pF
  std::vector<InternalPower> internal;

  /// Of one change of the pin, rises and falls being as many; the mean over related pins, pJ.
  [[nodiscard]] double energy(double load, double slew) const;
};

struct CellPower {
  double leakage = 0;  ///< W
  std::map<std::string, PinPower, std::less<>> pins;
};

struct LibertyPower {
  double voltage = 0;  ///< V
  std::map<std::string, CellPower, std::less<>> cells;
  bool hasTables = false;  ///< any internal power at all
};

/// Tables of the first two variables; conditions (`when`) are averaged over. Errors:
/// liberty.not-liberty, liberty.no-voltage (neither nom_voltage nor an operating condition's).
[[nodiscard]] core::Result<LibertyPower> readLibertyPower(std::string_view text,
                                                          const std::string& where);

}  // namespace aegen::flows
