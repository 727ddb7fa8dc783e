#include "aegen/flows/algorithm_evaluation.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/workers.hpp"
#include "chip_inputs.hpp"
#include "compare_board.hpp"
#include "compare_variants.hpp"

namespace aegen::flows {
namespace {

namespace econ_t = encoders::econ_t;
using core::Result;
using econ_t::Algorithm;

// A chip of one encoder behind the front end.
Result<DesignBundle> bundleOf(Algorithm algorithm, int etx, std::int64_t threshold) {
  DesignSpec spec;
  spec.name = std::string(econ_t::text(algorithm));
  spec.chip.name = spec.name;
  spec.chip.encoders = {algorithm};
  spec.chip.frontEnd = false;
  spec.settings = econ_t::ChipSettings::neutral(spec.chip.shape);
  spec.settings.algorithm = algorithm;
  spec.settings.activeEtx = etx;
  std::ranges::fill(spec.settings.threshold, threshold);
  if (algorithm == Algorithm::SuperTriggerCell) {
    // Reset values have to be ones that send; each run sets its own type.
    while (!sends(spec.chip.shape, algorithm, spec.settings.stcType, etx)) ++spec.settings.stcType;
  }
  return buildDesign(spec);
}

bool sendsAnything(Algorithm algorithm, int etx) {
  const econ_t::PathShape shape;
  const int kinds =
      algorithm == Algorithm::SuperTriggerCell ? static_cast<int>(shape.stc.size()) : 1;
  for (int kind = 0; kind < kinds; ++kind) {
    if (sends(shape, algorithm, kind, etx)) return true;
  }
  return false;
}

// Words of a chip that gets the events' charges, and what its strings have of bits.
struct Sent {
  core::Columns tx;
  double stringBits = 0;
};

Result<Sent> run(const DesignBundle& bundle, const econ_t::ChipSettings& settings,
                 std::span<const data::Event> events) {
  core::DesignInterpreter chip(bundle.chip,
                               {.keep = std::vector<std::string>{"count"}, .threads = 0});
  chip.configure(econ_t::configValues(settings, bundle.spec.chip));
  const auto input = chargeInputs(events, placesOf(settings.algorithm));
  auto tx = chip.run(input);
  if (!tx) return tx.error();
  return Sent{std::move(*tx), meanStringBits(chip.signal("count"), events.size())};
}

}  // namespace

Result<std::vector<AlgorithmEvaluation>> evaluateAlgorithms(
    std::span<const data::Event> events, const std::vector<Algorithm>& algorithms, int etx,
    std::int64_t threshold) {
  std::vector<DesignBundle> bundles;
  for (const Algorithm algorithm : algorithms) {
    if (algorithm == Algorithm::Autoencoder) {
      return core::badInput("evaluate.algorithm", "an autoencoder is evaluated by its model");
    }
    if (!sendsAnything(algorithm, etx)) continue;
    auto bundle = bundleOf(algorithm, etx, threshold);
    if (!bundle) return bundle.error();
    bundles.push_back(std::move(*bundle));
  }
  std::vector<AlgorithmEvaluation> out;
  std::vector<BoardLink> links;
  std::map<std::pair<Algorithm, int>, Sent> sent;
  for (const DesignBundle& bundle : bundles) {
    for (const CompareVariant& variant : variantsOf(bundle.spec)) {
      if (!sends(bundle.spec.chip.shape, variant.algorithm, variant.stcType, etx)) continue;
      const auto settings = settingsFor(bundle, variant, etx);
      const std::pair key(variant.algorithm, variant.stcType);
      if (!sent.contains(key)) {
        auto words = run(bundle, settings, events);
        if (!words) return words.error();
        sent.emplace(key, std::move(*words));
      }
      links.push_back({&bundle, &sent.at(key).tx, settings, variant.spread});
      out.push_back({.variant = variant, .stringBits = sent.at(key).stringBits, .metrics = {}});
    }
  }
  const auto received = runBoardModel(links);
  if (!received) return received.error();
  core::Workers workers(0);
  workers.run([&](unsigned worker) {
    for (std::size_t i = worker; i < out.size(); i += workers.count()) {
      BoardAccount account = accountOf(events, (*received)[i], placesOf(out[i].variant.algorithm));
      out[i].lost = account.lost;
      out[i].truncated = account.truncated;
      out[i].metrics = std::move(account.metrics);
    }
  });
  return out;
}

}  // namespace aegen::flows
