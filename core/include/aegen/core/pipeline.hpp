#pragma once
/// Pipelining: a function cut into stages at values, and a design whose registers go where a clock
/// is met with few register bits. Results are the same bit by bit, crossings later.
///
///   func @f { %2 = mul %0, %1   %3 = add %2, %0 }        one stage
///   func @f_s0 { mul -> v2, a -> v0 }  func @f_s1 { add v2, v0 }     two

#include <cstdint>
#include <string>
#include <vector>

#include "aegen/core/delay_model.hpp"
#include "aegen/core/design.hpp"

namespace aegen::core {

/// A function cut into stages, each a function of its own.
struct StagedFunction {
  std::vector<std::string> functions;       ///< of the stages in order, in the program given
  std::vector<std::uint64_t> registerBits;  ///< alive behind each stage but the last
  std::vector<double> delay;                ///< ns of each stage
};

/// The stage of each instruction of a function: never earlier than its operands'.
using StagePlan = std::vector<int>;

/// The plan of `stages` stages with the fewest register bits among those whose stages take at most
/// `longest` ns of logic; empty when there is none. Deterministic.
[[nodiscard]] std::vector<int> planStages(const DelayModel& model, const Program& program,
                                          const Function& function, int stages, double longest);

/// Writes the stages of `function` as functions NAME_s0, NAME_s1, ... before its place in the
/// program. A value alive across a cut is a port of its own; the last stage has the function's
/// outputs, settings go to the stages that use them.
StagedFunction stageFunction(const DelayModel& model, Program& program, const std::string& function,
                             const StagePlan& plan);

struct PipelineResult {
  std::uint64_t registerBits = 0;  ///< added inside functions
  int added = 0;                   ///< crossings added on the longest path to an output
  double longest = 0;              ///< ns of logic of the slowest stage, as modelled
  std::string slowest;             ///< block of that stage
};

/// How long the stages of a design are as it stands, by the model: the slowest one of logic between
/// registers through blocks, without state blocks.
[[nodiscard]] PipelineResult modelledStages(const DelayModel& model, const Design& design);

/// Cuts the function blocks of `design` until no stage takes more than `longest` ns of logic.
/// Milestones get the latency they then have. Functions called are cut too where one call alone is
/// too long. Errors: pipeline.too-fast when a single operation takes longer.
[[nodiscard]] Result<PipelineResult> pipelineDesign(const DelayModel& model, Design& design,
                                                    double longest);

}  // namespace aegen::core
