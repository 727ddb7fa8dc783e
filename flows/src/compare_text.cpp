// A comparison as JSON, as Markdown and as sentences about the autoencoder.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "aegen/flows/compare.hpp"

namespace aegen::flows {
namespace {

namespace econ_t = encoders::econ_t;
using ordered = nlohmann::ordered_json;

constexpr double kSquareMicrometresPerSquareMillimetre = 1e6;

ordered toJson(const encoders::MetricsSummary& summary) {
  return {{"occupancy", summary.bin.name()},
          {"events", summary.events},
          {"emd",
           {{"mean", summary.emd.mean}, {"median", summary.emd.median}, {"p90", summary.emd.p90}}},
          {"telescope", summary.telescope.mean},
          {"response", {{"mean", summary.responseMean}, {"rms", summary.responseRms}}},
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
    double best = row.all.emd.mean;
    for (const CompareRow& other : comparison.rows) {
      const bool beside = other.sample == row.sample && other.etx == row.etx;
      // Means of hardly any events compare with nothing.
      if (beside && other.lostShare() < 0.5) best = std::min(best, other.all.emd.mean);
    }
    const std::string text = fmt::format("{:.3f}", row.all.emd.mean);
    return row.all.emd.mean <= best && row.lostShare() < 0.5 ? "**" + text + "**" : text;
  });
}

std::string detailTable(const Comparison& comparison, std::size_t sample) {
  std::string out =
      "| | eTX | bits sent | bits of the string | EMD mean | median | p90 | telescope | response | "
      "its rms | without a pattern | wait, BX |\n|---|" +
      std::string("--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
  for (const CompareRow& row : comparison.rows) {
    if (row.sample != sample) continue;
    out += fmt::format(
        "| {} | {} | {} | {:.1f} | {:.3f} | {:.3f} | {:.3f} | {:.5f} | {:.3f} | {:.3f} | {:.1f} % "
        "| {:.1f} (most {}) |\n",
        comparison.variants[row.variant].name, row.etx, row.linkBits, row.stringBits,
        row.all.emd.mean, row.all.emd.median, row.all.emd.p90, row.all.telescope.mean,
        row.all.responseMean, row.all.responseRms, 100 * row.lostShare(), row.waitMean,
        row.waitMax);
  }
  return out;
}

std::string costTable(const Comparison& comparison) {
  std::string out =
      "| | latency alone (encoder + formatter), BX | encoder and formatter, mm2 | whole design, "
      "mm2 | flip-flops of the design |\n|---|--:|--:|--:|--:|\n";
  for (const CompareCost& cost : comparison.costs) {
    const CompareVariant& variant = comparison.variants[cost.variant];
    if (variant.spread == econ_t::Spread::Shared &&
        variant.algorithm != econ_t::Algorithm::SuperTriggerCell) {
      continue;  // the board's business: the chip is the same
    }
    const auto area = [](double um2) {
      return um2 > 0 ? fmt::format("{:.3f}", um2 / kSquareMicrometresPerSquareMillimetre)
                     : std::string("not synthesised");
    };
    out += fmt::format("| {} | {} + {} | {} | {} | {} |\n", variant.name, cost.encoderLatency,
                       cost.formatterLatency, area(cost.area), area(cost.chipArea), cost.flipFlops);
  }
  return out;
}

}  // namespace

double CompareRow::lostShare() const {
  const auto events = all.events - all.zeroTrue;
  return events == 0 ? 0 : static_cast<double>(all.zeroReconstructed) / static_cast<double>(events);
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
        const bool loss =
            best->all.emd.mean < own->all.emd.mean || own->lostShare() >= kLostThatCounts;
        const std::string lost =
            own->lostShare() >= kLostThatCounts
                ? fmt::format(" and {:.0f} % without a pattern", 100 * own->lostShare())
                : std::string();
        (loss ? loses : wins)
            .push_back(fmt::format("{} eTX ({:.2f}{} against {:.2f} of {})", etx, own->all.emd.mean,
                                   lost, best->all.emd.mean,
                                   comparison.variants[best->variant].name));
      }
      const auto sentence = [&](const std::vector<std::string>& at, std::string_view verb) {
        if (at.empty()) return;
        std::string list;
        for (const std::string& one : at) list += (list.empty() ? "" : ", ") + one;
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
  ordered rows = ordered::array();
  for (const CompareRow& row : comparison.rows) {
    const CompareVariant& variant = comparison.variants[row.variant];
    ordered bins = ordered::array();
    for (const auto& bin : row.byOccupancy) bins.push_back(toJson(bin));
    rows.push_back({{"sample", comparison.samples[row.sample]},
                    {"design", variant.design},
                    {"encoder", econ_t::text(variant.algorithm)},
                    {"variant", variant.name},
                    {"etx", row.etx},
                    {"crossings", row.crossings},
                    {"wrong_crossings", row.wrong},
                    {"bits", row.linkBits},
                    {"string_bits", row.stringBits},
                    {"truncated", row.truncated},
                    {"undecoded", row.undecoded},
                    {"metrics", toJson(row.all)},
                    {"by_occupancy", bins},
                    {"latency", row.latency},
                    {"wait", {{"mean", row.waitMean}, {"max", row.waitMax}}}});
    if (variant.algorithm == econ_t::Algorithm::SuperTriggerCell) {
      rows.back()["stc_type"] = variant.stcType;
    }
  }
  ordered costs = ordered::array();
  for (const CompareCost& cost : comparison.costs) {
    const CompareVariant& variant = comparison.variants[cost.variant];
    costs.push_back({{"design", variant.design},
                     {"variant", variant.name},
                     {"latency_alone",
                      {{"encoder", cost.encoderLatency}, {"formatter", cost.formatterLatency}}},
                     {"area_um2", cost.area},
                     {"design_area_um2", cost.chipArea},
                     {"design_flip_flops", cost.flipFlops}});
  }
  return ordered{{"revision", comparison.revision},
                 {"seed", comparison.seed},
                 {"library", comparison.library},
                 {"passed", comparison.passed()},
                 {"seconds", comparison.seconds},
                 {"samples", samples},
                 {"remarks", comparison.remarks},
                 {"costs", costs},
                 {"rows", rows}}
             .dump(1, ' ', false, ordered::error_handler_t::replace) +
         "\n";
}

std::string comparisonMarkdown(const Comparison& comparison) {
  std::string out = "# Encoders compared\n\n";
  out += fmt::format(
      "RTL of each encoder, link and SystemC decoder on the same events; {}. EMD in half pitches "
      "of "
      "trigger cells: 2.0 is one pitch. Columns: number of eTX.\n\n",
      comparison.passed() ? "every word of the RTL is the interpreter's"
                          : "**THE RTL AND THE INTERPRETER DISAGREE**");
  out += "## Where the autoencoder stands\n\n";
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
    out += "\n### Everything\n\n" + detailTable(comparison, s);
  }
  return out;
}

}  // namespace aegen::flows
