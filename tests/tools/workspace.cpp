#include "workspace.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "aegen/core/files.hpp"

namespace aegen::test {
namespace fs = std::filesystem;

fs::path vectorFolder() {
  return fs::weakly_canonical(AEGEN_SOURCE_DIR "/../shared/econt/vectors");
}

Workspace::Workspace(const std::string& name)
    : path_(fs::path(AEGEN_BUILD_DIR) / "workspaces" / name) {
  fs::remove_all(path_);
  fs::create_directories(path_);
}

void Workspace::write(const std::string& file, const std::string& text) const {
  const auto written = core::writeFile(path_ / file, text);
  EXPECT_TRUE(written.ok());
}

std::string Workspace::read(const std::string& file) const {
  const auto text = core::readFile(path_ / file);
  EXPECT_TRUE(text.ok()) << file;
  return text ? *text : std::string{};
}

void Workspace::writeDesign(const std::string& extra) const {
  write("design.yaml",
        "name: chip\nmodel: " + (vectorFolder() / "AE" / "config.json").string() + "\n" + extra);
}

void Workspace::copyVectors(const std::vector<std::string>& sets) const {
  fs::create_directories(path_ / "vectors");
  for (const std::string& set : sets) {
    fs::copy(vectorFolder() / set, path_ / "vectors" / set);
  }
  fs::copy(vectorFolder() / "input_mcDataset.csv", path_ / "vectors" / "input_mcDataset.csv");
  for (const auto& entry : fs::recursive_directory_iterator(path_ / "vectors")) {
    fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
  }
}

core::ProcessResult Workspace::aegen(std::vector<std::string> arguments,
                                     const std::string& path) const {
  core::ProcessOptions options;
  options.workingDirectory = path_;
  if (!path.empty()) options.environment["PATH"] = path;
  arguments.insert(arguments.begin(), AEGEN_PROGRAM);
  const auto result = core::runProcess(arguments, options);
  EXPECT_TRUE(result.ok());
  return result ? *result : core::ProcessResult{};
}

void expectBad(const core::ProcessResult& result, const std::string& code, int exitCode) {
  EXPECT_EQ(result.exitCode, exitCode) << result.output;
  EXPECT_NE(result.output.find("[" + code + "]"), std::string::npos) << result.output;
  std::size_t messages = 0;
  for (std::size_t at = result.output.find("aegen: "); at != std::string::npos;
       at = result.output.find("aegen: ", at + 1)) {
    ++messages;
  }
  EXPECT_EQ(messages, 1U) << result.output;
}

}  // namespace aegen::test
