#include "area_page.hpp"

#include <algorithm>
#include <map>

namespace aegen::bench {
namespace {

std::optional<double> number(const ordered& row, const char* member) {
  const auto found = row.find(member);
  if (found == row.end() || !found->is_number()) return {};
  return found->get<double>();
}

// 1234567 as 1,234,567.
std::string grouped(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string cell(const std::optional<double>& value, const char* format) {
  return value ? fmt::format(fmt::runtime(format), *value) : std::string("not measured");
}
std::string whole(const std::optional<double>& value) {
  return value ? grouped(*value) : std::string("not measured");
}

double inSixtyFive(double nand2) {
  return nand2 * kNand2Of65nm / kUtilisation / 1e6;
}

std::string line(const ordered& row) {
  const auto area = number(row, "area_um2");
  const auto nand2 = number(row, "nand2");
  const auto estimate = number(row, "estimated_area_um2");
  const auto off =
      estimate && area ? std::optional(100 * (*estimate - *area) / *area) : std::optional<double>();
  return fmt::format(
      "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", row["title"].get<std::string>(),
      area ? fmt::format("{:.3f}", *area / 1e6) : std::string("not measured"), whole(nand2),
      whole(number(row, "flip_flops")), whole(number(row, "depth_cells")),
      cell(number(row, "clock_mhz"), "{:.1f}"), cell(number(row, "energy_pj"), "{:.0f}"),
      cell(number(row, "synthesis_s"), "{:.0f}"), off ? fmt::format("{:+.1f} %", *off) : "-",
      nand2 ? fmt::format("{:.2f}", inSixtyFive(*nand2)) : std::string("not measured"));
}

std::string tables(const ordered& rows) {
  std::vector<std::string> groups;
  std::map<std::string, std::string> lines;
  std::string problems;
  std::size_t notRun = 0;
  for (const ordered& row : rows) {
    const auto group = row["group"].get<std::string>();
    if (std::ranges::find(groups, group) == groups.end()) groups.push_back(group);
    lines[group] += line(row);
    if (row.value("problem", "") == kNotRun) {
      ++notRun;
    } else if (row.contains("problem")) {
      problems += fmt::format("- {}: {}\n", row["title"].get<std::string>(),
                              row["problem"].get<std::string>());
    }
  }
  std::string text;
  for (const std::string& group : groups) {
    text += fmt::format(
        "## {}\n| design | mm2 | NAND2 | flip-flops | depth, cells | highest clock, MHz | pJ a "
        "crossing | synthesis, s | estimate before | 65 nm, mm2 |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n{}\n",
        group, lines[group]);
  }
  if (notRun > 0) text += fmt::format("{} of these designs have not been run yet.\n\n", notRun);
  if (!problems.empty()) text += "Not measured, and why:\n" + problems + "\n";
  return text;
}

std::string noise(const ordered& figures) {
  const ordered& noise = figures["noise"];
  if (!noise.is_object()) return "The noise of the flow has not been measured yet.\n";
  return fmt::format(
      "Noise: {} with its statements in {} orders, which changes nothing it computes, comes to "
      "areas that lie {:.2f} % apart (depths {:.1f} %). Areas that differ by less than 2 % are "
      "taken as equal.\n",
      noise["design"].get<std::string>(), noise["orders"].get<int>(),
      100 * noise["area_spread"].get<double>(), 100 * noise["depth_spread"].get<double>());
}

// The published figure beside ours, from the row with the chip's own way of summing.
std::string beside(const ordered& rows) {
  for (const ordered& row : rows) {
    const auto nand2 = number(row, "nand2");
    if (row["id"] != "ae_loadable_truncated_r1" || !nand2) continue;
    const auto energy = number(row, "energy_pj");
    std::string text = fmt::format(
        "The row with loadable weights, truncated products and R = 1 does what the ECON-T's does: "
        "{} NAND2, {:.2f} mm2 in 65 nm by "
        "that conversion, beside {:.1f} mm2.",
        grouped(*nand2), inSixtyFive(*nand2), kPublishedArea);
    text += energy ? fmt::format(
                         " Its {:.0f} pJ a crossing are {:.0f} mW at 40 MHz in the library's "
                         "process, beside {:.0f} mW.\n",
                         *energy, *energy * 1e-9 * kCrossingRate, kPublishedPower)
                   : std::string(" Its energy has not been measured yet.\n");
    return text;
  }
  return "The row that does what the ECON-T's does has not been measured yet.\n";
}

}  // namespace

std::string areaPage(const ordered& figures) {
  std::string text = fmt::format(
      "# Area\n"
      "<!-- Made by build/bench/area_table from bench/results/area.json: do not edit. -->\n\n"
      "Every design through the same flow: `make area` ({}, {}, NAND2 = {:.0f} um2; the figures "
      "are\n"
      "[bench/results/area.json](../bench/results/area.json), with the revision of each row).\n"
      "Areas are those of the mapped cells of the whole chip: trigger path from ePortRX words to "
      "eTX words with its registers and output buffer. No scan, clock tree, "
      "buffers of wide nets or layout.\n"
      "`R`: clocks a crossing that multipliers are shared over ([design_file.md](design_file.md)). "
      "\"estimate before\" is how far `aegen estimate` is from the "
      "synthesis that followed ([estimate.md](estimate.md)). Naive designs have the same function "
      "and the same RTL, but no passes, adder graphs, multiplier "
      "structures or adder cells: `+` and `*` are what Yosys makes of them.\n\n",
      figures["yosys"].get<std::string>(), figures["library"].get<std::string>(),
      figures["nand2_area_um2"].get<double>());
  text += noise(figures) + "\n" + tables(figures["rows"]);
  text += fmt::format(
      "## Beside the published chip\n"
      "The column \"65 nm\" is a conversion, not a synthesis: NAND2 equivalents times {:.2f} um2 "
      "(a NAND2 of 65 nm low power), "
      "cells filling {:.0f} % of the rows. The ECON-T's autoencoder took {:.1f} mm2 and {:.0f} mW "
      "in that process "
      "(G. Di Guglielmo et al., IEEE TNS 68 (2021) 2179), from licensed high-level "
      "synthesis.\n\n{}\n"
      "What the published figures include and ours do not: triplicated registers with voters "
      "against upsets, the clock tree, buffers, scan and layout of a "
      "finished block, and hold fixing. What ours include and theirs may not: front end (mux and "
      "calibration), formatter, output buffer and the register file's "
      "shadow copy, which are in every row. A gate of 0.18 um is not one of 65 nm: libraries "
      "differ in what a full adder or a "
      "flip-flop costs in NAND2.\n",
      kNand2Of65nm, 100 * kUtilisation, kPublishedArea, kPublishedPower, beside(figures["rows"]));
  return text;
}

}  // namespace aegen::bench
