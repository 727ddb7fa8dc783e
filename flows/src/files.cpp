#include "files.hpp"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <system_error>

namespace aegen::flows {

std::optional<std::string> readText(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return std::nullopt;
  }
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  return stream.bad() ? std::nullopt : std::optional(std::move(text));
}

core::Result<void> writeText(const std::filesystem::path& file, std::string_view text) {
  std::error_code error;
  if (file.has_parent_path()) {
    std::filesystem::create_directories(file.parent_path(), error);
  }
  std::filesystem::path temporary = file;
  temporary += "." + std::to_string(::getpid()) + ".tmp";
  bool written = false;
  {
    std::ofstream stream(temporary, std::ios::binary);
    stream.write(text.data(), static_cast<std::streamsize>(text.size()));
    stream.close();
    written = stream.good();
  }
  if (written) {
    std::filesystem::rename(temporary, file, error);
  }
  if (!written || error) {
    std::filesystem::remove(temporary, error);
    return core::badInput("stage.unwritable", "the file cannot be written", file.string());
  }
  return {};
}

}  // namespace aegen::flows
