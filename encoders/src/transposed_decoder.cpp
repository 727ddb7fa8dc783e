#include "aegen/encoders/transposed_decoder.hpp"

#include <algorithm>
#include <cmath>

namespace aegen::encoders::econ_t {
namespace {

constexpr int kFeatures = 4 * 4 * 8;  // of the convolution

int latentsOf(const AutoencoderWeights& weights) {
  return static_cast<int>(weights.denseKernel.size()) / kFeatures;
}

// What each channel weighs in each latent: [channel][latent].
std::vector<double> linearMap(const AutoencoderWeights& weights) {
  constexpr int kFilters = 8;
  constexpr int kOut = 4;
  constexpr int kKernel = 3;
  const auto channels = gridChannels();
  const int latents = latentsOf(weights);
  std::vector<double> map(static_cast<std::size_t>(kTriggerCells * latents), 0);
  for (int latent = 0; latent < latents; ++latent) {
    for (int o = 0; o < kOut * kOut * kFilters; ++o) {
      const int filter = o % kFilters;
      const int row = o / kFilters / kOut;
      const int column = o / kFilters % kOut;
      const double dense = static_cast<double>(
          weights.denseKernel[static_cast<std::size_t>(latent * kOut * kOut * kFilters + o)]);
      for (int tap = 0; tap < kKernel * kKernel; ++tap) {
        const int r = 2 * row + tap / kKernel;
        const int c = 2 * column + tap % kKernel;
        if (r >= kGridSide || c >= kGridSide) continue;
        const int channel = channels[static_cast<std::size_t>(r * kGridSide + c)];
        if (channel < 0) continue;
        map[static_cast<std::size_t>(channel * latents + latent)] +=
            dense * static_cast<double>(
                        weights.convKernel[static_cast<std::size_t>(tap * kFilters + filter)]);
      }
    }
  }
  return map;
}

}  // namespace

Graph transposedDecoder(const AutoencoderWeights& weights) {
  const std::vector<double> map = linearMap(weights);
  double largest = 1;
  for (const double value : map) largest = std::max(largest, std::abs(value));
  Graph graph;
  graph.name = "transposed_encoder";
  graph.nodes.resize(4);
  graph.nodes[0].name = "latent";
  const int latents = latentsOf(weights);
  graph.nodes[0].shape = {latents};
  graph.nodes[0].format = kLatentFormat;
  const char* const names[] = {"latent", "pattern", "positive", "charges"};
  for (std::size_t i = 1; i < graph.nodes.size(); ++i) {
    graph.nodes[i].name = names[i];
    graph.nodes[i].inputs = {static_cast<int>(i) - 1};
    graph.nodes[i].shape = {kTriggerCells};
  }
  Node& dense = graph.nodes[1];
  dense.kind = NodeKind::Dense;
  const core::FixedFormat format{true, 8, 7};
  dense.kernel = {"pattern_kernel", format, {kTriggerCells, latents}, {}, {}, true};
  for (const double value : map)
    dense.kernel.values.push_back(core::quantize(value / largest, format));
  dense.bias = {"pattern_bias", {true, 8, 15}, {kTriggerCells}, {}, {}, true};
  dense.bias.values.assign(kTriggerCells, 0);
  graph.nodes[2].kind = NodeKind::Relu;
  graph.nodes[3].kind = NodeKind::Requantize;
  graph.nodes[3].format = {false, 11, 10};
  return graph;
}

}  // namespace aegen::encoders::econ_t
