#pragma once
/// Running other programs: a command to its end with its output captured, or a child that stays
/// connected by pipes; and finding programs on PATH.

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"

namespace aegen::core {

/// How a command is run.
struct ProcessOptions {
  std::filesystem::path workingDirectory;  ///< empty: the caller's
  /// Standard output and error go to this file (created, truncated); empty: into
  /// ProcessResult::output. A command that says much should have a file.
  std::filesystem::path logFile;
  double timeoutSeconds = 0;  ///< 0: none; after it the command and its descendants are killed
  std::map<std::string, std::string, std::less<>> environment;  ///< added to the caller's
};

/// How a command ended.
struct ProcessResult {
  int exitCode = -1;      ///< -1 when a signal ended it
  int signal = 0;         ///< the signal that ended it, or 0
  bool timedOut = false;  ///< it was killed because its time was up
  double seconds = 0;     ///< wall time
  std::string output;     ///< standard output and error in order, when no logFile was given

  [[nodiscard]] bool ok() const { return exitCode == 0; }
  /// "exit code 2", "killed by signal 11", "stopped after 30.0 s".
  [[nodiscard]] std::string ending() const;
};

/// Runs `command` (program and arguments; the program is looked up on PATH when it has no slash)
/// and waits for it. Standard input is empty. A failing exit code is a result, not an error.
/// Errors: process.not-found (missing tool), process.spawn, process.log-file.
[[nodiscard]] Result<ProcessResult> runProcess(const std::vector<std::string>& command,
                                               const ProcessOptions& options = {});

/// Runs all commands, `jobs` at a time, and returns their results in order. After the first failure
/// no further ones are started: those keep exitCode -1. `options[i]` belongs to `commands[i]`.
[[nodiscard]] Result<std::vector<ProcessResult>> runProcesses(
    const std::vector<std::vector<std::string>>& commands,
    const std::vector<ProcessOptions>& options, unsigned jobs);

/// A child that is fed through its standard input and answers on its standard output; standard
/// error goes to `logFile`, or to the caller's. Killed with its descendants when the object goes.
class ChildProcess {
 public:
  /// Starts `command`. Errors as runProcess(); timeoutSeconds is not used.
  [[nodiscard]] static Result<ChildProcess> start(const std::vector<std::string>& command,
                                                  const ProcessOptions& options = {});
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  /// Writes all `bytes` to the child's standard input; false when it has closed it (no SIGPIPE).
  /// Blocks while the child does not read: feed and read a busy child from two threads.
  [[nodiscard]] bool write(const void* data, std::size_t bytes);
  /// Reads exactly `bytes`; false when the child's output ends before.
  [[nodiscard]] bool read(void* data, std::size_t bytes);
  /// Ends the child's standard input.
  void closeInput();
  /// Kills the child and its descendants now; wait() still reaps it.
  void kill();
  /// Ends the child's standard input, waits for the end and returns how it was.
  ProcessResult wait();
  /// The same for a child whose output has ended; another thread may still be in write().
  ProcessResult reap();

 private:
  ChildProcess() = default;
  void release();

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
};

/// The program `name` on PATH (or `name` itself when it holds a slash and can be executed).
[[nodiscard]] std::optional<std::filesystem::path> findExecutable(std::string_view name);

/// The same, or the diagnostic process.not-found which says "apt install <package>".
[[nodiscard]] Result<std::filesystem::path> requireExecutable(std::string_view name,
                                                              std::string_view debianPackage);

/// The last `lines` lines of a text, for quoting a log in a diagnostic's notes.
[[nodiscard]] std::string lastLines(std::string_view text, std::size_t lines);

/// lastLines() of a file; empty when it cannot be read.
[[nodiscard]] std::string fileTail(const std::filesystem::path& file, std::size_t lines);

}  // namespace aegen::core
