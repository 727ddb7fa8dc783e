#include "aegen/encoders/yaml_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace aegen::encoders {

std::string allowed(const IntegerRange& range) {
  return fmt::format("an integer from {} to {}", range.low, range.high);
}

YAML::Node YamlReader::load() {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file_, error)) {
    fail("no-file", "cannot be read", YAML::Mark::null_mark(), {});
    return {};
  }
  try {
    return YAML::LoadFile(file_.string());
  } catch (const YAML::Exception& wrong) {
    fail("syntax", "is not YAML: " + wrong.msg, wrong.mark, {});
    return {};
  }
}

void YamlReader::fail(const std::string& code, std::string message, const YAML::Mark& mark,
                      std::vector<std::string> notes) {
  if (problem) return;
  const std::string where =
      mark.is_null() ? file_.string() : fmt::format("{}:{}", file_.string(), mark.line + 1);
  problem = core::badInput(subsystem_ + "." + code, std::move(message), where, std::move(notes));
}

bool YamlReader::checkKeys(const YAML::Node& map, const std::string& path,
                           const std::vector<std::string>& keys) {
  const std::string name = path.empty() ? "the file" : "'" + path + "'";
  if (problem) return false;
  if (!map.IsMap()) {
    fail("bad-type", fmt::format("{} must be a map", name), map.Mark(),
         {fmt::format("its keys: {}", fmt::join(keys, ", "))});
    return false;
  }
  std::set<std::string> seen;
  for (const auto& entry : map) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "?";
    if (std::ranges::find(keys, key) == keys.end()) {
      fail("unknown-key", fmt::format("unknown key '{}' in {}", key, name), entry.first.Mark(),
           {fmt::format("allowed: {}", fmt::join(keys, ", "))});
    } else if (!seen.insert(key).second) {
      fail("repeated-key", fmt::format("key '{}' appears twice in {}", key, name),
           entry.first.Mark(), {"keep one of the two"});
    }
  }
  return !problem;
}

YAML::Node YamlReader::need(const YAML::Node& map, const std::string& path, const std::string& key,
                            const std::string& meaning) {
  const YAML::Node node = map[key];
  if (!node || node.IsNull()) {
    fail("missing-key", fmt::format("'{}' is missing", join(path, key)), map.Mark(),
         {fmt::format("{}: {}", key, meaning)});
  }
  return node;
}

std::optional<std::int64_t> YamlReader::integerOf(const YAML::Node& node, const std::string& path,
                                                  const IntegerRange& range) {
  std::int64_t value = 0;
  if (problem) return {};
  if (!node.IsScalar() || !YAML::convert<std::int64_t>::decode(node, value)) {
    fail("bad-type", fmt::format("'{}' is not an integer", path), node.Mark(), {allowed(range)});
  } else if (value < range.low || value > range.high) {
    fail("out-of-range", fmt::format("'{}' is {}", path, value), node.Mark(), {allowed(range)});
  } else {
    return value;
  }
  return {};
}

void YamlReader::boolean(const YAML::Node& node, const std::string& path, bool& out) {
  if (problem) return;
  if (!node.IsScalar() || !YAML::convert<bool>::decode(node, out)) {
    fail("bad-type", fmt::format("'{}' is neither true nor false", path), node.Mark(),
         {"true or false"});
  }
}

void YamlReader::number(const YAML::Node& node, const std::string& path, double& out) {
  if (problem) return;
  double value = 0;
  if (!node.IsScalar() || !YAML::convert<double>::decode(node, value) || !std::isfinite(value)) {
    fail("bad-type", fmt::format("'{}' is not a number", path), node.Mark(), {"a finite number"});
  } else {
    out = value;
  }
}

void YamlReader::positive(const YAML::Node& node, const std::string& path, double high,
                          double& out) {
  if (problem) return;
  double value = 0;
  const std::string note = fmt::format("a number above 0 and up to {}", high);
  if (!node.IsScalar() || !YAML::convert<double>::decode(node, value)) {
    fail("bad-type", fmt::format("'{}' is not a number", path), node.Mark(), {note});
  } else if (!(value > 0 && value <= high)) {
    fail("out-of-range", fmt::format("'{}' is {}", path, value), node.Mark(), {note});
  } else {
    out = value;
  }
}

void YamlReader::string(const YAML::Node& node, const std::string& path, const std::string& note,
                        std::string& out) {
  if (problem) return;
  if (!node.IsScalar()) {
    fail("bad-type", fmt::format("'{}' is not a string", path), node.Mark(), {note});
  } else {
    out = node.Scalar();
  }
}

std::size_t YamlReader::choice(const YAML::Node& node, const std::string& path,
                               const std::vector<std::string>& choices) {
  std::string text;
  string(node, path, fmt::format("one of {}", fmt::join(choices, ", ")), text);
  if (problem) return 0;
  const auto found = std::ranges::find(choices, text);
  if (found == choices.end()) {
    fail("out-of-range", fmt::format("'{}' is '{}'", path, text), node.Mark(),
         {fmt::format("one of {}", fmt::join(choices, ", "))});
    return 0;
  }
  return static_cast<std::size_t>(found - choices.begin());
}

std::filesystem::path YamlReader::file(const YAML::Node& node, const std::string& path) {
  std::string text;
  string(node, path, "a file's path", text);
  const std::filesystem::path named(text);
  return named.is_absolute() || problem ? named : file_.parent_path() / named;
}

std::string YamlReader::join(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

}  // namespace aegen::encoders
