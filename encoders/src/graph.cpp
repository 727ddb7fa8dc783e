#include "aegen/encoders/graph.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "layer_sums.hpp"

namespace aegen::encoders {
namespace {

using core::FixedFormat;
using core::Interval;
using core::Result;

constexpr std::string_view kKindNames[] = {"input", "normalize", "arrange",    "pad",    "conv2d",
                                           "dense", "relu",      "requantize", "concat", "reshape"};

bool isIdentifier(std::string_view name) {
  if (name.empty() || (std::isalpha(static_cast<unsigned char>(name[0])) == 0)) return false;
  return std::ranges::all_of(
      name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
}

std::string shapeText(const Shape& shape) {
  std::string out = "[";
  for (const int size : shape) out += (out.size() > 1 ? ", " : "") + std::to_string(size);
  return out + "]";
}

// Infers one node after the other; the first problem ends it.
class Inference {
 public:
  explicit Inference(Graph& graph) : graph_(graph) {}

  Result<void> run() {
    if (graph_.nodes.empty()) return problem("empty", "the graph has no nodes", graph_.name);
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      Node& node = graph_.nodes[i];
      if (!isIdentifier(node.name)) return problem("name", "name is not an identifier", node.name);
      if (!names.insert(node.name).second) return problem("name", "name used twice", node.name);
      for (const int input : node.inputs) {
        if (input < 0 || input >= static_cast<int>(i)) {
          return problem("order", "input is not an earlier node", node.name);
        }
      }
      if (const Result<void> done = infer(node); !done) return done;
    }
    return {};
  }

 private:
  static core::Diagnostic problem(std::string code, std::string message, const std::string& node,
                                  std::vector<std::string> notes = {}) {
    return core::badInput("graph." + std::move(code), std::move(message), "node '" + node + "'",
                          std::move(notes));
  }

  [[nodiscard]] const Node& in(const Node& node, std::size_t i = 0) const {
    return graph_.nodes[static_cast<std::size_t>(node.inputs[i])];
  }

  Result<void> infer(Node& node) {
    const std::size_t wanted = node.kind == NodeKind::Input ? 0 : 1;
    if (node.kind == NodeKind::Concat ? node.inputs.empty() : node.inputs.size() != wanted) {
      return problem(
          "inputs",
          std::string(text(node.kind)) + " has " + std::to_string(node.inputs.size()) + " inputs",
          node.name);
    }
    switch (node.kind) {
      case NodeKind::Input:
        return input(node);
      case NodeKind::Normalize:
        return normalize(node);
      case NodeKind::Arrange:
        return arrange(node);
      case NodeKind::Pad:
        return pad(node);
      case NodeKind::Conv2d:
        return conv2d(node);
      case NodeKind::Dense:
        return dense(node);
      case NodeKind::Relu: {
        node.shape = in(node).shape;
        const FixedFormat& from = in(node).format;
        node.format =
            FixedFormat::holding({0, std::max<std::int64_t>(0, from.maxRaw())}, from.fraction);
        return {};
      }
      case NodeKind::Requantize:
        node.shape = in(node).shape;
        return checkFormat(node);
      case NodeKind::Concat:
        return concat(node);
      case NodeKind::Reshape:
        if (elementCount(node.shape) != elementCount(in(node).shape)) {
          return problem("shape",
                         "reshape from " + shapeText(in(node).shape) + " to " +
                             shapeText(node.shape) + " changes the number of elements",
                         node.name);
        }
        node.format = in(node).format;
        return {};
    }
    return {};
  }

  static Result<void> checkFormat(const Node& node) {
    if (node.format.width < 1 || node.format.width > core::kMaxWidth) {
      return problem("width",
                     "width " + std::to_string(node.format.width) + " is outside 1.." +
                         std::to_string(core::kMaxWidth),
                     node.name, {"choose narrower formats"});
    }
    return {};
  }

  static Result<void> input(const Node& node) {
    if (node.shape.empty() || elementCount(node.shape) == 0) {
      return problem("shape", "input needs a shape", node.name);
    }
    return checkFormat(node);
  }

  Result<void> normalize(Node& node) {
    node.shape = in(node).shape;
    const FixedFormat& from = in(node).format;
    if (from.isSigned || from.fraction != 0 || node.shape.size() != 1) {
      return problem("format", "normalize takes a list of unsigned integers", node.name);
    }
    if (node.format.isSigned || node.format.fraction < 1 ||
        node.format.width != node.format.fraction + 1) {
      return problem("format", "normalize gives unsigned values below 2: width = fraction + 1",
                     node.name);
    }
    if (node.maxShift < from.width - 1 || node.maxShift > 63) {
      return problem("shift", "maxShift must be at least the charge's width less one, at most 63",
                     node.name);
    }
    return {};
  }

  Result<void> arrange(Node& node) {
    const auto available = static_cast<int>(elementCount(in(node).shape));
    if (node.indices.size() != elementCount(node.shape)) {
      return problem(
          "shape",
          std::to_string(node.indices.size()) + " indices for shape " + shapeText(node.shape),
          node.name);
    }
    for (const int index : node.indices) {
      if (index < -1 || index >= available) {
        return problem("index", "index " + std::to_string(index) + " is outside the input",
                       node.name);
      }
    }
    node.format = in(node).format;
    return {};
  }

  Result<void> pad(Node& node) {
    const Shape& from = in(node).shape;
    if (from.size() != 3 || node.padding.size() != 4 ||
        std::ranges::any_of(node.padding, [](int p) { return p < 0; })) {
      return problem("shape", "pad takes a height x width x channels tensor and four paddings",
                     node.name);
    }
    node.shape = {from[0] + node.padding[0] + node.padding[1],
                  from[1] + node.padding[2] + node.padding[3], from[2]};
    node.format = in(node).format;
    return {};
  }

  Result<void> concat(Node& node) {
    int size = 0;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (in(node, i).shape.size() != 1 || in(node, i).format != in(node).format) {
        return problem("format", "concat takes lists of one format", node.name);
      }
      size += in(node, i).shape[0];
    }
    node.shape = {size};
    node.format = in(node).format;
    return {};
  }

  static Result<void> weights(const Node& node, const Weights& weights, const Shape& shape,
                              const char* what) {
    if (weights.shape != shape || weights.values.size() != elementCount(shape)) {
      return problem("shape",
                     std::string(what) + " has shape " + shapeText(weights.shape) + " and " +
                         std::to_string(weights.values.size()) + " values, " + shapeText(shape) +
                         " is needed",
                     node.name);
    }
    if (!isIdentifier(weights.name)) {
      return problem("name", std::string(what) + "'s name is not an identifier", node.name);
    }
    for (std::size_t i = 0; i < weights.values.size(); ++i) {
      if (!weights.format.range().contains(weights.values[i])) {
        return problem("weight-range",
                       weights.name + "[" + std::to_string(i) +
                           "] = " + std::to_string(weights.values[i]) + " is outside " +
                           weights.format.text() + " (" + std::to_string(weights.format.minRaw()) +
                           ".." + std::to_string(weights.format.maxRaw()) + ")",
                       node.name);
      }
    }
    return {};
  }

  Result<void> conv2d(Node& node) {
    const Shape& from = in(node).shape;
    const Shape& kernel = node.kernel.shape;
    if (from.size() != 3 || kernel.size() != 4 || kernel[2] != from[2] || node.stride < 1 ||
        std::ranges::any_of(kernel, [](int size) { return size < 1; }) || kernel[0] > from[0] ||
        kernel[1] > from[1]) {
      return problem("shape",
                     "conv2d of " + shapeText(from) + " with a kernel of " + shapeText(kernel),
                     node.name);
    }
    node.shape = {(from[0] - kernel[0]) / node.stride + 1, (from[1] - kernel[1]) / node.stride + 1,
                  kernel[3]};
    if (auto good = weights(node, node.kernel, kernel, "kernel"); !good) return good;
    if (auto good = weights(node, node.bias, {kernel[3]}, "bias"); !good) return good;
    return sums(node, static_cast<std::size_t>(kernel[3]));
  }

  Result<void> dense(Node& node) {
    if (in(node).shape.size() != 1 || node.kernel.shape.size() != 2) {
      return problem("shape", "dense takes a list and a kernel [out][in]", node.name);
    }
    const int out = node.kernel.shape[0];
    if (auto good = weights(node, node.kernel, {out, in(node).shape[0]}, "kernel"); !good) {
      return good;
    }
    if (auto good = weights(node, node.bias, {out}, "bias"); !good) return good;
    node.shape = {out};
    return sums(node, static_cast<std::size_t>(out));
  }

  // The format that holds the sum of every output.
  Result<void> sums(Node& node, std::size_t outputs) {
    const LayerSums layer(node, in(node).format);
    Interval range = layer.range(0);
    for (std::size_t i = 1; i < outputs; ++i) range = range.join(layer.range(i));
    node.format = FixedFormat::holding(range, layer.fraction());
    return checkFormat(node);
  }

  Graph& graph_;
};

}  // namespace

std::size_t elementCount(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, [](std::size_t n, int size) {
    return n * static_cast<std::size_t>(std::max(size, 0));
  });
}

std::string_view text(NodeKind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

std::optional<NodeKind> parseNodeKind(std::string_view text) {
  const auto found = std::ranges::find(kKindNames, text);
  if (found == std::end(kKindNames)) return std::nullopt;
  return static_cast<NodeKind>(found - std::begin(kKindNames));
}

const Node* Graph::find(std::string_view node) const {
  const auto found = std::ranges::find(nodes, node, &Node::name);
  return found == nodes.end() ? nullptr : &*found;
}

Result<void> Graph::infer() {
  return Inference(*this).run();
}

}  // namespace aegen::encoders
