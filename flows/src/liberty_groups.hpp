#pragma once
/// The Liberty syntax alone: nested groups of attributes, without what they mean.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aegen::flows {

struct LibertyWord {
  std::string text;  ///< without quotes
  bool quoted = false;
};

/// `name : value ;`, or with arguments instead of a value `name (arguments) ;`.
struct LibertyAttribute {
  std::string name;
  LibertyWord value;
  std::vector<LibertyWord> arguments;
  bool isComplex = false;
  int line = 0;
};

/// `name (arguments) { attributes and groups }`.
struct LibertyGroup {
  std::string name;
  std::vector<LibertyWord> arguments;
  std::vector<LibertyAttribute> attributes;
  std::vector<LibertyGroup> groups;
  int line = 0;

  /// The last simple attribute of this name, as tools take it; null when there is none.
  [[nodiscard]] const LibertyAttribute* find(std::string_view attributeName) const;
  [[nodiscard]] const LibertyAttribute* findComplex(std::string_view attributeName) const;
  /// The value of find(), null when there is none.
  [[nodiscard]] const std::string* attribute(std::string_view attributeName) const;
};

/// Where and why a text is not Liberty.
struct LibertySyntaxError {
  std::string file;  ///< as it was included; empty: the outermost text
  int line = 0;
  std::string reason;
  bool missingFile = false;  ///< an include that cannot be read
};
struct LibertyParse {
  LibertyGroup root;
  std::optional<LibertySyntaxError> error;
};

struct LibertySyntaxOptions {
  /// Groups that are passed over unread (sign-off data is most of a file).
  bool (*skip)(std::string_view group) = nullptr;
  /// The text of a file named by `include_file`; empty: it cannot be read.
  std::function<std::optional<std::string>(const std::string& file)> include;
};
/// The outermost group, or what is wrong with the text.
[[nodiscard]] LibertyParse parseLibertyGroups(std::string_view text,
                                              const LibertySyntaxOptions& options);

/// A group as text, a statement a line; `keep` says which of its own and its children's groups are
/// written.
void printLiberty(const LibertyGroup& group, const std::function<bool(const LibertyGroup&)>& keep,
                  std::string& out, int depth = 0);

}  // namespace aegen::flows
