#pragma once
/// The Liberty syntax alone: nested groups of attributes, without what they mean.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aegen::flows {

/// `name (arguments) { attributes and groups }`.
struct LibertyGroup {
  std::string name;
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> attributes;  ///< `name : value ;`
  std::vector<LibertyGroup> groups;

  [[nodiscard]] const std::string* attribute(std::string_view attributeName) const;
};

/// The outermost group, or the line and reason the text is not Liberty. Groups for which `skip`
/// returns true are passed over unread (timing tables are most of a file).
struct LibertySyntaxError {
  int line = 0;
  std::string reason;
};
struct LibertyParse {
  LibertyGroup root;
  std::optional<LibertySyntaxError> error;
};
[[nodiscard]] LibertyParse parseLibertyGroups(std::string_view text,
                                              bool (*skip)(std::string_view group));

}  // namespace aegen::flows
