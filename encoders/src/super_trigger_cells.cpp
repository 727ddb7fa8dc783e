// Super trigger cells: sums of neighbouring channels and where in each the largest charge is.

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "aegen/encoders/trigger_encoders.hpp"
#include "path_formats.hpp"
#include "word_string.hpp"

namespace aegen::encoders::econ_t {
namespace {

using core::FunctionBuilder;
using core::Port;
using core::Role;
using core::ValueId;

constexpr int kDoubleWord = 32;

int addressBits(const StcType& type) {
  return bitsFor(static_cast<std::uint64_t>(type.cells - 1));
}

std::string groupFunction(int cells) {
  return "stc_group_" + std::to_string(cells);
}

// Group sizes, each once, in the order of the types.
std::vector<int> groupSizes(const PathShape& shape) {
  std::vector<int> sizes;
  for (const StcType& type : shape.stc) {
    if (std::ranges::find(sizes, type.cells) == sizes.end()) sizes.push_back(type.cells);
  }
  return sizes;
}

// What is computed of groups of `cells`: ports with the number of elements of one group.
std::vector<Port> groupPorts(const PathShape& shape, int cells) {
  std::vector<Port> ports;
  const auto add = [&](std::string name, int width) {
    if (std::ranges::find(ports, name, &Port::name) == ports.end()) {
      ports.push_back({std::move(name), bits(width), 1, Role::Event});
    }
  };
  for (const StcType& type : shape.stc) {
    if (type.cells != cells) continue;
    if (type.address) add(stcAddressPort(type), addressBits(type));
    add(stcSumPort(type), type.sum.width());
  }
  return ports;
}

// The largest of charges first..last and its place; the later of equals.
struct Largest {
  ValueId charge;
  ValueId place;
};
Largest largest(FunctionBuilder& b, std::span<const ValueId> charges) {
  if (charges.size() == 2) {
    const ValueId later = b.lessEqual(charges[0], charges[1]);
    return {b.select(later, charges[1], charges[0]), later};
  }
  const std::size_t half = charges.size() / 2;
  const Largest low = largest(b, charges.first(half));
  const Largest high = largest(b, charges.subspan(half));
  const ValueId later = b.lessEqual(low.charge, high.charge);
  const ValueId place = b.select(later, high.place, low.place);
  return {b.select(later, high.charge, low.charge), b.concat(std::array{later, place})};
}

void addGroup(core::Program& program, const PathShape& shape, int cells) {
  FunctionBuilder b(program, groupFunction(cells),
                    "sum of " + std::to_string(cells) +
                        " charges in the codes that are sent, and the place of the largest");
  const auto charges = b.input("calq", bits(kChargeBits), static_cast<std::uint32_t>(cells));
  const ValueId drop = b.input("drop_lsb", bits(kDropBits), 1, Role::Config)[0];
  const ValueId sum = b.name(b.sum(charges), "sum");
  const auto ports = groupPorts(shape, cells);
  for (const Port& port : ports) {
    const auto type = std::ranges::find_if(shape.stc, [&](const StcType& t) {
      return t.cells == cells && (stcSumPort(t) == port.name || stcAddressPort(t) == port.name);
    });
    if (port.name == stcAddressPort(*type)) {
      b.output(port.name, port.format, largest(b, charges).place);
    } else {
      const ValueId value = type->drops ? dropped(b, sum, drop) : sum;
      b.output(port.name, port.format, encodeFloat(b, value, type->sum));
    }
  }
  program.functions.push_back(std::move(b).finish());
}

// The string of `groups` groups of one type: header, addresses, sums.
WordString stcString(const FunctionBuilder& b, const StcType& type, int groups,
                     std::span<const ValueId> head, std::span<const ValueId> addresses,
                     std::span<const ValueId> sums) {
  WordString out;
  out.put(b, head);
  const auto sent = static_cast<std::size_t>(groups);
  if (type.address) out.put(b, addresses.first(sent));
  out.put(b, sums.first(sent));
  return out;
}

}  // namespace

std::string stcAddressPort(const StcType& type) {
  return "stc_address_" + std::to_string(type.cells);
}

std::string stcSumPort(const StcType& type) {
  std::string code = type.sum.text();
  std::ranges::transform(code, code.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return "stc_sum_" + std::to_string(type.cells) + "_" + code + (type.drops ? "_dropped" : "");
}

std::vector<Port> stcPorts(const PathShape& shape) {
  std::vector<Port> out;
  for (const int cells : groupSizes(shape)) {
    for (Port& port : groupPorts(shape, cells)) {
      port.count = static_cast<std::uint32_t>(shape.channels / cells);
      out.push_back(std::move(port));
    }
  }
  return out;
}

int stcTypeBits(const PathShape& shape) {
  return bitsFor(shape.stc.size() - 1);
}

void addSuperTriggerCells(core::Program& program, const PathShape& shape) {
  for (const int cells : groupSizes(shape)) addGroup(program, shape, cells);
  FunctionBuilder b(program, "super_trigger_cells",
                    "sums of neighbouring channels and the place of the largest in each");
  const auto charges =
      b.input("calq", bits(kChargeBits), static_cast<std::uint32_t>(shape.channels));
  const ValueId drop = b.input("drop_lsb", bits(kDropBits), 1, Role::Config)[0];
  for (const int cells : groupSizes(shape)) {
    const auto ports = groupPorts(shape, cells);
    std::vector<std::vector<ValueId>> columns(ports.size());
    const auto size = static_cast<std::size_t>(cells);
    for (std::size_t first = 0; first < charges.size(); first += size) {
      std::vector<ValueId> operands(charges.begin() + static_cast<std::ptrdiff_t>(first),
                                    charges.begin() + static_cast<std::ptrdiff_t>(first + size));
      operands.push_back(drop);
      const auto results = b.call(groupFunction(cells), operands);
      for (std::size_t p = 0; p < ports.size(); ++p) columns[p].push_back(results[p]);
    }
    for (std::size_t p = 0; p < ports.size(); ++p) {
      b.output(ports[p].name, ports[p].format, columns[p]);
    }
  }
  program.functions.push_back(std::move(b).finish());
}

void addFormatSuperTriggerCells(core::Program& program, const PathShape& shape) {
  FunctionBuilder b(program, "format_super_trigger_cells",
                    "header, addresses and sums in words; nothing with more eTX than a type needs");
  const ValueId header = b.input("header", bits(kHeaderBits))[0];
  std::map<std::string, std::vector<ValueId>> sent;
  for (const Port& port : stcPorts(shape)) {
    sent[port.name] = b.input(port.name, port.format, port.count);
  }
  const ValueId type = b.input("stc_type", bits(stcTypeBits(shape)), 1, Role::Config)[0];
  const ValueId activeEtx = b.input("active_etx", bits(kEtxBits), 1, Role::Config)[0];
  const std::array head{b.slice(header, kShortHeader, 1), b.slice(header, 0, kShortHeader - 1)};

  // One string for each number of groups of each type that some number of eTX sends.
  std::vector<WordString> strings;
  std::vector<std::int64_t> which;
  std::vector<std::int64_t> lengths;
  int longest = 0;
  const std::int64_t nothing = 2;  // words of a crossing that sends nothing
  const auto types = static_cast<int>(shape.stc.size());
  for (int t = 0; t < 1 << stcTypeBits(shape); ++t) {
    int last = 0;
    for (int setting = 0; setting < 1 << kEtxBits; ++setting) {
      const int etx = std::min(std::max(setting, 1), shape.etx);
      const int groups = t < types ? stcGroups(shape, t, etx) : 0;
      if (groups > 0 && groups != last) {
        const StcType& chosen = shape.stc[static_cast<std::size_t>(t)];
        const auto& addresses =
            chosen.address ? sent[stcAddressPort(chosen)] : std::vector<ValueId>{};
        strings.push_back(stcString(b, chosen, groups, head, addresses, sent[stcSumPort(chosen)]));
      }
      last = groups;
      const int words = groups == 0
                            ? static_cast<int>(nothing)
                            : 2 * ((stcBits(shape, t, groups) + kDoubleWord - 1) / kDoubleWord);
      which.push_back(groups == 0 ? -1 : static_cast<std::int64_t>(strings.size()) - 1);
      lengths.push_back(words);
      longest = std::max(longest, words);
    }
  }
  // Past the last string stands nothing.
  std::ranges::replace(which, -1, static_cast<std::int64_t>(strings.size()));
  const ValueId setting = b.concat(std::array{type, activeEtx});
  auto words = chooseWords(b, b.name(b.lookup(setting, which), "string"), strings, longest);
  const ValueId zero = b.reinterpret(b.constant(0), bits(WordString::kWord));
  words.resize(static_cast<std::size_t>(wordsWritten(shape)), zero);
  b.output("words", bits(WordString::kWord), words);
  b.output("count", bits(kCountBits), b.lookup(setting, lengths));
  b.output("truncated_word", bits(WordString::kWord), zero);
  b.output("fill_word", bits(WordString::kWord), zero);
  program.functions.push_back(std::move(b).finish());
}

}  // namespace aegen::encoders::econ_t
