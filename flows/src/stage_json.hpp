#pragma once
/// JSON forms of the stage results; used by the stage files and by report.json.

#include <nlohmann/json.hpp>

#include "aegen/flows/stage_results.hpp"

namespace aegen::flows {

using Json = nlohmann::ordered_json;

/// to_json and from_json of a struct for Json, which keeps members in the order given; the
/// library's own macro of this shape serves only nlohmann::json, which sorts them.
#define AEGEN_JSON(Type, ...)                                                               \
  inline void to_json(Json& nlohmann_json_j, const Type& nlohmann_json_t) {                 \
    NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_TO, __VA_ARGS__))                \
  }                                                                                         \
  inline void from_json(const Json& nlohmann_json_j, Type& nlohmann_json_t) {               \
    const Type nlohmann_json_default_obj{};                                                 \
    NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_FROM_WITH_DEFAULT, __VA_ARGS__)) \
  }

AEGEN_JSON(NamedText, name, text)
AEGEN_JSON(BuildInfo, design, description, designFile, aegenVersion, revision, date, model,
           modelDescription, weights, seed, formats, options, tools)
AEGEN_JSON(CheckResult, name, ok, details)
AEGEN_JSON(LatencyResult, name, asked, measured)
AEGEN_JSON(HardwareCount, operations, valueBits, calls, registerBits, functions)
AEGEN_JSON(PassResult, name, before, after, keptWiring, seconds)
AEGEN_JSON(RtlResult, files, modules, instances, lines, seconds, checks, milestones, passes)
AEGEN_JSON(LintResult, rules, seconds)
AEGEN_JSON(MetricSummary, label, events, empty, emdMean, emdMedian, emdP90, telescope, response)
AEGEN_JSON(WaferSample, crossing, trueCharge, recoCharge)
AEGEN_JSON(CosimResult, stimulus, crossings, mismatches, firstMismatch, latencies, overall,
           byOccupancy, crossingsPerSecond, seconds, wafers)
AEGEN_JSON(DepthStep, instance, module, cells)
AEGEN_JSON(LogicDepth, cells, from, to, path)
AEGEN_JSON(SynthModule, name, kind, instances, ownArea, area, nand2, ownCells, cells, ownFlipFlops,
           flipFlops, cellCounts, children, depth, seconds, batch)
AEGEN_JSON(SynthResult, library, libraryFile, tool, adders, top, modules, nand2Area, area, nand2,
           cells, flipFlops, latches, depth, jobs, seconds)
AEGEN_JSON(TimingStep, instance, module, what, cells, ns)
AEGEN_JSON(CornerTiming, name, library, slackNs, highestMHz, from, to, path, seconds)
AEGEN_JSON(TimingResult, tool, periodNs, askedMHz, corners, buffers, bufferCell, bufferArea,
           excluded, modelledMHz, modelledBlock, advice, seconds)

#undef AEGEN_JSON

}  // namespace aegen::flows
