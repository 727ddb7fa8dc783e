#pragma once
/// TrainingRun: the course of a training from prepared events to the best epoch's codec.

#include <span>
#include <vector>

#include "aegen/encoders/trainer.hpp"
#include "checkpoint.hpp"
#include "learner.hpp"
#include "loss_mixture.hpp"
#include "network.hpp"

namespace aegen::encoders::training {

class TrainingRun {
 public:
  /// `skeleton` and `plan` belong to `config`, which outlives the run.
  TrainingRun(const TrainConfig& config, const TrainOptions& options, Codec skeleton, Plan plan,
              EventSet events);

  [[nodiscard]] core::Result<TrainResult> run();

 private:
  [[nodiscard]] core::Result<void> resume();
  [[nodiscard]] core::Result<void> afterEpoch(int epoch);
  void trainEpoch(int epoch);
  void revive();
  /// Some training events, in their present order.
  [[nodiscard]] std::span<const std::uint32_t> sample() const;
  [[nodiscard]] Checkpoint checkpoint() const;
  [[nodiscard]] std::uint64_t identity() const;
  [[nodiscard]] double moduleSumLoss();
  [[nodiscard]] core::Result<TrainResult> finish();
  [[nodiscard]] std::string describe() const;

  const TrainConfig& config_;
  const TrainOptions& options_;
  Codec codec_;
  EventSet events_;
  Random random_;
  Network network_;
  Learner learner_;
  LossSchedule losses_;
  LossMixture judge_;  ///< of the last epoch: what the validation loss is
  std::vector<std::uint32_t> order_;
  std::span<std::uint32_t> validation_;
  std::span<std::uint32_t> training_;
  std::size_t batches_ = 0;
  std::uint64_t step_ = 0;
  std::uint64_t seen_ = 0;
  double bestLoss_;
  std::vector<float> best_;
  TrainResult result_;
};

}  // namespace aegen::encoders::training
