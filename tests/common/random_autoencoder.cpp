#include "random_autoencoder.hpp"

#include <algorithm>

namespace aegen::test_common {

using encoders::Codec;
using encoders::Condition;
using encoders::Graph;
using encoders::Node;
using encoders::NodeKind;
using encoders::Weights;
using encoders::econ_t::PathShape;

namespace {

constexpr int kCells = 48;
constexpr int kFew = 6;  // inputs of a layer that are not all

Node& append(Graph& graph, std::string name, NodeKind kind) {
  Node& node = graph.nodes.emplace_back();
  node.name = std::move(name);
  node.kind = kind;
  if (graph.nodes.size() > 1) node.inputs = {static_cast<int>(graph.nodes.size()) - 2};
  return node;
}

Weights weights(SplitMix64& random, std::string name, encoders::Shape shape, bool loadable) {
  Weights out{std::move(name), {true, 6, 5}, std::move(shape), {}, {}, loadable};
  out.values.resize(encoders::elementCount(out.shape));
  for (std::int64_t& value : out.values) value = random.between(-32, 31);
  return out;
}

void dense(SplitMix64& random, Graph& graph, int in, int out, bool loadable) {
  Node& node = append(graph, "dense", NodeKind::Dense);
  node.kernel = weights(random, "dense_kernel", {out, in}, loadable);
  node.bias = weights(random, "dense_bias", {out}, loadable);
  if (random.oneIn(2)) node.sum = {true, random.between(6, 12)};
}

Graph encoder(SplitMix64& random, const PathShape& shape, bool loadable) {
  Graph out;
  out.name = "encoder";
  Node& charges = append(out, "calq", NodeKind::Input);
  charges.shape = {kCells};
  charges.format = {false, 22, 0};
  Node& normalized = append(out, "normalized", NodeKind::Normalize);
  normalized.format = {false, 8, 7};
  normalized.maxShift = 21;
  Node& few = append(out, "few", NodeKind::Arrange);
  few.shape = {kFew};
  for (int i = 0; i < kFew; ++i) few.indices.push_back(random.between(0, kCells - 1));
  dense(random, out, kFew, shape.latents, loadable);
  Node& latent = append(out, "latent", NodeKind::Requantize);
  latent.format = {random.oneIn(2), shape.latentBits, shape.latentBits + random.between(-2, 2)};
  latent.rounding = static_cast<core::Rounding>(random.between(0, 3));
  latent.overflow = static_cast<core::Overflow>(random.between(0, 1));
  return out;
}

Graph decoder(SplitMix64& random, const Node& latents, int conditions, bool loadable) {
  Graph out;
  out.name = "decoder";
  Node& input = append(out, "latent", NodeKind::Input);
  input.shape = latents.shape;
  input.format = latents.format;
  if (conditions > 0) {
    Node& node = append(out, "conditions", NodeKind::Input);
    node.inputs.clear();
    node.shape = {conditions};
    node.format = latents.format;
    append(out, "all", NodeKind::Concat).inputs = {0, 1};
  }
  Node& few = append(out, "few", NodeKind::Arrange);
  const int count = latents.shape[0];
  for (int i = 0; i < kFew; ++i) few.indices.push_back(random.between(0, count - 1));
  for (int i = 0; i < conditions; ++i) few.indices.push_back(count + i);
  few.shape = {kFew + conditions};
  dense(random, out, kFew + conditions, kCells, loadable);
  append(out, "positive", NodeKind::Relu);
  append(out, "charges", NodeKind::Requantize).format = {false, 11, 10};
  return out;
}

}  // namespace

PathShape randomLatentShape(SplitMix64& random, int mostLatents) {
  PathShape shape;
  shape.etx = random.between(1, 14);
  shape.latents = random.between(1, mostLatents);
  shape.latentBits = random.between(1, 12);
  return shape;
}

Codec randomAutoencoder(SplitMix64& random, const PathShape& shape,
                        const RandomAutoencoderOptions& options) {
  Codec out;
  out.name = "random_autoencoder";
  out.encoder = encoder(random, shape, options.loadable);
  static_cast<void>(out.encoder.infer().ok());
  out.decoder = decoder(random, out.encoder.output(), options.conditions, options.loadableBoard);
  static_cast<void>(out.decoder.infer().ok());
  for (int i = 0; i < options.conditions; ++i) {
    const bool sum = i == 0 || random.oneIn(3);
    Condition condition{"c" + std::to_string(i)};
    condition.source = sum ? Condition::Source::SumCode : Condition::Source::Given;
    if (!sum) condition.given = random.between(-256, 256) / 64.0;
    out.conditions.push_back(condition);
  }
  out.link.activeEtx = random.between(1, std::min(shape.etx, 13));
  const std::size_t density = random.below(5);
  for (int i = 0; i < shape.latents * shape.latentBits; ++i) {
    out.link.keep.push_back(random.below(4) < density);
  }
  return out;
}

std::vector<std::int64_t> receivedLatents(const std::vector<std::int64_t>& latents,
                                          const encoders::LinkLayout& link,
                                          const core::FixedFormat& format, int etx) {
  // Links are full but for the 14 bits of header and sum; the bits kept last are sent.
  const auto total = static_cast<int>(link.keep.size());
  int room = -14;
  for (int links = 0; links < std::min(link.activeEtx, etx) && room < total; ++links) room += 32;
  std::vector<std::int64_t> out(latents.size(), 0);
  for (std::size_t l = 0; l < latents.size(); ++l) {
    std::int64_t value = 0;
    for (int bit = 0; bit < format.width; ++bit) {
      // The mask begins with the top bit of the last latent.
      const std::size_t at = link.keep.size() - 1 - (l * static_cast<std::size_t>(format.width)) -
                             static_cast<std::size_t>(bit);
      if (!link.keep[at] || room <= 0) continue;
      --room;
      const bool set = (latents[l] >> bit & 1) != 0;
      const bool sign = format.isSigned && bit == format.width - 1;
      if (set) value += (std::int64_t{1} << bit) * (sign ? -1 : 1);
    }
    out[l] = value;
  }
  return out;
}

}  // namespace aegen::test_common
