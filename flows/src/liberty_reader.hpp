#pragma once
/// What the groups of a Liberty file say: units, templates, cells.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/flows/liberty.hpp"
#include "liberty_groups.hpp"

namespace aegen::flows {

/// Sign-off data that nobody here reads: noise, current sources, receiver models.
[[nodiscard]] bool isUnreadGroup(std::string_view group);

/// Reads cells with the units and templates of one library.
class LibertyReader {
 public:
  LibertyReader(const LibertyGroup& library, std::filesystem::path file)
      : library_(library), file_(std::move(file)) {}

  /// Errors: liberty.bad-unit, liberty.bad-value.
  core::Result<std::vector<LibertyCell>> run();
  [[nodiscard]] const LibertyUnits& units() const { return units_; }

 private:
  struct Template {
    std::string variables[2];
    std::vector<double> indices[2];
  };

  void fail(std::string code, std::string message, int line, std::vector<std::string> notes = {});
  void readUnits();
  std::optional<double> unit(const char* attribute, const std::string& letter);
  void readTemplates();
  std::optional<double> number(const LibertyGroup& group, const char* attribute);
  std::vector<double> numbers(const std::vector<LibertyWord>& words, int line);
  LibertyCell readCell(const LibertyGroup& group);
  void readPins(const LibertyGroup& group, LibertyCell& cell);
  LibertyPin readPin(const LibertyGroup& group, std::string name);
  std::vector<TimingArc> readArcs(const LibertyGroup& pin);
  TimingTable readTable(const LibertyGroup& table, bool constraint);

  const LibertyGroup& library_;
  std::filesystem::path file_;
  LibertyUnits units_;
  std::map<std::string, Template, std::less<>> templates_;
  std::optional<core::Diagnostic> error_;
};

}  // namespace aegen::flows
