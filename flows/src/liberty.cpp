#include "aegen/flows/liberty.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <system_error>

#include "aegen/core/process.hpp"
#include "liberty_groups.hpp"

namespace aegen::flows {

namespace {

constexpr std::size_t kMaxTableInputs = 6;

/// Recursive descent over a Liberty function; precedence ' ! ^ & |, juxtaposition is conjunction.
class FunctionParser {
 public:
  FunctionParser(std::string_view text, const std::vector<std::string>& inputs)
      : text_(text), inputs_(inputs) {
    const unsigned rows = 1U << inputs.size();
    all_ = rows == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << rows) - 1;
  }

  std::optional<std::uint64_t> run() {
    const std::uint64_t value = disjunction();
    skipBlank();
    if (bad_ || at_ != text_.size()) {
      return std::nullopt;
    }
    return value & all_;
  }

 private:
  void skipBlank() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  [[nodiscard]] char peek() {
    skipBlank();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c) {
      return false;
    }
    ++at_;
    return true;
  }

  std::uint64_t disjunction() {
    std::uint64_t value = conjunction();
    while (take('|') || take('+')) {
      value |= conjunction();
    }
    return value;
  }

  std::uint64_t conjunction() {
    std::uint64_t value = parity();
    while (!bad_) {
      if (!take('&') && !take('*')) {
        const char c = peek();
        if (c == '\0' || c == ')' || c == '|' || c == '+' || c == '^') {
          break;
        }
      }
      value &= parity();
    }
    return value;
  }

  std::uint64_t parity() {
    std::uint64_t value = factor();
    while (take('^')) {
      value ^= factor();
    }
    return value;
  }

  std::uint64_t factor() {
    std::uint64_t value = 0;
    if (take('!')) {
      return ~factor();
    }
    if (take('(')) {
      value = disjunction();
      bad_ = bad_ || !take(')');
    } else {
      value = name();
    }
    while (take('\'')) {
      value = ~value;
    }
    return value;
  }

  std::uint64_t name() {
    skipBlank();
    const std::size_t begin = at_;
    while (at_ < text_.size() &&
           std::string_view(" \t!'()&*|+^").find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (word == "0" || word == "1") {
      return word == "1" ? all_ : 0;
    }
    const auto found = std::find(inputs_.begin(), inputs_.end(), word);
    if (word.empty() || found == inputs_.end()) {
      bad_ = true;
      return 0;
    }
    // Column k of all rows: 2^k rows of 0, then 2^k of 1, and so on.
    static constexpr std::array<std::uint64_t, kMaxTableInputs> kColumns = {
        0xAAAAAAAAAAAAAAAA, 0xCCCCCCCCCCCCCCCC, 0xF0F0F0F0F0F0F0F0,
        0xFF00FF00FF00FF00, 0xFFFF0000FFFF0000, 0xFFFFFFFF00000000};
    return kColumns[static_cast<std::size_t>(found - inputs_.begin())];
  }

  std::string_view text_;
  const std::vector<std::string>& inputs_;
  std::uint64_t all_ = 0;
  std::size_t at_ = 0;
  bool bad_ = false;
};

// Timing, power and noise tables are most of a file and nothing is read from them.
bool isUnread(std::string_view group) {
  return group != "cell" && group != "pin" && group != "bus" && group != "bundle" &&
         group != "ff" && group != "latch" && group != "ff_bank" && group != "latch_bank" &&
         group != "statetable" && group != "test_cell";
}

std::optional<double> number(const std::string* text) {
  double value = 0;
  if (text == nullptr) {
    return std::nullopt;
  }
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  return error == std::errc{} && end == text->data() + text->size() ? std::optional(value)
                                                                    : std::nullopt;
}

LibertyPin readPin(const LibertyGroup& group, std::string name) {
  LibertyPin pin;
  pin.name = std::move(name);
  const std::string* direction = group.attribute("direction");
  pin.isInput = direction == nullptr || *direction == "input";
  if (const std::string* function = group.attribute("function")) {
    pin.function = *function;
  }
  pin.threeState = group.attribute("three_state") != nullptr;
  pin.capacitance = number(group.attribute("capacitance")).value_or(0);
  return pin;
}

StateElement readState(const LibertyGroup& group, const char* next, const char* on) {
  const auto text = [&](const char* name) {
    const std::string* const value = group.attribute(name);
    return value == nullptr ? std::string() : *value;
  };
  const auto name = [&](std::size_t i) {
    return i < group.arguments.size() ? group.arguments[i] : std::string();
  };
  return {name(0), name(1), text(next), text(on), text("clear"), text("preset")};
}

LibertyCell readCell(const LibertyGroup& group) {
  LibertyCell cell;
  cell.name = group.arguments.empty() ? "" : group.arguments.front();
  cell.area = number(group.attribute("area")).value_or(0);
  const std::string* dontUse = group.attribute("dont_use");
  cell.dontUse = dontUse != nullptr && *dontUse == "true";
  for (const LibertyGroup& member : group.groups) {
    if (member.name == "pin") {
      for (const std::string& name : member.arguments) {
        cell.pins.push_back(readPin(member, name));
      }
    } else if (member.name == "ff" || member.name == "ff_bank") {
      cell.kind = CellKind::FlipFlop;
      if (member.name == "ff") cell.state = readState(member, "next_state", "clocked_on");
    } else if (member.name == "latch" || member.name == "latch_bank") {
      cell.kind = CellKind::Latch;
      if (member.name == "latch") cell.state = readState(member, "data_in", "enable");
    } else if (cell.kind == CellKind::Combinational) {
      cell.kind = CellKind::Other;  // buses, bundles, state tables: not for mapping
    }
  }
  return cell;
}

// A plain cell: every output has a function over at most six inputs.
bool isPlain(const LibertyCell& cell) {
  return cell.kind == CellKind::Combinational && !cell.dontUse && cell.area > 0 &&
         cell.inputs().size() <= kMaxTableInputs &&
         std::none_of(cell.pins.begin(), cell.pins.end(),
                      [](const LibertyPin& pin) { return pin.threeState; });
}

// The smallest plain cell with one output of this table over `inputs` inputs.
const LibertyCell* smallestGate(const std::vector<LibertyCell>& cells, std::size_t inputs,
                                std::uint64_t table) {
  const LibertyCell* best = nullptr;
  for (const LibertyCell& cell : cells) {
    const std::vector<std::string> names = cell.inputs();
    if (!isPlain(cell) || names.size() != inputs || cell.pins.size() != inputs + 1) {
      continue;
    }
    const auto output = std::find_if(cell.pins.begin(), cell.pins.end(),
                                     [](const LibertyPin& pin) { return !pin.isInput; });
    if (truthTable(output->function, names) == table &&
        (best == nullptr || cell.area < best->area)) {
      best = &cell;
    }
  }
  return best;
}

constexpr std::uint64_t kNand2Table = 0b0111;
constexpr std::uint64_t kInverterTable = 0b01;
constexpr std::uint64_t kXor3Table = 0b10010110;
constexpr std::uint64_t kMajorityTable = 0b11101000;

}  // namespace

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

std::optional<std::uint64_t> truthTable(std::string_view function,
                                        const std::vector<std::string>& inputs) {
  if (inputs.size() > kMaxTableInputs) {
    return std::nullopt;
  }
  return FunctionParser(function, inputs).run();
}

core::Result<Liberty> Liberty::parse(std::string_view text, const std::filesystem::path& file) {
  const LibertyParse parsed = parseLibertyGroups(text, isUnread);
  if (parsed.error || parsed.root.name != "library") {
    const std::string reason =
        parsed.error ? parsed.error->reason : "the outermost group is not `library`";
    return core::badInput(
        "liberty.not-liberty", "not a Liberty library: " + reason,
        fmt::format("{}:{}", file.string(), parsed.error ? parsed.error->line : 1));
  }
  Liberty library;
  library.file_ = file;
  library.name_ = parsed.root.arguments.empty() ? file.stem().string() : parsed.root.arguments[0];
  for (const LibertyGroup& group : parsed.root.groups) {
    if (group.name == "cell") {
      library.cells_.push_back(readCell(group));
    }
  }
  const bool hasFlipFlop = std::any_of(
      library.cells_.begin(), library.cells_.end(),
      [](const LibertyCell& cell) { return cell.kind == CellKind::FlipFlop && !cell.dontUse; });
  if (!hasFlipFlop) {
    return core::badInput("liberty.no-flip-flop", "the library has no flip-flop cell to map to",
                          file.string(), {"name a library with an `ff` group in one of its cells"});
  }
  const LibertyCell* nand2 = smallestGate(library.cells_, 2, kNand2Table);
  if (nand2 == nullptr) {
    return core::badInput("liberty.no-nand2",
                          "the library has no two-input NAND: gate equivalents are undefined",
                          file.string(), {"name a library of standard cells"});
  }
  library.nand2_ = static_cast<std::size_t>(nand2 - library.cells_.data());
  return library;
}

const LibertyCell* Liberty::find(std::string_view cell) const {
  const auto found = std::find_if(cells_.begin(), cells_.end(), [&](const LibertyCell& candidate) {
    return candidate.name == cell;
  });
  return found == cells_.end() ? nullptr : &*found;
}

const LibertyCell* Liberty::inverter() const {
  return smallestGate(cells_, 1, kInverterTable);
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
