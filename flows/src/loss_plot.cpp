#include "aegen/flows/loss_plot.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "aegen/core/files.hpp"
#include "gnuplot.hpp"

namespace aegen::flows {

namespace fs = std::filesystem;

core::Result<void> plotLosses(std::span<const encoders::EpochReport> epochs,
                              const std::string& title, const fs::path& svg) {
  if (svg.extension() != ".svg") {
    return core::badInput("plot.name", "a plot is an SVG file", svg.string(), {"name it *.svg"});
  }
  const fs::path folder = svg.has_parent_path() ? svg.parent_path() : fs::path(".");
  const std::string stem = svg.stem().string();
  std::string numbers = "# epoch, training, validation, learning rate\n";
  const encoders::EpochReport* best = nullptr;
  for (const encoders::EpochReport& epoch : epochs) {
    numbers += fmt::format("{} {:.9g} {:.9g} {:.9g}\n", epoch.epoch, epoch.trainLoss,
                           epoch.validationLoss, epoch.learningRate);
    if (epoch.best) best = &epoch;
  }
  const bool positive = std::ranges::all_of(epochs, [](const encoders::EpochReport& epoch) {
    return epoch.trainLoss > 0 && epoch.validationLoss > 0;
  });
  const std::string data = plotText(stem + ".dat");
  std::string script = fmt::format(
      "set terminal svg size 760,460 font \"sans,13\" background \"white\"\n"
      "set output {}\nset title {} noenhanced\nset xlabel \"epoch\"\nset ylabel \"loss\"\n"
      "set grid\n{}"
      "plot {} using 1:2 with lines linewidth 2 linecolor \"#1b6ca8\" title \"training\", \\\n"
      "     {} using 1:3 with lines linewidth 2 linecolor \"#d1495b\" title \"validation\"",
      plotText(stem + ".svg.tmp"), plotText(title), positive ? "set logscale y\n" : "", data, data);
  if (best != nullptr) {
    script += fmt::format(
        ", \\\n     \"<echo '{} {:.9g}'\" using 1:2 with points pointtype 7 "
        "linecolor \"#d1495b\" title \"best\"",
        best->epoch, best->validationLoss);
  }
  if (auto done = core::writeFile(folder / (stem + ".dat"), numbers); !done) return done;
  if (auto done = core::writeFile(folder / (stem + ".gp"), script + "\n"); !done) return done;
  return drawPlot(folder, stem);
}

}  // namespace aegen::flows
