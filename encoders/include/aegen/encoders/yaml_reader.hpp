#pragma once
/// YamlReader: reads a configuration file key by key, keeps the first problem with its file and
/// line, and says what would be allowed.

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "aegen/core/diagnostic.hpp"

namespace aegen::encoders {

/// Allowed values of a number, both ends included.
struct IntegerRange {
  std::int64_t low;
  std::int64_t high;
};
/// "an integer from 1 to 13".
[[nodiscard]] std::string allowed(const IntegerRange& range);

class YamlReader {
 public:
  /// Codes of diagnostics are `<subsystem>.unknown-key` and so on.
  YamlReader(std::filesystem::path file, std::string subsystem)
      : file_(std::move(file)), subsystem_(std::move(subsystem)) {}

  /// The first problem, if any; later reads change nothing.
  std::optional<core::Diagnostic> problem;

  /// The whole file: `no-file`, `syntax`.
  [[nodiscard]] YAML::Node load();
  void fail(const std::string& code, std::string message, const YAML::Mark& mark,
            std::vector<std::string> notes);
  /// Demands that `map` is a map with no keys but `keys`, each once.
  bool checkKeys(const YAML::Node& map, const std::string& path,
                 const std::vector<std::string>& keys);
  /// map[key], which must exist.
  YAML::Node need(const YAML::Node& map, const std::string& path, const std::string& key,
                  const std::string& meaning);

  template <typename T>
  void integer(const YAML::Node& node, const std::string& path, const IntegerRange& range, T& out) {
    if (const auto value = integerOf(node, path, range)) out = static_cast<T>(*value);
  }
  void boolean(const YAML::Node& node, const std::string& path, bool& out);
  /// A finite real number.
  void number(const YAML::Node& node, const std::string& path, double& out);
  /// A real number in (0, high].
  void positive(const YAML::Node& node, const std::string& path, double high, double& out);
  void string(const YAML::Node& node, const std::string& path, const std::string& note,
              std::string& out);
  /// One of `choices`; its index.
  std::size_t choice(const YAML::Node& node, const std::string& path,
                     const std::vector<std::string>& choices);
  /// A path, taken from the file's folder when relative.
  [[nodiscard]] std::filesystem::path file(const YAML::Node& node, const std::string& path);

  [[nodiscard]] static std::string join(const std::string& path, const std::string& key);
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

 private:
  std::optional<std::int64_t> integerOf(const YAML::Node& node, const std::string& path,
                                        const IntegerRange& range);

  std::filesystem::path file_;
  std::string subsystem_;
};

}  // namespace aegen::encoders
