#include "aegen/encoders/graph.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "aegen/core/text_tools.hpp"
#include "layer_sums.hpp"

namespace aegen::encoders {
namespace {

using core::FixedFormat;
using core::Interval;
using core::isIdentifier;
using core::Result;

// What a front-end network stays well below; past them a mistyped size would take the memory.
constexpr std::size_t kMaxElements = 65'536;                     // of a tensor
constexpr std::size_t kMaxGraphElements = std::size_t{1} << 22;  // of all tensors together
constexpr std::size_t kMaxProducts = std::size_t{1} << 24;       // of a layer
constexpr int kMaxFraction = 1000;                               // of the IR's formats

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
    if (!isIdentifier(graph_.name)) {
      return core::badInput("graph.name", "the graph's name is not an identifier",
                            "graph '" + graph_.name + "'", {kNameNote});
    }
    if (graph_.nodes.empty()) {
      return core::badInput("graph.empty", "the graph has no nodes", "graph '" + graph_.name + "'");
    }
    if (const Result<void> good = names(); !good) return good;
    std::size_t elements = 0;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      Node& node = graph_.nodes[i];
      for (const int input : node.inputs) {
        if (input < 0 || input >= static_cast<int>(i)) {
          return problem("order", "input is not an earlier node", node.name);
        }
      }
      if (const Result<void> done = infer(node); !done) return done;
      if (const Result<void> good = checkShape(node); !good) return good;
      elements += elementCount(node.shape);
      if (elements > kMaxGraphElements) {
        return problem(
            "shape",
            "the graph has more than " + std::to_string(kMaxGraphElements) + " elements up to here",
            node.name);
      }
    }
    return {};
  }

 private:
  static constexpr const char* kNameNote = "a letter, then letters, digits and underscores";

  // Nodes and weights become signals, registers and functions: one name each.
  Result<void> names() const {
    std::set<std::string_view> seen;
    const auto add = [&](const std::string& name, const char* what,
                         const Node& node) -> Result<void> {
      if (!isIdentifier(name)) {
        return problem("name", std::string(what) + " '" + name + "' is not an identifier",
                       node.name, {kNameNote});
      }
      if (!seen.insert(name).second) {
        return problem("name", std::string(what) + " '" + name + "' is used twice", node.name,
                       {"nodes and weights of a graph need different names"});
      }
      return {};
    };
    for (const Node& node : graph_.nodes) {
      if (auto good = add(node.name, "name", node); !good) return good;
      if (!hasWeights(node.kind)) continue;
      if (auto good = add(node.kernel.name, "kernel's name", node); !good) return good;
      if (auto good = add(node.bias.name, "bias's name", node); !good) return good;
    }
    return {};
  }

  static Result<void> checkShape(const Node& node) {
    if (node.shape.empty() || !positive(node.shape) || elementCount(node.shape) > kMaxElements) {
      return problem("shape",
                     "shape " + shapeText(node.shape) + " does not have 1.." +
                         std::to_string(kMaxElements) + " elements",
                     node.name, {"every size is at least 1"});
    }
    return {};
  }

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
      case NodeKind::Conv2dTranspose:
        return conv2dTranspose(node);
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
        return checkFormat(node.format, node);
      case NodeKind::Reinterpret:
        node.shape = in(node).shape;
        node.format = {in(node).format.isSigned, in(node).format.width, node.format.fraction};
        return checkFraction(node.format.fraction, node);
      case NodeKind::Lookup:
        return lookup(node);
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

  static Result<void> checkFormat(const FixedFormat& format, const Node& node) {
    if (format.width < 1 || format.width > core::kMaxWidth) {
      return problem("width",
                     "width " + std::to_string(format.width) + " is outside 1.." +
                         std::to_string(core::kMaxWidth),
                     node.name, {"choose narrower formats"});
    }
    return checkFraction(format.fraction, node);
  }

  static Result<void> checkFraction(int fraction, const Node& node) {
    if (fraction < -kMaxFraction || fraction > kMaxFraction) {
      return problem("format",
                     std::to_string(fraction) + " fractional bits are outside -" +
                         std::to_string(kMaxFraction) + ".." + std::to_string(kMaxFraction),
                     node.name, {"choose formats with fewer fractional bits"});
    }
    return {};
  }

  static Result<void> input(const Node& node) { return checkFormat(node.format, node); }

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
    if (auto good = checkFormat(node.format, node); !good) return good;
    const auto tooWide = [&](const std::string& what) {
      return problem("width", what + " is wider than " + std::to_string(core::kMaxWidth) + " bits",
                     node.name, {"choose narrower charges or fewer fractional bits"});
    };
    if (from.width + node.format.fraction > core::kMaxWidth) {
      return tooWide("a charge of " + std::to_string(from.width) + " bits moved up by " +
                     std::to_string(node.format.fraction));
    }
    const auto charges = static_cast<std::int64_t>(elementCount(node.shape));
    if (from.maxRaw() > std::numeric_limits<std::int64_t>::max() / charges) {
      return tooWide("the sum of " + std::to_string(charges) + " charges of " +
                     std::to_string(from.width) + " bits");
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
        std::ranges::any_of(node.padding,
                            [](int p) { return p < 0 || p > static_cast<int>(kMaxElements); })) {
      return problem("shape",
                     "pad takes a height x width x channels tensor and four paddings of 0.." +
                         std::to_string(kMaxElements),
                     node.name);
    }
    node.shape = {from[0] + node.padding[0] + node.padding[1],
                  from[1] + node.padding[2] + node.padding[3], from[2]};
    node.format = in(node).format;
    return {};
  }

  Result<void> lookup(Node& node) {
    const FixedFormat& from = in(node).format;
    if (from.width > kMaxLookupWidth) {
      return problem("width",
                     "a table for " + from.text() + " would have 2^" + std::to_string(from.width) +
                         " entries, at most 2^" + std::to_string(kMaxLookupWidth) + " can be had",
                     node.name, {"requantize its input to fewer bits"});
    }
    if (node.table.size() != std::size_t{1} << from.width) {
      return problem("shape",
                     "the table has " + std::to_string(node.table.size()) + " entries for " +
                         from.text() + ", " + std::to_string(std::size_t{1} << from.width) +
                         " are needed",
                     node.name);
    }
    if (auto good = checkFormat(node.format, node); !good) return good;
    for (std::size_t i = 0; i < node.table.size(); ++i) {
      if (node.format.range().contains(node.table[i])) continue;
      return outside("table[" + std::to_string(i) + "]", node.table[i], node.format, node);
    }
    if (!node.function.empty() && node.function != "sigmoid" && node.function != "tanh") {
      return problem("function", "'" + node.function + "' is no function of a lookup", node.name,
                     {"sigmoid, tanh, or none"});
    }
    node.shape = in(node).shape;
    return {};
  }

  // Inputs are moved up to the finest fraction, which no format may leave the word for.
  Result<void> concat(Node& node) {
    std::int64_t size = 0;
    int fraction = in(node).format.fraction;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (in(node, i).shape.size() != 1) {
        return problem("format", "concat takes lists", node.name,
                       {"reshape '" + in(node, i).name + "' to one dimension"});
      }
      size += in(node, i).shape[0];
      fraction = std::max(fraction, in(node, i).format.fraction);
    }
    if (size > static_cast<std::int64_t>(kMaxElements)) {
      return problem("shape",
                     "concat gives " + std::to_string(size) + " elements, at most " +
                         std::to_string(kMaxElements) + " can be had",
                     node.name);
    }
    std::optional<Interval> range;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const FixedFormat& from = in(node, i).format;
      const int up = fraction - from.fraction;
      if (from.width + up > core::kMaxWidth) {
        return problem("width",
                       "'" + in(node, i).name + "' with " + std::to_string(fraction) +
                           " fractional bits needs more than " + std::to_string(core::kMaxWidth) +
                           " bits",
                       node.name, {"requantize its inputs to formats that lie closer together"});
      }
      const Interval moved{from.minRaw() * (std::int64_t{1} << up),
                           from.maxRaw() * (std::int64_t{1} << up)};
      range = range ? range->join(moved) : moved;
    }
    node.shape = {static_cast<int>(size)};
    node.format = FixedFormat::holding(*range, fraction);
    return checkFormat(node.format, node);
  }

  static core::Diagnostic outside(const std::string& what, std::int64_t value,
                                  const FixedFormat& format, const Node& node) {
    return problem("weight-range",
                   what + " = " + std::to_string(value) + " is outside " + format.text() + " (" +
                       std::to_string(format.minRaw()) + ".." + std::to_string(format.maxRaw()) +
                       ")",
                   node.name);
  }

  static Result<void> weights(const Node& node, const Weights& weights, const Shape& shape,
                              std::size_t channels, const char* what) {
    if (weights.shape != shape || weights.values.size() != elementCount(shape)) {
      return problem("shape",
                     std::string(what) + " has shape " + shapeText(weights.shape) + " and " +
                         std::to_string(weights.values.size()) + " values, " + shapeText(shape) +
                         " is needed",
                     node.name);
    }
    if (auto good = checkFormat(weights.format, node); !good) return good;
    if (!weights.channelFraction.empty() && weights.channelFraction.size() != channels) {
      return problem("shape",
                     std::string(what) + " has " + std::to_string(weights.channelFraction.size()) +
                         " channel fractions for " + std::to_string(channels) + " output channels",
                     node.name);
    }
    for (const int fraction : weights.channelFraction) {
      if (auto good = checkFraction(fraction, node); !good) return good;
    }
    for (std::size_t i = 0; i < weights.values.size(); ++i) {
      if (weights.format.range().contains(weights.values[i])) continue;
      return outside(weights.name + "[" + std::to_string(i) + "]", weights.values[i],
                     weights.format, node);
    }
    return {};
  }

  static bool positive(const Shape& shape) {
    return std::ranges::all_of(shape, [](int size) { return size >= 1; });
  }

  static Result<void> kernelAndBias(const Node& node, const Shape& kernel, int out) {
    const auto channels = static_cast<std::size_t>(out);
    if (auto good = weights(node, node.kernel, kernel, channels, "kernel"); !good) return good;
    return weights(node, node.bias, {out}, channels, "bias");
  }

  // What both convolutions need: a tensor, a kernel for its channels, a stride.
  Result<void> convolution(const Node& node) {
    const Shape& from = in(node).shape;
    const Shape& kernel = node.kernel.shape;
    const bool transposed = node.kind == NodeKind::Conv2dTranspose;
    const bool good =
        from.size() == 3 && kernel.size() == 4 && kernel[2] == from[2] && node.stride >= 1 &&
        positive(kernel) &&
        (transposed ? node.stride <= static_cast<int>(kMaxElements) && node.padding.size() == 4
                    : kernel[0] <= from[0] && kernel[1] <= from[1]);
    if (good) return kernelAndBias(node, kernel, kernel[3]);
    return problem(
        "shape",
        std::string(text(node.kind)) + " of " + shapeText(from) + " with a kernel of " +
            shapeText(kernel) + " and stride " + std::to_string(node.stride),
        node.name,
        {transposed ? "sizes and stride are at least 1, padding has four entries"
                    : "sizes and stride are at least 1, the kernel fits into the input"});
  }

  static Result<void> checkProducts(const Node& node, std::size_t places) {
    if (node.kernel.values.size() <= kMaxProducts / places) return {};
    return problem("shape", "the layer has more than " + std::to_string(kMaxProducts) + " products",
                   node.name);
  }

  Result<void> conv2d(Node& node) {
    if (auto good = convolution(node); !good) return good;
    const Shape& from = in(node).shape;
    const Shape& kernel = node.kernel.shape;
    node.shape = {(from[0] - kernel[0]) / node.stride + 1, (from[1] - kernel[1]) / node.stride + 1,
                  kernel[3]};
    if (auto good = checkProducts(node, elementCount({node.shape[0], node.shape[1]})); !good) {
      return good;
    }
    return sums(node);
  }

  Result<void> conv2dTranspose(Node& node) {
    if (auto good = convolution(node); !good) return good;
    const Shape& from = in(node).shape;
    if (auto good = checkProducts(node, elementCount({from[0], from[1]})); !good) return good;
    node.shape = {0, 0, node.kernel.shape[3]};
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const int before = node.padding[2 * axis];
      const int after = node.padding[2 * axis + 1];
      const std::int64_t full =
          std::int64_t{from[axis] - 1} * node.stride + node.kernel.shape[axis];
      const std::int64_t kept = full - before - after;
      if (before < 0 || after < 0 || kept < 1 || kept > static_cast<std::int64_t>(kMaxElements)) {
        return problem("shape",
                       "padding " + std::to_string(before) + " and " + std::to_string(after) +
                           " leaves " + std::to_string(kept) + " of " + std::to_string(full) +
                           (axis == 0 ? " rows" : " columns"),
                       node.name, {"1.." + std::to_string(kMaxElements) + " must be left"});
      }
      node.shape[axis] = static_cast<int>(kept);
    }
    if (auto good = checkShape(node); !good) return good;
    return sums(node);
  }

  Result<void> dense(Node& node) {
    if (in(node).shape.size() != 1 || node.kernel.shape.size() != 2 ||
        !positive(node.kernel.shape)) {
      return problem("shape",
                     "dense of " + shapeText(in(node).shape) + " with a kernel of " +
                         shapeText(node.kernel.shape),
                     node.name, {"it takes a list and a kernel [out][in]"});
    }
    const int out = node.kernel.shape[0];
    if (auto good = kernelAndBias(node, {out, in(node).shape[0]}, out); !good) return good;
    node.shape = {out};
    return sums(node);
  }

  // The format that holds the sum of every output.
  Result<void> sums(Node& node) {
    if (node.kernel.values.size() > kMaxProducts) {
      return problem("shape",
                     "the layer has more than " + std::to_string(kMaxProducts) + " weights",
                     node.name);
    }
    for (std::size_t channel = 0; channel < node.bias.values.size(); ++channel) {
      const int fraction = in(node).format.fraction + node.kernel.fraction(channel);
      if (auto good = checkFraction(fraction, node); !good) return good;
    }
    if (auto good = checkFraction(node.sum.productFraction, node); !good) return good;
    const LayerSums layer(node, in(node));
    std::optional<Interval> range;
    for (std::size_t window = 0; window < layer.windows().windows(); ++window) {
      for (std::size_t channel = 0; channel < layer.windows().channels(); ++channel) {
        const LayerSums::Range sum = layer.range(window, channel);
        if (!sum.tooWide.empty()) {
          return problem("width",
                         sum.tooWide + " of output " + std::to_string(channel) +
                             " needs more than " + std::to_string(core::kMaxWidth) + " bits",
                         node.name,
                         {"choose narrower inputs or weights, or formats whose fractional bits lie "
                          "closer together"});
        }
        range = range ? range->join(sum.interval) : sum.interval;
      }
    }
    node.format = FixedFormat::holding(*range, layer.fraction());
    return checkFormat(node.format, node);
  }

  Graph& graph_;
};

}  // namespace

Result<void> Graph::infer() {
  return Inference(*this).run();
}

}  // namespace aegen::encoders
