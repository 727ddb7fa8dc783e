#include "aegen/flows/mapped_chip.hpp"

#include <set>

#include "aegen/core/files.hpp"

namespace aegen::flows {

using core::Result;

Result<std::vector<NetlistModule>> loadMappedModules(const std::filesystem::path& synthFolder) {
  std::vector<NetlistModule> modules;
  std::set<std::string> known;
  for (std::size_t i = 0;; ++i) {
    const auto file = synthFolder / ("batch_" + std::to_string(i) + ".json");
    std::error_code error;
    if (!std::filesystem::exists(file, error)) break;
    const auto text = core::readFile(file);
    if (!text) return text.error();
    auto batch = readNetlist(*text, file.string());
    if (!batch) return batch.error();
    for (NetlistModule& module : *batch) {
      if (known.insert(module.name).second) modules.push_back(std::move(module));
    }
  }
  if (modules.empty()) {
    return core::badInput("netlist.missing", "there is no mapped netlist", synthFolder.string(),
                          {"run `aegen synth` on the design first"});
  }
  return modules;
}

Result<std::unique_ptr<MappedChip>> loadMappedChip(const std::filesystem::path& synthFolder,
                                                   const std::string& top,
                                                   const std::filesystem::path& liberty) {
  auto library = loadLiberty(liberty);
  if (!library) return library.error();
  auto modules = loadMappedModules(synthFolder);
  if (!modules) return modules.error();
  auto chip = std::make_unique<MappedChip>(
      MappedChip{std::move(*library), {}, std::move(*modules), {}, nullptr});
  chip->models = cellModels(chip->library);
  auto flat = flatten(chip->modules, top, chip->models);
  if (!flat) return flat.error();
  chip->instances = std::move(flat->instances);
  auto program = sim::GateProgram::compile(std::move(flat->gates), "clk");
  if (!program) return program.error();
  chip->program = std::move(*program);
  return chip;
}

}  // namespace aegen::flows
