#include "aegen/flows/equivalence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "aegen/core/files.hpp"
#include "aegen/core/process.hpp"
#include "aegen/flows/mapped_chip.hpp"

namespace aegen::flows {

namespace {

namespace fs = std::filesystem;
using core::Result;

/// The RTL as plain gates, instances kept; with the flow's arithmetic map or Yosys' own.
std::string goldenScript(const fs::path& synthFolder, const fs::path& json, bool withMap) {
  std::string script = fmt::format("read_rtlil \"{}\"\n", (synthFolder / "elaborated.il").string());
  script += "memory -nomap\nmemory_map\n";
  if (withMap) {
    script += fmt::format("techmap -map \"{}\"\n", (synthFolder / "arithmetic_map.v").string());
  }
  // Flip-flops first: what enables and resets them becomes logic before it is mapped.
  script +=
      "techmap\ndfflegalize -cell $_DFF_P_ x -cell $_DFF_N_ x -cell $_DLATCH_P_ x "
      "-cell $_DLATCH_N_ x\n";
  script +=
      fmt::format("techmap\nsimplemap\nsetundef -zero\nclean\nwrite_json \"{}\"\n", json.string());
  return script;
}

Result<std::vector<NetlistModule>> goldenModules(const fs::path& synthFolder, const fs::path& work,
                                                 bool withMap) {
  const std::string stem = withMap ? "golden_map" : "golden";
  const fs::path json = work / (stem + ".json");
  const fs::path script = work / (stem + ".ys");
  if (auto done = core::writeFile(script, goldenScript(synthFolder, json, withMap)); !done) {
    return done.error();
  }
  core::ProcessOptions options;
  options.logFile = work / (stem + ".log");
  const auto run = core::runProcess({"yosys", "-q", "-s", script.string()}, options);
  if (!run) return run.error();
  if (!run->ok()) {
    return core::checkFailed("equiv.yosys-failed", "Yosys cannot read the RTL anew",
                             options.logFile.string(), {core::fileTail(options.logFile, 5)});
  }
  const auto text = core::readFile(json);
  if (!text) return text.error();
  return readNetlist(*text, json.string());
}

/// What ABC said, with names in place of its numbers (pi3, po12).
std::string counterexample(const std::string& output, const Miter& miter) {
  std::string detail;
  const auto nameIn = [&](const std::string& word) -> std::string {
    const bool isInput = word.starts_with("pi");
    const auto& names = isInput ? miter.inputs : miter.outputs;
    const std::size_t index =
        std::strtoul(word.substr(std::min<std::size_t>(2, word.size())).c_str(), nullptr, 10);
    return index < names.size() ? names[index] : word;
  };
  const std::size_t at = output.find("Output po");
  if (at != std::string::npos) {
    const std::string word = output.substr(at + 7, output.find_first_of(": ", at + 7) - at - 7);
    detail = nameIn(word) + " differs";
  }
  const std::size_t pattern = output.find("Input pattern:");
  if (pattern == std::string::npos) return detail.empty() ? "an output differs" : detail;
  std::string ones;
  std::size_t count = 0;
  const std::string line = output.substr(pattern, output.find('\n', pattern) - pattern);
  for (std::size_t i = line.find("=1"); i != std::string::npos; i = line.find("=1", i + 1)) {
    const std::size_t begin = line.rfind(' ', i) + 1;
    if (++count <= 12) ones += " " + nameIn(line.substr(begin, i - begin));
  }
  return detail + "; inputs at 1:" + (ones.empty() ? " none" : ones) + (count > 12 ? " ..." : "");
}

class Prover {
 public:
  Prover(const std::vector<NetlistModule>& mapped, const CellModels& models, const fs::path& work,
         double timeout)
      : mapped_(mapped), models_(models), work_(work), timeout_(timeout) {}

  Result<ModuleProof> prove(const NetlistModule& golden, const std::vector<NetlistModule>& all,
                            const std::string& stem) const {
    ModuleProof proof{golden.name, ProofStatus::Undecided, {}, 0, 0};
    const auto start = std::chrono::steady_clock::now();
    const auto other = std::ranges::find(mapped_, golden.name, &NetlistModule::name);
    if (other == mapped_.end()) {
      return core::badInput("netlist.missing-module", "the netlist has no such module",
                            golden.name);
    }
    const auto left = isolate(golden, all, yosysGateModels());
    if (!left) return left.error();
    const auto right = isolate(*other, mapped_, models_);
    if (!right) return right.error();
    const auto miter = makeMiter(*left, *right);
    if (!miter) {
      proof.status = ProofStatus::Refuted;
      proof.detail = miter.error().message + ": " + miter.error().where;
      return proof;
    }
    proof.points = miter->outputs.size();
    if (auto done = decide(*miter, stem, proof); !done) return done.error();
    proof.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return proof;
  }

 private:
  Result<void> decide(const Miter& miter, const std::string& stem, ModuleProof& proof) const {
    const fs::path golden = work_ / (stem + "_golden.blif");
    const fs::path mapped = work_ / (stem + "_mapped.blif");
    for (const auto& [file, text] : {std::pair{&golden, &miter.golden}, {&mapped, &miter.mapped}}) {
      if (auto done = core::writeFile(*file, *text); !done) return done;
    }
    core::ProcessOptions options;
    options.timeoutSeconds = timeout_;
    const auto run = core::runProcess(
        {"yosys-abc", "-c",
         fmt::format("cec -T {:.0f} -n {} {}", timeout_, golden.string(), mapped.string())},
        options);
    if (!run) return run.error();
    if (run->output.find("NOT EQUIVALENT") != std::string::npos) {
      proof.status = ProofStatus::Refuted;
      proof.detail = counterexample(run->output, miter);
    } else if (run->output.find("Networks are equivalent") != std::string::npos) {
      proof.status = ProofStatus::Proven;
    } else if (!run->timedOut && run->output.find("UNDECIDED") == std::string::npos) {
      proof.detail = core::lastLines(run->output, 2);
    }
    std::error_code error;
    if (proof.status == ProofStatus::Proven) {
      fs::remove(golden, error);
      fs::remove(mapped, error);
    }
    return {};
  }

  const std::vector<NetlistModule>& mapped_;
  const CellModels& models_;
  const fs::path& work_;
  double timeout_;
};

}  // namespace

std::string_view text(ProofStatus status) {
  switch (status) {
    case ProofStatus::Proven:
      return "proven";
    case ProofStatus::ProvenWithMap:
      return "proven with arithmetic map";
    case ProofStatus::Refuted:
      return "refuted";
    case ProofStatus::Undecided:
      break;
  }
  return "undecided";
}

Result<std::vector<ModuleProof>> proveEquivalence(const fs::path& synthFolder,
                                                  const fs::path& liberty,
                                                  const fs::path& workFolder,
                                                  const EquivalenceOptions& options) {
  for (const char* const tool : {"yosys", "yosys-abc"}) {
    if (auto found = core::requireExecutable(tool, "yosys"); !found) return found.error();
  }
  const fs::path synth = fs::absolute(synthFolder);
  const fs::path work = fs::absolute(workFolder);
  const auto library = loadLiberty(liberty);
  if (!library) return library.error();
  const CellModels models = cellModels(*library);
  const auto mapped = loadMappedModules(synth);
  if (!mapped) return mapped.error();
  auto golden = goldenModules(synth, work, false);
  if (!golden) return golden.error();
  for (const std::string& name : options.modules) {
    if (std::ranges::count(*golden, name, &NetlistModule::name) == 0) {
      return core::badInput("equiv.no-module", "the design has no such module", name);
    }
  }
  std::vector<NetlistModule> withMap;  // only when something needs it
  std::vector<ModuleProof> proofs;
  const Prover prover(*mapped, models, work, options.timeoutSeconds);
  const std::size_t total = options.modules.empty() ? golden->size() : options.modules.size();
  for (const NetlistModule& module : *golden) {
    if (!options.modules.empty() && std::ranges::count(options.modules, module.name) == 0) continue;
    if (options.progress) options.progress(module.name, proofs.size(), total);
    const std::string stem = fmt::format("module_{}", proofs.size());
    auto proof = prover.prove(module, *golden, stem);
    if (!proof) return proof.error();
    if (proof->status == ProofStatus::Undecided) {
      if (withMap.empty()) {
        auto made = goldenModules(synth, work, true);
        if (!made) return made.error();
        withMap = std::move(*made);
      }
      const auto again = std::ranges::find(withMap, module.name, &NetlistModule::name);
      auto second = prover.prove(*again, withMap, stem);
      if (!second) return second.error();
      second->seconds += proof->seconds;
      if (second->status == ProofStatus::Proven) second->status = ProofStatus::ProvenWithMap;
      proof = std::move(second);
    }
    proofs.push_back(std::move(*proof));
  }
  return proofs;
}

std::string proofsJson(const std::vector<ModuleProof>& proofs) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  Json counts = {
      {"proven", 0}, {"proven with arithmetic map", 0}, {"refuted", 0}, {"undecided", 0}};
  for (const ModuleProof& proof : proofs) {
    const std::string status(text(proof.status));
    counts[status] = counts[status].get<int>() + 1;
    list.push_back({{"module", proof.module},
                    {"status", status},
                    {"points", proof.points},
                    {"seconds", proof.seconds},
                    {"detail", proof.detail}});
  }
  return Json{{"proofs", list}, {"counts", counts}}.dump(2) + "\n";
}

}  // namespace aegen::flows
