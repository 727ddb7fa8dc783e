#pragma once
/// Pipelining of a design: functions are cut into stages until a clock is met. Every signal has the
/// same values as before, crossings later.

#include <cstdint>
#include <string>

#include "aegen/core/delay_model.hpp"
#include "aegen/core/design.hpp"

namespace aegen::core {

/// The slowest logic between registers of a design, by the model. State blocks' own logic does not
/// count, what reaches their inputs does.
struct StageEstimate {
  double longest = 0;  ///< ns, without the flip-flops'
  std::string block;   ///< in which it ends
};
[[nodiscard]] StageEstimate slowestStage(const DelayModel& model, const Design& design);

struct PipelineStats {
  std::uint64_t registerBits = 0;  ///< that carry values from stage to stage of cut functions
  int cutBlocks = 0;
  int added = 0;  ///< clocks to the last output
  StageEstimate slowest;
};

/// Cuts function blocks of `design` so that no stage has more than `longest` ns of logic, with as
/// few stages as each needs. Functions called are cut themselves where one call is too long, and
/// keep their hierarchy. Milestones get the latencies that result. Errors: pipeline.too-fast, when
/// a single operation takes longer, with the time that would do.
[[nodiscard]] Result<PipelineStats> pipelineDesign(const DelayModel& model, Design& design,
                                                   double longest);

}  // namespace aegen::core
