#include "json_fields.hpp"

#include <cmath>
#include <utility>

#include "imported_network.hpp"

namespace aegen::encoders {

JsonFields::JsonFields(const Json& object, std::string where)
    : object_(object), where_(std::move(where)) {
  if (!object.is_object()) importFails("type", "must be an object", where_);
}

void JsonFields::wrong(const std::string& key, const std::string& must) const {
  importFails("type", "'" + key + "' must be " + must, where_);
}

bool JsonFields::has(const char* key) const {
  const auto found = object_.find(key);
  return found != object_.end() && !found->is_null();
}

const JsonFields::Json& JsonFields::at(const char* key) const {
  const auto found = object_.find(key);
  if (found == object_.end()) {
    importFails("missing-key", "'" + std::string(key) + "' is missing", where_);
  }
  return *found;
}

JsonFields JsonFields::object(const char* key) const {
  return {at(key), where_ + ", " + key};
}

const JsonFields::Json& JsonFields::list(const char* key) const {
  const Json& value = at(key);
  if (!value.is_array()) wrong(key, "a list");
  return value;
}

std::string JsonFields::text(const char* key) const {
  const Json& value = at(key);
  if (!value.is_string()) wrong(key, "a text");
  return value.get<std::string>();
}

std::string JsonFields::text(const char* key, std::string otherwise) const {
  return has(key) ? text(key) : std::move(otherwise);
}

int JsonFields::integerOf(const Json& value, const std::string& key, int low, int high) const {
  const std::string must = "an integer from " + std::to_string(low) + " to " + std::to_string(high);
  // Numbers such as 8.0 come from Python's float settings.
  const double number = value.is_number() ? value.get<double>() : std::nan("");
  if (!(number >= low && number <= high) || number != std::floor(number)) wrong(key, must);
  return static_cast<int>(number);
}

double JsonFields::realOf(const Json& value, const std::string& key) const {
  if (!value.is_number() || !std::isfinite(value.get<double>())) wrong(key, "a number");
  return value.get<double>();
}

int JsonFields::integer(const char* key, int low, int high) const {
  return integerOf(at(key), key, low, high);
}

int JsonFields::integer(const char* key, int low, int high, int otherwise) const {
  return has(key) ? integer(key, low, high) : otherwise;
}

double JsonFields::real(const char* key, double otherwise) const {
  return has(key) ? realOf(at(key), key) : otherwise;
}

bool JsonFields::boolean(const char* key, bool otherwise) const {
  if (!has(key)) return otherwise;
  const Json& value = at(key);
  if (value.is_boolean()) return value.get<bool>();
  return integerOf(value, key, 0, 1) == 1;
}

}  // namespace aegen::encoders
