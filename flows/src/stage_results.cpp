#include "aegen/flows/stage_results.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "aegen/core/files.hpp"

#include "stage_json.hpp"

namespace aegen::flows {

namespace {

constexpr int kVersion = 1;

template <typename Stage>
constexpr std::string_view kStageName = "";
template <>
constexpr std::string_view kStageName<BuildInfo> = "build";
template <>
constexpr std::string_view kStageName<RtlResult> = "rtl";
template <>
constexpr std::string_view kStageName<LintResult> = "lint";
template <>
constexpr std::string_view kStageName<CosimResult> = "cosim";
template <>
constexpr std::string_view kStageName<SynthResult> = "synth";
template <>
constexpr std::string_view kStageName<TimingResult> = "timing";

template <typename Stage>
constexpr std::string_view kStageFile = "";
template <>
constexpr std::string_view kStageFile<BuildInfo> = "build.json";
template <>
constexpr std::string_view kStageFile<RtlResult> = "rtl.json";
template <>
constexpr std::string_view kStageFile<LintResult> = "lint.json";
template <>
constexpr std::string_view kStageFile<CosimResult> = "cosim.json";
template <>
constexpr std::string_view kStageFile<SynthResult> = "synth.json";

}  // namespace

const SynthModule* SynthResult::find(std::string_view module) const {
  const auto found =
      std::find_if(modules.begin(), modules.end(),
                   [&](const SynthModule& candidate) { return candidate.name == module; });
  return found == modules.end() ? nullptr : &*found;
}

template <typename Stage>
std::string_view stageFile() {
  return kStageFile<Stage>;
}

template <typename Stage>
std::string stageJson(const Stage& stage) {
  Json json = {{"stage", kStageName<Stage>}, {"version", kVersion}};
  json.update(Json(stage));
  return json.dump(1) + "\n";
}

template <typename Stage>
core::Result<Stage> parseStage(std::string_view json, const std::string& where) {
  try {
    const Json parsed = Json::parse(json);
    if (parsed.value("stage", std::string()) != kStageName<Stage>) {
      return core::badInput("stage.malformed",
                            fmt::format("not the result of stage `{}`", kStageName<Stage>), where);
    }
    if (parsed.value("version", 0) != kVersion) {
      return core::badInput("stage.version", "written by another version of aegen", where,
                            {"run the stage again"});
    }
    return parsed.get<Stage>();
  } catch (const Json::exception& problem) {
    return core::badInput("stage.malformed", fmt::format("not a stage result: {}", problem.what()),
                          where, {"run the stage again"});
  }
}

template <typename Stage>
core::Result<void> saveStage(const Stage& stage, const std::filesystem::path& directory) {
  return core::writeFile(directory / stageFile<Stage>(), stageJson(stage));
}

template <typename Stage>
core::Result<Stage> loadStage(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / stageFile<Stage>();
  const auto text = core::readFile(file);
  if (!text) {
    return core::badInput("stage.missing",
                          fmt::format("stage `{}` has left no result", kStageName<Stage>),
                          file.string(), {"run the stage first"});
  }
  return parseStage<Stage>(*text, file.string());
}

#define AEGEN_STAGE(Stage)                                                                  \
  template std::string_view stageFile<Stage>();                                             \
  template std::string stageJson<Stage>(const Stage&);                                      \
  template core::Result<Stage> parseStage<Stage>(std::string_view, const std::string&);     \
  template core::Result<void> saveStage<Stage>(const Stage&, const std::filesystem::path&); \
  template core::Result<Stage> loadStage<Stage>(const std::filesystem::path&);
AEGEN_STAGE(BuildInfo)
AEGEN_STAGE(RtlResult)
AEGEN_STAGE(LintResult)
AEGEN_STAGE(CosimResult)
AEGEN_STAGE(SynthResult)
AEGEN_STAGE(TimingResult)
#undef AEGEN_STAGE

}  // namespace aegen::flows
