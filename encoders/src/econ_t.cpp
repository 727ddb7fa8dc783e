#include "aegen/encoders/econ_t.hpp"

#include <algorithm>
#include <bit>

#include "econ_t_path.hpp"

namespace aegen::encoders::econ_t {
namespace {

using core::FixedFormat;

constexpr FixedFormat kWeightFormat{true, 6, 5};

Weights weights(std::string name, Shape shape, const std::vector<std::int64_t>& values,
                bool loadable) {
  return {std::move(name), kWeightFormat, std::move(shape), values, {}, loadable};
}

}  // namespace

AutoencoderWeights zeroWeights() {
  const auto zeros = [](std::size_t n) { return std::vector<std::int64_t>(n, 0); };
  return {zeros(72), zeros(8), zeros(2048), zeros(16)};
}

Graph autoencoder(const AutoencoderWeights& w, bool loadable, bool truncateProducts) {
  Graph graph;
  graph.name = "econ_t_autoencoder";
  const auto node = [&](std::string name, NodeKind kind) -> Node& {
    Node next;
    next.name = std::move(name);
    next.kind = kind;
    if (kind != NodeKind::Input) next.inputs = {static_cast<int>(graph.nodes.size()) - 1};
    graph.nodes.push_back(std::move(next));
    return graph.nodes.back();
  };
  Node& charges = node("calq", NodeKind::Input);
  charges.shape = {kTriggerCells};
  charges.format = {false, kCharge, 0};
  Node& normalized = node("normalized", NodeKind::Normalize);
  normalized.format = {false, 8, 7};
  normalized.maxShift = kCharge - 1;
  Node& arranged = node("arranged", NodeKind::Arrange);
  arranged.shape = {kGridSide, kGridSide, 1};
  constexpr auto kGrid = gridChannels();
  arranged.indices = {kGrid.begin(), kGrid.end()};
  node("padded", NodeKind::Pad).padding = {0, 1, 0, 1};
  Node& conv = node("conv", NodeKind::Conv2d);
  conv.stride = 2;
  conv.kernel = weights("conv_kernel", {3, 3, 1, 8}, w.convKernel, loadable);
  conv.bias = weights("conv_bias", {8}, w.convBias, loadable);
  conv.sum = {truncateProducts, truncateProducts ? 7 : 0};
  node("features", NodeKind::Relu);
  node("flat", NodeKind::Reshape).shape = {128};
  Node& dense = node("dense", NodeKind::Dense);
  const auto latents = static_cast<int>(w.denseBias.size());
  dense.kernel = weights("dense_kernel", {latents, 128}, w.denseKernel, loadable);
  dense.bias = weights("dense_bias", {latents}, w.denseBias, loadable);
  dense.sum = {truncateProducts, truncateProducts ? 8 : 0};
  node("positive", NodeKind::Relu);
  Node& latent = node("latent", NodeKind::Requantize);
  latent.format = kLatentFormat;
  return graph;
}

PathShape withLatents(PathShape shape, const Node& latents) {
  shape.latents = static_cast<int>(elementCount(latents.shape));
  shape.latentBits = latents.format.width;
  return shape;
}

int normalizingShift(std::int64_t moduleSum) {
  if (moduleSum <= 0) return 0;
  const auto top = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(moduleSum))) - 1;
  return std::min(top, kCharge - 1);
}

}  // namespace aegen::encoders::econ_t
