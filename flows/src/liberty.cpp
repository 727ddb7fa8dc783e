#include "aegen/flows/liberty.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

#include "aegen/core/process.hpp"
#include "liberty_groups.hpp"
#include "liberty_reader.hpp"

namespace aegen::flows {

namespace {

constexpr std::size_t kMaxGateInputs = 6;
constexpr std::uint64_t kNand2Table = 0b0111;
constexpr std::uint64_t kInverterTable = 0b01;
constexpr std::uint64_t kBufferTable = 0b10;
constexpr std::uint64_t kXor3Table = 0b10010110;
constexpr std::uint64_t kMajorityTable = 0b11101000;

bool hasThreeState(const LibertyCell& cell) {
  return std::ranges::any_of(cell.pins, &LibertyPin::threeState);
}

// A plain cell: every output has a function over at most six inputs.
bool isPlain(const LibertyCell& cell) {
  return cell.kind == CellKind::Combinational && !cell.dontUse && cell.area > 0 &&
         cell.inputs().size() <= kMaxGateInputs && !hasThreeState(cell);
}

// Whether synthesis may choose the cell.
bool isMappable(const LibertyCell& cell) {
  if (cell.dontUse || hasThreeState(cell)) return false;
  if (cell.kind == CellKind::FlipFlop || cell.kind == CellKind::Latch) return true;
  return cell.kind == CellKind::Combinational && cell.area > 0;
}

// The cell's only output, if it has one.
const LibertyPin* onlyOutput(const LibertyCell& cell) {
  const LibertyPin* output = nullptr;
  for (const LibertyPin& pin : cell.pins) {
    if (pin.isInput) continue;
    if (output != nullptr) return nullptr;
    output = &pin;
  }
  return output;
}

// What every tool needs to read a cell, without supplies and what only sign-off asks for.
bool isPlainGroup(const LibertyGroup& group) {
  return group.name != "pg_pin" && group.name != "voltage_map" &&
         group.name != "operating_conditions";
}

// As Yosys and ABC read it: no units of current, no power.
bool isMappingGroup(const LibertyGroup& group) {
  return isPlainGroup(group) && group.name != "internal_power" && group.name != "leakage_power" &&
         group.name != "power_lut_template" && group.name != "test_cell";
}

// ABC (of Yosys 0.23) crashes on libraries without a gate of three inputs. This one is too large
// ever to be chosen; the depth analysis would refuse it as unknown.
std::string wideGate(double nand2Area) {
  constexpr double kNeverWorthIt = 1e4;
  return fmt::format(
      "  cell (aegen_unused_nand3) {{\n    area : {};\n"
      "    pin (A) {{ direction : input; }}\n    pin (B) {{ direction : input; }}\n"
      "    pin (C) {{ direction : input; }}\n"
      "    pin (Y) {{ direction : output; function : \"!(A&B&C)\"; }}\n  }}\n",
      kNeverWorthIt * nand2Area);
}

bool hasTables(const LibertyCell& cell) {
  return std::ranges::any_of(cell.pins, [](const LibertyPin& pin) {
    return std::ranges::any_of(pin.arcs, [](const TimingArc& arc) {
      return !arc.isConstraint() && !arc.rise.empty() && !arc.fall.empty();
    });
  });
}

// The interval of ascending `axis` to inter- or extrapolate in.
std::size_t intervalOf(const std::vector<double>& axis, double x) {
  const auto above = std::upper_bound(axis.begin(), axis.end(), x);
  const auto k = static_cast<std::size_t>(above - axis.begin());
  return std::clamp<std::size_t>(k, 1, axis.size() - 1) - 1;
}

}  // namespace

double TimingTable::at(double row, double column) const {
  const auto along = [&](std::size_t r) {
    const double* const line = values.data() + r * columns.size();
    if (columns.size() == 1) return line[0];
    const std::size_t c = intervalOf(columns, column);
    const double width = columns[c + 1] - columns[c];
    return width <= 0 ? line[c] : line[c] + (line[c + 1] - line[c]) * (column - columns[c]) / width;
  };
  if (rows.size() == 1) return along(0);
  const std::size_t r = intervalOf(rows, row);
  const double width = rows[r + 1] - rows[r];
  const double first = along(r);
  return width <= 0 ? first : first + (along(r + 1) - first) * (row - rows[r]) / width;
}

bool TimingArc::isConstraint() const {
  for (const char* kind : {"setup", "hold", "recovery", "removal", "skew", "non_seq", "nochange",
                           "min_pulse", "minimum_period"}) {
    if (type.starts_with(kind)) return true;
  }
  return false;
}

const LibertyPin* LibertyCell::findPin(std::string_view pin) const {
  const auto found = std::find_if(
      pins.begin(), pins.end(), [&](const LibertyPin& candidate) { return candidate.name == pin; });
  return found == pins.end() ? nullptr : &*found;
}

std::vector<std::string> LibertyCell::inputs() const {
  std::vector<std::string> names;
  for (const LibertyPin& pin : pins) {
    if (pin.isInput) {
      names.push_back(pin.name);
    }
  }
  return names;
}

core::Result<Liberty> Liberty::parse(std::string_view text, const std::filesystem::path& file) {
  LibertySyntaxOptions syntax;
  syntax.skip = isUnreadGroup;
  syntax.include = [&](const std::string& name) -> std::optional<std::string> {
    auto included = readLibertyText(file.parent_path() / name);
    return included ? std::optional(std::move(*included)) : std::nullopt;
  };
  LibertyParse parsed = parseLibertyGroups(text, syntax);
  if (!parsed.error && parsed.root.name != "library") {
    parsed.error = LibertySyntaxError{{}, 1, "the outermost group is not `library`", false};
  }
  if (const auto& error = parsed.error) {
    const std::filesystem::path place =
        error->file.empty() ? file : file.parent_path() / error->file;
    return core::badInput(error->missingFile ? "liberty.missing-file" : "liberty.not-liberty",
                          (error->missingFile ? "" : "not a Liberty library: ") + error->reason,
                          fmt::format("{}:{}", place.string(), error->line));
  }
  Liberty library;
  library.file_ = file;
  library.name_ =
      parsed.root.arguments.empty() ? file.stem().string() : parsed.root.arguments[0].text;
  LibertyReader reader(parsed.root, file);
  auto cells = reader.run();
  if (!cells) return cells.error();
  library.cells_ = std::move(*cells);
  library.units_ = reader.units();
  for (std::size_t k = 0; k < library.cells_.size(); ++k) {
    library.index_.emplace(library.cells_[k].name, k);
  }
  if (auto good = library.checkCells(); !good) return good.error();
  const LibertyCell* const nand2 = library.smallestGate(2, kNand2Table);
  library.nand2_ = static_cast<std::size_t>(nand2 - library.cells_.data());
  printLiberty(parsed.root, isPlainGroup, library.plainText_);
  const auto mappable = [&](const LibertyGroup& group) {
    if (group.name != "cell") return isMappingGroup(group);
    const auto* cell = group.arguments.empty() ? nullptr : library.find(group.arguments[0].text);
    return cell != nullptr && cell->line == group.line && isMappable(*cell);
  };
  printLiberty(parsed.root, mappable, library.mappableText_);
  if (std::ranges::none_of(library.cells_, [](const LibertyCell& cell) {
        return isPlain(cell) && cell.inputs().size() > 2;
      })) {
    const std::size_t end = library.mappableText_.rfind('}');
    library.mappableText_.insert(end, wideGate(nand2->area));
  }
  return library;
}

core::Result<void> Liberty::checkCells() const {
  const auto lacks = [&](const char* code, const char* message, const char* note) {
    return core::badInput(code, message, file_.string() + ":1", {note});
  };
  if (cells_.empty()) {
    return lacks("liberty.no-cells", "the library has no cells",
                 "name a library of standard cells, not one of pads or memories");
  }
  if (std::ranges::none_of(cells_, [](const LibertyCell& cell) { return cell.area > 0; })) {
    return lacks("liberty.no-area", "no cell of the library has an area",
                 "name a library whose cells say `area : ...;`, by custom in um2");
  }
  const bool hasFlipFlop = std::ranges::any_of(cells_, [](const LibertyCell& cell) {
    return cell.kind == CellKind::FlipFlop && !cell.dontUse;
  });
  if (!hasFlipFlop) {
    return lacks("liberty.no-flip-flop", "the library has no flip-flop cell to map to",
                 "name a library with an `ff` group in one of its cells, not marked dont_use");
  }
  if (smallestGate(1, kInverterTable) == nullptr) {
    return lacks("liberty.no-inverter", "the library has no inverter to map to",
                 "name a library with a cell of one input A and function \"!A\"");
  }
  if (smallestGate(2, kNand2Table) == nullptr) {
    return lacks("liberty.no-nand2",
                 "the library has no two-input NAND: gate equivalents are undefined",
                 "name a library of standard cells");
  }
  return {};
}

core::Result<void> Liberty::checkTiming() const {
  const auto missing = [&](const char* attribute, const char* example) {
    return core::badInput(
        "liberty.no-units",
        fmt::format("the library does not say its {}, so delays mean nothing", attribute),
        file_.string() + ":1", {fmt::format("add {} to the library", example)});
  };
  if (!units_.time) return missing("time_unit", "time_unit : \"1ns\";");
  if (!units_.capacitance) return missing("capacitive_load_unit", "capacitive_load_unit (1, pf);");
  bool flipFlop = false;
  for (const LibertyCell& cell : cells_) {
    flipFlop = flipFlop || (cell.kind == CellKind::FlipFlop && !cell.dontUse && hasTables(cell));
  }
  const auto noTables = [&](const std::string& what, int line) {
    return core::badInput(
        "liberty.no-timing", what + " has no cell_rise and cell_fall tables to time with",
        fmt::format("{}:{}", file_.string(), line),
        {"name a library with delay_model : table_lookup; area can be had without"});
  };
  if (!flipFlop) return noTables("no flip-flop", 1);
  for (const LibertyCell* cell : {inverter(), &nand2()}) {
    if (!hasTables(*cell)) return noTables("cell " + cell->name, cell->line);
  }
  return {};
}

const LibertyCell* Liberty::find(std::string_view cell) const {
  const auto found = index_.find(cell);
  return found == index_.end() ? nullptr : &cells_[found->second];
}

const LibertyCell* Liberty::smallestGate(std::size_t inputs, std::uint64_t table) const {
  const LibertyCell* best = nullptr;
  for (const LibertyCell& cell : cells_) {
    std::vector<std::string> names = cell.inputs();
    const LibertyPin* const output = onlyOutput(cell);
    if (!isPlain(cell) || names.size() != inputs || output == nullptr) continue;
    if (best != nullptr && cell.area >= best->area) continue;
    std::ranges::sort(names);
    do {
      if (truthTable(output->function, names) == table) {
        best = &cell;
        break;
      }
    } while (std::ranges::next_permutation(names).found);
  }
  return best;
}

const LibertyCell* Liberty::inverter() const {
  return smallestGate(1, kInverterTable);
}

std::vector<const LibertyCell*> Liberty::buffers() const {
  std::vector<const LibertyCell*> out;
  for (const LibertyCell& cell : cells_) {
    const LibertyPin* const output = onlyOutput(cell);
    if (isPlain(cell) && output != nullptr && cell.inputs().size() == 1 &&
        truthTable(output->function, cell.inputs()) == kBufferTable) {
      out.push_back(&cell);
    }
  }
  std::ranges::stable_sort(out, {}, &LibertyCell::area);
  return out;
}

std::optional<AdderCell> Liberty::fullAdder() const {
  std::optional<AdderCell> best;
  double bestArea = 0;
  for (const LibertyCell& cell : cells_) {
    const std::vector<std::string> names = cell.inputs();
    if (!isPlain(cell) || names.size() != 3 || cell.pins.size() != 5) {
      continue;
    }
    AdderCell candidate{cell.name, names, {}, {}};
    for (const LibertyPin& pin : cell.pins) {
      const auto table = pin.isInput ? std::nullopt : truthTable(pin.function, names);
      if (table == kXor3Table) {
        candidate.sum = pin.name;
      } else if (table == kMajorityTable) {
        candidate.carry = pin.name;
      }
    }
    if (!candidate.sum.empty() && !candidate.carry.empty() && (!best || cell.area < bestArea)) {
      best = std::move(candidate);
      bestArea = cell.area;
    }
  }
  return best;
}

core::Result<std::string> readLibertyText(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    std::vector<std::string> notes = {
        "name another one, or install the default: apt install "
        "qflow-tech-osu018"};
    return core::badInput("liberty.missing-file", "no such Liberty file", file.string(), notes);
  }
  if (file.extension() == ".gz") {
    auto unpacked = core::runProcess({"gzip", "-dc", file.string()});
    if (!unpacked) {
      return unpacked.error();
    }
    if (!unpacked->ok()) {
      return core::badInput("liberty.not-liberty", "the file cannot be unpacked by gzip",
                            file.string());
    }
    return std::move(unpacked->output);
  }
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream) {
    return core::badInput("liberty.missing-file", "the Liberty file cannot be read", file.string());
  }
  return text;
}

core::Result<Liberty> loadLiberty(const std::filesystem::path& file) {
  const auto text = readLibertyText(file);
  if (!text) {
    return text.error();
  }
  return Liberty::parse(*text, file);
}

}  // namespace aegen::flows
