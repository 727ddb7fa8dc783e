#pragma once
/// From modules and cell models to a GateNetlist: a hierarchy made flat, or a module alone.

#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/flows/cell_model.hpp"
#include "aegen/flows/netlist.hpp"
#include "aegen/sim/gate_netlist.hpp"

namespace aegen::flows {

/// An instance of the hierarchy; the first is the top.
struct FlatInstance {
  const NetlistModule* module = nullptr;
  std::size_t parent = 0;        ///< index; its own for the top
  std::string name;              ///< in its parent
  std::vector<sim::NetId> nets;  ///< by the module's net number; kNoNet where it has none

  /// The net behind a bit of a pin, a constant's included.
  [[nodiscard]] sim::NetId at(int bit) const;
};

struct FlatNetlist {
  sim::GateNetlist gates;
  std::vector<FlatInstance> instances;

  /// Names down to an instance, with `separator` between; the top's is empty.
  [[nodiscard]] std::string path(std::size_t instance, std::string_view separator = ".") const;
};

/// Flattens what is below `top`. The top's named nets become signals, with kNoNet for bits that
/// nothing drives. Unknown constants and open inputs are 0. The modules must outlive what is
/// returned. Errors: netlist.missing-module, netlist.unknown-cell, netlist.recursive.
[[nodiscard]] core::Result<FlatNetlist> flatten(const std::vector<NetlistModule>& modules,
                                                std::string_view top, const CellModels& models);

/// A module by itself: outputs of the instances it holds become inputs and their inputs outputs,
/// named INSTANCE.PIN. Error: netlist.unknown-cell for a type that has no model and is not in
/// `modules`.
[[nodiscard]] core::Result<FlatNetlist> isolate(const NetlistModule& module,
                                                const std::vector<NetlistModule>& modules,
                                                const CellModels& models);

}  // namespace aegen::flows
