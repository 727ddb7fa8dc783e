#include "bench_tools.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "aegen/core/files.hpp"
#include "aegen/core/process.hpp"

namespace aegen::sim {

namespace fs = std::filesystem;
using core::Result;

namespace {

core::Diagnostic asSimIo(core::Diagnostic diagnostic) {
  diagnostic.code = "sim.io";
  return diagnostic;
}

}  // namespace

void Fingerprint::add(std::string_view text) {
  // With its length before it, "ab", "c" differs from "a", "bc".
  hash_ = core::digest(text, core::digest(fmt::format("{}:", text.size()), hash_));
}

std::string Fingerprint::text() const {
  return fmt::format("{:016x}", hash_);
}

Result<std::string> readFile(const fs::path& file) {
  Result<std::string> text = core::readFile(file);
  return text ? std::move(text) : asSimIo(text.error());
}

Result<void> writeFile(const fs::path& file, std::string_view text) {
  Result<void> written = core::writeFile(file, text);
  return written ? std::move(written) : asSimIo(written.error());
}

Result<fs::path> benchSources(const BenchOptions& options) {
  std::vector<fs::path> places;
  if (!options.benchSources.empty()) {
    places.push_back(options.benchSources);
  } else {
    if (const char* share = std::getenv("AEGEN_SHARE")) places.push_back(fs::path(share) / "sim");
    places.emplace_back(AEGEN_BENCH_SOURCE_DIR);
    places.emplace_back(AEGEN_BENCH_INSTALL_DIR);
  }
  for (const fs::path& place : places) {
    if (fs::exists(place / "frames.hpp")) return place;
  }
  return core::missingTool(
      "sim.no-bench-sources", "the sources of the simulation bench are missing",
      places.front().string(), {"set AEGEN_SHARE to the installed folder share/aegen"});
}

Result<fs::path> findCompiler() {
  const char* const wanted = std::getenv("CXX");
  return core::requireExecutable(wanted != nullptr && *wanted != '\0' ? wanted : "g++", "g++");
}

Result<Command> systemcFlags() {
  if (const char* home = std::getenv("SYSTEMC_HOME")) {
    const fs::path folder(home);
    if (fs::exists(folder / "include/systemc.h")) {
      return Command{"-I" + (folder / "include").string(), "-L" + (folder / "lib").string(),
                     "-L" + (folder / "lib-linux64").string()};
    }
  }
  for (const fs::path folder : {"/usr/include", "/usr/local/include"}) {
    if (fs::exists(folder / "systemc.h")) return Command{};
  }
  return core::missingTool(
      "sim.no-systemc", "SystemC is not installed", "systemc.h",
      {"install it: apt install libsystemc-dev", "or set SYSTEMC_HOME to where it is"});
}

}  // namespace aegen::sim
