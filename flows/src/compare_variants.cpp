#include "compare_variants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "aegen/encoders/freeze.hpp"
#include "aegen/encoders/trigger_encoders.hpp"
#include "aegen/rtl_gen/register_map.hpp"

namespace aegen::flows {
namespace {

namespace econ_t = encoders::econ_t;
using econ_t::Algorithm;
using econ_t::Spread;

std::string nameOf(Algorithm algorithm, const econ_t::StcType& type, int number, Spread spread) {
  const bool shared = spread == Spread::Shared;
  switch (algorithm) {
    case Algorithm::ThresholdSum:
      return shared ? "threshold sum, rest shared" : "threshold sum";
    case Algorithm::SuperTriggerCell:
      return fmt::format("STC{} type {}{}", type.cells, number,
                         shared ? ", equal shares" : ", at the largest");
    case Algorithm::BestChoice:
      return shared ? "best choice, rest shared" : "best choice";
    case Algorithm::Repeater:
      return "repeater";
    case Algorithm::Autoencoder:
      return "autoencoder";
  }
  return {};
}

// The design's own mask for its own number of links or where it is hard-wired, else the leading
// bits that fit.
std::vector<bool> maskFor(const DesignSpec& spec, int etx) {
  const bool own = spec.settings.activeEtx == etx || !spec.chip.maskLoadable;
  return own ? spec.settings.keep : encoders::fittingLayout(etx, spec.chip.shape).keep;
}

}  // namespace

std::vector<CompareVariant> variantsOf(const DesignSpec& spec) {
  std::vector<CompareVariant> out;
  const auto& types = spec.chip.shape.stc;
  for (const Algorithm algorithm : spec.chip.encoders) {
    const bool groups = algorithm == Algorithm::SuperTriggerCell;
    const int kinds = groups ? static_cast<int>(types.size()) : 1;
    for (int kind = 0; kind < kinds; ++kind) {
      const econ_t::StcType& type = types[static_cast<std::size_t>(kind)];
      const auto add = [&](Spread spread) {
        out.push_back({spec.name, algorithm, kind, spread, nameOf(algorithm, type, kind, spread)});
      };
      const bool spreads =
          groups || algorithm == Algorithm::ThresholdSum || algorithm == Algorithm::BestChoice;
      // Without an address there is no cell to put a group's sum on.
      if (!groups || type.address) add(Spread::Concentrated);
      if (spreads) add(Spread::Shared);
    }
  }
  return out;
}

bool sends(const econ_t::PathShape& shape, Algorithm algorithm, int stcType, int etx) {
  constexpr int kLink = 32;
  switch (algorithm) {
    case Algorithm::ThresholdSum:
    case Algorithm::BestChoice:
    case Algorithm::Autoencoder:
      return true;
    case Algorithm::SuperTriggerCell:
      return econ_t::stcGroups(shape, stcType, etx) > 0;
    case Algorithm::Repeater:
      return econ_t::repeaterBits(shape) <= kLink * etx;
  }
  return false;
}

bool compared(const DesignSpec& spec, const CompareVariant& variant, int etx) {
  const bool ofOneNumber = variant.algorithm == Algorithm::Autoencoder && !spec.chip.maskLoadable;
  return sends(spec.chip.shape, variant.algorithm, variant.stcType, etx) &&
         (!ofOneNumber || etx == spec.settings.activeEtx);
}

econ_t::ChipSettings settingsFor(const DesignBundle& bundle, const CompareVariant& variant,
                                 int etx) {
  econ_t::ChipSettings out = bundle.spec.settings;
  out.algorithm = variant.algorithm;
  out.stcType = variant.stcType;
  out.activeEtx = etx;
  out.keep = maskFor(bundle.spec, etx);
  const std::vector<int> places = placesOf(variant.algorithm);
  const econ_t::ChipSettings& own = bundle.spec.settings;
  for (std::size_t c = 0; c < places.size(); ++c) {
    const auto place = static_cast<std::size_t>(places[c]);
    out.mux[c] = own.mux[place];
    out.calibration[c] = own.calibration[place];
    out.threshold[c] = own.threshold[place];
  }
  return out;
}

std::vector<int> placesOf(Algorithm algorithm) {
  std::vector<int> out(econ_t::kTriggerCells);
  std::iota(out.begin(), out.end(), 0);
  if (algorithm != Algorithm::SuperTriggerCell) return out;
  // Three squares of 4x4 cells on the encoder's grid, in quarters of 2x2.
  constexpr auto kGrid = econ_t::gridChannels();
  out.clear();
  for (const auto& [top, left] : {std::pair{0, 0}, std::pair{0, 4}, std::pair{4, 0}}) {
    for (int quarter = 0; quarter < 4; ++quarter) {
      for (int cell = 0; cell < 4; ++cell) {
        const int row = top + quarter / 2 * 2 + cell / 2;
        const int column = left + quarter % 2 * 2 + cell % 2;
        out.push_back(kGrid[static_cast<std::size_t>(row * econ_t::kGridSide + column)]);
      }
    }
  }
  return out;
}

double encoderArea(const core::Design& chip, const SynthResult& synthesis, Algorithm algorithm,
                   bool severalHeld) {
  // Back from the algorithm's words to the charges.
  std::set<std::string> wanted{severalHeld ? econ_t::shortName(algorithm) + "_words" : "words"};
  double area = 0;
  for (auto block = chip.blocks.rbegin(); block != chip.blocks.rend(); ++block) {
    const auto gives = [&](const core::Wire& wire) { return wanted.contains(wire.signal); };
    if (block->kind != core::BlockKind::Function || std::ranges::none_of(block->outputs, gives)) {
      continue;
    }
    const bool front = std::ranges::any_of(
        block->outputs, [](const core::Wire& wire) { return wire.port == "calq"; });
    const bool header = std::ranges::any_of(
        block->inputs, [](const core::Wire& wire) { return wire.port == "bx"; });
    if (front || header) continue;
    for (const core::Wire& wire : block->inputs) {
      // Threshold sum and best choice share what comes behind the choice of cells, not the choice.
      const bool anothers = block->function == "select_cells" && wire.port.ends_with("_kept") &&
                            wire.port != econ_t::shortName(algorithm) + "_kept";
      if (!anothers) wanted.insert(wire.signal);
    }
    const SynthModule* const module = synthesis.find(block->function);
    if (module != nullptr) area += module->area;
  }
  return area;
}

double registerArea(const rtl_gen::ModuleManifest& manifest, const SynthResult& synthesis,
                    Algorithm algorithm) {
  // Fields that a chip with this encoder has and one with any of the others has not.
  const auto neutral = econ_t::ChipSettings::neutral();
  std::vector<Algorithm> others;
  for (const Algorithm other : econ_t::kAlgorithms) {
    if (other != algorithm) others.push_back(other);
  }
  const auto elsewhere = econ_t::configValues(neutral, others);
  const auto here = econ_t::configValues(neutral, {algorithm});
  const auto anywhere =
      econ_t::configValues(neutral, {econ_t::kAlgorithms.begin(), econ_t::kAlgorithms.end()});
  double area = 0;
  for (const rtl_gen::ManifestRegister& reg : manifest.registers) {
    const bool weight = !anywhere.contains(reg.field);
    const bool own = weight ? algorithm == Algorithm::Autoencoder
                            : here.contains(reg.field) && !elsewhere.contains(reg.field);
    if (!own) continue;
    for (const std::string& bank : rtl_gen::bankModules(reg)) {
      const SynthModule* const module = synthesis.find(bank);
      if (module != nullptr) area += module->area;
    }
  }
  return area;
}

}  // namespace aegen::flows
