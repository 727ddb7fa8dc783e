#include "aegen/flows/cell_model.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aegen::flows {

namespace {

using core::Result;

constexpr std::string_view kNotOfNames = " \t!'()&*|+^";

/// The names in a function that are among `known`, in the order of `known`.
std::vector<std::string> namesIn(std::string_view function, const std::vector<std::string>& known) {
  std::vector<std::string> found;
  for (std::size_t at = function.find_first_not_of(kNotOfNames); at != std::string_view::npos;
       at = function.find_first_not_of(kNotOfNames, at)) {
    const std::size_t end = std::min(function.find_first_of(kNotOfNames, at), function.size());
    found.emplace_back(function.substr(at, end - at));
    at = end;
  }
  std::vector<std::string> out;
  std::ranges::copy_if(known, std::back_inserter(out), [&](const std::string& name) {
    return std::ranges::count(found, name) > 0;
  });
  return out;
}

Result<CellFunction> functionOf(const LibertyCell& cell, std::string_view text,
                                const std::vector<std::string>& known) {
  CellFunction out{0, namesIn(text, known)};
  if (text.empty()) return out;
  const auto table = truthTable(text, out.pins);
  if (!table) {
    return core::badInput("netlist.no-model",
                          fmt::format("the function `{}` cannot be simulated", text), cell.name);
  }
  out.table = *table;
  return out;
}

}  // namespace

Result<CellModel> cellModel(const LibertyCell& cell) {
  const auto refuse = [&](const char* why) {
    return core::badInput("netlist.no-model", why, cell.name,
                          {"map to a library of plain cells and single flip-flops and latches"});
  };
  CellModel model;
  std::vector<std::string> known = cell.inputs();
  const bool stored = cell.kind == CellKind::FlipFlop || cell.kind == CellKind::Latch;
  if (stored != cell.state.has_value() || (!stored && cell.kind != CellKind::Combinational)) {
    return refuse("the cell holds state that cannot be simulated");
  }
  if (stored) {
    const StateElement& state = *cell.state;
    known.push_back(state.state);
    if (!state.inverse.empty()) known.push_back(state.inverse);
    StorageModel storage;
    storage.kind =
        cell.kind == CellKind::Latch ? sim::StorageKind::Latch : sim::StorageKind::FlipFlop;
    storage.state = state.state;
    storage.inverse = state.inverse;
    for (const auto& [text, function] :
         {std::pair{&state.nextState, &storage.data}, std::pair{&state.clockedOn, &storage.clock},
          std::pair{&state.clear, &storage.clear}, std::pair{&state.preset, &storage.preset}}) {
      auto made = functionOf(cell, *text, known);
      if (!made) return made.error();
      *function = std::move(*made);
    }
    model.storage = std::move(storage);
  }
  for (const LibertyPin& pin : cell.pins) {
    if (pin.isInput) continue;
    if (pin.threeState) return refuse("the cell has a three-state output");
    auto made = functionOf(cell, pin.function, known);
    if (!made) return made.error();
    model.outputs.push_back({pin.name, std::move(*made)});
  }
  return model;
}

CellModels cellModels(const Liberty& library) {
  CellModels models;
  for (const LibertyCell& cell : library.cells()) {
    if (auto model = cellModel(cell)) models.emplace(cell.name, std::move(*model));
  }
  return models;
}

const CellModels& yosysGateModels() {
  static const CellModels kModels = [] {
    CellModels models;
    const auto gate = [&](const char* type, const char* function,
                          const std::vector<std::string>& inputs) {
      models[type].outputs.push_back({"Y", {*truthTable(function, inputs), inputs}});
    };
    gate("$_BUF_", "A", {"A"});
    gate("$_NOT_", "!A", {"A"});
    gate("$_AND_", "A B", {"A", "B"});
    gate("$_NAND_", "!(A B)", {"A", "B"});
    gate("$_OR_", "A | B", {"A", "B"});
    gate("$_NOR_", "!(A | B)", {"A", "B"});
    gate("$_XOR_", "A ^ B", {"A", "B"});
    gate("$_XNOR_", "!(A ^ B)", {"A", "B"});
    gate("$_ANDNOT_", "A !B", {"A", "B"});
    gate("$_ORNOT_", "A | !B", {"A", "B"});
    gate("$_MUX_", "(S B) | (!S A)", {"A", "B", "S"});
    gate("$_NMUX_", "!((S B) | (!S A))", {"A", "B", "S"});
    gate("$_AOI3_", "!((A B) | C)", {"A", "B", "C"});
    gate("$_OAI3_", "!((A | B) C)", {"A", "B", "C"});
    gate("$_AOI4_", "!((A B) | (C D))", {"A", "B", "C", "D"});
    gate("$_OAI4_", "!((A | B) (C | D))", {"A", "B", "C", "D"});
    const auto storage = [&](const char* type, sim::StorageKind kind, const char* pin,
                             std::uint64_t table) {
      models[type] = {{{"Q", {0b10, {"Q"}}}},
                      StorageModel{kind, "Q", "", {0b10, {"D"}}, {table, {pin}}, {}, {}}};
    };
    storage("$_DFF_P_", sim::StorageKind::FlipFlop, "C", 0b10);
    storage("$_DFF_N_", sim::StorageKind::FlipFlop, "C", 0b01);
    storage("$_DLATCH_P_", sim::StorageKind::Latch, "E", 0b10);
    storage("$_DLATCH_N_", sim::StorageKind::Latch, "E", 0b01);
    return models;
  }();
  return kModels;
}

namespace {

/// The function as an element of its table; constants and single pins as such.
std::string verilogOf(const CellFunction& function) {
  if (function.pins.empty()) return (function.table & 1) != 0 ? "1'b1" : "1'b0";
  if (function.pins.size() == 1 && function.table == 0b10) return function.pins[0];
  if (function.pins.size() == 1 && function.table == 0b01) return "~" + function.pins[0];
  // A sum of products: a table indexed by an unknown value would give more unknowns than the cell.
  std::string sum;
  for (unsigned row = 0; row < (1U << function.pins.size()); ++row) {
    if ((function.table >> row & 1) == 0) continue;
    std::string product;
    for (std::size_t k = 0; k < function.pins.size(); ++k) {
      product += fmt::format("{}{}{}", product.empty() ? "" : " & ", (row >> k & 1) != 0 ? "" : "~",
                             function.pins[k]);
    }
    sum += fmt::format("{}({})", sum.empty() ? "" : " | ", product);
  }
  return sum.empty() ? "1'b0" : sum;
}

void printStorage(const StorageModel& storage, std::string& out) {
  out += fmt::format("  reg {};\n", storage.state);
  if (!storage.inverse.empty()) {
    out += fmt::format("  wire {} = ~{};\n", storage.inverse, storage.state);
  }
  const bool clear = storage.clear.table != 0;
  const bool preset = storage.preset.table != 0;
  out += fmt::format("  wire aegen_data = {};\n  wire aegen_clock = {};\n", verilogOf(storage.data),
                     verilogOf(storage.clock));
  if (clear) out += fmt::format("  wire aegen_clear = {};\n", verilogOf(storage.clear));
  if (preset) out += fmt::format("  wire aegen_preset = {};\n", verilogOf(storage.preset));
  const bool latch = storage.kind == sim::StorageKind::Latch;
  const char* const assign = latch ? "=" : "<=";
  if (latch) {
    out += "  always @*\n";
  } else {
    out +=
        fmt::format("  always @(posedge aegen_clock{}{})\n", clear ? " or posedge aegen_clear" : "",
                    preset ? " or posedge aegen_preset" : "");
  }
  const char* otherwise = "    ";
  const auto branch = [&](const char* condition, const char* value) {
    out += fmt::format("{}if ({}) {} {} {};\n", otherwise, condition, storage.state, assign, value);
    otherwise = "    else ";
  };
  if (clear) branch("aegen_clear", "1'b0");
  if (preset) branch("aegen_preset", "1'b1");
  if (latch) {
    branch("aegen_clock", "aegen_data");
  } else {
    out += fmt::format("{}{} <= aegen_data;\n", otherwise, storage.state);
  }
}

}  // namespace

std::string cellsVerilog(const Liberty& library) {
  std::string out = fmt::format("// Cells of {}, from their Liberty functions, without delays.\n",
                                library.name());
  for (const LibertyCell& cell : library.cells()) {
    const auto model = cellModel(cell);
    if (!model || model->outputs.empty()) continue;
    std::string ports;
    std::string body;
    for (const LibertyPin& pin : cell.pins) {
      ports += fmt::format("{}{} {}", ports.empty() ? "" : ", ", pin.isInput ? "input" : "output",
                           pin.name);
    }
    if (model->storage) printStorage(*model->storage, body);
    for (const CellOutput& output : model->outputs) {
      body += fmt::format("  assign {} = {};\n", output.pin, verilogOf(output.function));
    }
    out += fmt::format("\nmodule {} ({});\n{}endmodule\n", cell.name, ports, body);
  }
  return out;
}

}  // namespace aegen::flows
