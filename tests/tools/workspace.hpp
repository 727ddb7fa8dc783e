#pragma once
/// A folder of its own for a test of the program, and the program run in it.

#include <filesystem>
#include <string>
#include <vector>

#include "aegen/core/process.hpp"

namespace aegen::test {

class Workspace {
 public:
  /// An empty folder below the build tree.
  explicit Workspace(const std::string& name);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void write(const std::string& file, const std::string& text) const;
  [[nodiscard]] std::string read(const std::string& file) const;
  /// A design.yaml around the weights of a vector set, with `extra` lines.
  void writeDesign(const std::string& extra) const;
  /// Vector sets and their input, copied into `vectors` here so that a test can break them.
  void copyVectors(const std::vector<std::string>& sets = {"AE"}) const;

  /// Runs aegen in this folder. `path`: the PATH it sees; empty: one's own.
  [[nodiscard]] core::ProcessResult aegen(std::vector<std::string> arguments,
                                          const std::string& path = {}) const;

 private:
  std::filesystem::path path_;
};

/// One message, one line that starts with "aegen: " and holds `code`, and the exit code.
void expectBad(const core::ProcessResult& result, const std::string& code, int exitCode = 2);

/// Where the public vectors are.
[[nodiscard]] std::filesystem::path vectorFolder();

}  // namespace aegen::test
