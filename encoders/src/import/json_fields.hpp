#pragma once
/// JsonFields: fields of one JSON object of a file that may hold anything; what is missing, of
/// another type or out of range becomes an ImportProblem that names it.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace aegen::encoders {

class JsonFields {
 public:
  using Json = nlohmann::json;

  /// `where` places the object for messages. Refuses what is no object.
  JsonFields(const Json& object, std::string where);

  [[nodiscard]] const std::string& where() const { return where_; }
  /// Whether the key is there with a value other than null.
  [[nodiscard]] bool has(const char* key) const;
  /// The value, which must be there.
  [[nodiscard]] const Json& at(const char* key) const;
  [[nodiscard]] JsonFields object(const char* key) const;
  [[nodiscard]] const Json& list(const char* key) const;

  [[nodiscard]] std::string text(const char* key) const;
  [[nodiscard]] std::string text(const char* key, std::string otherwise) const;
  [[nodiscard]] int integer(const char* key, int low, int high) const;
  [[nodiscard]] int integer(const char* key, int low, int high, int otherwise) const;
  [[nodiscard]] double real(const char* key, double otherwise) const;
  /// true, false, 1 or 0: Keras writes both.
  [[nodiscard]] bool boolean(const char* key, bool otherwise) const;

  /// One number of a list and the like.
  [[nodiscard]] int integerOf(const Json& value, const std::string& key, int low, int high) const;
  [[nodiscard]] double realOf(const Json& value, const std::string& key) const;

 private:
  [[noreturn]] void wrong(const std::string& key, const std::string& must) const;

  const Json& object_;
  std::string where_;
};

}  // namespace aegen::encoders
