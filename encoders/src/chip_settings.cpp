// The chip's settings as fields of the register file and as values of them.

#include "chip_settings.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "aegen/encoders/trigger_encoders.hpp"
#include "econ_t_path.hpp"
#include "path_formats.hpp"

namespace aegen::encoders::econ_t {
namespace {

constexpr int kThresholdBits = 9;  // of the buffer's thresholds

}  // namespace

Held::Held(const std::vector<Algorithm>& encoders) {
  for (const Algorithm algorithm : encoders) at_[static_cast<std::size_t>(algorithm)] = true;
}

ChipSettings ChipSettings::neutral(const PathShape& shape) {
  ChipSettings out;
  const auto n = static_cast<std::size_t>(shape.channels);
  out.mux.resize(n);
  std::iota(out.mux.begin(), out.mux.end(), 0);
  out.calibration.assign(n, 2048);
  out.threshold.assign(n, 0);
  out.keep.assign(static_cast<std::size_t>(shape.patternBits()), true);
  // A crossing must be truncated before the buffer is full.
  out.t1 = std::min(out.t1, shape.bufferWords);
  out.t2 = std::min(out.t2, shape.bufferWords);
  return out;
}

data::InputSettings inputSettings(const ChipSettings& settings) {
  data::InputSettings out;
  assert(settings.mux.size() == out.mux.size());
  std::ranges::copy(settings.mux, out.mux.begin());
  std::ranges::copy(settings.calibration, out.calibration.begin());
  out.highDensity = settings.highDensity;
  return out;
}

std::vector<std::string> contradictions(const ChipSettings& settings, const PathShape& shape) {
  std::vector<std::string> out;
  if (settings.activeEtx > shape.etx) {
    out.push_back("active_etx is " + std::to_string(settings.activeEtx) + ", the chip has " +
                  std::to_string(shape.etx) + " eTX");
  }
  if (settings.algorithm == Algorithm::SuperTriggerCell) {
    const auto types = static_cast<int>(shape.stc.size());
    if (settings.stcType >= types) {
      out.push_back("stc_type is " + std::to_string(settings.stcType) + ", there are 0.." +
                    std::to_string(types - 1));
    } else if (const int most = stcMostEtx(shape, settings.stcType); settings.activeEtx > most) {
      out.push_back("super trigger cells of type " + std::to_string(settings.stcType) +
                    " send nothing with " + std::to_string(settings.activeEtx) +
                    " eTX: all groups fit in " + std::to_string(most));
    }
  }
  return out;
}

std::vector<std::int64_t> maskValues(const std::vector<bool>& keep) {
  std::vector<std::int64_t> words((keep.size() + kMaskWord - 1) / kMaskWord, 0);
  for (std::size_t bit = 0; bit < keep.size(); ++bit) {
    const bool kept = keep[keep.size() - 1 - bit];
    words[bit / kMaskWord] |= std::int64_t{kept} << bit % kMaskWord;
  }
  return words;
}

std::vector<core::ConfigField> settingFields(const ChipSettings& settings,
                                             const ChipOptions& options) {
  const PathShape& shape = options.shape;
  const std::vector<Algorithm>& encoders = options.encoders;
  const core::ConfigValues values = configValues(settings, options);
  std::vector<core::ConfigField> out;
  const auto field = [&](const char* name, int width, const std::string& comment) {
    const auto found = values.find(name);
    if (found == values.end()) return;
    const auto count = static_cast<std::uint32_t>(found->second.size());
    out.push_back({name, bits(width), count, found->second, comment});
  };
  std::string choices;
  for (const Algorithm algorithm : kAlgorithms) {
    if (std::ranges::find(encoders, algorithm) == encoders.end()) continue;
    choices += std::to_string(static_cast<int>(algorithm)) + " " + std::string(text(algorithm));
    choices += ", ";
  }
  field("algorithm", kAlgorithmBits, choices + "else nothing is sent");
  field("mux", shape.addressBits(), "input trigger cell of each channel");
  field("calibration", kCalibration, "factor of each channel, 2048 = 1.0");
  field("high_density", 1, "1: codes drop 3 bits, 0: 1 bit");
  field("drop_lsb", kDropBits, "lowest bits of a charge that are dropped, 0..4; more acts as 0");
  field("threshold", kChargeBits, "smallest calibrated charge of each channel that is sent");
  field("use_sum", 1, "1: the module sum is of all cells, 0: of those not sent");
  field("stc_type", stcTypeBits(shape), "kind of super trigger cells");
  field("ae_mask", kMaskWord, "latent bits that are sent; bit 0 of word 0: lowest bit of latent 0");
  field("sync_word", kSyncBits, "low bits of a threshold-sum fill word");
  field("active_etx", kEtxBits, "eTX in use, 1.." + std::to_string(shape.etx));
  field("overflow_t1", kThresholdBits,
        "words waiting and coming above which a crossing is truncated");
  field("overflow_t2", kThresholdBits, "words waiting above which a short crossing is truncated");
  field("overflow_t3", kThresholdBits, "words of a short crossing, at most");
  return out;
}

core::ConfigValues configValues(const ChipSettings& settings,
                                const std::vector<Algorithm>& encoders, bool maskLoadable) {
  const Held held(encoders);
  core::ConfigValues out{
      {"mux", {settings.mux.begin(), settings.mux.end()}},
      {"calibration", {settings.calibration.begin(), settings.calibration.end()}},
      {"high_density", {settings.highDensity ? 1 : 0}},
      {"active_etx", {settings.activeEtx}},
      {"overflow_t1", {settings.t1}},
      {"overflow_t2", {settings.t2}},
      {"overflow_t3", {settings.t3}}};
  if (encoders.size() > 1) out["algorithm"] = {static_cast<std::int64_t>(settings.algorithm)};
  if (held.cells() || held(Algorithm::SuperTriggerCell)) out["drop_lsb"] = {settings.dropLsb};
  if (held(Algorithm::ThresholdSum)) {
    out["threshold"] = settings.threshold;
    out["sync_word"] = {settings.syncWord};
  }
  if (held(Algorithm::ThresholdSum) || held(Algorithm::BestChoice)) {
    out["use_sum"] = {settings.useSum ? 1 : 0};
  }
  if (held(Algorithm::SuperTriggerCell)) out["stc_type"] = {settings.stcType};
  if (held(Algorithm::Autoencoder) && maskLoadable) out["ae_mask"] = maskValues(settings.keep);
  return out;
}

core::ConfigValues configValues(const ChipSettings& settings, const ChipOptions& options) {
  core::ConfigValues out = configValues(settings, options.encoders, options.maskLoadable);
  if (options.frontEnd) return out;
  for (const char* field : {"mux", "calibration", "high_density"}) out.erase(field);
  return out;
}

}  // namespace aegen::encoders::econ_t
