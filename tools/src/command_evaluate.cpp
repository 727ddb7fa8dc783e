// aegen evaluate: what a model makes of events, against sending the module sum alone, principal
// components and the ECON-T's other encoders.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "aegen/encoders/evaluation.hpp"
#include "aegen/encoders/freeze.hpp"
#include "aegen/encoders/principal_components.hpp"
#include "aegen/flows/algorithm_evaluation.hpp"
#include "cli.hpp"
#include "event_choice.hpp"

namespace aegen::tools {
namespace {

using ordered = nlohmann::ordered_json;

struct Arguments {
  std::string model;
  EventChoice events;
  int etx = 0;  // 0: the model's
  std::string fit;
  std::vector<std::string> beside;
  std::int64_t threshold = flows::kUsualThreshold;
  std::string json;
};

// Something else on the same events.
struct Rival {
  std::string name;
  std::optional<double> stringBits;  ///< a crossing; none of what no link carries
  std::uint64_t lost = 0;            ///< events of which no pattern came back
  encoders::MetricsAccumulator metrics;
};

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

ordered toJson(const encoders::MetricsAccumulator& metrics) {
  ordered bins = ordered::array();
  for (const encoders::MetricsSummary& bin : metrics.byOccupancy()) bins.push_back(toJson(bin));
  return {{"overall", toJson(metrics.overall())}, {"by_occupancy", bins}};
}

void printRow(const encoders::MetricsSummary& codec, const encoders::MetricsSummary& sum) {
  fmt::print("{:<8} {:>8} {:>9.3f} {:>9.3f} {:>9.3f} {:>11.3f} {:>11.5f} {:>11.5f} {:>9.3f}\n",
             codec.bin.name(), codec.events, codec.emd.mean, codec.emd.median, codec.emd.p90,
             sum.emd.mean, codec.telescope.mean, sum.telescope.mean, codec.responseMean);
}

// Principal components of as many values as the model has latents, and as many as the ECON-T.
core::Result<void> addComponents(const Arguments& arguments, const data::EventTable& table,
                                 std::size_t latents, std::vector<Rival>& rivals) {
  if (arguments.fit.empty()) return {};
  const auto fitEvents = data::readEvents(arguments.fit, inputOf(arguments.events.density));
  if (!fitEvents) return fitEvents.error();
  const auto fit = encoders::PrincipalComponents::fit(fitEvents->events);
  if (!fit) return fit.error();
  const int own = static_cast<int>(std::min<std::size_t>(latents, data::kTriggerCells));
  std::vector<int> counts{encoders::econ_t::kLatents};
  if (own != counts.front()) counts.push_back(own);
  for (const int count : counts) {
    rivals.push_back(
        {.name = fmt::format("PCA, {} real values", count),
         .metrics = encoders::measure(table.events, fit->reconstruct(table.events, count))});
  }
  return {};
}

core::Result<void> addAlgorithms(const Arguments& arguments, const data::EventTable& table, int etx,
                                 std::vector<Rival>& rivals) {
  std::vector<encoders::econ_t::Algorithm> algorithms;
  for (const std::string& name : arguments.beside) {
    algorithms.push_back(*encoders::econ_t::parseAlgorithm(name));
  }
  auto results = flows::evaluateAlgorithms(table.events, algorithms, etx, arguments.threshold);
  if (!results) return results.error();
  for (flows::AlgorithmEvaluation& result : *results) {
    rivals.push_back(
        {result.variant.name, result.stringBits, result.lost, std::move(result.metrics)});
  }
  return {};
}

void print(const std::vector<Rival>& rivals) {
  if (rivals.empty()) return;
  fmt::print("\n{:<28} {:>7} {:>9} {:>9} {:>9} {:>11} {:>9} {:>7}\n", "beside it", "bits", "EMD",
             "median", "p90", "telescope", "response", "lost");
  for (const Rival& rival : rivals) {
    const encoders::MetricsSummary all = rival.metrics.overall();
    fmt::print("{:<28} {:>7} {:>9.3f} {:>9.3f} {:>9.3f} {:>11.5f} {:>9.3f} {:>7}\n", rival.name,
               rival.stringBits ? fmt::format("{:.1f}", *rival.stringBits) : "", all.emd.mean,
               all.emd.median, all.emd.p90, all.telescope.mean, all.responseMean, rival.lost);
  }
}

ordered toJson(const std::vector<Rival>& rivals) {
  ordered out = ordered::array();
  for (const Rival& rival : rivals) {
    ordered row{{"name", rival.name}};
    if (rival.stringBits) row["string_bits"] = *rival.stringBits;
    row["lost"] = rival.lost;
    row.update(toJson(rival.metrics));
    out.push_back(std::move(row));
  }
  return out;
}

int run(const Arguments& arguments) {
  auto codec = encoders::loadCodec(arguments.model);
  if (!codec) return fail(codec.error());
  if (arguments.etx != 0 && arguments.etx != codec->link.activeEtx) {
    codec->link = encoders::fittingLayout(
        arguments.etx, encoders::econ_t::withLatents({}, codec->encoder.output()));
  }
  const auto chosen = chosenEvents(arguments.events);
  if (!chosen) return fail(chosen.error());
  const data::EventTable& table = chosen->table;
  const std::string& source = chosen->source;
  const auto result = encoders::evaluate(*codec, table.events, table.columns);
  if (!result) return fail(result.error());
  std::vector<Rival> rivals;
  if (const auto good = addComponents(arguments, table, result->latents.latents(), rivals); !good) {
    return fail(good.error());
  }
  if (const auto good = addAlgorithms(arguments, table, codec->link.activeEtx, rivals); !good) {
    return fail(good.error());
  }
  const double efficiency = result->latents.encodingEfficiency(result->bitsSent);
  if (arguments.json != "-") {
    fmt::print("{} on {}: {} latent bits a crossing on {} eTX, encoding efficiency {:.3f}\n",
               arguments.model, source, result->bitsSent, codec->link.activeEtx, efficiency);
    fmt::print("{:<8} {:>8} {:>9} {:>9} {:>9} {:>11} {:>11} {:>11} {:>9}\n", "TCs", "events", "EMD",
               "median", "p90", "EMD, sum", "telescope", "tel., sum", "response");
    const auto bins = result->codec.byOccupancy();
    const auto sums = result->moduleSum.byOccupancy();
    for (std::size_t i = 0; i < bins.size(); ++i) printRow(bins[i], sums[i]);
    printRow(result->codec.overall(), result->moduleSum.overall());
    print(rivals);
  }
  ordered summary{{"model", arguments.model},
                  {"events", source},
                  {"active_etx", codec->link.activeEtx},
                  {"latent_bits", result->bitsSent},
                  {"encoding_efficiency", efficiency},
                  {"codec", toJson(result->codec)},
                  {"module_sum_alone", toJson(result->moduleSum)}};
  if (!rivals.empty()) summary["beside"] = toJson(rivals);
  return writeJson(arguments.json, summary.dump(2) + "\n");
}

}  // namespace

void addEvaluateCommand(CLI::App& app, int& exitCode) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "evaluate", "EMD, telescope MSE and response of a model, beside the module sum alone");
  command->add_option("MODEL", arguments->model, "Model file (docs/model_file.md)")->required();
  addEventOptions(*command, arguments->events,
                  "; columns named as given conditions of the model are their values");
  command
      ->add_option("--etx", arguments->etx,
                   "Links: the model's mask where it is made for so many, else as many leading "
                   "bits of every latent as they carry; default: the model's")
      ->check(CLI::Range(1, 13));
  command->add_option("--fit", arguments->fit,
                      "Events to fit principal components to, those of the training: adds as many "
                      "real values as the model has latents, and 16");
  command
      ->add_option("--beside", arguments->beside,
                   "Other encoders on the same charges and number of links (repeatable): "
                   "threshold_sum, super_trigger_cell, best_choice, repeater; from the charges "
                   "themselves, without the front end's codes")
      ->allow_extra_args(false)
      ->delimiter(',')
      ->check(CLI::IsMember(std::vector<std::string>{"threshold_sum", "super_trigger_cell",
                                                     "best_choice", "repeater"}));
  command->add_option("--threshold", arguments->threshold, "Of threshold sum, in charge units")
      ->check(CLI::Range(std::int64_t{0}, data::kMaxCharge))
      ->capture_default_str();
  command->add_option("--json", arguments->json, "Write the figures as JSON; - is standard output");
  command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

}  // namespace aegen::tools
