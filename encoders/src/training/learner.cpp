#include "learner.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

namespace aegen::encoders::training {
namespace {

constexpr std::size_t kShares = 32;
// Twice the mean of 48 charges of sum 1.5.
constexpr double kCalmOutput = 0.06;

std::size_t chunksOf(std::size_t events) {
  return (events + kLanes - 1) / kLanes;
}

// Calls one(i) for 0 .. count - 1, whichever thread comes first.
template <typename One>
void share(core::Workers& workers, std::size_t count, One&& one) {
  std::atomic<std::size_t> next = 0;
  workers.run([&](unsigned worker) {
    for (std::size_t i = next++; i < count; i = next++) one(worker, i);
  });
}

}  // namespace

Learner::Learner(Network& network, const EventSet& events, const InputScale& scale,
                 unsigned threads)
    : network_(network), events_(events), scale_(scale), workers_(threads) {
  const Plan& plan = network.plan();
  for (unsigned i = 0; i < workers_.count(); ++i) seats_.emplace_back(plan);
  moments_.mean.resize(plan.parameters);
  moments_.square.resize(plan.parameters);
  // The largest stage goes to whoever has least so far.
  std::vector<std::size_t> stages;
  for (std::size_t i = 0; i < plan.stages.size(); ++i) {
    if (plan.stages[i].terms > 0) stages.push_back(i);
  }
  const auto size = [&](std::size_t i) { return plan.stages[i].terms * plan.stages[i].channels; };
  std::ranges::stable_sort(stages, std::ranges::greater{}, size);
  stagesOf_.resize(workers_.count());
  std::vector<std::size_t> load(workers_.count(), 0);
  for (const std::size_t stage : stages) {
    const auto least = static_cast<std::size_t>(std::ranges::min_element(load) - load.begin());
    load[least] += size(stage);
    stagesOf_[least].push_back(stage);
  }
}

void Learner::predict(Seat& seat, std::span<const std::uint32_t> events) {
  const auto lanes = static_cast<Eigen::Index>(events.size());
  seat.truth.resize(lanes, data::kTriggerCells);
  seat.predicted.resize(lanes, data::kTriggerCells);
  gather(events_, events, scale_, seat.chunk.values.data() + kLanes, seat.truth.data());
  network_.forward(seat.chunk);
  const std::vector<Row>& outputs = network_.plan().outputs;
  for (std::size_t c = 0; c < outputs.size(); ++c) {
    std::copy_n(seat.chunk.values.data() + std::size_t{outputs[c]} * kLanes, events.size(),
                seat.predicted.data() + c * events.size());
  }
}

void Learner::learnChunk(Seat& seat, std::span<const std::uint32_t> events, const Loss& loss,
                         std::size_t batch, std::span<float> gradient, double& total) {
  predict(seat, events);
  network_.countAlive(seat.chunk, events.size());
  const auto lanes = static_cast<double>(events.size());
  total = loss(seat.truth, seat.predicted, &seat.gradient) * lanes;
  // The loss is a mean over the chunk, the gradient one over the batch.
  const auto scale = static_cast<float>(lanes / static_cast<double>(batch));
  network_.clearGradients(seat.chunk);
  const std::vector<Row>& outputs = network_.plan().outputs;
  for (std::size_t c = 0; c < outputs.size(); ++c) {
    float* to = seat.chunk.gradients.data() + std::size_t{outputs[c]} * kLanes;
    const float* from = seat.gradient.data() + c * events.size();
    for (std::size_t lane = 0; lane < events.size(); ++lane) to[lane] += scale * from[lane];
  }
  network_.backward(seat.chunk, gradient);
}

double Learner::step(std::span<const std::uint32_t> batch, const Loss& loss, double rate,
                     double decay) {
  const std::size_t chunks = chunksOf(batch.size());
  const std::size_t shares = std::min(chunks, kShares);
  std::vector<double> losses(chunks);
  if (gradients_.size() < shares) {
    gradients_.resize(shares, std::vector<float>(network_.parameters().size()));
  }
  share(workers_, shares, [&](unsigned worker, std::size_t i) {
    std::ranges::fill(gradients_[i], 0.0F);
    for (std::size_t c = i * chunks / shares; c < (i + 1) * chunks / shares; ++c) {
      const std::size_t first = c * kLanes;
      learnChunk(seats_[worker], batch.subspan(first, std::min(kLanes, batch.size() - first)), loss,
                 batch.size(), gradients_[i], losses[c]);
    }
  });
  constexpr double kBeta1 = 0.9;
  constexpr double kBeta2 = 0.999;
  moments_.power1 *= kBeta1;
  moments_.power2 *= kBeta2;
  const AdamStep step{static_cast<float>(rate / (1.0 - moments_.power1)),
                      static_cast<float>(1.0 / (1.0 - moments_.power2)),
                      static_cast<float>(rate * decay)};
  workers_.run([&](unsigned worker) {
    for (const std::size_t stage : stagesOf_[worker]) updateStage(stage, shares, step);
  });
  return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(batch.size());
}

void Learner::updateStage(std::size_t index, std::size_t shares, const AdamStep& step) {
  const Stage& stage = network_.plan().stages[index];
  const std::size_t end = stage.bias + stage.channels;
  float* gradient = gradients_[0].data();
  for (std::size_t share = 1; share < shares; ++share) {
    const float* more = gradients_[share].data();
    for (std::size_t i = stage.kernel; i < end; ++i) gradient[i] += more[i];
  }
  const auto update = [&](std::size_t first, std::size_t last, const AdamStep& own) {
    network_.kernels().adam(own, std::span(network_.parameters()).subspan(first, last - first),
                            gradient + first, moments_.mean.data() + first,
                            moments_.square.data() + first);
  };
  AdamStep scaled = step;
  scaled.rate *= static_cast<float>(fullScale(stage, stage.weightFormat));
  update(stage.kernel, stage.bias, scaled);
  AdamStep plain = step;
  plain.rate *= static_cast<float>(fullScale(stage, stage.biasFormat));
  plain.decay = 0;
  update(stage.bias, end, plain);
  network_.prepare(index);
}

double Learner::evaluate(std::span<const std::uint32_t> events, const Loss& loss,
                         std::span<const float> pattern) {
  const std::size_t chunks = chunksOf(events.size());
  std::vector<double> losses(chunks);
  share(workers_, chunks, [&](unsigned worker, std::size_t i) {
    Seat& seat = seats_[worker];
    const auto own = events.subspan(i * kLanes, std::min(kLanes, events.size() - i * kLanes));
    predict(seat, own);
    for (std::size_t c = 0; c < pattern.size(); ++c) {
      seat.predicted.col(static_cast<Eigen::Index>(c)).setConstant(pattern[c]);
    }
    losses[i] = loss(seat.truth, seat.predicted, nullptr) * static_cast<double>(own.size());
  });
  return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(events.size());
}

void Learner::spreadLatents(std::span<const std::uint32_t> events,
                            std::span<const std::size_t> latents) {
  if (!network_.latentFormat()) return;
  std::vector<std::size_t> chosen(latents.begin(), latents.end());
  if (chosen.empty()) {
    chosen.resize(network_.plan().stages[network_.plan().latentStage].rows);
    std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  }
  std::vector<double> sum(chosen.size(), 0.0);
  std::vector<double> squares(chosen.size(), 0.0);
  Seat& seat = seats_.front();
  for (std::size_t first = 0; first < events.size(); first += kLanes) {
    const std::size_t lanes = std::min(kLanes, events.size() - first);
    predict(seat, events.subspan(first, lanes));
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const std::vector<float> sums = network_.latentSums(seat.chunk, chosen[i]);
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        sum[i] += double{sums[lane]};
        squares[i] += double{sums[lane]} * double{sums[lane]};
      }
    }
  }
  const auto count = static_cast<double>(events.size());
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const double mean = sum[i] / count;
    const double variance = squares[i] / count - mean * mean;
    network_.spreadLatent(chosen[i], mean, std::sqrt(std::max(0.0, variance)));
  }
  network_.prepareAll();
}

void Learner::calmOutputs(std::span<const std::uint32_t> events) {
  double squares = 0;
  Seat& seat = seats_.front();
  for (std::size_t first = 0; first < events.size(); first += kLanes) {
    predict(seat, events.subspan(first, std::min(kLanes, events.size() - first)));
    for (const float value : seat.predicted.reshaped()) squares += double{value} * double{value};
  }
  const double rms = std::sqrt(squares / static_cast<double>(events.size() * data::kTriggerCells));
  if (rms <= kCalmOutput) return;
  network_.scaleOutputs(kCalmOutput / rms);
  network_.prepareAll();
}

std::vector<std::uint64_t> Learner::alive() const {
  std::vector<std::uint64_t> total(seats_.front().chunk.alive.size(), 0);
  for (const Seat& seat : seats_) {
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += seat.chunk.alive[i];
  }
  return total;
}

void Learner::clearAlive() {
  for (Seat& seat : seats_) std::ranges::fill(seat.chunk.alive, 0U);
}

void Learner::setAlive(std::span<const std::uint64_t> alive) {
  clearAlive();
  std::vector<std::uint64_t>& first = seats_.front().chunk.alive;
  std::copy_n(alive.begin(), std::min(alive.size(), first.size()), first.begin());
}

}  // namespace aegen::encoders::training
