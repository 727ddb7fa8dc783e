// Plots of a comparison through gnuplot, and the files of its folder.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "aegen/core/files.hpp"
#include "aegen/flows/compare.hpp"
#include "gnuplot.hpp"

namespace aegen::flows {
namespace {

using core::Result;
namespace fs = std::filesystem;

// A name as a file's: what is neither letter nor digit becomes an underscore.
std::string fileName(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return text;
}

// Data blocks, one a variant: x and y a line. Variants without a point are left out.
struct Curves {
  std::string data;
  std::vector<std::string> names;
  std::vector<std::size_t> variants;  ///< of the names: each keeps its look in every plot

  template <typename Points>
  void add(const std::string& name, std::size_t variant, Points points) {
    std::string block;
    points([&](double x, double y) { block += fmt::format("{} {:.6g}\n", x, y); });
    if (block.empty()) return;
    data += "# " + name + "\n" + block + "\n\n";
    names.push_back(name);
    variants.push_back(variant);
  }
};

Curves byLinks(const Comparison& comparison, std::size_t sample) {
  Curves out;
  for (std::size_t v = 0; v < comparison.variants.size(); ++v) {
    out.add(comparison.variants[v].name, v, [&](const auto& point) {
      for (const CompareRow& row : comparison.rows) {
        const bool own = row.sample == sample && row.variant == v && row.all.emd.events > 0 &&
                         row.lostShare() < kLostThatCounts;
        if (own) point(row.etx, row.all.emd.mean);
      }
    });
  }
  return out;
}

// At the number of links that most variants have.
Curves byOccupancy(const Comparison& comparison, std::size_t sample, int etx) {
  Curves out;
  for (std::size_t v = 0; v < comparison.variants.size(); ++v) {
    const CompareRow* const row = comparison.find(sample, v, etx);
    if (row == nullptr || row->lostShare() >= kLostThatCounts) continue;
    out.add(comparison.variants[v].name, v, [&](const auto& point) {
      for (std::size_t bin = 0; bin < row->byOccupancy.size(); ++bin) {
        if (row->byOccupancy[bin].emd.events > 0) {
          point(static_cast<double>(bin), row->byOccupancy[bin].emd.mean);
        }
      }
    });
  }
  return out;
}

// A line's look by the variant's number: colours that stay apart, then another dash.
std::string look(std::size_t variant) {
  constexpr std::array kColours{"#1b6ca8", "#d1495b", "#2e933c", "#e08e1b", "#6a4c93",
                                "#13a89e", "#8d5524", "#333333", "#c77dff", "#7f8c8d"};
  return fmt::format("linecolor \"{}\" dashtype {} pointtype {}",
                     kColours[variant % kColours.size()], variant / kColours.size() + 1,
                     variant % 13 + 1);
}

std::string script(const Curves& curves, const std::string& stem, const std::string& title,
                   const std::string& axis) {
  std::string out = fmt::format(
      "set terminal svg size 900,560 font \"sans,13\" background \"white\"\n"
      "set output \"{0}.svg.tmp\"\n"
      "set title {1} noenhanced\nset ylabel \"mean EMD (2.0 is one pitch)\"\n{2}"
      "set key outside right top noenhanced\nset grid\nset yrange [0:*]\n"
      "plot ",
      stem, plotText(title), axis);
  for (std::size_t i = 0; i < curves.names.size(); ++i) {
    out += fmt::format("{}\"{}.dat\" index {} using 1:2 with linespoints linewidth 2 {} title {}",
                       i == 0 ? "" : ", \\\n     ", stem, i, look(curves.variants[i]),
                       plotText(curves.names[i]));
  }
  return out + "\n";
}

Result<void> plot(const fs::path& folder, const std::string& stem, const Curves& curves,
                  const std::string& title, const std::string& axis) {
  if (curves.names.empty()) return {};
  if (auto done = core::writeFile(folder / (stem + ".dat"), curves.data); !done) return done;
  if (auto done = core::writeFile(folder / (stem + ".gp"), script(curves, stem, title, axis));
      !done) {
    return done;
  }
  return drawPlot(folder, stem);
}

// Plots of other samples would pass for those of this comparison.
void removeOldPlots(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().filename().string().starts_with("emd_by_")) old.push_back(entry.path());
  }
  for (const fs::path& file : old) fs::remove(file, error);
}

// The number of links at which most variants are to be seen; the largest of those.
int usualLinks(const Comparison& comparison, std::size_t sample) {
  int best = 0;
  std::ptrdiff_t most = 0;
  for (int etx = 1; etx <= 15; ++etx) {
    const auto rows = std::ranges::count_if(comparison.rows, [&](const CompareRow& row) {
      return row.sample == sample && row.etx == etx;
    });
    if (rows > 0 && rows >= most) {
      most = rows;
      best = etx;
    }
  }
  return best;
}

}  // namespace

Result<void> writeComparison(const Comparison& comparison, const fs::path& folder) {
  if (auto done = core::writeFile(folder / "compare.json", comparisonJson(comparison)); !done) {
    return done;
  }
  if (auto done = core::writeFile(folder / "compare.md", comparisonMarkdown(comparison)); !done) {
    return done;
  }
  removeOldPlots(folder);
  std::string bins = "set xlabel \"TCs above 1 MIP_T\"\nset xtics (";
  for (std::size_t bin = 0; bin < encoders::kOccupancyBins.size(); ++bin) {
    bins +=
        fmt::format("{}\"{}\" {}", bin == 0 ? "" : ", ", encoders::kOccupancyBins[bin].name(), bin);
  }
  bins += ")\n";
  for (std::size_t s = 0; s < comparison.samples.size(); ++s) {
    const std::string& name = comparison.samples[s];
    if (auto done = plot(folder, "emd_by_links_" + fileName(name), byLinks(comparison, s),
                         "Reconstruction against links: " + name,
                         "set xlabel \"eTX (32 bits a crossing each)\"\nset xtics 1\n");
        !done) {
      return done;
    }
    const int etx = usualLinks(comparison, s);
    if (auto done =
            plot(folder, "emd_by_occupancy_" + fileName(name), byOccupancy(comparison, s, etx),
                 fmt::format("Reconstruction against occupancy, {} eTX: {}", etx, name), bins);
        !done) {
      return done;
    }
  }
  return {};
}

}  // namespace aegen::flows
