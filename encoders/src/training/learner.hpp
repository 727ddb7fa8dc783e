#pragma once
/// Learner: takes a network through batches of events on several threads, with the same result on
/// any number of them.

#include <span>
#include <vector>

#include "aegen/core/workers.hpp"
#include "event_set.hpp"
#include "loss.hpp"
#include "network.hpp"

namespace aegen::encoders::training {

/// What AdamW (Loshchilov and Hutter, 2019) remembers.
struct Moments {
  std::vector<float> mean;
  std::vector<float> square;
  double power1 = 1.0;  ///< beta1^steps
  double power2 = 1.0;
};

/// A batch is cut into chunks of kLanes events and its chunks into at most kShares shares, by its
/// size alone. A share's gradient is summed chunk by chunk by one thread, the shares' in their
/// order.
class Learner {
 public:
  Learner(Network& network, const EventSet& events, const InputScale& scale, unsigned threads);

  /// One step on the events of `batch`; their mean loss before it. `decay`: share of the kernels
  /// that is taken off.
  double step(std::span<const std::uint32_t> batch, const Loss& loss, double rate, double decay);

  /// Mean loss of `events`. `pattern`, if not empty, is what the decoder is taken to give for each.
  double evaluate(std::span<const std::uint32_t> events, const Loss& loss,
                  std::span<const float> pattern = {});

  /// Spreads these latents, all of them where `latents` is empty, over their range by their sums in
  /// `events`; see Network::spreadLatent(). Encoders without latentFormat() are left alone.
  void spreadLatents(std::span<const std::uint32_t> events, std::span<const std::size_t> latents);

  /// Scales the decoder's last layer so that its outputs are of the order of a mean charge in
  /// `events`: a decoder that starts far above is driven to zero, where it learns nothing.
  void calmOutputs(std::span<const std::uint32_t> events);

  [[nodiscard]] Moments& moments() { return moments_; }
  [[nodiscard]] const Moments& moments() const { return moments_; }
  /// Events in which each latent passed a gradient on, in all steps since clearAlive().
  [[nodiscard]] std::vector<std::uint64_t> alive() const;
  void clearAlive();
  /// Goes on counting from these.
  void setAlive(std::span<const std::uint64_t> alive);

 private:
  /// One thread's own.
  struct Seat {
    explicit Seat(const Plan& plan) : chunk(plan) {}
    Chunk chunk;
    Batch truth;
    Batch predicted;
    Batch gradient;
  };

  void learnChunk(Seat& seat, std::span<const std::uint32_t> events, const Loss& loss,
                  std::size_t batch, std::span<float> gradient, double& total);
  void predict(Seat& seat, std::span<const std::uint32_t> events);
  void updateStage(std::size_t stage, std::size_t shares, const AdamStep& step);

  Network& network_;
  const EventSet& events_;
  InputScale scale_;
  core::Workers workers_;
  std::vector<Seat> seats_;
  std::vector<std::vector<std::size_t>> stagesOf_;  ///< updated by each thread
  std::vector<std::vector<float>> gradients_;       ///< of each share
  Moments moments_;
};

}  // namespace aegen::encoders::training
