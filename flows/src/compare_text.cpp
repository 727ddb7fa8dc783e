// A comparison as JSON, as Markdown and as sentences about the autoencoder.

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "aegen/flows/compare.hpp"

namespace aegen::flows {
namespace {

namespace econ_t = encoders::econ_t;
using ordered = nlohmann::ordered_json;

constexpr int kMostOccupancyTables = 5;
constexpr double kSquareMicrometresPerSquareMillimetre = 1e6;

// To six significant digits: what is behind them says nothing.
double rounded(double value) {
  return std::stod(fmt::format("{:.6g}", value));
}

std::string text(const ordered& json, int indent) {
  return json.dump(indent, ' ', false, ordered::error_handler_t::replace);
}

ordered toJson(const encoders::MetricsSummary& summary) {
  return {{"occupancy", summary.bin.name()},
          {"events", summary.events},
          {"emd",
           {{"mean", rounded(summary.emd.mean)},
            {"median", rounded(summary.emd.median)},
            {"p90", rounded(summary.emd.p90)}}},
          {"telescope", rounded(summary.telescope.mean)},
          {"response",
           {{"mean", rounded(summary.responseMean)}, {"rms", rounded(summary.responseRms)}}},
          {"zero_true", summary.zeroTrue},
          {"zero_reconstructed", summary.zeroReconstructed}};
}

std::vector<int> linksOf(const Comparison& comparison) {
  std::vector<int> out;
  for (const CompareRow& row : comparison.rows) out.push_back(row.etx);
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// Variants that have a row on a sample.
std::vector<std::size_t> shown(const Comparison& comparison, std::size_t sample) {
  std::vector<std::size_t> out;
  for (std::size_t v = 0; v < comparison.variants.size(); ++v) {
    const auto mine = [&](const CompareRow& row) {
      return row.sample == sample && row.variant == v;
    };
    if (std::ranges::any_of(comparison.rows, mine)) out.push_back(v);
  }
  return out;
}

// A table with a column a number of links; the smallest of a column in bold where that means best.
template <typename Cell>
std::string byLinks(const Comparison& comparison, std::size_t sample, Cell cell) {
  const std::vector<int> links = linksOf(comparison);
  std::string out = "| |";
  for (const int etx : links) out += fmt::format(" {} |", etx);
  out += "\n|---|";
  for (std::size_t i = 0; i < links.size(); ++i) out += "--:|";
  out += "\n";
  for (const std::size_t v : shown(comparison, sample)) {
    out += "| " + comparison.variants[v].name + " |";
    for (const int etx : links) {
      const CompareRow* const row = comparison.find(sample, v, etx);
      out += " " + (row == nullptr ? std::string() : cell(*row)) + " |";
    }
    out += "\n";
  }
  return out;
}

std::string emdTable(const Comparison& comparison, std::size_t sample) {
  return byLinks(comparison, sample, [&](const CompareRow& row) {
    double best = std::numeric_limits<double>::infinity();
    for (const CompareRow& other : comparison.rows) {
      const bool beside = other.sample == row.sample && other.etx == row.etx;
      // Means of hardly any events compare with nothing.
      if (beside && other.lostShare() < kLostThatCounts) best = std::min(best, other.all.emd.mean);
    }
    const std::string text =
        fmt::format("{:.3f}{}", row.all.emd.mean, row.lostShare() >= kLostThatCounts ? "\\*" : "");
    return row.all.emd.mean <= best && row.lostShare() < kLostThatCounts ? "**" + text + "**"
                                                                         : text;
  });
}

std::string detailTable(const Comparison& comparison, std::size_t sample) {
  std::string out =
      "| | eTX | bits of the links | bits of the string | EMD mean | median | p90 | telescope | "
      "response | "
      "its rms | without a pattern | truncated | latency, BX | wait, BX |\n|---|" +
      std::string("--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
  for (const CompareRow& row : comparison.rows) {
    if (row.sample != sample) continue;
    out += fmt::format(
        "| {} | {} | {} | {:.1f} | {:.3f} | {:.3f} | {:.3f} | {:.5f} | {:.3f} | {:.3f} | {:.1f} % "
        "| {} | {} | {:.1f} (most {}) |\n",
        comparison.variants[row.variant].name, row.etx, row.linkBits, row.stringBits,
        row.all.emd.mean, row.all.emd.median, row.all.emd.p90, row.all.telescope.mean,
        row.all.responseMean, row.all.responseRms, 100 * row.lostShare(), row.truncated,
        row.latency, row.waitMean, row.waitMax);
  }
  return out;
}

// Mean EMD in bins of occupancy, for one number of links.
std::string occupancyTable(const Comparison& comparison, std::size_t sample, int etx) {
  std::string head = "| |";
  std::string rule = "\n|---|";
  std::string body;
  for (const auto& bin : encoders::kOccupancyBins) {
    head += " " + bin.name() + " |";
    rule += "--:|";
  }
  for (const std::size_t v : shown(comparison, sample)) {
    const CompareRow* const row = comparison.find(sample, v, etx);
    if (row == nullptr) continue;
    body += "| " + comparison.variants[v].name + " |";
    for (const auto& bin : row->byOccupancy) {
      body += bin.emd.events == 0 ? std::string(" |") : fmt::format(" {:.3f} |", bin.emd.mean);
    }
    body += "\n";
  }
  return body.empty() ? std::string() : head + rule + "\n" + body;
}

std::string millimetres(const std::optional<double>& area) {
  return area ? fmt::format("{:.3f}", *area / kSquareMicrometresPerSquareMillimetre)
              : std::string("not synthesised");
}

std::string costTable(const Comparison& comparison) {
  std::string out =
      "| design | encoder | latency alone (encoder + formatter), BX | encoder and formatter, mm2 | "
      "registers of its own, mm2 |\n|---|---|--:|--:|--:|\n";
  for (const CompareCost& cost : comparison.costs) {
    out += fmt::format("| {} | {} | {} + {} | {} | {} |\n", cost.design,
                       econ_t::text(cost.algorithm), cost.encoderLatency, cost.formatterLatency,
                       millimetres(cost.area), millimetres(cost.registerArea));
  }
  for (const CompareDesign& design : comparison.designs) {
    out += fmt::format(
        "\nThe whole of {}, with front end, all registers, buffer and pipeline: {} mm2, {} "
        "flip-flops.\n",
        design.name, millimetres(design.area), design.flipFlops);
  }
  return out;
}

// What a reader has to know before he believes a number.
std::string conditions() {
  return "- An autoencoder is one model at every number of links: the leading bits of its latents "
         "that "
         "fit, one decoder. It is not trained anew for each; from the links on that carry all of "
         "them it sends the same. One with a hard-wired mask appears at the number of links it is "
         "made for.\n"
         "- Threshold sum keeps the design's thresholds at every number of links. What does not "
         "fit is "
         "truncated by the chip's buffer.\n"
         "- Super trigger cells have a channel order in which groups are neighbours on the wafer.\n"
         "- A repeater shows what coding alone costs: it sends every cell. Where truth is \"as "
         "given\", "
         "its EMD and response are those of the front end's codes, which add half a step to every "
         "cell, "
         "empty ones too.\n"
         "- \"bits of the links\" is what the links carry, \"bits of the string\" what the encoder "
         "made "
         "of it.\n"
         "- \"latency\" is that of the whole design, whose encoders all take as long as the "
         "slowest; the "
         "costs name each encoder's own. \"wait\" is the time in the chip's buffer behind it.\n"
         "- EMD is averaged over the events that have a pattern on both sides. Rows marked \\* "
         "lack more "
         "than 1 % of the events and compare with nothing.\n";
}

}  // namespace

double CompareRow::lostShare() const {
  const std::uint64_t charged = all.events - all.zeroTrue;
  const std::uint64_t without = std::max(lost, all.zeroReconstructed);
  return charged == 0 ? 0 : static_cast<double>(without) / static_cast<double>(charged);
}

bool Comparison::passed() const {
  return std::ranges::all_of(rows, [](const CompareRow& row) { return row.wrong == 0; });
}

const CompareRow* Comparison::find(std::size_t sample, std::size_t variant, int etx) const {
  const auto found = std::ranges::find_if(rows, [&](const CompareRow& row) {
    return row.sample == sample && row.variant == variant && row.etx == etx;
  });
  return found == rows.end() ? nullptr : &*found;
}

std::vector<std::string> autoencoderRemarks(const Comparison& comparison) {
  std::vector<std::string> out;
  for (std::size_t s = 0; s < comparison.samples.size(); ++s) {
    for (std::size_t v = 0; v < comparison.variants.size(); ++v) {
      if (comparison.variants[v].algorithm != econ_t::Algorithm::Autoencoder) continue;
      std::vector<std::string> loses;
      std::vector<std::string> wins;
      for (const int etx : linksOf(comparison)) {
        const CompareRow* const own = comparison.find(s, v, etx);
        if (own == nullptr) continue;
        const CompareRow* best = nullptr;
        for (const CompareRow& row : comparison.rows) {
          const bool rival =
              row.sample == s && row.etx == etx &&
              comparison.variants[row.variant].algorithm != econ_t::Algorithm::Autoencoder &&
              row.lostShare() < kLostThatCounts;
          if (rival && (best == nullptr || row.all.emd.mean < best->all.emd.mean)) best = &row;
        }
        if (best == nullptr) continue;
        // A mean over what came back says nothing of what did not.
        const bool partial = own->lostShare() >= kLostThatCounts;
        const bool loss = best->all.emd.mean < own->all.emd.mean || partial;
        const std::string lost =
            partial ? fmt::format(" and {:.0f} % without a pattern", 100 * own->lostShare())
                    : std::string();
        (loss ? loses : wins)
            .push_back(fmt::format("{} eTX ({:.2f}{} against {:.2f} of {})", etx, own->all.emd.mean,
                                   lost, best->all.emd.mean,
                                   comparison.variants[best->variant].name));
      }
      const auto sentence = [&](const std::vector<std::string>& at, std::string_view verb) {
        if (at.empty()) return;
        constexpr std::size_t kMost = 5;
        std::string list;
        for (std::size_t i = 0; i < std::min(kMost, at.size()); ++i) {
          list += (list.empty() ? "" : ", ") + at[i];
        }
        if (at.size() > kMost) list += fmt::format(" and {} more", at.size() - kMost);
        out.push_back(fmt::format("On {}, by mean EMD, {} of {} {} at {}.", comparison.samples[s],
                                  comparison.variants[v].name, comparison.variants[v].design, verb,
                                  list));
      };
      sentence(loses, "loses");
      sentence(wins, "wins");
    }
  }
  return out;
}

std::string comparisonJson(const Comparison& comparison) {
  ordered samples = ordered::array();
  for (std::size_t s = 0; s < comparison.samples.size(); ++s) {
    samples.push_back(
        {{"name", comparison.samples[s]}, {"description", comparison.descriptions[s]}});
  }
  std::string rows;  // a line each: whole they are read by programs, lines by people
  for (const CompareRow& row : comparison.rows) {
    const CompareVariant& variant = comparison.variants[row.variant];
    ordered bins = ordered::array();
    for (const auto& bin : row.byOccupancy) bins.push_back(toJson(bin));
    ordered line{{"sample", comparison.samples[row.sample]},
                 {"design", variant.design},
                 {"encoder", econ_t::text(variant.algorithm)},
                 {"variant", variant.name},
                 {"etx", row.etx},
                 {"crossings", row.crossings},
                 {"wrong_crossings", row.wrong},
                 {"bits", row.linkBits},
                 {"string_bits", rounded(row.stringBits)},
                 {"lost", row.lost},
                 {"truncated", row.truncated},
                 {"undecoded", row.undecoded},
                 {"metrics", toJson(row.all)},
                 {"by_occupancy", bins},
                 {"latency", row.latency},
                 {"wait", {{"mean", rounded(row.waitMean)}, {"max", row.waitMax}}}};
    if (variant.algorithm == econ_t::Algorithm::SuperTriggerCell) {
      line["stc_type"] = variant.stcType;
    }
    rows += (rows.empty() ? "\n  " : ",\n  ") + text(line, -1);
  }
  const auto optional = [](const std::optional<double>& value) {
    return value ? ordered(rounded(*value)) : ordered(nullptr);
  };
  ordered costs = ordered::array();
  for (const CompareCost& cost : comparison.costs) {
    costs.push_back({{"design", cost.design},
                     {"encoder", econ_t::text(cost.algorithm)},
                     {"latency_alone",
                      {{"encoder", cost.encoderLatency}, {"formatter", cost.formatterLatency}}},
                     {"area_um2", optional(cost.area)},
                     {"register_area_um2", optional(cost.registerArea)}});
  }
  ordered designs = ordered::array();
  for (const CompareDesign& design : comparison.designs) {
    designs.push_back({{"design", design.name},
                       {"area_um2", rounded(design.area)},
                       {"flip_flops", design.flipFlops}});
  }
  const ordered head{{"revision", comparison.revision},
                     {"seed", comparison.seed},
                     {"library", comparison.library},
                     {"passed", comparison.passed()},
                     {"seconds", rounded(comparison.seconds)},
                     {"samples", samples},
                     {"remarks", comparison.remarks},
                     {"costs", costs},
                     {"designs", designs}};
  std::string out = text(head, 1);
  out.erase(out.rfind('\n'));  // the closing brace
  return out + ",\n \"rows\": [" + rows + "\n ]\n}\n";
}

std::string comparisonMarkdown(const Comparison& comparison) {
  std::string out = "# Encoders compared\n\n";
  out += fmt::format(
      "RTL of each encoder, link and SystemC decoder on the same events; {}. EMD in half pitches "
      "of "
      "trigger cells: 2.0 is one pitch. Columns: number of eTX.\n\n",
      comparison.passed() ? "every word of the RTL is the interpreter's"
                          : "**THE RTL AND THE INTERPRETER DISAGREE**");
  out += "## Conditions\n\n" + conditions() + "\n## Where the autoencoder stands\n\n";
  for (const std::string& remark : comparison.remarks) out += "- " + remark + "\n";
  if (comparison.remarks.empty()) out += "No autoencoder beside others was compared.\n";
  out += "\n## Costs\n\n";
  if (!comparison.library.empty()) out += "Areas with " + comparison.library + ".\n\n";
  out += costTable(comparison);
  for (std::size_t s = 0; s < comparison.samples.size(); ++s) {
    out += fmt::format("\n## {}\n\n{}\n\n### Mean EMD\n\n", comparison.samples[s],
                       comparison.descriptions[s]);
    out += emdTable(comparison, s);
    out +=
        "\nBold: the best. Crossings of which nothing came back are not in the mean, but in "
        "this table:\n\n### Crossings without a pattern, %\n\n";
    out += byLinks(comparison, s, [](const CompareRow& row) {
      return fmt::format("{:.1f}", 100 * row.lostShare());
    });
    for (const int etx : linksOf(comparison)) {
      // Beyond that, rows of fewer and fewer variants; the JSON has them all.
      if (etx > kMostOccupancyTables) break;
      const std::string table = occupancyTable(comparison, s, etx);
      if (table.empty()) continue;
      out += fmt::format("\n### Mean EMD by TCs above 1 MIP_T, {} eTX\n\n{}", etx, table);
    }
    out += "\n### Everything\n\n" + detailTable(comparison, s);
  }
  return out;
}

}  // namespace aegen::flows
