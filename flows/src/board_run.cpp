#include "aegen/flows/board_run.hpp"

#include <chrono>
#include <map>
#include <memory>

#include "aegen/core/files.hpp"
#include "aegen/core/text_tools.hpp"
#include "aegen/data/events.hpp"
#include "aegen/encoders/codec.hpp"
#include "aegen/encoders/transposed_decoder.hpp"
#include "aegen/encoders/vector_set.hpp"
#include "board_account.hpp"
#include "board_stream.hpp"

namespace aegen::flows {
namespace {

namespace econ_t = encoders::econ_t;
namespace fs = std::filesystem;
using core::Result;
using econ_t::Algorithm;
using econ_t::StringStatus;

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
    report.version = AEGEN_VERSION;
    report.revision = AEGEN_REVISION;
    report.errors = settings_.errors;
    report.count = settings_.count;
    report.spread = settings_.spread;
    report.decoder = settings_.decoder.string();
    report.executor = settings_.systemC ? "systemc" : "interpreter";
    report.receiver = settings_.receiver;
    report.seed = settings_.seed;
    if (auto planned = plan(); !planned) return planned.error();
    if (!plan_.modules.empty()) {
      auto results = settings_.systemC ? sim::runBoard(plan_, words_, settings_.bench)
                                       : sim::runBoardModel(plan_, words_);
      if (!results) return results.error();
      if (auto done = evaluate(*results); !done) return done.error();
    }
    for (Module& module : modules_) report.modules.push_back(std::move(module.report));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
    report.seconds = seconds.count();
    return report;
  }

 private:
  Result<void> evaluate(const std::vector<sim::ModuleResult>& results) {
    std::vector<sim::ModuleResult> expected;
    if (settings_.systemC && settings_.check) {
      auto model = sim::runBoardModel(plan_, words_);
      if (!model) return model.error();
      expected = std::move(*model);
    }
    for (std::size_t m = 0; m < placed_.size(); ++m) {
      Module& module = *placed_[m];
      account(module.stream, module.format, settings_.errors, results[m], module.report);
      if (!expected.empty()) module.report.mismatches = differences(results[m], expected[m]);
      if (settings_.charges.empty()) continue;
      const sim::BoardKind& kind = plan_.kinds[plan_.modules[m].kind];
      const auto written =
          core::writeFile(settings_.charges / (module.report.name + ".csv"),
                          chargesCsv(*kind.program->find(kind.function), results[m]));
      if (!written) return written.error();
    }
    return {};
  }

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
      const auto& latents = codec->decoder.nodes.front();
      if (econ_t::withLatents({}, latents) != econ_t::PathShape{}) {
        return core::badInput("model.decoder-shape", "the decoder does not take the chip's latents",
                              settings_.decoder.string(),
                              {"vector sets are of 16 latents of nine bits"});
      }
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
    const auto tx = data::readTxCsv(set->expected);
    if (!tx) return tx.error();
    constexpr std::size_t kLinks = data::kTxWords;
    core::Columns columns(kLinks, tx->size());
    bool zeros = true;
    for (std::size_t k = 0; k < tx->size(); ++k) {
      for (std::size_t link = 0; link < kLinks; ++link) {
        columns.at(link, k) = (*tx)[k][link];
        zeros = zeros && (*tx)[k][link] == 0;
      }
    }
    const auto reasons = econ_t::contradictions(set->settings, {});
    if (!reasons.empty()) {
      // The chip then sends nothing, and words that say so are right.
      const bool sendsNothing =
          module.algorithm == Algorithm::SuperTriggerCell &&
          econ_t::stcGroups({}, set->settings.stcType, set->settings.activeEtx) == 0;
      if (sendsNothing && zeros) {
        module.report.nothingSent = true;
        module.report.crossings = tx->size();
        module.report.strings[static_cast<std::size_t>(StringStatus::NothingSent)] = tx->size();
        module.report.refused = tx->size();
        return {};
      }
      return core::badInput("vectors.contradiction", reasons.front(),
                            (folder_ / name / "config.json").string());
    }
    module.settings = econ_t::decoderSettings(set->settings, settings_.spread);
    module.format = linkFormat(set->settings);
    if (module.algorithm == Algorithm::Autoencoder) {
      module.report.standIn = !codec_;
      module.decoder = codec_ ? codec_->decoder : econ_t::transposedDecoder(set->weights);
      if (auto good = module.decoder.infer(); !good) return good.error();
    }
    const sim::ModuleWords words = moduleWords(columns, static_cast<int>(module.format.words / 2));
    if (settings_.errors.empty()) {
      module.stream = cleanStream(words, module.format);
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
      if (module.report.problem || module.report.nothingSent) continue;
      const std::string name(text(module.algorithm));
      if (!kinds.contains(name)) {
        auto decoder = module.algorithm == Algorithm::Autoencoder
                           ? econ_t::autoencoderLinkDecoder(module.decoder, conditions())
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
        placed.config.merge(econ_t::givenConditions(module.decoder, conditions()));
      }
      plan_.modules.push_back(std::move(placed));
      sim::ModuleWords words;
      for (const LinkWord& word : module.stream.words) words.push_back(word.value);
      words_.push_back(std::move(words));
      placed_.push_back(&module);
    }
    return {};
  }

  [[nodiscard]] std::vector<encoders::Condition> conditions() const {
    return codec_ ? codec_->conditions : std::vector<encoders::Condition>{};
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

}  // namespace

sim::ModuleWords moduleWords(const core::Columns& tx, int activeEtx) {
  sim::ModuleWords out;
  out.reserve(tx.events() * 2 * static_cast<std::size_t>(activeEtx));
  for (std::size_t k = 0; k < tx.events(); ++k) {
    for (std::size_t link = 0; link < static_cast<std::size_t>(activeEtx); ++link) {
      const auto word = static_cast<std::uint32_t>(tx.at(link, k));
      out.push_back(static_cast<std::uint16_t>(word >> 16));
      out.push_back(static_cast<std::uint16_t>(word & 0xffffU));
    }
  }
  return out;
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

}  // namespace aegen::flows
