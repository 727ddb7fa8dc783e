#include "aegen/encoders/link_decoders.hpp"

#include <algorithm>

#include "chip_settings.hpp"
#include "link_string.hpp"

namespace aegen::encoders::econ_t {
namespace {

constexpr int kMostChannels = 127;  // a module sum times the reciprocal of a count must fit 63 bits
constexpr int kMostEtx = 15;        // active_etx is a u4
constexpr int kMostStcTypes = 4;    // stc_type is a u2
constexpr int kMostAddressed = 63;  // a count of listed cells indexes the ways to read them

core::Result<void> checkShape(Algorithm algorithm, const PathShape& shape) {
  const auto refuse = [](const std::string& what) {
    return core::badInput("decoder.shape", what, "path shape");
  };
  if (shape.channels < 1 || shape.channels > kMostChannels) {
    return refuse("a module has 1.." + std::to_string(kMostChannels) + " channels, not " +
                  std::to_string(shape.channels));
  }
  if (shape.etx < 1 || shape.etx > kMostEtx) {
    return refuse("there are 1.." + std::to_string(kMostEtx) + " eTX, not " +
                  std::to_string(shape.etx));
  }
  if (shape.countBits < 1 || shape.mostListed() > kMostAddressed) {
    return refuse("a count of cells has 1..6 bits, not " + std::to_string(shape.countBits));
  }
  if (algorithm != Algorithm::SuperTriggerCell) return {};
  if (shape.stc.empty() || shape.stc.size() > kMostStcTypes) {
    return refuse("there are 1.." + std::to_string(kMostStcTypes) +
                  " types of super trigger cells, not " + std::to_string(shape.stc.size()));
  }
  for (const StcType& type : shape.stc) {
    const bool power = type.cells >= 1 && (type.cells & (type.cells - 1)) == 0;
    if (!power || shape.channels % type.cells != 0 || (type.address && type.cells < 2)) {
      return refuse("groups of " + std::to_string(type.cells) +
                    " channels are no power of two that divides the channels");
    }
  }
  return {};
}

std::int64_t mostDrop(int dropLsb) {
  return std::clamp(dropLsb, 0, 15);
}

}  // namespace

std::string_view text(StringStatus status) {
  switch (status) {
    case StringStatus::Good:
      return "good";
    case StringStatus::TruncatedFull:
      return "truncated_full";
    case StringStatus::TruncatedLate:
      return "truncated_late";
    case StringStatus::BadType:
      return "bad_type";
    case StringStatus::BadCount:
      return "bad_count";
    case StringStatus::BadAddress:
      return "bad_address";
    case StringStatus::BadPadding:
      return "bad_padding";
    case StringStatus::ImpossibleSum:
      return "impossible_sum";
    case StringStatus::SumContradiction:
      return "sum_contradiction";
    case StringStatus::NothingSent:
      return "nothing_sent";
  }
  return {};
}

int decoderWords(const PathShape& shape) {
  return std::max(shape.etx, (wordsWritten(shape) + 1) / 2);
}

core::Result<LinkDecoder> linkDecoder(Algorithm algorithm, const PathShape& shape) {
  if (auto good = checkShape(algorithm, shape); !good) return good.error();
  LinkDecoder out{algorithm, shape, {}, "decode_" + std::string(text(algorithm))};
  switch (algorithm) {
    case Algorithm::ThresholdSum:
    case Algorithm::BestChoice:
      addCellCharge(out.program, shape);
      addRestShare(out.program, shape.channels);
      addListCell(out.program, shape);
      if (algorithm == Algorithm::ThresholdSum) {
        addThresholdSumDecoder(out.program, shape);
      } else {
        addBestChoiceDecoder(out.program, shape);
      }
      break;
    case Algorithm::SuperTriggerCell:
      addSuperTriggerCellDecoder(out.program, shape);
      break;
    case Algorithm::Repeater:
      addCellCharge(out.program, shape);
      addRepeaterDecoder(out.program, shape);
      break;
    case Algorithm::Autoencoder:
      return core::badInput("decoder.algorithm", "an autoencoder's decoder needs a network",
                            std::string(text(algorithm)));
  }
  return out;
}

DecoderSettings decoderSettings(const ChipSettings& settings, Spread spread) {
  return {settings.activeEtx, settings.dropLsb, settings.stcType,
          settings.useSum,    spread,           settings.keep};
}

core::ConfigValues decoderConfig(Algorithm algorithm, const DecoderSettings& settings) {
  core::ConfigValues values;
  const auto set = [&](const char* name, std::int64_t value) { values[name] = {value}; };
  const std::int64_t spread = static_cast<std::int64_t>(settings.spread);
  if (algorithm != Algorithm::ThresholdSum) set("active_etx", settings.activeEtx);
  switch (algorithm) {
    case Algorithm::ThresholdSum:
    case Algorithm::BestChoice:
      set("drop_lsb", mostDrop(settings.dropLsb));
      set("use_sum", settings.useSum ? 1 : 0);
      set("spread", spread);
      break;
    case Algorithm::SuperTriggerCell:
      set("drop_lsb", mostDrop(settings.dropLsb));
      set("stc_type", settings.stcType);
      set("spread", spread);
      break;
    case Algorithm::Repeater:
      set("drop_lsb", mostDrop(settings.dropLsb));
      break;
    case Algorithm::Autoencoder:
      values["ae_mask"] =
          maskValues(settings.keep.empty() ? ChipSettings::neutral().keep : settings.keep);
      break;
  }
  return values;
}

core::ConfigValues loadableWeights(const Graph& decoder) {
  core::ConfigValues values;
  for (const Node& node : decoder.nodes) {
    for (const Weights* weights : {&node.kernel, &node.bias}) {
      if (weights->loadable) values[weights->name] = weights->values;
    }
  }
  return values;
}

}  // namespace aegen::encoders::econ_t
