#include "aegen/core/diagnostic.hpp"

namespace aegen::core {
namespace {

Diagnostic make(Failure failure, std::string code, std::string message, std::string where,
                std::vector<std::string> notes) {
  return {failure, std::move(code), std::move(message), std::move(where), std::move(notes)};
}

}  // namespace

std::string Diagnostic::text() const {
  std::string out = where.empty() ? message : where + ": " + message;
  out += " [" + code + "]";
  for (const std::string& note : notes) out += "\n  " + note;
  return out;
}

Diagnostic badInput(std::string code, std::string message, std::string where,
                    std::vector<std::string> notes) {
  return make(Failure::BadInput, std::move(code), std::move(message), std::move(where),
              std::move(notes));
}

Diagnostic checkFailed(std::string code, std::string message, std::string where,
                       std::vector<std::string> notes) {
  return make(Failure::CheckFailed, std::move(code), std::move(message), std::move(where),
              std::move(notes));
}

Diagnostic missingTool(std::string code, std::string message, std::string where,
                       std::vector<std::string> notes) {
  return make(Failure::MissingTool, std::move(code), std::move(message), std::move(where),
              std::move(notes));
}

Diagnostic internalError(std::string code, std::string message, std::string where,
                         std::vector<std::string> notes) {
  return make(Failure::Internal, std::move(code), std::move(message), std::move(where),
              std::move(notes));
}

}  // namespace aegen::core
