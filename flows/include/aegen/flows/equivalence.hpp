#pragma once
/// Equivalence of RTL and mapped netlist, module by module: instances and flip-flops are cut, what
/// is between is proven by ABC. Holds for every sequence of inputs from equal states.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/flows/gate_build.hpp"

namespace aegen::flows {

enum class ProofStatus : std::uint8_t {
  Proven,         ///< against Yosys' own adders and multipliers
  ProvenWithMap,  ///< against the RTL with the flow's arithmetic map: the map itself is taken on
                  ///< trust
  Refuted,        ///< with a counterexample, or a flip-flop that the netlist has not
  Undecided,      ///< time ran out
};
/// "proven", "proven with arithmetic map", "refuted", "undecided".
[[nodiscard]] std::string_view text(ProofStatus status);

struct ModuleProof {
  std::string module;
  ProofStatus status = ProofStatus::Undecided;
  std::string detail;      ///< of a refutation: outputs that differ and the inputs that show it
  std::size_t points = 0;  ///< outputs compared: ports, pins of instances, inputs of flip-flops
  double seconds = 0;
};

struct EquivalenceOptions {
  std::vector<std::string> modules;  ///< only these; empty: all
  double timeoutSeconds = 60;        ///< for one attempt at one module
  std::function<void(const std::string& module, std::size_t done, std::size_t total)> progress;
};

/// Proves the netlist of `synthFolder` against the RTL elaborated there. Scripts and miters go to
/// `workFolder`. Errors: netlist.missing, process.not-found, equiv.yosys-failed,
/// equiv.no-module, those of loadLiberty() and isolate().
[[nodiscard]] core::Result<std::vector<ModuleProof>> proveEquivalence(
    const std::filesystem::path& synthFolder, const std::filesystem::path& liberty,
    const std::filesystem::path& workFolder, const EquivalenceOptions& options);

/// Two forms of a module as combinational networks of the same inputs and outputs, in BLIF.
struct Miter {
  std::string golden;
  std::string mapped;
  std::vector<std::string> inputs;   ///< what i0, i1 ... stand for
  std::vector<std::string> outputs;  ///< and o0, o1 ...
};
/// Flip-flops are matched by the names of their outputs. Error: equiv.unmatched (a port, pin or
/// flip-flop that only one of them has).
[[nodiscard]] core::Result<Miter> makeMiter(const FlatNetlist& golden, const FlatNetlist& mapped);

/// `{"proofs": [{"module", "status", "seconds", "points", "detail"}], "proven": n, ...}`.
[[nodiscard]] std::string proofsJson(const std::vector<ModuleProof>& proofs);

}  // namespace aegen::flows
