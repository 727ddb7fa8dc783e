// aegen conform: a folder of vector sets through interpreter or RTL.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "aegen/flows/conform.hpp"
#include "cli.hpp"

namespace aegen::tools {
namespace {

using flows::ConformExecutor;

struct Arguments {
  std::string folder;
  std::vector<std::string> sets;
  std::vector<std::string> executors;
  std::string work;
  std::string registers = "parallel";
  std::string json;
  unsigned jobs = 0;
  std::uint64_t seed = 1;
};

const std::map<std::string, ConformExecutor>& executors() {
  static const std::map<std::string, ConformExecutor> kAll{
      {"interpreter", ConformExecutor::Interpreter},
      {"rtl", ConformExecutor::RtlLoadable},
      {"rtl-loadable", ConformExecutor::RtlLoadable},
      {"rtl-hard-wired", ConformExecutor::RtlHardWired}};
  return kAll;
}

void print(const flows::SetResult& result) {
  const bool ran = result.crossings > 0;
  const std::string verdict = result.problem      ? (ran ? "CONTRADICTORY" : "cannot run")
                              : result.mismatches ? "DIFFERS"
                                                  : "identical";
  fmt::print("{:<32} {:<19} {:<15} {:>10} {:>11}  {}\n", result.name, result.algorithm,
             result.executor, result.crossings, result.mismatches, verdict);
  if (result.first) {
    fmt::print("    first: crossing {}, eTX {}: {:08x}, expected {:08x}\n", result.first->crossing,
               result.first->etx, result.first->got, result.first->expected);
  }
  if (result.problem) {
    fmt::print("    {}\n", result.problem->text());
    return;
  }
  for (const std::string& text : result.contradictions) fmt::print("    note: {}\n", text);
}

int run(const Arguments& arguments) {
  ProgressLine progress;
  flows::ConformOptions options;
  options.sets = arguments.sets;
  options.workDir =
      arguments.work.empty() ? cacheFolder("conform") : std::filesystem::path(arguments.work);
  options.jobs = arguments.jobs;
  options.seed = arguments.seed;
  options.serial = arguments.registers == "serial";
  options.executors.clear();
  for (const std::string& name : arguments.executors) {
    options.executors.push_back(executors().at(name));
  }
  options.progress = [&](std::string_view set, std::string_view step) {
    progress.show(fmt::format("{}: {}", set, step));
  };
  const auto results = flows::conform(arguments.folder, options);
  progress.clear();
  if (!results) return fail(results.error());
  if (arguments.json != "-") {
    fmt::print("{:<32} {:<19} {:<15} {:>10} {:>11}\n", "set", "algorithm", "executor", "crossings",
               "mismatches");
    for (const flows::SetResult& result : *results) print(result);
    const auto identical = std::ranges::count_if(*results, [](const flows::SetResult& result) {
      return !result.problem && result.mismatches == 0;
    });
    fmt::print("{} of {} identical\n", identical, results->size());
  }
  const int written = writeJson(arguments.json, flows::conformJson(*results));
  return written != kDone ? written : flows::conformExitCode(*results);
}

}  // namespace

void addConformCommand(CLI::App& app, int& exitCode) {
  auto arguments = std::make_shared<Arguments>();
  arguments->executors = {"rtl"};
  CLI::App* const command = app.add_subcommand(
      "conform", "Compare generated hardware with the chip's vector sets, word by word");
  command
      ->add_option("DIR", arguments->folder,
                   "Folder of vector sets (NAME/config.json, NAME/expected_tx.csv)")
      ->required();
  command->add_option("--set", arguments->sets, "Run this set only (repeatable); default: all")
      ->allow_extra_args(false);
  std::vector<std::string> names;
  for (const auto& [name, executor] : executors()) names.push_back(name);
  command
      ->add_option(
          "--executor", arguments->executors,
          "What computes the words (repeatable): rtl (or rtl-loadable): one Verilated chip "
          "of all encoders, reconfigured through its registers; rtl-hard-wired: a "
          "Verilated chip of the set's encoder alone, weights constants; interpreter")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  command
      ->add_option("--registers", arguments->registers,
                   "How the chip of all encoders is configured: over its parallel port, or over "
                   "its I2C port at 1 MHz (serial), which takes minutes a set")
      ->check(CLI::IsMember(std::vector<std::string>{"parallel", "serial"}))
      ->capture_default_str();
  command->add_option("--work", arguments->work,
                      "Folder for RTL and compiled models, which are "
                      "reused; default: ~/.cache/aegen/conform");
  command->add_option("--json", arguments->json, "Write a summary as JSON; - is standard output");
  command->add_option("-j,--jobs", arguments->jobs,
                      "Sets or compilations at a time; default: all processors");
  command->add_option("--seed", arguments->seed, "What flip-flops hold before reset")
      ->capture_default_str();
  command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

}  // namespace aegen::tools
