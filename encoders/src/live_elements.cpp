#include "live_elements.hpp"

#include <algorithm>

#include "layer_windows.hpp"

namespace aegen::encoders {
namespace {

using Live = std::vector<bool>;

// What the live outputs of a layer with weights read.
void markWindows(const Node& node, const Shape& input, const Live& live, Live& read) {
  const LayerWindows windows(node, input);
  for (std::size_t position = 0; position < windows.positions(); ++position) {
    const auto begin = live.begin() + static_cast<std::ptrdiff_t>(position * windows.channels());
    const auto end = begin + static_cast<std::ptrdiff_t>(windows.channels());
    if (std::find(begin, end, true) == end) continue;
    for (std::size_t term = 0; term < windows.terms(windows.windowOf(position)); ++term) {
      if (const auto element = windows.input(position, term)) read[*element] = true;
    }
  }
}

void markPadded(const Node& node, const Shape& from, const Live& live, Live& read) {
  for (std::size_t i = 0; i < read.size(); ++i) {
    const auto place = static_cast<int>(i) / from[2];
    const int row = place / from[1] + node.padding[0];
    const int column = place % from[1] + node.padding[2];
    const int channel = static_cast<int>(i) % from[2];
    if (live[static_cast<std::size_t>((row * node.shape[1] + column) * from[2] + channel)]) {
      read[i] = true;
    }
  }
}

// Marks what node `at` reads for its live elements.
void markInputs(const Graph& graph, std::size_t at, std::vector<Live>& live) {
  const Node& node = graph.nodes[at];
  const Live& mine = live[at];
  const auto input = [&](std::size_t i) -> Live& {
    return live[static_cast<std::size_t>(node.inputs[i])];
  };
  switch (node.kind) {
    case NodeKind::Input:
      return;
    case NodeKind::Normalize:
      input(0).assign(input(0).size(), true);
      return;
    case NodeKind::Arrange:
      for (std::size_t i = 0; i < mine.size(); ++i) {
        if (mine[i] && node.indices[i] >= 0) {
          input(0)[static_cast<std::size_t>(node.indices[i])] = true;
        }
      }
      return;
    case NodeKind::Pad:
      return markPadded(node, graph.nodes[static_cast<std::size_t>(node.inputs[0])].shape, mine,
                        input(0));
    case NodeKind::Conv2d:
    case NodeKind::Conv2dTranspose:
    case NodeKind::Dense:
      return markWindows(node, graph.nodes[static_cast<std::size_t>(node.inputs[0])].shape, mine,
                         input(0));
    case NodeKind::Concat: {
      std::size_t next = 0;
      for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        for (std::size_t k = 0; k < input(i).size(); ++k, ++next) {
          if (mine[next]) input(i)[k] = true;
        }
      }
      return;
    }
    case NodeKind::Relu:
    case NodeKind::Requantize:
    case NodeKind::Reinterpret:
    case NodeKind::Lookup:
    case NodeKind::Reshape:
      for (std::size_t i = 0; i < mine.size(); ++i) {
        if (mine[i]) input(0)[i] = true;
      }
      return;
  }
}

}  // namespace

std::vector<Live> liveElements(const Graph& graph) {
  std::vector<Live> live;
  for (const Node& node : graph.nodes) live.emplace_back(elementCount(node.shape), false);
  live.back().assign(live.back().size(), true);
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    if (std::ranges::find(live[i], true) == live[i].end()) live[i].assign(live[i].size(), true);
    markInputs(graph, i, live);
  }
  return live;
}

}  // namespace aegen::encoders
