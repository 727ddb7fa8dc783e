#include "aegen/flows/board_run.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "aegen/core/text_tools.hpp"
#include "aegen/data/events.hpp"
#include "aegen/encoders/codec.hpp"
#include "aegen/encoders/vector_set.hpp"
#include "board_stream.hpp"

namespace aegen::flows {
namespace {

namespace econ_t = encoders::econ_t;
namespace fs = std::filesystem;
using aegen_bench::CrossingStatus;
using core::Result;
using econ_t::Algorithm;
using econ_t::StringStatus;

// A stand-in where a set says nothing of its decoder: the encoder's linear map, transposed.
encoders::Graph transposedEncoder(const econ_t::AutoencoderWeights& weights) {
  constexpr int kFilters = 8;
  constexpr int kOut = 4;
  constexpr int kKernel = 3;
  const auto channels = econ_t::gridChannels();
  std::vector<double> map(static_cast<std::size_t>(econ_t::kTriggerCells * econ_t::kLatents), 0);
  for (int latent = 0; latent < econ_t::kLatents; ++latent) {
    for (int o = 0; o < kOut * kOut * kFilters; ++o) {
      const int filter = o % kFilters;
      const int row = o / kFilters / kOut;
      const int column = o / kFilters % kOut;
      const double dense = static_cast<double>(
          weights.denseKernel[static_cast<std::size_t>(latent * kOut * kOut * kFilters + o)]);
      for (int tap = 0; tap < kKernel * kKernel; ++tap) {
        const int r = 2 * row + tap / kKernel;
        const int c = 2 * column + tap % kKernel;
        if (r >= econ_t::kGridSide || c >= econ_t::kGridSide) continue;
        const int channel = channels[static_cast<std::size_t>(r * econ_t::kGridSide + c)];
        if (channel < 0) continue;
        map[static_cast<std::size_t>(channel * econ_t::kLatents + latent)] +=
            dense * static_cast<double>(
                        weights.convKernel[static_cast<std::size_t>(tap * kFilters + filter)]);
      }
    }
  }
  double largest = 1;
  for (const double value : map) largest = std::max(largest, std::abs(value));
  encoders::Graph graph;
  graph.name = "transposed_encoder";
  graph.nodes.resize(4);
  graph.nodes[0].name = "latent";
  graph.nodes[0].shape = {econ_t::kLatents};
  graph.nodes[0].format = {false, econ_t::kLatentBits, econ_t::kLatentBits - 1};
  const char* const names[] = {"latent", "pattern", "positive", "charges"};
  for (std::size_t i = 1; i < graph.nodes.size(); ++i) {
    graph.nodes[i].name = names[i];
    graph.nodes[i].inputs = {static_cast<int>(i) - 1};
    graph.nodes[i].shape = {econ_t::kTriggerCells};
  }
  encoders::Node& dense = graph.nodes[1];
  dense.kind = encoders::NodeKind::Dense;
  const core::FixedFormat format{true, 8, 7};
  dense.kernel = {
      "pattern_kernel", format, {econ_t::kTriggerCells, econ_t::kLatents}, {}, {}, true};
  for (const double value : map)
    dense.kernel.values.push_back(core::quantize(value / largest, format));
  dense.bias = {"pattern_bias", {true, 8, 15}, {econ_t::kTriggerCells}, {}, {}, true};
  dense.bias.values.assign(econ_t::kTriggerCells, 0);
  graph.nodes[2].kind = encoders::NodeKind::Relu;
  graph.nodes[3].kind = encoders::NodeKind::Requantize;
  graph.nodes[3].format = {false, 11, 10};
  return graph;
}

struct Module {
  ModuleReport report;
  Algorithm algorithm = Algorithm::Autoencoder;
  econ_t::DecoderSettings settings;
  encoders::Graph decoder;  // of an autoencoder
  aegen_bench::LinkFormat format;
  ModuleStream stream;
};

class BoardRun {
 public:
  BoardRun(fs::path folder, const BoardRunSettings& settings)
      : folder_(std::move(folder)), settings_(settings) {}

  Result<BoardReport> run() {
    const auto started = std::chrono::steady_clock::now();
    if (auto loaded = load(); !loaded) return loaded.error();
    BoardReport report;
    report.executor = settings_.systemC ? "systemc" : "interpreter";
    report.receiver = settings_.receiver;
    report.seed = settings_.seed;
    if (auto planned = plan(); !planned) return planned.error();
    if (!plan_.modules.empty()) {
      auto results = settings_.systemC ? sim::runBoard(plan_, words_, settings_.bench)
                                       : sim::runBoardModel(plan_, words_);
      if (!results) return results.error();
      for (std::size_t m = 0; m < placed_.size(); ++m) account(*placed_[m], (*results)[m]);
    }
    for (Module& module : modules_) report.modules.push_back(std::move(module.report));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
    report.seconds = seconds.count();
    return report;
  }

 private:
  Result<void> load() {
    std::vector<std::string> names = settings_.sets;
    if (names.empty()) {
      auto listed = encoders::listVectorSets(folder_);
      if (!listed) return listed.error();
      names = *listed;
    }
    if (!settings_.decoder.empty()) {
      auto codec = encoders::loadCodec(settings_.decoder);
      if (!codec) return codec.error();
      for (encoders::Node& node : codec->decoder.nodes) {
        node.kernel.loadable = !node.kernel.values.empty();
        node.bias.loadable = !node.bias.values.empty();
      }
      codec_ = std::move(*codec);
    }
    for (const std::string& name : names) {
      Module module;
      module.report.name = name;
      if (auto good = loadModule(name, module); !good) module.report.problem = good.error();
      modules_.push_back(std::move(module));
    }
    return {};
  }

  Result<void> loadModule(const std::string& name, Module& module) {
    const auto set = encoders::loadVectorSet(folder_, name);
    if (!set) return set.error();
    module.algorithm = set->settings.algorithm;
    module.report.algorithm = text(module.algorithm);
    const auto reasons = econ_t::contradictions(set->settings, {});
    if (!reasons.empty()) {
      return core::badInput("vectors.contradiction", reasons.front(),
                            (folder_ / name / "config.json").string());
    }
    const auto tx = data::readTxCsv(set->expected);
    if (!tx) return tx.error();
    module.settings = econ_t::decoderSettings(set->settings, settings_.spread);
    module.format = linkFormat(set->settings);
    if (module.algorithm == Algorithm::Autoencoder) {
      module.decoder = codec_ ? codec_->decoder : transposedEncoder(set->weights);
      if (auto good = module.decoder.infer(); !good) return good.error();
    }
    std::vector<std::uint16_t> words;
    for (const auto& crossing : *tx) {
      for (std::uint32_t i = 0; i < module.format.words; ++i) {
        words.push_back(static_cast<std::uint16_t>(crossing[i / 2] >> (i % 2 == 0 ? 16 : 0)));
      }
    }
    if (settings_.errors.empty()) {
      for (const std::uint16_t word : words) module.stream.words.push_back({word, 0, -1, 0, false});
      return {};
    }
    const auto strings = stringsOf(words, module.format);
    constexpr std::size_t kFewest = 64;
    if (strings.size() < kFewest) {
      return core::badInput("board.short-set", "has too few crossings to play with errors",
                            (folder_ / name).string());
    }
    module.format.orbit = static_cast<std::uint32_t>(strings.size());
    module.stream = streamOf(strings, module.format, settings_.errors, settings_.count,
                             settings_.seed + core::digest(name));
    return {};
  }

  Result<void> plan() {
    std::map<std::string, std::size_t> kinds;
    for (Module& module : modules_) {
      if (module.report.problem) continue;
      const std::string name(text(module.algorithm));
      if (!kinds.contains(name)) {
        auto decoder = module.algorithm == Algorithm::Autoencoder
                           ? econ_t::autoencoderLinkDecoder(module.decoder)
                           : econ_t::linkDecoder(module.algorithm, {});
        if (!decoder) return decoder.error();
        kinds[name] = decoders_.size();
        decoders_.push_back(std::make_unique<econ_t::LinkDecoder>(std::move(*decoder)));
        plan_.kinds.push_back({name, &decoders_.back()->program, decoders_.back()->function});
      }
      sim::BoardModule placed{module.report.name, kinds[name],
                              econ_t::decoderConfig(module.algorithm, module.settings),
                              module.format, settings_.receiver};
      placed.receiver.startBx = 0;
      if (module.algorithm == Algorithm::Autoencoder) {
        placed.config.merge(econ_t::loadableWeights(module.decoder));
      }
      plan_.modules.push_back(std::move(placed));
      sim::ModuleWords words;
      for (const LinkWord& word : module.stream.words) words.push_back(word.value);
      words_.push_back(std::move(words));
      placed_.push_back(&module);
    }
    return {};
  }

  void account(Module& module, const sim::ModuleResult& result) {
    constexpr std::size_t kStatusRow = 1;  // header, status, module_sum, ...
    ModuleReport& report = module.report;
    report.crossings = module.stream.words.size() / module.format.words;
    std::vector<Verdict> verdicts;
    std::size_t last = 0;
    for (const sim::BoardRecord& record : result.records) {
      ++report.received[static_cast<std::size_t>(record.received.status)];
      Verdict verdict{last, false};
      if (record.received.words > 0) last = verdict.at = record.received.start;
      if (record.decoded >= 0) {
        const auto status = result.outputs.at(kStatusRow, static_cast<std::size_t>(record.decoded));
        ++report.strings[static_cast<std::size_t>(status)];
        report.decoded += status == 0;
        verdict.given = status < static_cast<int>(StringStatus::BadType);
        if (verdict.given) judge(module, record.received);
      }
      verdicts.push_back(verdict);
    }
    report.waiting =
        report.crossings - std::min<std::uint64_t>(report.crossings, result.records.size());
    for (const LinkError kind : settings_.errors) {
      report.recovery.push_back(recovery(module, verdicts, kind));
    }
  }

  struct Verdict {
    std::size_t at = 0;  // word
    bool given = false;  // out, as good or truncated
  };

  // Holds what was given out against what was sent.
  void judge(Module& module, const aegen_bench::Received& received) {
    const std::vector<LinkWord>& words = module.stream.words;
    if (module.stream.errors.empty()) return;
    const LinkWord& first = words[received.start];
    const std::size_t end = received.start + received.words;
    const bool whole = first.bx >= 0 && first.position == 0 &&
                       (end >= words.size() || words[end].bx < 0 ||
                        (words[end].position == 0 && words[end].crossing > first.crossing));
    bool same = true;
    for (std::size_t i = received.start; i < end; ++i) {
      same = same && !words[i].flipped && words[i].crossing == first.crossing &&
             words[i].position == i - received.start;
    }
    const bool timed = first.bx == received.bx;
    module.report.garbage += !whole;
    module.report.mistimed += whole && !timed;
    module.report.damaged += whole && timed && !same;
  }

  RecoveryTimes recovery(const Module& module, const std::vector<Verdict>& verdicts,
                         LinkError kind) const {
    RecoveryTimes out;
    out.error = kind;
    std::vector<std::uint32_t> times;
    const std::size_t w = module.format.words;
    const std::size_t margin = 12 * std::max<std::size_t>(w, 26);
    const std::vector<InjectedError>& errors = module.stream.errors;
    for (std::size_t e = 0; e < errors.size(); ++e) {
      if (errors[e].kind != kind) continue;
      ++out.injected;
      const std::size_t begin = errors[e].at > margin ? errors[e].at - margin : 0;
      const std::size_t next =
          e + 1 < errors.size() ? errors[e + 1].at : module.stream.words.size();
      const auto from = std::ranges::lower_bound(verdicts, begin, {}, &Verdict::at);
      const auto to = std::ranges::lower_bound(verdicts, next - margin, {}, &Verdict::at);
      auto good = to;  // the first of those that are all given out
      while (good != from && std::prev(good)->given) --good;
      if (good == from) {
        ++out.unseen;
      } else if (good == to) {
        ++out.notRecovered;
      } else {
        const std::size_t at = std::max(good->at, errors[e].at);
        times.push_back(static_cast<std::uint32_t>((at - errors[e].at + w - 1) / w));
      }
    }
    std::ranges::sort(times);
    if (!times.empty()) {
      out.least = times.front();
      out.median = times[times.size() / 2];
      out.most = times.back();
    }
    return out;
  }

  fs::path folder_;
  const BoardRunSettings& settings_;
  std::optional<encoders::Codec> codec_;
  std::vector<Module> modules_;
  std::vector<Module*> placed_;
  std::vector<std::unique_ptr<econ_t::LinkDecoder>> decoders_;
  sim::BoardPlan plan_;
  std::vector<sim::ModuleWords> words_;
};

constexpr std::array<std::string_view, aegen_bench::kCrossingStatuses> kStatusNames{
    "good",
    "truncated_full",
    "truncated_late",
    "bad_type",
    "header_mismatch",
    "unconfirmed",
    "unphased",
    "lost"};

}  // namespace

std::string_view text(LinkError error) {
  switch (error) {
    case LinkError::Flip:
      return "flip";
    case LinkError::Burst:
      return "burst";
    case LinkError::DropWord:
      return "drop";
    case LinkError::RepeatWord:
      return "repeat";
    case LinkError::DropCrossing:
      return "drop-crossing";
    case LinkError::RepeatCrossing:
      return "repeat-crossing";
    case LinkError::Orbit:
      return "orbit";
  }
  return {};
}

aegen_bench::LinkFormat linkFormat(const econ_t::ChipSettings& settings,
                                   const econ_t::PathShape& shape) {
  const auto number = [](int value) { return static_cast<std::uint32_t>(value); };
  aegen_bench::LinkFormat format;
  format.words = number(2 * std::min(settings.activeEtx, shape.etx));
  const bool isShort = settings.algorithm == Algorithm::BestChoice ||
                       settings.algorithm == Algorithm::SuperTriggerCell;
  format.headerBits = number(isShort ? econ_t::kShortHeader : econ_t::kHeaderBits);
  format.variable = settings.algorithm == Algorithm::ThresholdSum ? 1 : 0;
  format.syncWord = number(settings.syncWord) & ((1U << econ_t::kSyncBits) - 1);
  format.sumBits = number(shape.sum.width());
  format.countBits = number(shape.countBits);
  format.addressBits = number(shape.addressBits());
  format.chargeBits = number(shape.charge.width());
  format.channels = number(shape.channels);
  format.rules[econ_t::kTypeNone] = aegen_bench::StringRule::Bare;
  format.rules[econ_t::kTypeList] = aegen_bench::StringRule::List;
  format.rules[econ_t::kTypeMap] = aegen_bench::StringRule::Map;
  format.rules[econ_t::kTypeFull] = aegen_bench::StringRule::TruncatedFull;
  format.rules[econ_t::kTypeLate] = aegen_bench::StringRule::TruncatedLate;
  return format;
}

Result<BoardReport> runBoardOnSets(const fs::path& folder, const BoardRunSettings& settings) {
  return BoardRun(folder, settings).run();
}

std::string boardJson(const BoardReport& report) {
  using ordered = nlohmann::ordered_json;
  ordered modules = ordered::array();
  std::uint64_t garbage = 0;
  for (const ModuleReport& module : report.modules) {
    ordered out{{"name", module.name}, {"algorithm", module.algorithm}};
    if (module.problem) {
      out["problem"] = {{"code", module.problem->code},
                        {"message", module.problem->message},
                        {"where", module.problem->where}};
      modules.push_back(out);
      continue;
    }
    out["crossings"] = module.crossings;
    out["decoded"] = module.decoded;
    out["waiting"] = module.waiting;
    for (std::size_t s = 0; s < kStatusNames.size(); ++s) {
      out["receiver"][std::string(kStatusNames[s])] = module.received[s];
    }
    for (std::size_t s = 0; s < module.strings.size(); ++s) {
      out["decoder"][std::string(text(static_cast<StringStatus>(s)))] = module.strings[s];
    }
    for (const RecoveryTimes& r : module.recovery) {
      out["recovery"][std::string(text(r.error))] = {
          {"injected", r.injected}, {"unseen", r.unseen}, {"not_recovered", r.notRecovered},
          {"least", r.least},       {"median", r.median}, {"most", r.most}};
    }
    out["undetected_payload"] = module.damaged;
    out["mistimed"] = module.mistimed;
    out["garbage"] = module.garbage;
    garbage += module.garbage;
    modules.push_back(out);
  }
  const ordered out{{"executor", report.executor},
                    {"seed", report.seed},
                    {"confirm", report.receiver.confirm},
                    {"lock", report.receiver.lock},
                    {"latency_crossings", report.receiver.confirm + aegen_bench::kBoardLatency},
                    {"seconds", report.seconds},
                    {"modules", modules},
                    {"garbage", garbage}};
  return out.dump(2) + "\n";
}

int boardExitCode(const BoardReport& report) {
  int code = 0;
  for (const ModuleReport& module : report.modules) {
    if (module.problem) code = std::max(code, static_cast<int>(module.problem->failure));
    if (module.garbage > 0) code = std::max(code, 1);
  }
  return code;
}

}  // namespace aegen::flows
