#include "aegen/core/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>
#include <utility>

extern char** environ;

namespace aegen::core {
namespace {

using Clock = std::chrono::steady_clock;

/// A file descriptor that is closed with its scope.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

/// posix_spawn's list of what happens to descriptors and directory in the child.
class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }

  void connect(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
  void changeDirectory(const std::filesystem::path& directory) {
    if (!directory.empty()) posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());
  }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

/// The caller's environment with `additions` replacing entries of the same name.
std::vector<std::string> mergedEnvironment(
    const std::map<std::string, std::string, std::less<>>& additions) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (additions.find(text.substr(0, text.find('='))) == additions.end())
      merged.emplace_back(text);
  }
  for (const auto& [name, value] : additions) merged.push_back(name + "=" + value);
  return merged;
}

std::vector<char*> pointersTo(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

Result<pid_t> spawn(const std::vector<std::string>& command, const ProcessOptions& options,
                    const FileActions& actions) {
  if (command.empty()) return internalError("process.spawn", "an empty command was to be run");
  const auto program = findExecutable(command.front());
  if (!program) {
    return missingTool("process.not-found", "the program " + command.front() + " was not found",
                       command.front(), {"install it or put its folder on PATH"});
  }
  std::vector<std::string> arguments = command;
  std::vector<std::string> environment = mergedEnvironment(options.environment);
  const std::vector<char*> argv = pointersTo(arguments);
  const std::vector<char*> envp = pointersTo(environment);
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, program->c_str(), actions.get(), nullptr, argv.data(), envp.data());
  if (error != 0) {
    return internalError("process.spawn", "could not start: " + std::string(std::strerror(error)),
                         program->string());
  }
  return pid;
}

/// Kills `pid` and what it started, children last so that none is re-parented unseen.
void killTree(pid_t pid) {
  const std::string task = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid);
  std::ifstream children(task + "/children");
  const std::vector<pid_t> list{std::istream_iterator<pid_t>(children),
                                std::istream_iterator<pid_t>()};
  ::kill(pid, SIGKILL);
  for (const pid_t child : list) killTree(child);
}

ProcessResult reapProcess(pid_t pid) {
  ProcessResult result;
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) result.exitCode = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  return result;
}

/// Appends what `fd` holds to `text`; false at its end.
bool drain(int fd, std::string& text) {
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
}

int remainingMilliseconds(double timeoutSeconds, Clock::time_point start) {
  if (timeoutSeconds <= 0) return -1;
  const double left = timeoutSeconds - std::chrono::duration<double>(Clock::now() - start).count();
  return static_cast<int>(std::clamp(left * 1000.0 + 1.0, 0.0, 1e9));
}

/// Collects output until the process ends or its time is up.
void follow(pid_t pid, int output, double timeoutSeconds, Clock::time_point start,
            ProcessResult& result) {
  // By number: this glibc declares pidfd_open() without C linkage.
  const Descriptor handle(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  bool open = output >= 0;
  for (;;) {
    std::array<pollfd, 2> waiting{pollfd{handle.get(), POLLIN, 0},
                                  pollfd{open ? output : -1, POLLIN, 0}};
    const int ready =
        poll(waiting.data(), waiting.size(), remainingMilliseconds(timeoutSeconds, start));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) {
      result.timedOut = true;
      killTree(pid);
      return;
    }
    if (waiting[1].revents != 0) open = drain(output, result.output);
    if (waiting[0].revents != 0 || ready < 0) break;
  }
  if (open) drain(output, result.output);
}

Result<Descriptor> openLog(const std::filesystem::path& file) {
  Descriptor log(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!log.valid()) {
    return badInput("process.log-file", "cannot write: " + std::string(std::strerror(errno)),
                    file.string());
  }
  return log;
}

}  // namespace

std::string ProcessResult::ending() const {
  if (timedOut) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "stopped after %.1f s", seconds);
    return text.data();
  }
  if (signal != 0) return "killed by signal " + std::to_string(signal);
  return "exit code " + std::to_string(exitCode);
}

Result<ProcessResult> runProcess(const std::vector<std::string>& command,
                                 const ProcessOptions& options) {
  const Clock::time_point start = Clock::now();
  Descriptor reader;
  Descriptor writer;
  if (options.logFile.empty()) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
      return internalError("process.spawn", std::string("no pipe: ") + std::strerror(errno));
    }
    reader = Descriptor(ends[0]);
    writer = Descriptor(ends[1]);
    fcntl(reader.get(), F_SETFL, O_NONBLOCK);
  } else {
    Result<Descriptor> log = openLog(options.logFile);
    if (!log) return log.error();
    writer = std::move(*log);
  }
  const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));

  FileActions actions;
  actions.connect(nothing.get(), STDIN_FILENO);
  actions.connect(writer.get(), STDOUT_FILENO);
  actions.connect(writer.get(), STDERR_FILENO);
  actions.changeDirectory(options.workingDirectory);
  const Result<pid_t> pid = spawn(command, options, actions);
  if (!pid) return pid.error();
  writer.close();

  ProcessResult followed;
  follow(*pid, reader.get(), options.timeoutSeconds, start, followed);
  ProcessResult result = reapProcess(*pid);
  result.timedOut = followed.timedOut;
  result.output = std::move(followed.output);
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

Result<std::vector<ProcessResult>> runProcesses(
    const std::vector<std::vector<std::string>>& commands,
    const std::vector<ProcessOptions>& options, unsigned jobs) {
  std::vector<std::optional<Result<ProcessResult>>> ended(commands.size());
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  const auto work = [&] {
    for (std::size_t i = next++; i < commands.size() && !failed; i = next++) {
      ended[i] = runProcess(commands[i], options[i]);
      if (!ended[i]->ok() || !ended[i]->value().ok()) failed = true;
    }
  };
  {
    std::vector<std::jthread> workers;
    const std::size_t count = std::min<std::size_t>(std::max(jobs, 1U), commands.size());
    for (std::size_t i = 1; i < count; ++i) workers.emplace_back(work);
    work();
  }
  std::vector<ProcessResult> results(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (!ended[i]) continue;
    if (!ended[i]->ok()) return ended[i]->error();
    results[i] = std::move(**ended[i]);
  }
  return results;
}

Result<ChildProcess> ChildProcess::start(const std::vector<std::string>& command,
                                         const ProcessOptions& options) {
  // A socket rather than a pipe for the child's input: MSG_NOSIGNAL turns a dead child into EPIPE.
  std::array<int, 2> feed{};
  std::array<int, 2> answer{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, feed.data()) != 0) {
    return internalError("process.spawn", std::string("no socket: ") + std::strerror(errno));
  }
  const Descriptor childInput(feed[1]);
  Descriptor input(feed[0]);
  if (pipe2(answer.data(), O_CLOEXEC) != 0) {
    return internalError("process.spawn", std::string("no pipe: ") + std::strerror(errno));
  }
  Descriptor output(answer[0]);
  const Descriptor childOutput(answer[1]);
  fcntl(childOutput.get(), F_SETPIPE_SZ, 1 << 20);  // fewer switches; the default will do as well

  FileActions actions;
  actions.connect(childInput.get(), STDIN_FILENO);
  actions.connect(childOutput.get(), STDOUT_FILENO);
  Descriptor log;
  if (!options.logFile.empty()) {
    Result<Descriptor> opened = openLog(options.logFile);
    if (!opened) return opened.error();
    log = std::move(*opened);
    actions.connect(log.get(), STDERR_FILENO);
  }
  actions.changeDirectory(options.workingDirectory);
  const Result<pid_t> pid = spawn(command, options, actions);
  if (!pid) return pid.error();
  ChildProcess child;
  child.pid_ = *pid;
  child.input_ = input.release();
  child.output_ = output.release();
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(input_, other.input_);
  std::swap(output_, other.output_);
  return *this;
}

ChildProcess::~ChildProcess() {
  release();
}

void ChildProcess::release() {
  closeInput();
  if (pid_ > 0) {
    kill();
    wait();
  }
}

bool ChildProcess::write(const void* data, std::size_t bytes) {
  const char* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t sent = ::send(input_, next, bytes, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    next += sent;
    bytes -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool ChildProcess::read(void* data, std::size_t bytes) {
  char* next = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t got = ::read(output_, next, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    next += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

void ChildProcess::closeInput() {
  if (input_ >= 0) ::close(std::exchange(input_, -1));
}

void ChildProcess::kill() {
  if (pid_ > 0) killTree(pid_);
}

ProcessResult ChildProcess::wait() {
  closeInput();
  if (output_ >= 0) ::close(std::exchange(output_, -1));
  return reap();
}

ProcessResult ChildProcess::reap() {
  if (pid_ <= 0) return {};
  return reapProcess(std::exchange(pid_, -1));
}

std::optional<std::filesystem::path> findExecutable(std::string_view name) {
  const auto usable = [](const std::filesystem::path& file) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(file, ignored) && access(file.c_str(), X_OK) == 0;
  };
  if (name.empty()) return std::nullopt;
  if (name.find('/') != std::string_view::npos) {
    // Absolute: the child may start in another directory than the caller's.
    std::error_code ignored;
    const std::filesystem::path file = std::filesystem::absolute(name, ignored);
    if (usable(file)) return file;
    return std::nullopt;
  }
  const char* variable = std::getenv("PATH");
  std::istringstream folders(variable != nullptr ? variable : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::filesystem::path file = std::filesystem::path(folder.empty() ? "." : folder) / name;
    if (usable(file)) return file;
  }
  return std::nullopt;
}

Result<std::filesystem::path> requireExecutable(std::string_view name,
                                                std::string_view debianPackage) {
  if (auto found = findExecutable(name)) return *std::move(found);
  return missingTool(
      "process.not-found", "the program " + std::string(name) + " was not found", std::string(name),
      {"install it: apt install " + std::string(debianPackage), "or put its folder on PATH"});
}

std::string lastLines(std::string_view text, std::size_t lines) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  std::size_t begin = text.size();
  for (std::size_t i = 0; i < lines && begin != 0; ++i) {
    const std::size_t newline = text.rfind('\n', begin - 1);
    if (newline == std::string_view::npos) return std::string(text);
    begin = newline;
  }
  return std::string(text.substr(std::min(begin + 1, text.size())));
}

std::string fileTail(const std::filesystem::path& file, std::size_t lines) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return {};
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  return lastLines(text, lines);
}

}  // namespace aegen::core
