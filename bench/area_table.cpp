// The table of docs/area.md: every design through the same flow, figures as JSON, the page made
// from them. Rows that are not asked for keep what the JSON holds of them; interrupted or repeated
// it goes on where it stopped.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "aegen/core/files.hpp"
#include "aegen/flows/liberty.hpp"
#include "area_page.hpp"
#include "area_rows.hpp"
#include "measure.hpp"

namespace aegen::bench {
namespace {

namespace fs = std::filesystem;

struct TableSettings {
  AreaRun run;
  fs::path json = fs::path(AEGEN_SOURCE_DIR) / "bench/results/area.json";
  fs::path page = fs::path(AEGEN_SOURCE_DIR) / "docs/area.md";
  std::vector<std::string> rows;
  int orders = 5;
  std::uint64_t seed = 1;
  bool list = false;
};

bool asked(const TableSettings& settings, const std::string& id) {
  return settings.rows.empty() || std::ranges::any_of(settings.rows, [&](const std::string& part) {
           return id.find(part) != std::string::npos;
         });
}

template <typename T>
ordered measured(const std::optional<T>& value) {
  return value ? ordered(*value) : ordered("not measured");
}

ordered toJson(const AreaRow& row, const AreaFigures& figures) {
  ordered out{{"id", row.id}, {"title", row.title}, {"group", row.group}};
  if (!figures.problem.empty()) out["problem"] = figures.problem;
  const ordered rest{{"digest", figures.digest},
                     {"revision", figures.revision},
                     {"library", figures.library},
                     {"yosys", figures.tool},
                     {"area_um2", measured(figures.area)},
                     {"nand2", measured(figures.nand2)},
                     {"flip_flops", measured(figures.flipFlops)},
                     {"depth_cells", measured(figures.depth)},
                     {"clock_mhz", measured(figures.clockMhz)},
                     {"energy_pj", measured(figures.energyPj)},
                     {"synthesis_s", measured(figures.seconds)},
                     {"estimated_area_um2", measured(figures.estimate)},
                     {"estimated_depth_cells", measured(figures.estimateDepth)},
                     {"estimate_s", measured(figures.estimateSeconds)}};
  out.update(rest);
  return out;
}

// What an earlier run left, or what there is without any.
ordered storedIn(const fs::path& file) {
  const auto text = core::readFile(file);
  auto stored = text ? ordered::parse(*text, nullptr, false) : ordered();
  if (!stored.is_object() || !stored.contains("rows")) stored = {{"rows", ordered::array()}};
  return stored;
}

ordered storedRow(const ordered& stored, const AreaRow& row) {
  for (const ordered& entry : stored["rows"]) {
    if (entry["id"] == row.id) {
      ordered kept = entry;
      kept["title"] = row.title;
      kept["group"] = row.group;
      return kept;
    }
  }
  AreaFigures none;
  none.problem = kNotRun;
  return toJson(row, none);
}

int run(const TableSettings& settings) {
  const std::vector<AreaRow> rows = areaRows();
  if (settings.list) {
    for (const AreaRow& row : rows) fmt::print("{:<32} {}\n", row.id, row.title);
    return 0;
  }
  const ordered stored = storedIn(settings.json);
  Settings common;
  common.seed = settings.seed;
  ordered out = header("area", common, {{"yosys", "-V"}});
  const auto library = orDie(flows::loadLiberty(settings.run.liberty));
  out["library"] = library.name();
  out["nand2_area_um2"] = library.nand2().area;
  out["noise"] = stored.value("noise", ordered("not measured"));
  out["rows"] = ordered::array();
  for (const AreaRow& row : rows) out["rows"].push_back(storedRow(stored, row));
  // Written after every row: an interrupted run loses nothing.
  const auto save = [&] {
    orDie(core::writeFile(settings.json, out.dump(1) + "\n"));
    orDie(core::writeFile(settings.page, areaPage(out)));
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!asked(settings, rows[i].id)) continue;
    AreaFigures figures = measureRow(rows[i], settings.run);
    figures.revision = out["revision"].get<std::string>();
    out["rows"][i] = toJson(rows[i], figures);
    save();
    fmt::print("{:<32} {}\n", rows[i].id,
               figures.area ? fmt::format("{:.0f} um2, {:.0f} s", *figures.area, *figures.seconds)
                            : figures.problem);
    std::fflush(stdout);
  }
  if (settings.orders > 0 && asked(settings, "noise")) {
    const AreaNoise noise = measureNoise(settings.run, settings.orders, settings.seed);
    out["noise"] = {{"design", noise.design},
                    {"orders", noise.orders},
                    {"area_spread", noise.spread},
                    {"depth_spread", noise.depthSpread}};
    fmt::print("noise of {} orders: {:.2f} % of area\n", noise.orders, 100 * noise.spread);
  }
  save();
  return 0;
}

}  // namespace
}  // namespace aegen::bench

int main(int argc, char** argv) {
  using namespace aegen::bench;
  TableSettings settings;
  settings.run.liberty = std::string(aegen::flows::kDefaultLiberty);
  settings.run.work = "work_area";
  CLI::App app("Synthesises every design of docs/area.md and writes the page");
  app.add_option("--liberty", settings.run.liberty, "Cell library")->capture_default_str();
  app.add_option("--work", settings.run.work, "A folder a row")->capture_default_str();
  app.add_option("--json", settings.json, "Figures")->capture_default_str();
  app.add_option("--page", settings.page, "The page made from them")->capture_default_str();
  app.add_option("--rows", settings.rows,
                 "Only rows whose id holds one of these; 'noise' is the shuffled design")
      ->delimiter(',');
  app.add_option("--orders", settings.orders, "Orders of statements for the noise; 0: none")
      ->capture_default_str();
  app.add_option("--seed", settings.seed, "Of the orders")->capture_default_str();
  app.add_option("-j,--jobs", settings.run.jobs, "Yosys processes at a time")
      ->capture_default_str();
  app.add_flag("--list", settings.list, "Say which rows there are");
  CLI11_PARSE(app, argc, argv);
  settings.run.work = std::filesystem::absolute(settings.run.work);
  return run(settings);
}
