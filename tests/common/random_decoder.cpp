#include "random_decoder.hpp"

#include <random>

namespace aegen::test {
namespace {

using encoders::Graph;
using encoders::Node;
using encoders::NodeKind;

class Decoder {
 public:
  explicit Decoder(std::uint64_t seed) : random_(seed) {}

  Graph graph() {
    graph_.name = "decoder";
    Node& latents = append("latents", NodeKind::Input, {});
    latents.shape = {between(1, 6)};
    latents.format = {false, between(3, 9), between(2, 8)};
    Node& conditions = append("conditions", NodeKind::Input, {});
    conditions.shape = {between(1, 3)};
    conditions.format = {between(0, 1) == 1, between(3, 8), between(0, 6)};
    append("both", NodeKind::Concat, {0, 1});
    const int side = between(1, 3);
    const int depth = between(1, 3);
    const int terms = graph_.nodes[0].shape[0] + graph_.nodes[1].shape[0];
    Node& dense = append("dense", NodeKind::Dense);
    weigh(dense, {side * side * depth, terms}, side * side * depth);
    narrow("dense");
    append("grid", NodeKind::Reshape).shape = {side, side, depth};
    upsample("up0", depth);
    if (between(0, 1) == 1) upsample("up1", graph_.nodes[last_].kernel.shape[3]);
    Node& halved = append("scaled", NodeKind::Reinterpret);
    halved.format.fraction = between(0, 8);
    tabulate();
    return std::move(graph_);
  }

 private:
  int between(int low, int high) {
    return low + static_cast<int>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }

  Node& append(std::string name, NodeKind kind) {
    return append(std::move(name), kind, {static_cast<int>(graph_.nodes.size()) - 1});
  }
  Node& append(std::string name, NodeKind kind, std::vector<int> inputs) {
    Node node;
    node.name = std::move(name);
    node.kind = kind;
    node.inputs = std::move(inputs);
    graph_.nodes.push_back(std::move(node));
    return graph_.nodes.back();
  }

  void weigh(Node& node, encoders::Shape shape, int channels) {
    const auto fill = [&](encoders::Weights& weights, const std::string& name,
                          encoders::Shape size) {
      weights.name = name;
      weights.format = {true, between(2, 7), between(2, 7)};
      weights.shape = std::move(size);
      const core::Interval range = weights.format.range();
      for (std::size_t i = 0; i < encoders::elementCount(weights.shape); ++i) {
        weights.values.push_back(
            between(static_cast<int>(range.low), static_cast<int>(range.high)));
      }
      if (between(0, 1) == 0) return;
      for (int i = 0; i < channels; ++i) weights.channelFraction.push_back(between(1, 8));
    };
    fill(node.kernel, node.name + "_kernel", std::move(shape));
    fill(node.bias, node.name + "_bias", {channels});
    node.sum.truncateProducts = between(0, 2) == 0;
    if (node.sum.truncateProducts) node.sum.productFraction = between(3, 9);
  }

  void narrow(const std::string& name) {
    append(name + "_relu", NodeKind::Relu);
    Node& node = append(name + "_out", NodeKind::Requantize);
    node.format = {between(0, 1) == 1, between(4, 9), between(2, 7)};
    node.rounding = static_cast<core::Rounding>(between(0, 3));
    node.overflow = core::Overflow::Saturate;
  }

  void upsample(const std::string& name, int depth) {
    last_ = graph_.nodes.size();
    Node& up = append(name, NodeKind::Conv2dTranspose);
    up.stride = between(1, 3);
    const int rows = between(2, 3);
    const int columns = between(2, 3);
    const int filters = between(1, 3);
    up.padding = {between(0, 1), 0, 0, between(0, 1)};
    weigh(up, {rows, columns, depth, filters}, filters);
    narrow(name);
  }

  // Any function will do: a step that is not monotone is the hardest to get right by chance.
  void tabulate() {
    Graph known = graph_;
    static_cast<void>(known.infer().ok());
    Node& node = append("table", NodeKind::Lookup);
    node.format = {true, 8, 6};
    const std::size_t entries = std::size_t{1} << known.nodes.back().format.width;
    for (std::size_t i = 0; i < entries; ++i) node.table.push_back(between(-128, 127));
  }

  std::mt19937_64 random_;
  Graph graph_;
  std::size_t last_ = 0;  ///< the last transposed convolution
};

}  // namespace

Graph randomDecoder(std::uint64_t seed) {
  return Decoder(seed).graph();
}

core::Columns randomInputs(const Graph& graph, std::size_t events, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<core::Interval> ranges;
  for (const Node& node : graph.nodes) {
    if (node.kind != NodeKind::Input) continue;
    ranges.resize(ranges.size() + encoders::elementCount(node.shape), node.format.range());
  }
  core::Columns out(ranges.size(), events);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const auto span = static_cast<std::uint64_t>(ranges[i].high - ranges[i].low) + 1;
    for (std::int64_t& value : out.column(i)) {
      const std::uint64_t choice = random() % 8;
      value = choice == 0   ? ranges[i].low
              : choice == 1 ? ranges[i].high
                            : ranges[i].low + static_cast<std::int64_t>(random() % span);
    }
  }
  return out;
}

}  // namespace aegen::test
