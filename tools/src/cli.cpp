#include "cli.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <cstdio>
#include <cstdlib>

#include "aegen/core/files.hpp"

namespace aegen::tools {

void addDensityOption(CLI::App& command, std::string& density) {
  command.add_option("--density", density, "Modules that ePortRX words are of: high or low")
      ->check(CLI::IsMember(std::vector<std::string>{"high", "low"}))
      ->capture_default_str();
}

data::InputSettings inputOf(const std::string& density) {
  data::InputSettings out = data::InputSettings::plain();
  out.highDensity = density == "high";
  return out;
}

int fail(const core::Diagnostic& problem) {
  fmt::print(stderr, "aegen: {}\n", problem.text());
  return static_cast<int>(problem.failure);
}

int writeJson(const std::string& file, const std::string& text) {
  if (file.empty()) return kDone;
  if (file == "-") {
    fmt::print("{}", text);
    return kDone;
  }
  const auto written = core::writeFile(file, text);
  return written ? kDone : fail(written.error());
}

std::filesystem::path cacheFolder(std::string_view command) {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    return std::filesystem::path(cache) / "aegen" / command;
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    return std::filesystem::path(home) / ".cache" / "aegen" / command;
  }
  return std::filesystem::temp_directory_path() / ("aegen-" + std::string(command));
}

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}
ProgressLine::~ProgressLine() {
  clear();
}

void ProgressLine::show(std::string_view text, std::uint64_t done, std::uint64_t total) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (shown_ && last_ == text && now - when_ < std::chrono::milliseconds(100)) return;
  when_ = now;
  last_ = text;
  shown_ = true;
  std::string line(text);
  if (total > 0) {
    line += fmt::format(" {}/{} ({} %)", done, total, 100 * done / total);
  } else if (done > 0) {
    line += fmt::format(" {}", done);
  }
  fmt::print(stderr, "\r\033[K{}", line);
  std::fflush(stderr);
}

void ProgressLine::clear() {
  if (!shown_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace aegen::tools
