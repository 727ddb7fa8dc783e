// aegen equiv: mapped netlist and RTL proven equal, module by module.

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "aegen/flows/equivalence.hpp"
#include "aegen/flows/stage_results.hpp"
#include "cli.hpp"

namespace aegen::tools {
namespace {

struct Arguments {
  std::string out;
  flows::EquivalenceOptions options;
  std::string json;
};

int run(const Arguments& arguments) {
  ProgressLine progress;
  const std::filesystem::path out = arguments.out;
  const auto synth = flows::loadStage<flows::SynthResult>(out);
  if (!synth) {
    return fail(core::badInput("netlist.missing", "there is no mapped netlist", out.string(),
                               {"run `aegen synth DESIGN -o " + out.string() + "` first"}));
  }
  flows::EquivalenceOptions options = arguments.options;
  options.progress = [&](const std::string& module, std::size_t done, std::size_t total) {
    progress.show("proving " + module, done, total);
  };
  const auto proofs = flows::proveEquivalence(out / "work" / "synth", synth->libraryFile,
                                              out / "work" / "equiv", options);
  progress.clear();
  if (!proofs) return fail(proofs.error());
  const auto count = [&](flows::ProofStatus status) {
    return std::ranges::count(*proofs, status, &flows::ModuleProof::status);
  };
  if (arguments.json != "-") {
    for (const flows::ModuleProof& proof : *proofs) {
      fmt::print("{:<36} {:<27} {:>7} points {:>8.1f} s  {}\n", proof.module,
                 flows::text(proof.status), proof.points, proof.seconds, proof.detail);
    }
    fmt::print(
        "{} modules: {} proven, {} with the arithmetic map on trust, {} refuted, {} undecided\n",
        proofs->size(), count(flows::ProofStatus::Proven), count(flows::ProofStatus::ProvenWithMap),
        count(flows::ProofStatus::Refuted), count(flows::ProofStatus::Undecided));
  }
  const int written = writeJson(arguments.json, flows::proofsJson(*proofs));
  if (written != kDone) return written;
  const bool open =
      count(flows::ProofStatus::Refuted) > 0 || count(flows::ProofStatus::Undecided) > 0;
  return open ? static_cast<int>(core::Failure::CheckFailed) : kDone;
}

}  // namespace

void addEquivCommand(CLI::App& app, int& exitCode) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "equiv", "Prove the mapped netlist equal to the RTL, module by module (docs/netlist.md)");
  command->add_option("OUT", arguments->out, "Output folder of `aegen synth` or `aegen build`")
      ->required();
  command->add_option("--module", arguments->options.modules, "Only this module (repeatable)")
      ->allow_extra_args(false);
  command
      ->add_option("--timeout", arguments->options.timeoutSeconds,
                   "Seconds for one attempt at one module")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--json", arguments->json, "Write a summary as JSON; - is standard output");
  command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

}  // namespace aegen::tools
