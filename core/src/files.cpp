#include "aegen/core/files.hpp"

#include <unistd.h>

#include <fstream>
#include <iterator>

namespace aegen::core {
namespace fs = std::filesystem;

Result<std::string> readFile(const fs::path& file) {
  std::error_code error;
  std::ifstream in(file, std::ios::binary);
  if (!in || fs::is_directory(file, error)) {
    return badInput("file.unreadable", "cannot be read", file.string());
  }
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Result<void> writeFile(const fs::path& file, std::string_view text) {
  std::error_code error;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), error);
  fs::path temporary = file;
  temporary += ".tmp" + std::to_string(::getpid());
  {
    std::ofstream out(temporary, std::ios::binary);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.close();
    if (!out) {
      fs::remove(temporary, error);
      return badInput("file.unwritable", "cannot be written", file.string(),
                      {"is the folder there, writable, and the disk not full?"});
    }
  }
  fs::rename(temporary, file, error);
  if (error) {
    const std::string why = error.message();
    fs::remove(temporary, error);
    return badInput("file.unwritable", "cannot be written: " + why, file.string());
  }
  return {};
}

}  // namespace aegen::core
