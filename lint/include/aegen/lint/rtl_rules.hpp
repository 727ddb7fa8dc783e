#pragma once
/// The project's own rules for generated RTL, checked on the Verilog AST before any tool sees text.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/rtl_gen/verilog_ast.hpp"

namespace aegen::lint {

struct RtlRule;

/// All modules of a design; the last is the top.
using Modules = std::span<const rtl_gen::verilog::Module>;

/// A place where a rule is broken.
struct Finding {
  std::string module;
  std::string name;  ///< net, port, register or instance
  std::string message;
  bool operator==(const Finding&) const = default;
};

/// A row of the table of rules.
struct RtlRule {
  std::string_view name;
  std::string_view what;  ///< what must hold
  std::string_view why;
  std::vector<Finding> (*check)(Modules modules);
};

/// All rules, in the order in which they are reported.
[[nodiscard]] std::span<const RtlRule> rtlRules();

/// A rule and where it is broken.
struct RuleOutcome {
  const RtlRule* rule = nullptr;
  std::vector<Finding> findings;
};

/// Applies every rule to the modules (callees first, the top last).
[[nodiscard]] std::vector<RuleOutcome> checkRtl(Modules modules);

/// A finding as a diagnostic: code `lint.<rule>`, place `module.name`, the rule's reason as a note.
[[nodiscard]] core::Diagnostic diagnosticOf(const RtlRule& rule, const Finding& finding);

}  // namespace aegen::lint
