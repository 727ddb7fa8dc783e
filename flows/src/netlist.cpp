#include "aegen/flows/netlist.hpp"

#include <nlohmann/json.hpp>

namespace aegen::flows {

namespace {

using Json = nlohmann::json;

std::vector<int> readBits(const Json& json) {
  std::vector<int> bits;
  bits.reserve(json.size());
  for (const Json& bit : json) {
    bits.push_back(bit.is_number_integer() ? bit.get<int>()
                   : bit == "1"            ? kConstantOneBit
                                           : kConstantBit);
  }
  return bits;
}

bool isBlackBox(const Json& module) {
  const Json attributes = module.value("attributes", Json::object());
  return attributes.contains("blackbox") || attributes.contains("whitebox");
}

NetlistCell readCell(const std::string& name, const Json& json) {
  NetlistCell cell{name, json.at("type").get<std::string>(), {}};
  const Json empty = Json::object();
  const Json& directions = json.contains("port_directions") ? json.at("port_directions") : empty;
  for (const auto& [pin, bits] : json.at("connections").items()) {
    const bool isInput = directions.value(pin, std::string("input")) == "input";
    cell.pins.push_back({pin, isInput, readBits(bits)});
  }
  return cell;
}

}  // namespace

core::Result<std::vector<NetlistModule>> readNetlist(std::string_view json,
                                                     const std::string& where) {
  std::vector<NetlistModule> modules;
  try {
    const Json root = Json::parse(json);
    for (const auto& [name, body] : root.at("modules").items()) {
      if (isBlackBox(body)) {
        continue;
      }
      NetlistModule module{name, {}, {}, {}};
      for (const auto& [portName, port] : body.at("ports").items()) {
        module.ports.push_back(
            {portName, port.at("direction") == "input", readBits(port.at("bits"))});
      }
      const Json& cells = body.at("cells");
      module.cells.reserve(cells.size());
      for (const auto& [cellName, cell] : cells.items()) {
        module.cells.push_back(readCell(cellName, cell));
      }
      const Json nets = body.value("netnames", Json::object());
      for (const auto& [netName, net] : nets.items()) {
        if (net.value("hide_name", 0) == 0) {
          module.names.push_back({netName, readBits(net.at("bits"))});
        }
      }
      modules.push_back(std::move(module));
    }
  } catch (const Json::exception& problem) {
    return core::badInput("netlist.malformed",
                          std::string("not a Yosys JSON netlist: ") + problem.what(), where);
  }
  return modules;
}

}  // namespace aegen::flows
