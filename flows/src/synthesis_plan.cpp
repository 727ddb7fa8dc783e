#include "synthesis_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace aegen::flows {

namespace {

using Json = nlohmann::json;

std::string quoted(const std::filesystem::path& file) {
  return "\"" + file.string() + "\"";
}

std::uint64_t widthOf(const Json& connections, const char* pin) {
  const auto found = connections.find(pin);
  return found == connections.end() ? 0 : found->size();
}

std::uint64_t cellWeight(const Json& cell) {
  const std::string type = cell.at("type").get<std::string>();
  if (type.empty() || type.front() != '$') {
    return 1;  // an instance
  }
  const Json& connections = cell.at("connections");
  if (type == "$mul") {
    return widthOf(connections, "A") * widthOf(connections, "B");
  }
  return std::max({std::uint64_t{1}, widthOf(connections, "Y"), widthOf(connections, "Q")});
}

}  // namespace

core::Result<std::vector<ModuleLoad>> measureModules(std::string_view json,
                                                     const std::string& where) {
  std::vector<ModuleLoad> loads;
  try {
    const Json root = Json::parse(json);
    for (const auto& [name, module] : root.at("modules").items()) {
      ModuleLoad load{name, 1};
      for (const auto& [cellName, cell] : module.at("cells").items()) {
        load.weight += cellWeight(cell);
      }
      loads.push_back(std::move(load));
    }
  } catch (const Json::exception& problem) {
    return core::badInput("netlist.malformed",
                          std::string("not a Yosys JSON netlist: ") + problem.what(), where);
  }
  return loads;
}

std::vector<Batch> planBatches(std::vector<ModuleLoad> modules, unsigned jobs) {
  // Below this weight a run is mostly start-up.
  constexpr std::uint64_t kSmallestRun = 3000;
  std::uint64_t total = 0;
  for (const ModuleLoad& module : modules) {
    total += module.weight;
  }
  const std::uint64_t fill =
      std::max(kSmallestRun, total / (std::uint64_t{16} * std::max(1U, jobs)));
  std::stable_sort(modules.begin(), modules.end(),
                   [](const ModuleLoad& a, const ModuleLoad& b) { return a.weight > b.weight; });
  std::vector<Batch> batches;
  for (ModuleLoad& module : modules) {
    if (batches.empty() || batches.back().weight + module.weight > fill) {
      batches.emplace_back();
    }
    batches.back().modules.push_back(std::move(module.name));
    batches.back().weight += module.weight;
  }
  return batches;
}

std::string elaborationScript(const std::vector<std::filesystem::path>& sources,
                              const std::string& top, const WorkFiles& files) {
  std::string script;
  for (const std::filesystem::path& source : sources) {
    script += fmt::format("read_verilog -defer {}\n", quoted(source));
  }
  script += fmt::format("hierarchy -check -top {}\nproc\nopt_clean\n", top);
  script += fmt::format("write_json {}\nwrite_rtlil {}\n", quoted(files.elaborated()),
                        quoted(files.design()));
  return script;
}

std::string splitScript(const std::vector<Batch>& batches, const WorkFiles& files,
                        const std::vector<std::string>& replaced) {
  std::string script = fmt::format("read_rtlil {}\n", quoted(files.design()));
  if (!replaced.empty()) {
    script +=
        fmt::format("delete {}\nread_json {}\n", fmt::join(replaced, " "), quoted(files.trees()));
  }
  for (std::size_t i = 0; i < batches.size(); ++i) {
    script += fmt::format("select {}\nwrite_rtlil -selected {}\nselect -clear\n",
                          fmt::join(batches[i].modules, " "), quoted(files.batch(i, ".il")));
  }
  script += fmt::format("blackbox *\nwrite_rtlil {}\n", quoted(files.stubs()));
  return script;
}

std::string mappingScript(std::size_t index, const WorkFiles& files) {
  const std::string liberty = quoted(files.liberty);
  std::string script;
  // Library cells as black boxes, so that clean-up knows which of their pins are outputs.
  script += fmt::format("read_liberty -lib -ignore_miss_func {}\n", liberty);
  script += fmt::format("read_rtlil {}\n", quoted(files.batch(index, ".il")));
  script += fmt::format("read_rtlil -nooverwrite {}\n", quoted(files.stubs()));
  script += "opt_expr\nopt_clean\nopt -nodffe -nosdff\nwreduce\npeepopt\nopt_clean\n";
  script += fmt::format("techmap -map {}\n", quoted(files.map()));
  script += "opt\nmemory -nomap\nopt_clean\nopt -fast -full\nmemory_map\nopt -undriven -fine\n";
  script += "techmap\nopt -fast\n";
  // Latches are left as they are: they are no part of what is generated, and are named if they
  // come.
  script += fmt::format("dfflegalize{} t:$_DFF* t:$_SDFF* t:$_ALDFF*\n", files.flipFlopTypes);
  script += fmt::format("techmap -map {}\nopt\n", quoted(files.flipFlops()));
  // ABC's commands come in Yosys' inline form, commas for blanks: it does not quote a script's
  // path.
  std::string commands = files.abcCommands;
  std::replace(commands.begin(), commands.end(), ' ', ',');
  script += fmt::format("abc -liberty {} -script \"+{}\"\nopt_clean\n", liberty, commands);
  script += fmt::format("write_json {}\n", quoted(files.batch(index, ".json")));
  script += fmt::format("write_verilog -noattr {}\n", quoted(files.batch(index, ".v")));
  return script;
}

}  // namespace aegen::flows
