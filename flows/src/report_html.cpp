#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "aegen/flows/report.hpp"
#include "report_drawing.hpp"
#include "report_style.hpp"

namespace aegen::flows {

namespace {

constexpr double kSquareMicrometresPerSquareMillimetre = 1e6;
constexpr std::size_t kChartedModules = 14;
constexpr std::size_t kShownDetails = 4;

/// 1234567 as 1 234 567, with a narrow no-break space.
std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) {
    digits.insert(at - 3, "\u202f");
  }
  return digits;
}
std::string grouped(double number) {
  return grouped(static_cast<std::uint64_t>(std::llround(std::max(0.0, number))));
}

std::string millimetres(double area) {
  return fmt::format("{:.3f}", area / kSquareMicrometresPerSquareMillimetre);
}

std::string badge(CheckStatus status) {
  return fmt::format("<span class=\"badge {0}\">{0}</span>", text(status));
}

std::string tile(std::string_view name, std::string_view figure, std::string_view unit = {}) {
  return fmt::format(
      "<div class=\"tile\"><div class=\"figure\">{} <span class=\"unit\">{}</span></div>"
      "<div class=\"name\">{}</div></div>\n",
      escaped(figure), escaped(unit), escaped(name));
}

std::string section(std::string_view id, std::string_view title, const std::string& body) {
  return fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n", id, escaped(title), body);
}

std::string missingNote(std::string_view stage) {
  return fmt::format(
      "<p class=\"note\"><span class=\"badge missing\">missing</span> Stage "
      "<code>{0}</code> has left no result. <code>aegen {0}</code> makes it.</p>\n",
      stage);
}

/// Rows of cells; a cell that starts with '#' is a number and stands right.
std::string table(const std::vector<std::string>& head,
                  const std::vector<std::vector<std::string>>& rows) {
  const auto row = [](const std::vector<std::string>& cells, std::string_view tag) {
    std::string html = "<tr>";
    for (const std::string& cell : cells) {
      const bool isNumber = cell.starts_with('#');
      html += fmt::format("<{0}{1}>{2}</{0}>", tag, isNumber ? " class=\"number\"" : "",
                          isNumber ? std::string_view(cell).substr(1) : std::string_view(cell));
    }
    return html + "</tr>\n";
  };
  std::string html =
      "<div class=\"scroll\"><table>\n<thead>" + row(head, "th") + "</thead>\n<tbody>\n";
  for (const std::vector<std::string>& cells : rows) {
    html += row(cells, "td");
  }
  return html + "</tbody></table></div>\n";
}

std::string header(const ReportInputs& inputs, const std::vector<ReportCheck>& checks) {
  const BuildInfo info = inputs.build.value_or(BuildInfo{});
  const auto count = [&checks](CheckStatus status) {
    return std::count_if(checks.begin(), checks.end(),
                         [&](const ReportCheck& check) { return check.status == status; });
  };
  const auto failed = count(CheckStatus::Fail);
  const auto missing = count(CheckStatus::Missing);
  const CheckStatus verdict = failed > 0    ? CheckStatus::Fail
                              : missing > 0 ? CheckStatus::Missing
                                            : CheckStatus::Pass;
  std::string words = fmt::format("all {} checks pass", checks.size());
  if (failed > 0) {
    words = fmt::format("{} of {} checks failed", failed, checks.size());
  } else if (missing > 0) {
    words = fmt::format("no check failed, {} of 4 stages not run", missing);
  }
  std::string html = fmt::format("<header>\n<h1>{}</h1>\n",
                                 escaped(info.design.empty() ? "Unnamed design" : info.design));
  if (!info.description.empty()) {
    html += fmt::format("<p class=\"lead\">{}</p>\n", escaped(info.description));
  }
  html += fmt::format("<p><span class=\"badge verdict {}\">{}</span></p>\n", text(verdict), words);
  std::string meta;
  const auto add = [&meta](std::string_view name, const std::string& value) {
    if (!value.empty()) {
      meta += fmt::format("{}{} {}", meta.empty() ? "" : " · ", name, escaped(value));
    }
  };
  add("model", info.model);
  add("weights", info.weights);
  add("made", info.date);
  add("aegen", info.aegenVersion);
  add("revision", info.revision);
  if (inputs.build) {
    add("seed", std::to_string(info.seed));
  }
  return html + fmt::format("<p class=\"meta\">{}</p>\n</header>\n", meta);
}

std::string checksSection(const std::vector<ReportCheck>& checks) {
  std::vector<std::vector<std::string>> rows;
  for (const ReportCheck& check : checks) {
    std::string details;
    for (std::size_t i = 0; i < std::min(check.details.size(), kShownDetails); ++i) {
      details += (i == 0 ? "" : "<br />") + escaped(check.details[i]);
    }
    if (check.details.size() > kShownDetails) {
      details +=
          fmt::format("<br />and {} more, in report.json", check.details.size() - kShownDetails);
    }
    rows.push_back({check.stage, escaped(check.name), badge(check.status), details});
  }
  return section("checks", "Checks", table({"Stage", "Check", "Outcome", "Details"}, rows));
}

std::string latencySection(const ReportInputs& inputs) {
  if (!inputs.cosim && !inputs.rtl) {
    return section("latency", "Latency", missingNote("cosim"));
  }
  const std::vector<LatencyResult>& latencies =
      inputs.cosim ? inputs.cosim->latencies : inputs.rtl->milestones;
  std::vector<std::vector<std::string>> rows;
  for (const LatencyResult& latency : latencies) {
    rows.push_back(
        {escaped(latency.name), fmt::format("#{}", latency.asked),
         fmt::format("#{}", latency.measured),
         badge(latency.asked == latency.measured ? CheckStatus::Pass : CheckStatus::Fail)});
  }
  std::string body = "<p>Clocks (bunch crossings) from the chip's input, ";
  body += inputs.cosim ? "as asked for and as measured in the co-simulation.</p>\n"
                       : "as asked for and as the RTL takes by construction.</p>\n";
  body += table({"Stage", "#Asked", inputs.cosim ? "#Measured" : "#Planned", ""}, rows);
  return section("latency", "Latency", body);
}

std::string metricsSection(const ReportInputs& inputs) {
  if (!inputs.cosim) {
    return section("reconstruction", "Reconstruction", missingNote("cosim"));
  }
  const CosimResult& cosim = *inputs.cosim;
  const MetricSummary& all = cosim.overall;
  std::string body = fmt::format(
      "<p>{} crossings of {}, simulated at {} crossings a second.</p>\n", grouped(cosim.crossings),
      cosim.stimulus.empty() ? "unnamed stimuli" : escaped(cosim.stimulus),
      grouped(cosim.crossingsPerSecond));
  if (all.events == 0) {
    body +=
        "<p class=\"note\">No reconstruction to measure: the design has no decoder, or no "
        "crossing has charge.</p>\n";
    return section("reconstruction", "Reconstruction", body);
  }
  body += "<div class=\"tiles\">\n" + tile("EMD, mean", fmt::format("{:.3f}", all.emdMean)) +
          tile("EMD, median", fmt::format("{:.3f}", all.emdMedian)) +
          tile("EMD, 90th percentile", fmt::format("{:.3f}", all.emdP90)) +
          tile("telescope loss", fmt::format("{:.4g}", all.telescope)) +
          tile("response, sum out over in", fmt::format("{:.3f}", all.response)) + "</div>\n";
  std::vector<std::vector<std::string>> rows;
  std::vector<Bar> bars;
  for (const MetricSummary& bin : cosim.byOccupancy) {
    const auto value = [&bin](double number) {
      return bin.events == 0 ? std::string("#–") : fmt::format("#{:.3f}", number);
    };
    rows.push_back({escaped(bin.label), "#" + grouped(bin.events), "#" + grouped(bin.empty),
                    value(bin.emdMean), value(bin.emdMedian), value(bin.emdP90),
                    bin.events == 0 ? "#–" : fmt::format("#{:.4g}", bin.telescope),
                    value(bin.response)});
    bars.push_back({bin.label, bin.emdMean,
                    bin.events == 0 ? "no events" : fmt::format("{:.3f}", bin.emdMean)});
  }
  if (!rows.empty()) {
    body += "<h3>By occupancy: trigger cells above 1 MIP<sub>T</sub></h3>\n";
    body += barChart(bars, "mean EMD by occupancy");
    body += table({"Occupancy", "#Events", "#All-zero", "#EMD mean", "#Median", "#P90",
                   "#Telescope", "#Response"},
                  rows);
  }
  body +=
      "<p class=\"note\">EMD: earth mover's distance between the true and the reconstructed "
      "pattern, each scaled to unit sum; 2.0 is the distance of neighbouring trigger cells. "
      "Events with an all-zero side are counted apart and enter no mean.</p>\n";
  return section("reconstruction", "Reconstruction", body);
}

std::string wafersSection(const ReportInputs& inputs) {
  if (!inputs.cosim || inputs.cosim->wafers.empty() || inputs.cells.empty()) {
    return {};
  }
  std::string body =
      "<p>True charge beside what the back-end decoder makes of the link's words. "
      "The two wafers of a crossing share a scale, which is drawn on the square "
      "root of the charge so that faint cells stay visible.</p>\n"
      "<div class=\"crossings\">\n";
  for (const WaferSample& sample : inputs.cosim->wafers) {
    double largest = 0;
    double trueSum = 0;
    double recoSum = 0;
    for (const double charge : sample.trueCharge) {
      largest = std::max(largest, charge);
      trueSum += charge;
    }
    for (const double charge : sample.recoCharge) {
      largest = std::max(largest, charge);
      recoSum += charge;
    }
    const auto side = [&](std::string_view name, const std::vector<double>& charges, double sum) {
      return fmt::format("<div>{}<div class=\"note\">{}, sum {}</div></div>\n",
                         wafer(inputs.cells, charges, largest,
                               fmt::format("{} charge of crossing {}", name, sample.crossing)),
                         name, grouped(sum));
    };
    body += "<figure class=\"crossing\"><div class=\"pair\">\n" +
            side("true", sample.trueCharge, trueSum) +
            side("reconstructed", sample.recoCharge, recoSum) + "</div>\n" + colourScale(largest) +
            fmt::format("<figcaption>Crossing {}</figcaption></figure>\n", sample.crossing);
  }
  return section("wafers", "Wafers, true and reconstructed", body + "</div>\n");
}

std::string pathText(const LogicDepth& depth) {
  std::string html = escaped(depth.from);
  for (const DepthStep& step : depth.path) {
    html += fmt::format(
        " → {} {} <span class=\"note\">({} cells)</span>", step.instance.empty() ? "top level" : "",
        step.instance.empty() ? "" : "<code>" + escaped(step.instance) + "</code>", step.cells);
  }
  return html + " → " + escaped(depth.to);
}

std::string moduleTable(const SynthResult& synth) {
  std::vector<std::vector<std::string>> rows;
  for (const SynthModule& module : synth.modules) {
    const double everywhere = module.ownArea * static_cast<double>(module.instances);
    rows.push_back({"<code>" + escaped(module.name) + "</code>", escaped(module.kind),
                    "#×" + grouped(module.instances), "#" + grouped(module.ownArea),
                    "#" + grouped(module.area), "#" + millimetres(everywhere),
                    synth.area > 0 ? fmt::format("#{:.1f}", 100 * everywhere / synth.area) : "#–",
                    "#" + grouped(module.ownFlipFlops * module.instances),
                    fmt::format("#{}", module.depth.cells)});
  }
  return table({"Module", "Kind", "#Instances", "#Own cells, µm²", "#With children, µm²",
                "#All instances' own, mm²", "#%", "#Flip-flops", "#Depth"},
               rows);
}

std::string synthSection(const ReportInputs& inputs) {
  if (!inputs.synth) {
    return section("silicon", "Silicon", missingNote("synth"));
  }
  const SynthResult& synth = *inputs.synth;
  std::string body = "<div class=\"tiles\">\n" + tile("cell area", millimetres(synth.area), "mm²") +
                     tile("NAND2 equivalents", grouped(synth.nand2)) +
                     tile("cells", grouped(synth.cells)) +
                     tile("flip-flops", grouped(synth.flipFlops)) +
                     tile("logic depth", std::to_string(synth.depth.cells), "cells") +
                     tile("synthesis", fmt::format("{:.0f}", synth.seconds), "s") + "</div>\n";
  std::uint64_t instances = 0;
  for (const SynthModule& module : synth.modules) {
    instances += module.instances;
  }
  body += fmt::format(
      "<p>{} on the library <code>{}</code>, adders: {}. Each of the {} distinct modules was "
      "synthesised <strong>once</strong>; areas of its instances ({} in all) are that figure "
      "multiplied, nothing is flattened. Cell area before buffering, clock tree and placement; one "
      "NAND2 is {:g} µm².</p>\n",
      escaped(synth.tool), escaped(synth.library), escaped(synth.adders), synth.modules.size(),
      grouped(instances), synth.nand2Area);
  body += "<h3>Where the area is: own cells times instances</h3>\n";
  std::vector<Bar> bars;
  double rest = 0;
  for (const SynthModule& module : synth.modules) {
    const double everywhere = module.ownArea * static_cast<double>(module.instances);
    if (bars.size() < kChartedModules) {
      bars.push_back({module.name, everywhere,
                      fmt::format("{} mm²  ×{}", millimetres(everywhere), module.instances)});
    } else {
      rest += everywhere;
    }
  }
  if (rest > 0) {
    bars.push_back({fmt::format("{} others", synth.modules.size() - kChartedModules), rest,
                    millimetres(rest) + " mm²"});
  }
  body += barChart(bars, "cell area by module");
  body += "<h3>Longest combinational path</h3>\n<p>" + pathText(synth.depth) + "</p>\n";
  body += "<h3>Modules</h3>\n" + moduleTable(synth);
  return section("silicon", "Silicon", body);
}

std::string timingSection(const ReportInputs& inputs) {
  if (!inputs.timing) return {};
  const TimingResult& timing = *inputs.timing;
  std::string body;
  for (const CornerTiming& corner : timing.corners) {
    body += fmt::format("<h3>{} ({})</h3>\n<div class=\"tiles\">\n", escaped(corner.name),
                        escaped(corner.library)) +
            tile("highest clock", fmt::format("{:.1f}", corner.highestMHz), "MHz") +
            tile("setup slack", fmt::format("{:.2f}", corner.slackNs), "ns") + "</div>\n";
    std::vector<std::vector<std::string>> rows;
    for (const TimingStep& step : corner.path) {
      rows.push_back({step.instance.empty() ? "top" : escaped(step.instance), escaped(step.what),
                      std::to_string(step.cells), fmt::format("{:.2f}", step.ns)});
    }
    body += fmt::format("<p>Worst path, from <code>{}</code> to <code>{}</code>:</p>\n",
                        escaped(corner.from), escaped(corner.to)) +
            table({"Instance", "What it computes", "#Cells", "#ns"}, rows);
  }
  body += fmt::format(
      "<p>{} at a period of {:.2f} ns. {} buffers ({}, {} mm²) were put on nets with many sinks; "
      "no "
      "wires, clock tree or placement. Not timed: {}. The delay model says {:.1f} MHz, slowest in "
      "<code>{}</code>.</p>\n",
      escaped(timing.tool), timing.periodNs, grouped(timing.buffers), escaped(timing.bufferCell),
      millimetres(timing.bufferArea), escaped(timing.excluded), timing.modelledMHz,
      escaped(timing.modelledBlock));
  return section("timing", "Timing", body);
}

std::string pairsTable(std::string_view title, const std::vector<NamedText>& pairs) {
  if (pairs.empty()) {
    return {};
  }
  std::vector<std::vector<std::string>> rows;
  for (const NamedText& pair : pairs) {
    rows.push_back({escaped(pair.name), "<code>" + escaped(pair.text) + "</code>"});
  }
  return fmt::format("<h3>{}</h3>\n", escaped(title)) + table({"", ""}, rows);
}

std::string buildSection(const ReportInputs& inputs) {
  if (!inputs.build) {
    return section("built", "What was built",
                   "<p class=\"note\"><span class=\"badge missing\">missing</span> build.json is "
                   "not there.</p>\n");
  }
  const BuildInfo& info = *inputs.build;
  std::string body;
  if (!info.modelDescription.empty()) {
    body += fmt::format("<p>Model <strong>{}</strong>: {}</p>\n", escaped(info.model),
                        escaped(info.modelDescription));
  }
  if (!info.designFile.empty()) {
    body += fmt::format("<p class=\"note\">From <code>{}</code></p>\n", escaped(info.designFile));
  }
  body += pairsTable("Choices", info.options) + pairsTable("Formats", info.formats) +
          pairsTable("Tools", info.tools);
  body +=
      "<p class=\"note\">Format u8.7: unsigned, 8 bits, 7 of them fractional; s for signed.</p>\n";
  return section("built", "What was built", body);
}

std::string filesSection(const ReportInputs& inputs) {
  if (!inputs.rtl) {
    return section("files", "RTL", missingNote("rtl"));
  }
  std::string body = fmt::format(
      "<p>{} modules, {} instances, {} lines of Verilog, made in {:.2f} "
      "s.</p>\n<ul class=\"files\">\n",
      grouped(inputs.rtl->modules), grouped(inputs.rtl->instances), grouped(inputs.rtl->lines),
      inputs.rtl->seconds);
  for (const std::string& file : inputs.rtl->files) {
    body += fmt::format("<li><a class=\"mono\" href=\"{0}\">{0}</a></li>\n", escaped(file));
  }
  return section("files", "RTL", body + "</ul>\n");
}

}  // namespace

std::string reportHtml(const ReportInputs& inputs) {
  const std::vector<ReportCheck> checks = checksOf(inputs);
  const std::string title =
      inputs.build && !inputs.build->design.empty() ? inputs.build->design : "aegen report";
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n"
      "<title>{}: aegen report</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n",
      escaped(title), kReportStyle);
  html += header(inputs, checks) + checksSection(checks) + latencySection(inputs) +
          metricsSection(inputs) + wafersSection(inputs) + synthSection(inputs) +
          timingSection(inputs) + buildSection(inputs) + filesSection(inputs);
  return html + "</main>\n</body>\n</html>\n";
}

}  // namespace aegen::flows
