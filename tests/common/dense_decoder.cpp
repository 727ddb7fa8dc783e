#include "dense_decoder.hpp"

#include <string>
#include <utility>

#include "aegen/encoders/econ_t.hpp"

namespace aegen::test {

encoders::Graph denseDecoder(const std::vector<RealDense>& layers,
                             const encoders::DecoderFormats& formats) {
  encoders::Graph graph;
  graph.name = "decoder";
  const auto add = [&](std::string name, encoders::NodeKind kind, int elements) -> encoders::Node& {
    encoders::Node& node = graph.nodes.emplace_back();
    node.name = std::move(name);
    node.kind = kind;
    node.shape = {elements};
    if (kind != encoders::NodeKind::Input) node.inputs = {static_cast<int>(graph.nodes.size()) - 2};
    return node;
  };
  const auto real = [](std::string name, encoders::Shape shape, const std::vector<double>& values) {
    encoders::Weights weights;
    weights.name = std::move(name);
    weights.shape = std::move(shape);
    weights.real = values;
    return weights;
  };
  add("latent", encoders::NodeKind::Input, layers.front().in).format =
      encoders::econ_t::kLatentFormat;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const RealDense& layer = layers[i];
    const bool last = i + 1 == layers.size();
    const std::string name = last ? "reconstruction" : "hidden" + std::to_string(i + 1);
    encoders::Node& dense = add(name, encoders::NodeKind::Dense, layer.out);
    dense.kernel = real(name + "_kernel", {layer.out, layer.in}, layer.kernel);
    dense.bias = real(name + "_bias", {layer.out}, layer.bias);
    add(name + "_relu", encoders::NodeKind::Relu, layer.out);
    add(last ? "charges" : name + "_activation", encoders::NodeKind::Requantize, layer.out)
        .rounding = core::Rounding::NearestUp;
  }
  encoders::freezeReal(graph, formats);
  return graph;
}

}  // namespace aegen::test
