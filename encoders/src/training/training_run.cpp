#include "training_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "schedule.hpp"
#include "skeleton.hpp"

namespace aegen::encoders::training {
namespace {

// Of the arithmetic of a run: a checkpoint of another cannot be gone on with.
constexpr int kVersion = 1;

// Dead latents are revived this often during the first half of the steps.
constexpr std::uint64_t kRevivalSteps = 500;

// Events that latents are spread by.
constexpr std::size_t kSpreadEvents = 2048;

InputScale scaleOf(const Graph& encoder) {
  for (const Node& node : encoder.nodes) {
    if (node.kind == NodeKind::Normalize) return {true, node.format.fraction, node.maxShift};
  }
  return {};
}

core::InstructionSet instructions(const TrainOptions& options) {
  return options.instructions.value_or(core::availableInstructionSets().back());
}

template <typename T>
std::string_view bytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace

TrainingRun::TrainingRun(const TrainConfig& config, const TrainOptions& options, Codec skeleton,
                         Plan plan, EventSet events)
    : config_(config),
      options_(options),
      codec_(std::move(skeleton)),
      events_(std::move(events)),
      random_(config.seed),
      network_(std::move(plan), instructions(options), random_),
      learner_(network_, events_, scaleOf(codec_.encoder),
               static_cast<unsigned>(config.training.threads)),
      losses_(config.losses),
      judge_(losses_.at(config.training.epochs)),
      order_(events_.events),
      bestLoss_(std::numeric_limits<double>::infinity()) {
  std::iota(order_.begin(), order_.end(), 0U);
  shuffle(order_, random_);
  const auto held = static_cast<std::size_t>(
      std::llround(config.data.validationFraction * static_cast<double>(order_.size())));
  validation_ = std::span(order_).first(held);
  training_ = std::span(order_).subspan(held);
  batches_ = training_.size() / static_cast<std::size_t>(config.training.batch);
}

core::Result<TrainResult> TrainingRun::run() {
  if (validation_.empty() || batches_ == 0) {
    return core::badInput(
        "train.too-few-events",
        fmt::format("{} events with charge give {} to learn from and {} to validate", order_.size(),
                    training_.size(), validation_.size()),
        {}, {fmt::format("a batch takes {}, validation at least 1", config_.training.batch)});
  }
  if (options_.resume) {
    if (auto good = resume(); !good) return good.error();
  } else if (config_.training.balancedStart) {
    learner_.balance(sample());
  }
  const int patience = config_.training.patience;
  for (int epoch = static_cast<int>(result_.epochs.size()) + 1; epoch <= config_.training.epochs;
       ++epoch) {
    if (patience > 0 && epoch - 1 - result_.bestEpoch >= patience) break;
    trainEpoch(epoch);
    if (auto good = afterEpoch(epoch); !good) return good.error();
  }
  if (best_.empty()) {
    return core::checkFailed("train.diverged", "no epoch has a finite validation loss", {},
                             {"lower learning_rate"});
  }
  return finish();
}

void TrainingRun::trainEpoch(int epoch) {
  const auto size = static_cast<std::size_t>(config_.training.batch);
  const LossMixture loss = losses_.at(epoch);
  const std::uint64_t steps = batches_ * static_cast<std::uint64_t>(config_.training.epochs);
  EpochReport report;
  report.epoch = epoch;
  shuffle(training_, random_);
  for (std::size_t i = 0; i < batches_; ++i) {
    report.learningRate =
        learningRate(config_.training, static_cast<double>(step_), static_cast<double>(batches_));
    report.trainLoss += learner_.step(training_.subspan(i * size, size), loss, report.learningRate,
                                      config_.training.weightDecay);
    ++step_;
    seen_ += size;
    if (2 * step_ < steps && step_ % kRevivalSteps == 0) revive();
  }
  report.trainLoss /= static_cast<double>(batches_);
  report.validationLoss = learner_.evaluate(validation_, judge_);
  report.best = report.validationLoss < bestLoss_;
  if (report.best) {
    bestLoss_ = report.validationLoss;
    best_ = network_.parameters();
    result_.bestEpoch = epoch;
  }
  result_.epochs.push_back(report);
}

std::span<const std::uint32_t> TrainingRun::sample() const {
  return training_.first(std::min(kSpreadEvents, training_.size()));
}

void TrainingRun::revive() {
  const auto revived = network_.reviveLatents(learner_.alive(), seen_, random_);
  result_.revivedLatents += static_cast<int>(revived.size());
  if (config_.training.balancedStart && !revived.empty()) {
    learner_.spreadLatents(sample(), revived);
  }
  learner_.clearAlive();
  seen_ = 0;
}

core::Result<void> TrainingRun::afterEpoch(int epoch) {
  if (options_.progress) options_.progress(result_.epochs.back());
  const bool stops = epoch < config_.training.epochs && options_.stop && options_.stop();
  const int every = config_.training.checkpointEpochs;
  if (!options_.checkpoint.empty() && (stops || (every > 0 && epoch % every == 0))) {
    if (auto good = save(checkpoint(), options_.checkpoint); !good) return good;
  }
  if (!stops) return {};
  return core::checkFailed(
      "train.stopped", fmt::format("stopped after epoch {}", epoch), options_.checkpoint.string(),
      {options_.checkpoint.empty() ? "nothing was kept" : "go on with --resume"});
}

Checkpoint TrainingRun::checkpoint() const {
  return {identity(),
          random_.state(),
          step_,
          seen_,
          static_cast<std::uint64_t>(result_.revivedLatents),
          bestLoss_,
          result_.bestEpoch,
          order_,
          network_.parameters(),
          best_,
          learner_.moments(),
          learner_.alive(),
          result_.epochs};
}

core::Result<void> TrainingRun::resume() {
  auto loaded = load(options_.checkpoint, identity());
  if (!loaded) return loaded.error();
  const std::size_t parameters = network_.parameters().size();
  if (loaded->parameters.size() != parameters || loaded->order.size() != order_.size() ||
      loaded->moments.mean.size() != parameters || loaded->moments.square.size() != parameters ||
      (!loaded->best.empty() && loaded->best.size() != parameters)) {
    return core::badInput("train.checkpoint", "does not fit the network",
                          options_.checkpoint.string());
  }
  random_ = Random(loaded->random);
  step_ = loaded->steps;
  seen_ = loaded->seen;
  result_.revivedLatents = static_cast<int>(loaded->revived);
  bestLoss_ = loaded->bestLoss;
  result_.bestEpoch = static_cast<int>(loaded->bestEpoch);
  std::ranges::copy(loaded->order, order_.begin());
  network_.parameters() = loaded->parameters;
  network_.prepareAll();
  best_ = loaded->best;
  learner_.moments() = loaded->moments;
  learner_.setAlive(loaded->alive);
  result_.epochs = loaded->epochs;
  return {};
}

// A hash of all that decides the result, but for the number of threads.
std::uint64_t TrainingRun::identity() const {
  const TrainingConfig& t = config_.training;
  std::string text =
      fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", config_.seed,
                  config_.data.validationFraction, t.epochs, t.batch, t.learningRate,
                  static_cast<int>(t.schedule), t.restartEpochs, t.restartFactor, t.warmUpSteps,
                  t.weightDecay, t.patience, t.balancedStart, config_.decoder.quantized,
                  config_.link.activeEtx, fmt::join(codec_.link.keep, ""), kVersion);
  for (const LossTerm& term : config_.losses) {
    text += fmt::format(" {} {} {} {} {} {} {}", encoders::text(term.kind), term.weight,
                        term.weightTo.value_or(-1), term.fromEpoch, term.toEpoch.value_or(0),
                        term.epsilon, term.directions);
  }
  for (const Stage& stage : network_.plan().stages) text += fmt::format(" {}", stage.extraFraction);
  for (const Graph* graph : {&codec_.encoder, &codec_.decoder}) {
    for (const Node& node : graph->nodes) {
      text += fmt::format(
          " {} {} {} {} {} {} {} {} {} {} {}", encoders::text(node.kind),
          fmt::join(node.shape, ","), fmt::join(node.indices, ","), fmt::join(node.padding, ","),
          node.format.text(), node.stride, node.kernel.format.text(), node.bias.format.text(),
          node.sum.truncateProducts, core::text(node.rounding), core::text(node.overflow));
    }
  }
  std::uint64_t hash = hashOf(text);
  hash = hashOf(bytesOf(events_.charges), hash);
  return hashOf(bytesOf(events_.conditions), hash);
}

double TrainingRun::moduleSumLoss() {
  std::vector<double> sum(data::kTriggerCells, 0.0);
  for (const std::uint32_t event : training_) {
    const double scale = std::ldexp(1.0, -int{events_.log2Sum[event]});
    const std::uint32_t* charge = events_.charges.data() + std::size_t{event} * sum.size();
    for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += scale * charge[c];
  }
  std::vector<float> pattern;
  for (const double value : sum) {
    pattern.push_back(static_cast<float>(value / static_cast<double>(training_.size())));
  }
  return learner_.evaluate(validation_, judge_, pattern);
}

core::Result<TrainResult> TrainingRun::finish() {
  network_.parameters() = best_;
  network_.prepareAll();
  result_.trainingEvents = training_.size();
  result_.validationEvents = validation_.size();
  result_.validationLoss = bestLoss_;
  result_.moduleSumLoss = moduleSumLoss();
  result_.codec = codec_;
  result_.codec.description = describe();
  if (const auto good = fill(result_.codec, network_, config_); !good) {
    return core::internalError("train.freeze", "the frozen graph is not valid", codec_.name,
                               {good.error().text()});
  }
  return std::move(result_);
}

std::string TrainingRun::describe() const {
  std::vector<std::string> sources;
  for (const GeneratedEvents& part : config_.data.generated) {
    sources.push_back(fmt::format("{} {}", part.events, part.regime));
  }
  for (const auto& file : config_.data.csv) sources.push_back(file.filename().string());
  for (const RxFile& rx : config_.data.rx) sources.push_back(rx.file.filename().string());
  if (sources.empty()) sources.emplace_back("given");
  std::vector<std::string> losses;
  for (const LossTerm& term : config_.losses) losses.emplace_back(encoders::text(term.kind));
  const auto kept = std::count(codec_.link.keep.begin(), codec_.link.keep.end(), true);
  return fmt::format(
      "aegen train: {} events, seed {}, best of {} epochs {}, {} loss {:.6f} training, "
      "{:.6f} validation ({:.6f} from the module sum alone), {} bits of {} latents",
      fmt::join(sources, " + "), config_.seed, result_.epochs.size(), result_.bestEpoch,
      fmt::join(losses, " + "),
      result_.epochs[static_cast<std::size_t>(result_.bestEpoch - 1)].trainLoss,
      result_.validationLoss, result_.moduleSumLoss, kept, codec_.encoder.output().shape[0]);
}

}  // namespace aegen::encoders::training
