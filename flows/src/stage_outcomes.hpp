#pragma once
/// What a stage's result is to the user: passed or not, a line, findings.

#include "aegen/flows/stages.hpp"

namespace aegen::flows {

/// `reused`: the result is of an earlier run that is up to date.
[[nodiscard]] StageOutcome rtlOutcome(const RtlResult& result, bool reused);
[[nodiscard]] StageOutcome lintOutcome(const LintResult& result, bool reused);
[[nodiscard]] StageOutcome cosimOutcome(const CosimResult& result, bool reused);
[[nodiscard]] StageOutcome synthOutcome(const SynthResult& result, bool reused);
[[nodiscard]] StageOutcome timingOutcome(const TimingResult& result, bool reused);

}  // namespace aegen::flows
