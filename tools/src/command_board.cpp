// aegen board: vector sets as modules of one back-end board.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "aegen/flows/board_run.hpp"
#include "cli.hpp"

namespace aegen::tools {
namespace {

using aegen_bench::CrossingStatus;
using encoders::econ_t::Spread;

struct Arguments {
  std::string folder;
  std::vector<std::string> sets;
  std::vector<std::string> errors;
  std::string executor = "systemc";
  std::string spread = "concentrated";
  std::string decoder;
  std::string work;
  std::string charges;
  bool check = true;
  std::string json;
  unsigned count = 10;
  unsigned confirm = 3;
  unsigned lock = 4;
  std::uint64_t seed = 1;
};

const std::map<std::string, Spread>& spreads() {
  static const std::map<std::string, Spread> kAll{{"concentrated", Spread::Concentrated},
                                                  {"shared", Spread::Shared}};
  return kAll;
}

std::uint64_t of(const flows::ModuleReport& module, CrossingStatus status) {
  return module.received[static_cast<std::size_t>(status)];
}

constexpr std::string_view kRow =
    "{:<26} {:<18} {:>9} {:>9} {:>9} {:>8} {:>8} {:>8} {:>11} {:>8} {:>8} {:>10} {:>8}\n";

void print(const flows::ModuleReport& module) {
  if (module.problem) {
    fmt::print("{:<26} {}\n", module.name, module.problem->text());
    return;
  }
  if (module.nothingSent) {
    fmt::print("{:<26} {:<18} {:>9} nothing_sent\n", module.name, module.algorithm,
               module.crossings);
    return;
  }
  fmt::print(fmt::runtime(kRow), module.name, module.algorithm + (module.standIn ? " *" : ""),
             module.crossings, module.decoded, module.truncated, module.refused,
             of(module, CrossingStatus::BadType), of(module, CrossingStatus::HeaderMismatch),
             of(module, CrossingStatus::Unconfirmed), of(module, CrossingStatus::Unphased),
             of(module, CrossingStatus::Lost), module.unfinished, module.garbage);
}

void printRecovery(const flows::ModuleReport& module) {
  for (const flows::RecoveryTimes& r : module.recovery) {
    const std::string seen = fmt::format("{}/{}", r.seen(), r.injected);
    const auto time = [&](std::uint32_t crossings) {
      return r.recovered() > 0 ? fmt::format("{}", crossings) : std::string("-");
    };
    fmt::print("{:<26} {:<16} {:>10} {:>8} {:>8} {:>8} {:>14}\n", module.name, text(r.error),
               r.seen() == 0 ? "not seen" : seen, time(r.least), time(r.median), time(r.most),
               r.notRecovered);
  }
}

void printErrors(const flows::BoardReport& report) {
  fmt::print("\ncrossings from the errors seen until all are given out again\n");
  fmt::print("{:<26} {:<16} {:>10} {:>8} {:>8} {:>8} {:>14}\n", "module", "error", "seen", "least",
             "median", "most", "not recovered");
  for (const flows::ModuleReport& module : report.modules) printRecovery(module);
  fmt::print("\n{:<26} {:>20} {:>10} {:>12}\n", "module", "undetected payload", "mistimed",
             "longest run");
  for (const flows::ModuleReport& module : report.modules) {
    if (module.problem || module.nothingSent) continue;
    fmt::print("{:<26} {:>20} {:>10} {:>12}\n", module.name, module.damaged, module.mistimed,
               module.mistimedLongest);
  }
}

// What fails a run, a line each, and what the check said.
void printVerdicts(const flows::BoardReport& report) {
  const bool clean = report.errors.empty();
  std::uint64_t checked = 0;
  std::uint64_t mismatches = 0;
  for (const flows::ModuleReport& module : report.modules) {
    if (module.mismatches) {
      ++checked;
      mismatches += *module.mismatches;
      if (*module.mismatches > 0) {
        fmt::print("{}: {} records are not the interpreter's\n", module.name, *module.mismatches);
      }
    }
    if (module.garbage > 0) {
      fmt::print("{}: {} given out that are no string of the chip\n", module.name, module.garbage);
    }
    if (clean && module.withheld > 0) {
      fmt::print("{}: {} crossings of a clean link not given out\n", module.name, module.withheld);
    }
    for (const flows::RecoveryTimes& r : module.recovery) {
      if (r.notRecovered == 0) continue;
      fmt::print("{}: no recovery from {} of {}\n", module.name, r.notRecovered, text(r.error));
    }
  }
  if (checked > 0) {
    fmt::print("check against receivers and interpreter: {} modules, {} mismatches\n", checked,
               mismatches);
  }
}

void print(const flows::BoardReport& report) {
  fmt::print(fmt::runtime(kRow), "module", "algorithm", "crossings", "decoded", "truncated",
             "refused", "bad type", "header", "unconfirmed", "unphased", "lost", "unfinished",
             "garbage");
  bool standIn = false;
  for (const flows::ModuleReport& module : report.modules) {
    print(module);
    standIn = standIn || module.standIn;
  }
  if (standIn) {
    fmt::print("* decoded by a stand-in: the encoder's weights transposed (see --decoder)\n");
  }
  if (!report.errors.empty()) printErrors(report);
  printVerdicts(report);
}

int run(const Arguments& arguments) {
  ProgressLine progress;
  flows::BoardRunSettings settings;
  settings.sets = arguments.sets;
  for (const flows::LinkError error : flows::kLinkErrors) {
    const bool all = std::ranges::find(arguments.errors, "all") != arguments.errors.end();
    const std::string name(text(error));
    if (all || std::ranges::find(arguments.errors, name) != arguments.errors.end()) {
      settings.errors.push_back(error);
    }
  }
  settings.count = arguments.count;
  settings.spread = spreads().at(arguments.spread);
  settings.decoder = arguments.decoder;
  settings.receiver.confirm = arguments.confirm;
  settings.receiver.lock = arguments.lock;
  settings.systemC = arguments.executor == "systemc";
  settings.seed = arguments.seed;
  settings.check = arguments.check;
  settings.charges = arguments.charges;
  settings.bench.workDir =
      arguments.work.empty() ? cacheFolder("board") : std::filesystem::path(arguments.work);
  settings.bench.progress = [&](std::string_view stage, std::uint64_t done, std::uint64_t total) {
    progress.show(stage, done, total);
  };
  const auto report = flows::runBoardOnSets(arguments.folder, settings);
  progress.clear();
  if (!report) return fail(report.error());
  if (arguments.json != "-") print(*report);
  const int written = writeJson(arguments.json, flows::boardJson(*report));
  return written != kDone ? written : flows::boardExitCode(*report);
}

}  // namespace

void addBoardCommand(CLI::App& app, int& exitCode) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "board", "Decode vector sets as modules of one back-end board, on clean or damaged links");
  command
      ->add_option("DIR", arguments->folder,
                   "Folder of vector sets (NAME/config.json, NAME/expected_tx.csv)")
      ->required();
  command->add_option("--set", arguments->sets, "This set only (repeatable); default: all")
      ->allow_extra_args(false);
  std::vector<std::string> errors{"all"};
  for (const flows::LinkError error : flows::kLinkErrors) errors.emplace_back(text(error));
  command
      ->add_option("--errors", arguments->errors,
                   "Errors to inject, comma-separated; a set is then played as an orbit of its "
                   "own length")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(errors));
  command->add_option("--count", arguments->count, "Errors of each kind on each module")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command
      ->add_option("--spread", arguments->spread,
                   "What was not sent: concentrated: nowhere, or at the largest cell of its group; "
                   "shared: in equal shares over the cells not sent, or over the group")
      ->check(CLI::IsMember({"concentrated", "shared"}))
      ->capture_default_str();
  command->add_option("--executor", arguments->executor, "systemc, or interpreter")
      ->check(CLI::IsMember({"systemc", "interpreter"}))
      ->capture_default_str();
  command->add_option("--decoder", arguments->decoder,
                      "Model file whose decoder serves the autoencoders; default: a stand-in, "
                      "each set's own encoder weights transposed");
  command
      ->add_flag("--check,!--no-check", arguments->check,
                 "Hold every record and charge of the SystemC board against receivers and "
                 "interpreter; default: on")
      ->capture_default_str();
  command->add_option("--charges", arguments->charges,
                      "Write NAME.csv of each module into this folder: a line a crossing of BX, "
                      "status and 48 charges");
  command
      ->add_option("--confirm", arguments->confirm,
                   "Headers that must follow before a crossing is good")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_option("--lock", arguments->lock, "Consecutive headers that find a boundary")
      ->check(CLI::Range(2, 64))
      ->capture_default_str();
  command->add_option("--work", arguments->work,
                      "Folder for the compiled board, which is reused; default: "
                      "~/.cache/aegen/board");
  command->add_option("--json", arguments->json, "Write the report as JSON; - is standard output");
  command->add_option("--seed", arguments->seed, "Of the errors' places")->capture_default_str();
  command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

}  // namespace aegen::tools
