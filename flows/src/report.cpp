#include "aegen/flows/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "aegen/core/files.hpp"
#include "aegen/data/geometry.hpp"
#include "stage_json.hpp"
#include "stage_tools.hpp"

namespace aegen::flows {

namespace {

CheckStatus statusOf(bool ok) {
  return ok ? CheckStatus::Pass : CheckStatus::Fail;
}

void addChecks(const std::string& stage, const std::vector<CheckResult>& from,
               std::vector<ReportCheck>& into) {
  for (const CheckResult& check : from) {
    into.push_back({stage, check.name, statusOf(check.ok), check.details});
  }
}

ReportCheck scoreboardCheck(const CosimResult& cosim) {
  ReportCheck check{
      "cosim", "scoreboard", statusOf(cosim.crossings > 0 && cosim.mismatches == 0), {}};
  check.details.push_back(
      fmt::format("{} wrong values in {} crossings", cosim.mismatches, cosim.crossings));
  if (!cosim.firstMismatch.empty()) {
    check.details.push_back("first: " + cosim.firstMismatch);
  }
  return check;
}

ReportCheck latencyCheck(const CosimResult& cosim) {
  ReportCheck check{"cosim", "latency", CheckStatus::Pass, {}};
  for (const LatencyResult& latency : cosim.latencies) {
    if (latency.asked != latency.measured) {
      check.status = CheckStatus::Fail;
      check.details.push_back(fmt::format("{}: {} crossings measured, {} asked for", latency.name,
                                          latency.measured, latency.asked));
    }
  }
  if (check.status == CheckStatus::Pass) {
    check.details.push_back("every measured latency is the one asked for");
  }
  return check;
}

/// Reads a stage if it is there.
template <typename Stage>
core::Result<void> loadIfThere(const std::filesystem::path& directory,
                               std::optional<Stage>& target) {
  auto loaded = loadStage<Stage>(directory);
  if (loaded) {
    target = std::move(*loaded);
    return {};
  }
  return loaded.error().code == "stage.missing" ? core::Result<void>() : loaded.error();
}

template <typename Stage>
void addStage(const char* name, const std::optional<Stage>& stage, Json& json) {
  if (stage) {
    json[name] = *stage;
  } else {
    json["missing"].push_back(name);
  }
}

}  // namespace

std::string_view text(CheckStatus status) {
  switch (status) {
    case CheckStatus::Pass:
      return "pass";
    case CheckStatus::Fail:
      return "fail";
    case CheckStatus::Missing:
      return "missing";
  }
  return {};
}

std::vector<ReportCheck> checksOf(const ReportInputs& inputs) {
  std::vector<ReportCheck> checks;
  const auto missing = [&checks](const char* stage) {
    checks.push_back({stage,
                      "not run",
                      CheckStatus::Missing,
                      {fmt::format("run `aegen {} DESIGN -o DIR`", stage)}});
  };
  if (inputs.rtl) {
    addChecks("rtl", inputs.rtl->checks, checks);
  } else {
    missing("rtl");
  }
  if (inputs.lint) {
    addChecks("lint", inputs.lint->rules, checks);
  } else {
    missing("lint");
  }
  if (inputs.cosim) {
    checks.push_back(scoreboardCheck(*inputs.cosim));
    checks.push_back(latencyCheck(*inputs.cosim));
  } else {
    missing("cosim");
  }
  if (inputs.synth) {
    checks.push_back({"synth",
                      "mapped",
                      CheckStatus::Pass,
                      {fmt::format("every cell is one of {}", inputs.synth->library)}});
  } else {
    missing("synth");
  }
  if (inputs.timing) {
    ReportCheck check{"timing", "setup", CheckStatus::Pass, {}};
    for (const CornerTiming& corner : inputs.timing->corners) {
      if (corner.slackNs < 0 && inputs.timing->askedMHz > 0) check.status = CheckStatus::Fail;
      check.details.push_back(fmt::format("{}: slack {:.2f} ns at {:.2f} ns, {:.1f} MHz",
                                          corner.name, corner.slackNs, inputs.timing->periodNs,
                                          corner.highestMHz));
    }
    checks.push_back(std::move(check));
  }
  return checks;
}

core::Result<ReportInputs> loadReportInputs(const std::filesystem::path& directory) {
  ReportInputs inputs;
  for (const core::Result<void>& loaded :
       {loadIfThere(directory, inputs.build), loadIfThere(directory, inputs.rtl),
        loadIfThere(directory, inputs.lint), loadIfThere(directory, inputs.cosim),
        loadIfThere(directory, inputs.synth), loadIfThere(directory, inputs.timing)}) {
    if (!loaded) {
      return loaded.error();
    }
  }
  for (int channel = 0; channel < data::kTriggerCells; ++channel) {
    std::vector<ReportPoint> corners;
    for (const data::Point& corner : data::outline(channel)) {
      corners.push_back({corner.x, corner.y});
    }
    inputs.cells.push_back(std::move(corners));
  }
  return inputs;
}

std::string reportJson(const ReportInputs& inputs) {
  Json json = {{"format", "aegen-report"}, {"version", 1}};
  const std::vector<ReportCheck> checks = checksOf(inputs);
  const auto count = [&checks](CheckStatus status) {
    return std::count_if(checks.begin(), checks.end(),
                         [&](const ReportCheck& check) { return check.status == status; });
  };
  json["verdict"] = count(CheckStatus::Fail) > 0      ? "fail"
                    : count(CheckStatus::Missing) > 0 ? "incomplete"
                                                      : "pass";
  json["checks"] = Json::array();
  for (const ReportCheck& check : checks) {
    json["checks"].push_back({{"stage", check.stage},
                              {"name", check.name},
                              {"status", text(check.status)},
                              {"details", check.details}});
  }
  json["missing"] = Json::array();
  addStage("build", inputs.build, json);
  addStage("rtl", inputs.rtl, json);
  addStage("lint", inputs.lint, json);
  addStage("cosim", inputs.cosim, json);
  addStage("synth", inputs.synth, json);
  if (inputs.timing) addStage("timing", inputs.timing, json);
  return json.dump(1) + "\n";
}

core::Result<std::string> writeReport(const std::filesystem::path& directory) {
  const auto inputs = loadReportInputs(directory);
  if (!inputs) {
    return inputs.error();
  }
  std::string json = reportJson(*inputs);
  if (auto written = core::writeFile(directory / "report.json", json); !written) {
    return written.error();
  }
  if (auto written = core::writeFile(directory / "report.html", reportHtml(*inputs)); !written) {
    return written.error();
  }
  return json;
}

}  // namespace aegen::flows
