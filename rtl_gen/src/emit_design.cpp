#include "aegen/rtl_gen/emit_design.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "aegen/core/files.hpp"
#include "aegen/core/text_tools.hpp"
#include "aegen/rtl_gen/emit_function.hpp"
#include "aegen/rtl_gen/register_map.hpp"
#include "aegen/rtl_gen/state_blocks.hpp"
#include "aegen/rtl_gen/verilog_printer.hpp"
#include "emit_folded.hpp"
#include "i2c_slave.hpp"
#include "register_file.hpp"
#include "top_module.hpp"

namespace aegen::rtl_gen {

using verilog::Module;
using verilog::ModuleKind;

namespace {

constexpr std::uint32_t kMaxDepth = 1000;
static_assert(kMaxDepth <= core::kMostWaitingWords, "waiting words of a full buffer are counted");

// Functions that are modules: those of blocks that are not folded, and whatever is called.
std::set<std::string> reachable(const core::Design& design, const FoldPlans& plans) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < design.blocks.size(); ++i) {
    if (plans[i]) {
      for (const core::Instruction& instruction : plans[i]->function.instructions) {
        if (instruction.op == core::Op::Call) {
          names.insert(instruction.callee);
        }
      }
    } else if (design.blocks[i].kind == core::BlockKind::Function) {
      names.insert(design.blocks[i].function);
    }
  }
  // Callees come before callers, so one walk from the end finds all.
  const std::vector<core::Function>& functions = design.program.functions;
  for (auto function = functions.rbegin(); function != functions.rend(); ++function) {
    if (!names.contains(function->name)) {
      continue;
    }
    for (const core::Instruction& instruction : function->instructions) {
      if (instruction.op == core::Op::Call) {
        names.insert(instruction.callee);
      }
    }
  }
  return names;
}

// Modules of the state blocks; `names` tells which buffer module a block is an instance of.
std::vector<Module> stateModules(const core::Design& design, std::vector<std::string>& names) {
  const Pace pace = design.clocksPerCrossing > 1 ? Pace::SeveralClocks : Pace::CrossingAClock;
  std::vector<Module> modules;
  std::vector<std::pair<core::BufferSizes, std::string>> buffers;
  bool counter = false;
  for (const core::Block& block : design.blocks) {
    names.emplace_back();
    switch (block.kind) {
      case core::BlockKind::Function:
        names.back() = block.function;
        break;
      case core::BlockKind::BxCounter:
        names.back() = "bx_counter";
        if (!counter) {
          modules.push_back(bxCounterModule(pace));
        }
        counter = true;
        break;
      case core::BlockKind::OutputBuffer: {
        auto known = std::ranges::find(buffers, block.buffer,
                                       &std::pair<core::BufferSizes, std::string>::first);
        if (known == buffers.end()) {
          const std::string name = buffers.empty()
                                       ? std::string("output_buffer")
                                       : fmt::format("output_buffer_{}", buffers.size() + 1);
          std::ranges::move(outputBufferModules(name, block.buffer, pace),
                            std::back_inserter(modules));
          known = buffers.insert(buffers.end(), {block.buffer, name});
        }
        names.back() = known->second;
        break;
      }
    }
  }
  return modules;
}

// Names that are printed as they are; those of signals and fields are the top module's to check.
core::Result<void> checkNames(const core::Design& design) {
  std::vector<std::string> names{design.name};
  std::ranges::transform(design.blocks, std::back_inserter(names), &core::Block::name);
  for (const std::string& name : names) {
    if (!core::isIdentifier(name)) {
      return core::badInput("rtl.name", "'" + name + "' is not an identifier", design.name,
                            {"rename the design or the block"});
    }
  }
  return {};
}

core::Result<void> checkSupported(const core::Design& design) {
  for (const core::Block& block : design.blocks) {
    if (block.kind == core::BlockKind::OutputBuffer && block.buffer.depth > kMaxDepth) {
      return core::badInput("rtl.buffer-depth",
                            fmt::format("the output buffer holds at most {} words", kMaxDepth),
                            design.name + "/" + block.name);
    }
  }
  return {};
}

// How often each module is there in the whole hierarchy, the top once.
std::map<std::string, std::uint32_t> countInstances(const std::vector<Module>& modules) {
  std::map<std::string, std::uint32_t> counts;
  counts[modules.back().name] = 1;
  for (auto module = modules.rbegin(); module != modules.rend(); ++module) {
    for (const verilog::Item& item : module->items) {
      if (const auto* const instance = std::get_if<verilog::Instance>(&item)) {
        counts[instance->module] += counts[module->name];
      }
    }
  }
  return counts;
}

core::Result<void> checkModules(const std::vector<Module>& modules) {
  std::set<std::string> names;
  for (const Module& module : modules) {
    if (verilog::isReserved(module.name) || !names.insert(module.name).second) {
      return core::badInput("rtl.name",
                            "the module name '" + module.name + "' is taken or reserved in Verilog",
                            module.name, {"rename the design or the function"});
    }
    const std::vector<std::string> problems = verilog::checkModule(module, modules);
    if (!problems.empty()) {
      return core::internalError("rtl.illegal", "an illegal module was built: " + problems[0],
                                 module.name, {"please report this with the design"});
    }
  }
  return {};
}

void describeModules(const core::Design& design, GeneratedRtl& rtl) {
  const auto counts = countInstances(rtl.modules);
  for (const Module& module : rtl.modules) {
    const std::string banner =
        fmt::format("// Generated by aegen {} from design {}.\n", AEGEN_VERSION, design.name);
    rtl.files.push_back({module.name + ".v", banner + verilog::print(module)});
    rtl.manifest.files.push_back(rtl.files.back().name);
    const auto count = counts.find(module.name);
    rtl.manifest.modules.push_back({module.name, std::string(verilog::text(module.kind)),
                                    module.comment.empty() ? "" : module.comment[0],
                                    count == counts.end() ? 0 : count->second});
  }
}

core::Result<void> writeText(const std::filesystem::path& file, std::string_view text) {
  const core::Result<void> written = core::writeFile(file, text);
  if (written) {
    return {};
  }
  core::Diagnostic diagnostic = written.error();
  diagnostic.code = "rtl.unwritable";
  return diagnostic;
}

}  // namespace

core::Result<GeneratedRtl> emitVerilog(const core::Design& design) {
  const core::Result<core::DesignTiming> timing = core::analyse(design);
  if (!timing) {
    return timing.error();
  }
  if (const core::Result<void> supported = checkSupported(design); !supported) {
    return supported.error();
  }
  if (const core::Result<void> named = checkNames(design); !named) {
    return named.error();
  }
  GeneratedRtl rtl;
  const FoldPlans plans = core::foldBlocks(design);
  const std::set<std::string> used = reachable(design, plans);
  for (const core::Function& function : design.program.functions) {
    if (used.contains(function.name)) {
      rtl.modules.push_back(emitFunction(design.program, function));
    }
  }
  std::vector<std::string> blockModules;
  std::vector<Module> states = stateModules(design, blockModules);
  std::set<std::string> folded;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (plans[i]) {
      blockModules[i] = foldedName(*plans[i]);
      if (folded.insert(blockModules[i]).second) {
        rtl.modules.push_back(emitFolded(design.program, *plans[i]));
      }
    }
  }
  std::ranges::move(states, std::back_inserter(rtl.modules));
  const RegisterMap map = mapRegisters(design, *timing);
  if (!map.fields.empty()) {
    std::ranges::move(registerModules(design, map), std::back_inserter(rtl.modules));
  }
  if (design.serial) {
    rtl.modules.push_back(i2cSlaveModule(map));
  }
  core::Result<Module> top = topModule(design, *timing, map, blockModules, plans, rtl.manifest);
  if (!top) {
    return top.error();
  }
  rtl.modules.push_back(std::move(*top));
  if (const core::Result<void> legal = checkModules(rtl.modules); !legal) {
    return legal.error();
  }
  describeModules(design, rtl);
  return rtl;
}

core::Result<void> writeRtl(const GeneratedRtl& rtl, const std::filesystem::path& directory) {
  std::string list;
  for (const VerilogFile& file : rtl.files) {
    if (const core::Result<void> written = writeText(directory / file.name, file.text); !written) {
      return written.error();
    }
    list += file.name + "\n";
  }
  if (const core::Result<void> written = writeText(directory / "rtl.f", list); !written) {
    return written.error();
  }
  for (const std::string& name : registerMapFileNames()) {
    std::error_code ignored;  // what is not there need not go
    std::filesystem::remove(directory / name, ignored);
  }
  for (const RegisterMapFile& file : registerMapFiles(rtl.manifest)) {
    if (const core::Result<void> written = writeText(directory / file.name, file.text); !written) {
      return written.error();
    }
  }
  return saveManifest(rtl.manifest, directory / "manifest.json");
}

VerilatorRecipe verilatorRecipe() {
  return {.verilate = {"-O3", "--x-assign", "fast", "--x-initial", "fast", "--noassert",
                       "--threads", "1"}};
}

}  // namespace aegen::rtl_gen
