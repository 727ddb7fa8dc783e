// aegen: one thin command line over the library.

#include <fmt/format.h>
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
  tools::addTrainCommand(app, exitCode);
  tools::addEvaluateCommand(app, exitCode);
  tools::addGenerateCommand(app, exitCode);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version are no errors; everything else is bad input.
    return app.exit(error) == 0 ? tools::kDone : static_cast<int>(core::Failure::BadInput);
  } catch (const std::exception& bug) {
    return tools::fail(core::internalError("aegen.bug", bug.what(), "aegen",
                                           {"please report this with the command that shows it"}));
  }
  return exitCode;
}
