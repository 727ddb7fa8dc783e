// The trainer's network against the graphs that training leaves behind, on random lists of layers.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>

#include "aegen/core/interpreter.hpp"
#include "aegen/encoders/lowering.hpp"
#include "training/event_set.hpp"
#include "training/event_source.hpp"
#include "training/network.hpp"
#include "training/skeleton.hpp"

namespace aegen::encoders {
namespace {

using training::kLanes;

constexpr std::size_t kCells = 48;

class RandomLayers {
 public:
  explicit RandomLayers(std::uint64_t seed) : random_(seed) {}

  int between(int low, int high) {
    return low + static_cast<int>(random_() % static_cast<unsigned>(high - low + 1));
  }
  bool chance() { return between(0, 1) == 1; }

  TrainConfig config() {
    TrainConfig config;
    config.seed = random_();
    config.encoder = encoder();
    config.decoder.quantized = true;
    config.decoder.layers = decoder();
    config.link.activeEtx = between(1, 13);
    return config;
  }

  // Charges of all sizes, empty cells, single cells.
  data::Event event() {
    data::Event event;
    const int bits = between(1, 22);
    const int filled = between(1, 48);
    for (std::int64_t& charge : event.charge) {
      if (between(1, 48) <= filled) charge = between(0, (1 << bits) - 1);
    }
    event.charge[static_cast<std::size_t>(between(0, 47))] = between(1, (1 << bits) - 1);
    return event;
  }

 private:
  LayerConfig layer(NodeKind kind) {
    LayerConfig layer;
    layer.kind = kind;
    return layer;
  }

  LayerConfig weighted(NodeKind kind, int outputs, int inputFraction) {
    LayerConfig out = layer(kind);
    out.outputs = outputs;
    const int width = between(3, 9);
    out.weights = {true, width, between(width - 2, width + 1)};
    if (chance()) out.bias = core::FixedFormat{true, between(4, 10), between(2, 10)};
    if (chance()) out.productFraction = inputFraction + between(-2, out.weights.fraction + 2);
    out.perChannel = chance();
    return out;
  }

  LayerConfig requantize(int low, int high) {
    LayerConfig out = layer(NodeKind::Requantize);
    const int width = between(low, high);
    out.format = {chance(), width, between(width - 3, width + 1)};
    out.rounding = static_cast<core::Rounding>(between(0, 3));
    out.overflow = chance() ? core::Overflow::Wrap : core::Overflow::Saturate;
    return out;
  }

  std::vector<LayerConfig> encoder() {
    std::vector<LayerConfig> layers;
    int fraction = 0;
    if (between(0, 3) > 0) {
      layers.push_back(layer(NodeKind::Normalize));
      fraction = between(4, 10);
      layers.back().format = {false, fraction + 1, fraction};
    }
    if (chance()) {
      layers.push_back(layer(NodeKind::Reshape));
      layers.back().shape = {6, 4, 2};
      if (chance()) {
        layers.push_back(layer(NodeKind::Pad));
        layers.back().padding = {between(0, 1), between(0, 2), between(0, 1), between(0, 1)};
      }
      LayerConfig conv = weighted(NodeKind::Conv2d, between(1, 18), fraction);
      conv.kernelRows = between(1, 3);
      conv.kernelColumns = between(1, 3);
      conv.stride = between(1, 2);
      layers.push_back(conv);
      if (chance()) layers.push_back(layer(NodeKind::Relu));
      layers.push_back(requantize(5, 12));
      fraction = layers.back().format.fraction;
      layers.push_back(layer(NodeKind::Reshape));
    } else if (chance()) {
      LayerConfig arrange = layer(NodeKind::Arrange);
      arrange.shape = {between(10, 60)};
      for (int i = 0; i < arrange.shape[0]; ++i) arrange.indices.push_back(between(-1, 47));
      layers.push_back(arrange);
    }
    latents_ = between(2, 18);
    layers.push_back(weighted(NodeKind::Dense, latents_, fraction));
    if (chance()) layers.push_back(layer(NodeKind::Relu));
    layers.push_back(requantize(2, 9));
    return layers;
  }

  std::vector<LayerConfig> decoder() {
    std::vector<LayerConfig> layers;
    const bool grows = chance();
    layers.push_back(weighted(NodeKind::Dense, grows ? 24 : between(8, 40), between(2, 8)));
    if (chance()) layers.push_back(layer(NodeKind::Relu));
    layers.push_back(requantize(5, 12));
    const int fraction = layers.back().format.fraction;
    if (grows) {
      layers.push_back(layer(NodeKind::Reshape));
      layers.back().shape = {4, 2, 3};
      LayerConfig up = weighted(NodeKind::Conv2dTranspose, 1, fraction);
      up.stride = 2;
      up.kernelRows = 2 + between(0, 1);
      up.kernelColumns = 2 + between(0, 2);
      up.padding = {0, up.kernelRows - 2, between(0, up.kernelColumns - 2), 0};
      up.padding[3] = up.kernelColumns - 2 - up.padding[2];
      layers.push_back(up);
      layers.push_back(requantize(6, 12));
      layers.push_back(layer(NodeKind::Reshape));
    }
    layers.push_back(weighted(NodeKind::Dense, 48, fraction));
    layers.push_back(layer(NodeKind::Relu));
    layers.push_back(requantize(6, 12));
    return layers;
  }

  std::mt19937_64 random_;
  int latents_ = 0;
};

// Every value of a graph's output, by the interpreter of its lowered program.
core::Columns interpret(Graph graph, const core::Columns& inputs) {
  for (Node& node : graph.nodes) {
    node.kernel.loadable = false;
    node.bias.loadable = false;
  }
  EXPECT_TRUE(graph.infer().ok());
  auto lowered = lower(graph, "");
  EXPECT_TRUE(lowered.ok()) << lowered.error().text();
  addWhole(*lowered, "whole_graph", "all of it");
  core::Interpreter interpreter(lowered->program, "whole_graph");
  const auto result = interpreter.run(inputs);
  EXPECT_TRUE(result.ok()) << result.error().text();
  return *result;
}

training::InputScale scaleOf(const Graph& encoder) {
  const Node* found = nullptr;
  for (const Node& node : encoder.nodes) {
    if (node.kind == NodeKind::Normalize) found = &node;
  }
  if (found == nullptr) return {};
  return {true, found->format.fraction, found->maxShift};
}

// Raw integers of rows.
std::int64_t rawOf(float value, const core::FixedFormat& format) {
  return static_cast<std::int64_t>(std::ldexp(static_cast<double>(value), format.fraction));
}

TEST(TrainedNetwork, ForwardIsTheFrozenGraphsBitForBit) {
  int tried = 0;
  int varied = 0;
  std::set<training::Arithmetic> arithmetics;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomLayers layers(seed);
    const TrainConfig config = layers.config();
    auto codec = training::skeleton(config);
    if (!codec.ok()) continue;  // sums too wide, a kernel larger than its input
    auto plan = training::planOf(*codec, config);
    if (!plan.ok()) {
      ASSERT_EQ(plan.error().code, "train.too-wide") << plan.error().text();
      continue;
    }
    ++tried;
    for (const training::Stage& stage : plan->stages) arithmetics.insert(stage.arithmetic);
    training::Random random(seed);
    training::Network network(
        *plan, core::availableInstructionSets()[seed % core::availableInstructionSets().size()],
        random);
    for (float& parameter : network.parameters()) {
      parameter = static_cast<float>(4.0 * random.uniform() - 2.0);  // past the formats' ranges
    }
    network.prepareAll();
    const auto filled = training::fill(*codec, network, config);
    ASSERT_TRUE(filled.ok()) << filled.error().text();

    training::LabelledEvents events;
    for (std::size_t e = 0; e < kLanes; ++e) events.events.push_back(layers.event());
    const training::EventSet set = training::prepare(events);
    ASSERT_EQ(set.events, kLanes);
    std::vector<std::uint32_t> order(kLanes);
    std::iota(order.begin(), order.end(), 0U);
    training::Chunk chunk(network.plan());
    std::vector<float> truth(kCells * kLanes);
    training::gather(set, order, scaleOf(codec->encoder), chunk.values.data() + kLanes,
                     truth.data());
    network.forward(chunk);

    core::Columns charges(kCells, kLanes);
    for (std::size_t e = 0; e < kLanes; ++e) {
      for (std::size_t c = 0; c < kCells; ++c) charges.at(c, e) = events.events[e].charge[c];
    }
    core::Columns latents = interpret(codec->encoder, charges);
    const core::FixedFormat& format = codec->encoder.output().format;
    const auto width = static_cast<std::size_t>(format.width);
    const training::Stage& last = network.plan().stages[network.plan().latentStage];
    for (std::size_t l = 0; l < latents.elements(); ++l) {
      std::int64_t mask = 0;
      for (std::size_t bit = 0; bit < width; ++bit) {
        const std::size_t place = (latents.elements() - 1 - l) * width + width - 1 - bit;
        if (codec->link.keep.at(place)) mask |= std::int64_t{1} << bit;
      }
      for (std::size_t e = 0; e < kLanes; ++e) {
        std::int64_t& latent = latents.at(l, e);
        latent = core::wrap(latent & mask, format);
        const float value = chunk.values[(last.firstRow + l) * kLanes + e];
        ASSERT_EQ(rawOf(value, format), latent) << "latent " << l << " event " << e;
      }
    }
    const core::Columns outputs = interpret(codec->decoder, latents);
    const core::FixedFormat& out = codec->decoder.output().format;
    std::set<std::int64_t> seen;
    for (std::size_t c = 0; c < kCells; ++c) {
      for (std::size_t e = 0; e < kLanes; ++e) {
        const float value = chunk.values[network.plan().outputs[c] * kLanes + e];
        ASSERT_EQ(rawOf(value, out), outputs.at(c, e)) << "output " << c << " event " << e;
        seen.insert(outputs.at(c, e));
      }
    }
    if (seen.size() > 5) ++varied;
  }
  EXPECT_GT(tried, 100);
  EXPECT_GT(varied, 50);
  EXPECT_TRUE(arithmetics.contains(training::Arithmetic::Real));
  EXPECT_TRUE(arithmetics.contains(training::Arithmetic::HighHalf));
  EXPECT_TRUE(arithmetics.contains(training::Arithmetic::Wide32));
}

TEST(TrainedNetwork, EveryKernelSetGivesTheSameBits) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomLayers layers(seed);
    const TrainConfig config = layers.config();
    auto codec = training::skeleton(config);
    if (!codec.ok()) continue;
    auto plan = training::planOf(*codec, config);
    if (!plan.ok()) continue;
    training::LabelledEvents events;
    for (std::size_t e = 0; e < kLanes; ++e) events.events.push_back(layers.event());
    const training::EventSet set = training::prepare(events);
    std::vector<std::uint32_t> order(kLanes);
    std::iota(order.begin(), order.end(), 0U);
    std::vector<std::vector<float>> gradients;
    for (const core::InstructionSet instructions : core::availableInstructionSets()) {
      training::Random random(seed);
      training::Network network(*plan, instructions, random);
      training::Chunk chunk(network.plan());
      std::vector<float> truth(kCells * kLanes);
      training::gather(set, order, scaleOf(codec->encoder), chunk.values.data() + kLanes,
                       truth.data());
      network.forward(chunk);
      network.clearGradients(chunk);
      for (const training::Row row : network.plan().outputs) {
        for (std::size_t i = 0; i < kLanes; ++i) {
          chunk.gradients[row * kLanes + i] = static_cast<float>(random.uniform() - 0.5);
        }
      }
      gradients.emplace_back(network.parameters().size());
      network.backward(chunk, gradients.back());
    }
    for (const std::vector<float>& other : gradients) EXPECT_EQ(other, gradients.front());
  }
}

// Layers in floats, weights anywhere: backward must be the derivative of forward.
TEST(TrainedNetwork, GradientIsTheDerivativeWhereNothingIsRounded) {
  constexpr std::uint64_t kSeed = 5;
  TrainConfig config;
  config.encoder.clear();
  LayerConfig normalize;
  normalize.kind = NodeKind::Normalize;
  normalize.format = {false, 8, 7};
  config.encoder.push_back(normalize);
  LayerConfig latent;
  latent.kind = NodeKind::Requantize;
  latent.format = {false, 8, 7};
  config.encoder.push_back(latent);
  config.link.activeEtx = 13;  // 48 latents of 8 bits
  config.link.keep.assign(48 * 8, true);
  config.decoder.conditions = {{"sum", 0, 1}};
  const auto add = [&](NodeKind kind, int outputs) -> LayerConfig& {
    LayerConfig& layer = config.decoder.layers.emplace_back();
    layer.kind = kind;
    layer.outputs = outputs;
    return layer;
  };
  config.decoder.layers.clear();
  add(NodeKind::Concat, 0);
  add(NodeKind::Dense, 24);
  add(NodeKind::Relu, 0);
  add(NodeKind::Reshape, 0).shape = {4, 2, 3};
  LayerConfig& up = add(NodeKind::Conv2dTranspose, 2);
  up.stride = 2;
  up.padding = {0, 1, 0, 1};
  add(NodeKind::Relu, 0);
  LayerConfig& conv = add(NodeKind::Conv2d, 5);
  conv.stride = 1;
  add(NodeKind::Reshape, 0);
  add(NodeKind::Dense, 48);
  auto codec = training::skeleton(config);
  ASSERT_TRUE(codec.ok()) << codec.error().text();
  auto plan = training::planOf(*codec, config);
  ASSERT_TRUE(plan.ok()) << plan.error().text();
  training::Random random(kSeed);
  training::Network network(*plan, core::availableInstructionSets().back(), random);
  training::Chunk chunk(network.plan());
  for (std::size_t i = kLanes; i < network.plan().firstLearning() * kLanes; ++i) {
    chunk.values[i] = static_cast<float>(random.uniform());
  }
  std::vector<float> direction(kCells * kLanes);
  for (float& value : direction) value = static_cast<float>(random.uniform());
  const auto loss = [&] {
    network.prepareAll();
    network.forward(chunk);
    double sum = 0;
    for (std::size_t c = 0; c < kCells; ++c) {
      for (std::size_t i = 0; i < kLanes; ++i) {
        sum += static_cast<double>(direction[c * kLanes + i]) *
               static_cast<double>(chunk.values[network.plan().outputs[c] * kLanes + i]);
      }
    }
    return sum;
  };
  (void)loss();
  network.clearGradients(chunk);
  for (std::size_t c = 0; c < kCells; ++c) {
    std::copy_n(
        direction.begin() + static_cast<std::ptrdiff_t>(c * kLanes), kLanes,
        chunk.gradients.begin() + static_cast<std::ptrdiff_t>(network.plan().outputs[c] * kLanes));
  }
  std::vector<float> gradient(network.parameters().size());
  network.backward(chunk, gradient);
  for (const training::Stage& stage : network.plan().stages) {
    if (stage.terms == 0) continue;
    double ours = 0;
    double theirs = 0;
    double dot = 0;
    const std::size_t end = stage.bias + stage.channels;
    for (std::size_t p = stage.kernel; p < end; p += 1 + (end - stage.kernel) / 60) {
      const float here = network.parameters()[p];
      network.parameters()[p] = here + 0x1p-10F;
      const double above = loss();
      network.parameters()[p] = here - 0x1p-10F;
      const double below = loss();
      network.parameters()[p] = here;
      const double expected = (above - below) * 0x1p9;
      const auto actual = static_cast<double>(gradient[p]);
      ours += actual * actual;
      theirs += expected * expected;
      dot += expected * actual;
    }
    EXPECT_GT(theirs, 0) << stage.node;
    EXPECT_GT(dot / std::sqrt(ours * theirs), 0.99) << stage.node;
    EXPECT_NEAR(std::sqrt(ours / theirs), 1.0, 0.02) << stage.node;
  }
}

TEST(TrainedNetwork, RevivesDeadLatentsAndLeavesTheOthersAlone) {
  TrainConfig config;
  config.decoder.layers = denseDecoder({8});
  auto codec = training::skeleton(config);
  ASSERT_TRUE(codec.ok()) << codec.error().text();
  auto plan = training::planOf(*codec, config);
  ASSERT_TRUE(plan.ok()) << plan.error().text();
  training::Random random(1);
  training::Network network(*plan, core::InstructionSet::Generic, random);
  const std::vector<float> before = network.parameters();
  std::vector<std::uint64_t> alive(16, 1000);
  alive[3] = 9;
  EXPECT_EQ(network.reviveLatents(alive, 1000, random).size(), 1U);
  const training::Stage& dense = network.plan().stages[network.plan().latentStage];
  for (std::size_t latent = 0; latent < 16; ++latent) {
    std::size_t changed = 0;
    for (std::size_t t = 0; t < dense.terms; ++t) {
      const std::size_t p = dense.parameter(latent, t);
      changed += network.parameters()[p] != before[p] ? 1 : 0;
    }
    EXPECT_EQ(changed > 0, latent == 3) << latent;
  }
  EXPECT_TRUE(network.reviveLatents(std::vector<std::uint64_t>(16, 10), 1000, random).empty());
}

}  // namespace
}  // namespace aegen::encoders
