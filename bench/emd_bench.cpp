// Times the exact earth mover's distance against a general LP solver and a network simplex, each on
// the same pairs of patterns, on one thread.

#include <fmt/format.h>
#include <glpk.h>
#include <lemon/config.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "aegen/core/files.hpp"
#include "aegen/data/shower_generator.hpp"
#include "aegen/encoders/codec.hpp"
#include "aegen/encoders/emd.hpp"
#include "aegen/encoders/evaluation.hpp"
#include "emd_oracle.hpp"
#include "measure.hpp"

namespace {

using namespace aegen;
using namespace aegen::bench;
using encoders::ChargeArray;

// What the distance may differ by from either solver's.
constexpr double kTolerance = 1e-9;

struct EmdSettings : Settings {
  std::filesystem::path model =
      std::filesystem::path(AEGEN_SOURCE_DIR) / "examples/econ_t_autoencoder/model.json";
  std::filesystem::path events;
  std::size_t pairs = 2000;
};

struct Pair {
  ChargeArray a{};
  ChargeArray b{};
};

// Both scaled to unit sum; pairs with an empty side have no distance and are left out.
void addPair(std::vector<Pair>& pairs, const ChargeArray& a, const ChargeArray& b) {
  Pair pair{a, b};
  for (ChargeArray* side : {&pair.a, &pair.b}) {
    double sum = 0;
    for (const double charge : *side) sum += charge;
    if (!(sum > 0)) return;
    for (double& charge : *side) charge /= sum;
  }
  pairs.push_back(pair);
}

ChargeArray chargesOf(const data::Event& event) {
  ChargeArray charges{};
  std::ranges::transform(event.charge, charges.begin(),
                         [](std::int64_t charge) { return static_cast<double>(charge); });
  return charges;
}

std::vector<Pair> neighboursOf(const std::vector<data::Event>& events) {
  std::vector<Pair> pairs;
  for (std::size_t e = 0; e + 1 < events.size(); ++e) {
    addPair(pairs, chargesOf(events[e]), chargesOf(events[e + 1]));
  }
  return pairs;
}

std::vector<Pair> reconstructionsOf(const encoders::Codec& codec,
                                    const std::vector<data::Event>& events) {
  const auto board = orDie(encoders::reconstruct(codec, events));
  std::vector<Pair> pairs;
  for (std::size_t e = 0; e < events.size(); ++e) {
    addPair(pairs, chargesOf(events[e]), board.charges[e]);
  }
  return pairs;
}

// What is left of a pair when mass that both sides have in a cell stays there. The distance is that
// of the rest times `moved`.
struct Rest {
  Pair pair;
  double moved = 0;
};

Rest restOf(const Pair& pair) {
  Rest rest;
  for (std::size_t c = 0; c < pair.a.size(); ++c) {
    rest.pair.a[c] = std::max(pair.a[c] - pair.b[c], 0.0);
    rest.pair.b[c] = std::max(pair.b[c] - pair.a[c], 0.0);
    rest.moved += rest.pair.a[c];
  }
  return rest;
}

// The transportation problem as a linear program: a row for each filled cell of either side, a
// column for each way between two of them. Of masses that sum to less than 1, the work they need.
double glpkEmd(const ChargeArray& a, const ChargeArray& b) {
  glp_prob* const program = glp_create_prob();
  glp_set_obj_dir(program, GLP_MIN);
  std::array<int, data::kTriggerCells> rowOfB{};
  const auto addRow = [&](double mass) {
    const int row = glp_add_rows(program, 1);
    glp_set_row_bnds(program, row, GLP_FX, mass, mass);
    return row;
  };
  for (std::size_t j = 0; j < b.size(); ++j) {
    if (b[j] > 0) rowOfB[j] = addRow(b[j]);
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(a[i] > 0)) continue;
    const int row = addRow(a[i]);
    for (std::size_t j = 0; j < b.size(); ++j) {
      if (!(b[j] > 0)) continue;
      const int column = glp_add_cols(program, 1);
      glp_set_col_bnds(program, column, GLP_LO, 0, 0);
      glp_set_obj_coef(program, column, data::emdDistances()[i][j]);
      const std::array<int, 3> rows = {0, row, rowOfB[j]};
      constexpr std::array<double, 3> kOnes = {0, 1, 1};
      glp_set_mat_col(program, column, 2, rows.data(), kOnes.data());
    }
  }
  glp_smcp parameters;
  glp_init_smcp(&parameters);
  parameters.msg_lev = GLP_MSG_OFF;
  glp_simplex(program, &parameters);
  const double work = glp_get_status(program) == GLP_OPT ? glp_get_obj_val(program) : std::nan("");
  glp_delete_prob(program);
  return work;
}

class EmdBench {
 public:
  explicit EmdBench(const EmdSettings& settings) : settings_(settings) {}

  ordered run() {
    ordered out = header("emd", settings_, {{"c++", "--version"}});
    out["glpk"] = glp_version();
    out["lemon"] = LEMON_VERSION;
    out["unit"] = "events a processor second on one thread; ratios of medians of interleaved runs";
    const auto codec = orDie(encoders::loadCodec(settings_.model));
    out["samples"] = ordered::array();
    const auto sample = [&](const std::string& name, const std::vector<Pair>& pairs) {
      out["samples"].push_back(row(name, pairs));
      fmt::print("{}\n", out["samples"].back().dump());
      std::fflush(stdout);
    };
    const auto source = [&](const std::string& name, std::vector<data::Event> events) {
      events.resize(std::min(events.size(), settings_.pairs));
      sample(name + ", event and next event", neighboursOf(events));
      sample(name + ", event and reconstruction", reconstructionsOf(codec, events));
    };
    source("generator, sparse",
           data::ShowerGenerator(data::sparse(), settings_.seed).generate(settings_.pairs));
    source("generator, dense",
           data::ShowerGenerator(data::dense(), settings_.seed).generate(settings_.pairs));
    if (!settings_.events.empty()) {
      source(settings_.events.stem().string(), orDie(data::readCalqCsv(settings_.events)));
    }
    return out;
  }

 private:
  using Solver = std::function<double(const Pair&)>;

  // Each solver once a round, so that what else the machine does hits all alike.
  ordered row(const std::string& name, const std::vector<Pair>& pairs) const {
    const std::vector<std::pair<std::string, Solver>> solvers = {
        {"aegen", [](const Pair& p) { return *encoders::earthMoversDistance(p.a, p.b); }},
        {"aegen_with_potential",
         [](const Pair& p) { return encoders::earthMoversDual(p.a, p.b)->distance; }},
        {"lemon", [](const Pair& p) { return test::lemonEmd(p.a, p.b, data::emdDistances()); }},
        {"lemon_common_mass_cancelled",
         [](const Pair& p) {
           const Rest rest = restOf(p);
           if (!(rest.moved > 0)) return 0.0;
           return rest.moved * test::lemonEmd(rest.pair.a, rest.pair.b, data::emdDistances());
         }},
        {"glpk", [](const Pair& p) { return glpkEmd(p.a, p.b); }},
        {"glpk_common_mass_cancelled", [](const Pair& p) {
           const Rest rest = restOf(p);
           return rest.moved > 0 ? glpkEmd(rest.pair.a, rest.pair.b) : 0.0;
         }}};
    std::vector<std::vector<double>> rates(solvers.size());
    std::vector<std::vector<double>> distances(solvers.size(), std::vector<double>(pairs.size()));
    for (int round = 0; round < settings_.repeats; ++round) {
      for (std::size_t s = 0; s < solvers.size(); ++s) {
        const double before = processorSeconds();
        for (std::size_t k = 0; k < pairs.size(); ++k) {
          distances[s][k] = solvers[s].second(pairs[k]);
        }
        rates[s].push_back(static_cast<double>(pairs.size()) / (processorSeconds() - before));
      }
    }
    ordered out{{"sample", name}, {"pairs", pairs.size()}, {"correct", true}};
    double mean = 0;
    for (const double distance : distances[0]) mean += distance;
    out["mean_emd"] = mean / static_cast<double>(pairs.size());
    out["aegen_microseconds"] = 1e6 / median(rates[0]);
    for (std::size_t s = 0; s < solvers.size(); ++s) {
      ordered& entry = out["solvers"][solvers[s].first];
      entry["events_per_second"] = spread(rates[s]);
      if (s == 0) continue;
      entry["aegen_is_faster_by"] = median(rates[0]) / median(rates[s]);
      double difference = 0;
      for (std::size_t k = 0; k < pairs.size(); ++k) {
        const double apart = std::abs(distances[s][k] - distances[0][k]);
        if (!(apart <= difference)) difference = apart;
      }
      entry["largest_difference"] = difference;
      if (!(difference <= kTolerance)) out["correct"] = false;
    }
    return out;
  }

  const EmdSettings& settings_;
};

}  // namespace

int main(int argc, char** argv) {
  EmdSettings settings;
  CLI::App app("Times the exact EMD against a general LP solver and a network simplex");
  addRunOptions(app, settings);
  app.add_option("--model", settings.model, "The codec whose reconstructions are compared")
      ->capture_default_str();
  app.add_option("--events", settings.events, "CSV of calibrated charges: two samples more");
  app.add_option("--pairs", settings.pairs, "Of patterns, each sample at most")
      ->capture_default_str()
      ->check(CLI::Range(10, 1'000'000));
  CLI11_PARSE(app, argc, argv);
  const ordered results = EmdBench(settings).run();
  if (!settings.json.empty()) orDie(core::writeFile(settings.json, results.dump(2) + "\n"));
  const auto& samples = results["samples"];
  return std::ranges::all_of(samples, [](const auto& row) { return row["correct"]; }) ? 0 : 1;
}
