// The HDF5 library at arm's length: a child process reads the file and sends back what it found,
// so that a damaged file which brings the library down, or keeps it busy, costs the child only.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include "stored_weights.hpp"

namespace aegen::encoders {
namespace {

using core::Result;

constexpr rlim_t kSeconds = 10;                           // of processor time
constexpr rlim_t kMemory = rlim_t{4} << 30;               // of address space
constexpr std::size_t kMostBytes = std::size_t{1} << 28;  // of an answer

// Numbers and texts one after the other; lengths before what they count.
class Writer {
 public:
  void number(std::uint64_t value) { bytes_.append(reinterpret_cast<const char*>(&value), 8); }
  void text(std::string_view text) {
    number(text.size());
    bytes_.append(text);
  }
  void values(const std::vector<double>& values) {
    number(values.size());
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// The inverse. The writer may have been damaged: nothing is believed, the first thing that does
// not fit empties the rest.
class Scanner {
 public:
  explicit Scanner(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    if (const auto bytes = take(8); bytes.size() == 8) std::memcpy(&value, bytes.data(), 8);
    return value;
  }
  // A count of things of at least `size` bytes.
  std::size_t count(std::size_t size) {
    const std::uint64_t count = number();
    if (count > rest_.size() / size) failed_ = true;
    return failed_ ? 0 : static_cast<std::size_t>(count);
  }
  std::string text() { return std::string(take(count(1))); }
  std::vector<double> values() {
    std::vector<double> out(count(sizeof(double)));
    const auto bytes = take(out.size() * sizeof(double));
    if (!failed_ && !out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
  }
  [[nodiscard]] bool good() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) failed_ = true;
    if (failed_) return {};
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }

  std::string_view rest_;
  bool failed_ = false;
};

std::string packed(const Result<StoredWeights>& result) {
  Writer out;
  out.number(result ? 1 : 0);
  if (!result) {
    const core::Diagnostic& problem = result.error();
    for (const std::string* text : {&problem.code, &problem.message, &problem.where}) {
      out.text(*text);
    }
    out.number(problem.notes.size());
    for (const std::string& note : problem.notes) out.text(note);
    return out.bytes();
  }
  out.text(result->file);
  out.text(result->kerasVersion);
  out.text(result->architecture);
  out.number(result->layers.size());
  for (const StoredLayer& layer : result->layers) {
    out.text(layer.name);
    out.number(layer.tensors.size());
    for (const StoredTensor& tensor : layer.tensors) {
      out.text(tensor.name);
      out.number(tensor.shape.size());
      for (const int size : tensor.shape) out.number(static_cast<std::uint64_t>(size));
      out.values(tensor.values);
    }
  }
  return out.bytes();
}

StoredTensor unpackedTensor(Scanner& in) {
  StoredTensor tensor;
  tensor.name = in.text();
  for (std::size_t axes = in.count(8); axes > 0; --axes) {
    tensor.shape.push_back(static_cast<int>(in.number()));
  }
  tensor.values = in.values();
  return tensor;
}

std::optional<Result<StoredWeights>> unpacked(std::string_view bytes) {
  Scanner in(bytes);
  if (in.number() == 0) {
    core::Diagnostic problem;
    for (std::string* text : {&problem.code, &problem.message, &problem.where}) *text = in.text();
    for (std::size_t notes = in.count(8); notes > 0; --notes) problem.notes.push_back(in.text());
    if (!in.good() || problem.code.empty()) return std::nullopt;
    return problem;
  }
  StoredWeights out;
  out.file = in.text();
  out.kerasVersion = in.text();
  out.architecture = in.text();
  for (std::size_t layers = in.count(16); layers > 0; --layers) {
    StoredLayer layer;
    layer.name = in.text();
    for (std::size_t tensors = in.count(24); tensors > 0; --tensors) {
      layer.tensors.push_back(unpackedTensor(in));
      const StoredTensor& tensor = layer.tensors.back();
      const std::size_t held = tensor.shape.empty() ? 1 : elementCount(tensor.shape);
      if (held != tensor.values.size()) return std::nullopt;
    }
    out.layers.push_back(std::move(layer));
  }
  if (!in.good()) return std::nullopt;
  return out;
}

void limit(__rlimit_resource resource, rlim_t most) {
  rlimit limits{};
  if (getrlimit(resource, &limits) != 0) return;
  limits.rlim_cur = limits.rlim_max == RLIM_INFINITY ? most : std::min(most, limits.rlim_max);
  setrlimit(resource, &limits);
}

[[noreturn]] void child(const std::filesystem::path& file, int pipe) {
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, SIG_DFL);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, kSeconds);
  limit(RLIMIT_AS, kMemory);
  // What the C library says of a damaged heap is not the user's concern.
  if (freopen("/dev/null", "w", stderr) == nullptr) _exit(1);
  const std::string bytes = packed(readStoredWeightsHere(file));
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = write(pipe, bytes.data() + sent, bytes.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) _exit(1);
    sent += static_cast<std::size_t>(n);
  }
  _exit(0);
}

std::string received(int pipe) {
  std::string bytes;
  std::array<char, 65'536> buffer{};
  while (bytes.size() <= kMostBytes) {
    const ssize_t n = read(pipe, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    bytes.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return bytes;
}

}  // namespace

Result<StoredWeights> readStoredWeights(const std::filesystem::path& file) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) {
    return core::internalError("import.process", std::strerror(errno), file.string());
  }
  const pid_t reader = fork();
  if (reader == 0) {
    close(ends[0]);
    child(file, ends[1]);
  }
  close(ends[1]);
  const std::string bytes = reader > 0 ? received(ends[0]) : std::string{};
  close(ends[0]);
  if (reader < 0) return core::internalError("import.process", "cannot fork", file.string());
  int status = 0;
  while (waitpid(reader, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    if (auto result = unpacked(bytes)) return *std::move(result);
  }
  return core::badInput("import.hdf5", "is damaged: the HDF5 library did not come through it",
                        file.string(), {"save or copy the file again"});
}

}  // namespace aegen::encoders
