#pragma once
/// Diagnostics as data: a code, a place, notes; and Result<T>, which carries either a value or
/// them.

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace aegen::core {

/// What went wrong, in terms of who can mend it. The values are the program's exit codes.
enum class Failure : int {
  CheckFailed = 1,  ///< the design failed a check (lint, scoreboard, proof)
  BadInput = 2,     ///< a file or option the user gave is wrong
  MissingTool = 3,  ///< an external program is absent or unusable
  Internal = 70,    ///< a bug in aegen (EX_SOFTWARE)
};

/// One problem, ready to be shown to a user or written as JSON.
struct Diagnostic {
  Failure failure = Failure::BadInput;
  std::string code;     ///< stable id, e.g. "vectors.malformed-word": subsystem, dot, name
  std::string message;  ///< one sentence: what is wrong
  std::string where;    ///< file, line, key, register, value: whatever places it; may be empty
  std::vector<std::string> notes;  ///< what to do about it

  /// `where: message [code]` followed by one indented line a note.
  [[nodiscard]] std::string text() const;
};

[[nodiscard]] Diagnostic badInput(std::string code, std::string message, std::string where = {},
                                  std::vector<std::string> notes = {});
[[nodiscard]] Diagnostic checkFailed(std::string code, std::string message, std::string where = {},
                                     std::vector<std::string> notes = {});
[[nodiscard]] Diagnostic missingTool(std::string code, std::string message, std::string where = {},
                                     std::vector<std::string> notes = {});
[[nodiscard]] Diagnostic internalError(std::string code, std::string message,
                                       std::string where = {}, std::vector<std::string> notes = {});

/// A value, or the diagnostic that explains why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Diagnostic diagnostic) : state_(std::in_place_index<1>, std::move(diagnostic)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] T& value() & { return std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
  [[nodiscard]] const Diagnostic& error() const { return std::get<1>(state_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Diagnostic> state_;
};

/// Success without a value, or the diagnostic.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Diagnostic diagnostic) : error_(std::move(diagnostic)) {}
  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Diagnostic& error() const { return *error_; }

 private:
  std::optional<Diagnostic> error_;
};

}  // namespace aegen::core
