#include "aegen/encoders/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "aegen/encoders/freeze.hpp"
#include "training/adam.hpp"
#include "training/event_set.hpp"
#include "training/event_source.hpp"
#include "training/network.hpp"
#include "training/random.hpp"
#include "training/telescope_loss.hpp"

namespace aegen::encoders {
namespace {

using training::Batch;
using training::DensePlace;
using training::EventBatch;
using training::EventSet;
using training::Network;
using training::Random;

// Events of a batch when nothing is learnt from it.
constexpr std::size_t kEvaluationBatch = 512;

// Dead latents are revived this often during the first half of the steps.
constexpr double kRevivalSteps = 500;

// Seven decimals: far below a weight's step, and short in the model file.
double rounded(float value) {
  return std::nearbyint(static_cast<double>(value) * 1e7) / 1e7;
}

std::vector<double> realNumbers(std::span<const float> parameters, std::size_t first,
                                std::size_t count) {
  std::vector<double> real(count);
  std::transform(parameters.begin() + static_cast<std::ptrdiff_t>(first),
                 parameters.begin() + static_cast<std::ptrdiff_t>(first + count), real.begin(),
                 rounded);
  return real;
}

std::size_t weightsOf(const DensePlace& place) {
  return place.bias - place.kernel;
}

class TrainingRun {
 public:
  TrainingRun(const TrainConfig& config, EventSet events)
      : config_(config),
        events_(std::move(events)),
        random_(config.seed),
        network_({config.truncateProducts, config.latentBits, config.decoderHidden}, random_),
        adam_(network_.parameters().size()),
        order_(events_.events) {
    std::iota(order_.begin(), order_.end(), 0U);
    training::shuffle(order_, random_);
    const auto held = static_cast<std::size_t>(
        std::llround(config.validationFraction * static_cast<double>(order_.size())));
    validation_ = std::span(order_).first(held);
    training_ = std::span(order_).subspan(held);
  }
  TrainingRun(const TrainingRun&) = delete;
  TrainingRun& operator=(const TrainingRun&) = delete;

  core::Result<TrainResult> run(const ProgressCallback& progress) {
    const auto batch = static_cast<std::size_t>(config_.batch);
    if (validation_.empty() || training_.size() < batch) {
      return core::badInput(
          "train.too-few-events",
          fmt::format("{} events with charge give {} to learn from and {} to validate",
                      order_.size(), training_.size(), validation_.size()),
          {}, {fmt::format("a batch takes {}, validation at least 1", batch)});
    }
    const std::size_t batches = training_.size() / batch;
    const double steps = static_cast<double>(batches) * config_.epochs;
    double bestLoss = std::numeric_limits<double>::infinity();
    for (int epoch = 1; epoch <= config_.epochs; ++epoch) {
      EpochReport report;
      report.epoch = epoch;
      report.trainLoss = trainEpoch(batches, batch, steps);
      report.validationLoss = validationLoss();
      report.best = report.validationLoss < bestLoss;
      if (report.best) {
        bestLoss = report.validationLoss;
        best_ = network_.parameters();
        result_.bestEpoch = epoch;
      }
      result_.epochs.push_back(report);
      if (progress) progress(report);
    }
    if (best_.empty()) {
      return core::checkFailed("train.diverged", "no epoch has a finite validation loss", {},
                               {"lower learning_rate"});
    }
    return finish(bestLoss);
  }

 private:
  double trainEpoch(std::size_t batches, std::size_t batchSize, double steps) {
    training::shuffle(training_, random_);
    double loss = 0;
    for (std::size_t i = 0; i < batches; ++i) {
      training::gather(events_, training_.subspan(i * batchSize, batchSize), batch_);
      const Batch& predicted = network_.forward(batch_.normalized, batch_.events);
      loss += loss_(batch_.truth, predicted, &gradient_);
      network_.backward(batch_.normalized, gradient_);
      const double rate = config_.learningRate * training::warmUp(step_, steps) *
                          training::cosineSchedule(step_ / steps);
      adam_.step(network_.parameters(), network_.gradient(), rate);
      network_.clipEncoder();
      step_ += 1;
      if (2 * step_ < steps && std::fmod(step_, kRevivalSteps) == 0) {
        result_.revivedLatents += network_.reviveLatents(random_);
      }
    }
    return loss / static_cast<double>(batches);
  }

  // Mean loss of the validation events when `predict(batch)` is what the decoder gives.
  template <typename Predict>
  double evaluate(Predict&& predict) {
    double total = 0;
    for (std::size_t first = 0; first < validation_.size(); first += kEvaluationBatch) {
      const std::size_t count = std::min(kEvaluationBatch, validation_.size() - first);
      training::gather(events_, validation_.subspan(first, count), batch_);
      total += loss_(batch_.truth, predict(batch_), nullptr) * static_cast<double>(count);
    }
    return total / static_cast<double>(validation_.size());
  }

  double validationLoss() {
    return evaluate([&](const EventBatch& batch) -> const Batch& {
      return network_.forward(batch.normalized, batch.events);
    });
  }

  // The loss when every event is given the mean pattern of the training events.
  double moduleSumLoss() {
    Eigen::RowVectorXd mean = Eigen::RowVectorXd::Zero(econ_t::kTriggerCells);
    for (const std::uint32_t event : training_) {
      const Eigen::Map<const Eigen::RowVectorXf> truth(
          events_.truth.data() + std::size_t{event} * econ_t::kTriggerCells, econ_t::kTriggerCells);
      mean += truth.cast<double>();
    }
    const Eigen::RowVectorXf pattern = (mean / static_cast<double>(training_.size())).cast<float>();
    return evaluate([&](const EventBatch& batch) -> Batch {
      return pattern.replicate(static_cast<Eigen::Index>(batch.events), 1);
    });
  }

  core::Result<TrainResult> finish(double bestLoss) {
    network_.parameters() = best_;
    result_.trainingEvents = training_.size();
    result_.validationEvents = validation_.size();
    result_.validationLoss = bestLoss;
    result_.moduleSumLoss = moduleSumLoss();
    Codec& codec = result_.codec;
    codec.name = config_.name;
    codec.description = describe();
    codec.link = topBitsLayout(config_.latentBits, config_.activeEtx);
    codec.encoder = encoderGraph();
    codec.decoder =
        freezeDecoder(realDecoder(), {config_.decoderWeightBits, config_.decoderFraction});
    for (Graph* graph : {&codec.encoder, &codec.decoder}) {
      if (const auto good = graph->infer(); !good) {
        return core::internalError("train.freeze", "the frozen graph is not valid", graph->name,
                                   {good.error().text()});
      }
    }
    return std::move(result_);
  }

  [[nodiscard]] Graph encoderGraph() const {
    constexpr bool kLoadable = true;
    Graph graph =
        econ_t::autoencoder(network_.encoderWeights(), kLoadable, config_.truncateProducts);
    const DensePlace& dense = network_.encoderDense();
    for (Node& node : graph.nodes) {
      if (node.kind == NodeKind::Conv2d) {
        node.kernel.real = realNumbers(best_, 0, network_.convBias());
        node.bias.real = realNumbers(best_, network_.convBias(), training::kFilters);
      } else if (node.kind == NodeKind::Dense) {
        node.kernel.real = realNumbers(best_, dense.kernel, weightsOf(dense));
        node.bias.real = realNumbers(best_, dense.bias, econ_t::kLatents);
      }
    }
    return graph;
  }

  [[nodiscard]] std::vector<RealDense> realDecoder() const {
    std::vector<RealDense> layers;
    for (const DensePlace& place : network_.decoder()) {
      layers.push_back({place.in, place.out, realNumbers(best_, place.kernel, weightsOf(place)),
                        realNumbers(best_, place.bias, static_cast<std::size_t>(place.out))});
    }
    return layers;
  }

  [[nodiscard]] std::string describe() const {
    std::string source;
    for (const GeneratedEvents& part : config_.generated) {
      source += fmt::format("{}{} {}", source.empty() ? "" : " + ", part.events, part.regime);
    }
    if (source.empty()) {
      source = config_.csv.empty() ? "given" : config_.csv.filename().string();
    }
    return fmt::format(
        "aegen train: {} events, seed {}, best of {} epochs {}, telescope loss {:.6f} training, "
        "{:.6f} validation ({:.6f} from the module sum alone), {} bits a latent",
        source, config_.seed, config_.epochs, result_.bestEpoch,
        result_.epochs[static_cast<std::size_t>(result_.bestEpoch - 1)].trainLoss,
        result_.validationLoss, result_.moduleSumLoss, config_.latentBits);
  }

  const TrainConfig& config_;
  EventSet events_;
  Random random_;
  Network network_;
  training::Adam adam_;
  training::TelescopeLoss loss_;
  std::vector<std::uint32_t> order_;
  std::span<std::uint32_t> validation_;
  std::span<std::uint32_t> training_;
  EventBatch batch_;
  Batch gradient_;
  double step_ = 0;
  std::vector<float> best_;
  TrainResult result_;
};

}  // namespace

core::Result<TrainResult> train(const TrainConfig& config, std::span<const data::Event> events,
                                const ProgressCallback& progress) {
  if (const auto good = check(config); !good) return good.error();
  // Eigen's blocking, and with it the order of its sums, follows the cache sizes it believes in.
  Eigen::setCpuCacheSizes(32 * 1024, 256 * 1024, 2 * 1024 * 1024);
  EventSet set = training::prepare(events);
  const std::size_t empty = events.size() - set.events;
  auto result = TrainingRun(config, std::move(set)).run(progress);
  if (result) result->emptyEvents = empty;
  return result;
}

core::Result<TrainResult> train(const TrainConfig& config, const ProgressCallback& progress) {
  if (const auto good = check(config); !good) return good.error();
  const auto events = training::loadEvents(config);
  if (!events) return events.error();
  return train(config, *events, progress);
}

}  // namespace aegen::encoders
