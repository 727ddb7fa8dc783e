#pragma once
/// Network: a plan with its parameters; forward in the hardware's integers, backward with rounding
/// and truncation as identities (the straight-through estimator).

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernels.hpp"
#include "random.hpp"
#include "stages.hpp"

namespace aegen::encoders::training {

/// What one thread needs to take a chunk of events through a network. Rows are the plan's.
struct Chunk {
  explicit Chunk(const Plan& plan);

  std::vector<float> values;     ///< [row][lane]; rows 1 .. are the inputs and conditions
  std::vector<float> gradients;  ///< [row][lane]
  /// Events in which each latent passed a gradient on, since somebody set it to 0.
  std::vector<std::uint64_t> alive;

 private:
  friend class Network;
  std::vector<float> masks_;         ///< [row][lane]
  std::vector<std::int16_t> words_;  ///< [row][lane], of the stage at hand
  std::vector<std::int32_t> wide32_;
  std::vector<std::int64_t> wide64_;
  std::vector<float> turned_;  ///< transposed rows
  std::vector<float> left_;    ///< rows brought together
  std::vector<float> sums_;    ///< a group's gradient
};

/// A stage's parameters as the forward and backward passes use them.
struct StageWeights {
  std::vector<float> kernel;  ///< rounded to the formats, in the parameters' order
  std::vector<float> bias;
  std::vector<int> fraction;  ///< of each channel's weights
  struct Group {
    std::vector<float> forward;      ///< [tap][channel]
    std::vector<float> backward;     ///< [channel][tap]
    std::vector<std::int16_t> high;  ///< [channel][tap], aligned as HighProducts wants it
    std::vector<std::int64_t> wide;  ///< [channel][tap], aligned to the product's shift
  };
  std::vector<Group> groups;
  std::int32_t largestHigh = 0;  ///< magnitude in `high`
};

class Network {
 public:
  /// Weights from `random`, in the order of the stages.
  Network(Plan plan, core::InstructionSet set, Random& random);

  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] std::vector<float>& parameters() { return parameters_; }
  [[nodiscard]] const std::vector<float>& parameters() const { return parameters_; }
  [[nodiscard]] const KernelSet& kernels() const { return kernels_; }
  [[nodiscard]] const StageWeights& weights(std::size_t stage) const { return weights_[stage]; }

  /// Brings a stage's parameters back into the range of its formats and makes its weights of them:
  /// after every change of parameters. Different stages may be prepared at once.
  void prepare(std::size_t stage);
  void prepareAll();

  void forward(Chunk& chunk) const;
  /// Adds to chunk.alive what the first `events` lanes of the last forward() say.
  void countAlive(Chunk& chunk, std::size_t events) const;
  void clearGradients(Chunk& chunk) const;
  /// Adds to `gradient` (one an element of parameters()) what the outputs' rows of
  /// `chunk.gradients` give, all others being 0; after forward() on the same chunk.
  void backward(Chunk& chunk, std::span<float> gradient) const;

  /// Latents that passed a gradient on in less than 1 % of `seen` events get new weights, and so
  /// does what the decoder made of them. Returns which. The latents are a dense layer's outputs;
  /// other encoders are left alone.
  std::vector<std::size_t> reviveLatents(std::span<const std::uint64_t> alive, std::uint64_t seen,
                                         Random& random);

  /// What latents are cut to, if they are the quantized outputs of a dense layer.
  [[nodiscard]] std::optional<core::FixedFormat> latentFormat() const;
  /// A latent's sum of products in every lane, without its bias; after forward(). There is a
  /// latentFormat().
  [[nodiscard]] std::vector<float> latentSums(const Chunk& chunk, std::size_t latent) const;
  /// Multiplies the kernel of the last layer of weights. prepareAll() has to follow.
  void scaleOutputs(double factor);
  /// Scales a latent's weights, as far as their format allows, and moves its bias so that sums of
  /// this mean and deviation come to lie across the latent's range: a quarter of it is their
  /// deviation, its middle their mean. prepareAll() has to follow.
  void spreadLatent(std::size_t latent, double mean, double deviation);

 private:
  void initialize(Random& random);
  void round(const Stage& stage, StageWeights& weights) const;
  void sumsOf(const Stage& stage, const StageWeights& weights, Chunk& chunk) const;
  void realRelu(const Stage& stage, Chunk& chunk) const;
  void realSums(const Stage& stage, const StageWeights& weights, Chunk& chunk) const;
  void highSums(const Stage& stage, const StageWeights& weights, Chunk& chunk) const;
  template <typename Integer>
  void wideSums(const Stage& stage, const StageWeights& weights, std::vector<Integer>& inputs,
                Chunk& chunk) const;
  void maskGradient(const Stage& stage, Chunk& chunk) const;
  void weightGradient(const Stage& stage, Chunk& chunk, float* gradient) const;
  void inputGradient(const Stage& stage, const StageWeights& weights, Chunk& chunk) const;

  Plan plan_;
  const KernelSet& kernels_;
  std::vector<float> parameters_;
  std::vector<StageWeights> weights_;
  std::vector<std::vector<Row>> inputRows_;  ///< of each stage, each once
};

}  // namespace aegen::encoders::training
