// aegen: one thin command line over the library.

#include <fmt/format.h>
#include <algorithm>
#include <exception>

#include "cli.hpp"

int main(int argc, char** argv) {
  using namespace aegen;
  CLI::App app(
      "aegen: front-end ASIC designs for particle detectors, from weights to proven silicon",
      "aegen");
  app.set_version_flag("--version", std::string("aegen ") + AEGEN_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 the design failed a check, 2 bad input, 3 a missing tool, 70 a bug.");
  int exitCode = tools::kDone;
  tools::addBuildCommands(app, exitCode);
  tools::addConformCommand(app, exitCode);
  tools::addEquivCommand(app, exitCode);
  tools::addPowerCommand(app, exitCode);
  tools::addCompareCommand(app, exitCode);
  tools::addBoardCommand(app, exitCode);
  tools::addTrainCommand(app, exitCode);
  tools::addEstimateCommand(app, exitCode);
  tools::addEvaluateCommand(app, exitCode);
  tools::addImportCommand(app, exitCode);
  tools::addCheckCommand(app, exitCode);
  tools::addExportCommand(app, exitCode);
  tools::addGenerateCommand(app, exitCode);
  tools::addSplitCommand(app, exitCode);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version are no errors; everything else is bad input.
    if (error.get_exit_code() == 0) {
      app.exit(error);
      return tools::kDone;
    }
    std::string message = error.what();
    const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
    const auto isNamed = [&](const CLI::App* c) { return c->get_name() == argv[1]; };
    if (argc > 1 && argv[1][0] != '-' && std::ranges::none_of(commands, isNamed)) {
      message = fmt::format("unknown command '{}'", argv[1]);
    }
    return tools::fail(core::badInput(
        "aegen.usage", message, {}, {"aegen --help lists commands, aegen COMMAND --help options"}));
  } catch (const std::exception& bug) {
    return tools::fail(core::internalError("aegen.bug", bug.what(), "aegen",
                                           {"please report this with the command that shows it"}));
  }
  return exitCode;
}
