#include "aegen/encoders/graph.hpp"

#include <algorithm>
#include <limits>

namespace aegen::encoders {
namespace {

constexpr std::string_view kKindNames[] = {
    "input", "normalize",  "arrange",     "pad",    "conv2d", "conv2d_transpose", "dense",
    "relu",  "requantize", "reinterpret", "lookup", "concat", "reshape"};

}  // namespace

std::size_t elementCount(const Shape& shape) {
  std::size_t count = 1;
  for (const int size : shape) {
    if (size <= 0) return 0;
    if (__builtin_mul_overflow(count, static_cast<std::size_t>(size), &count)) {
      count = std::numeric_limits<std::size_t>::max();
    }
  }
  return count;
}

std::string_view text(NodeKind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

std::optional<NodeKind> parseNodeKind(std::string_view text) {
  const auto found = std::ranges::find(kKindNames, text);
  if (found == std::end(kKindNames)) return std::nullopt;
  return static_cast<NodeKind>(found - std::begin(kKindNames));
}

bool hasWeights(NodeKind kind) {
  return kind == NodeKind::Conv2d || kind == NodeKind::Conv2dTranspose || kind == NodeKind::Dense;
}

const Node* Graph::find(std::string_view node) const {
  const auto found = std::ranges::find(nodes, node, &Node::name);
  return found == nodes.end() ? nullptr : &*found;
}

}  // namespace aegen::encoders
