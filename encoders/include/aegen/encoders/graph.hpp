#pragma once
/// Graph: tensor single-assignment form of an encoder or decoder network, every tensor with a
/// format.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/core/fixed_format.hpp"

namespace aegen::encoders {

using Shape = std::vector<int>;
/// Product of the sizes; 0 when one is not positive, the largest size_t when it overflows.
[[nodiscard]] std::size_t elementCount(const Shape& shape);

enum class NodeKind : std::uint8_t {
  Input,      ///< event input
  Normalize,  ///< [n] charges -> x = (q << fraction) >> min(floor(log2 sum), maxShift), truncated
  Arrange,    ///< picks elements by `indices` into `shape`; -1 gives 0
  Pad,     ///< zeros around rows and columns of an HWC tensor: `padding` = top, bottom, left, right
  Conv2d,  ///< HWC, kernel [kh][kw][in][out], no padding of its own, `stride`
  /// HWC, kernel [kh][kw][in][out]: every input element adds its products into a kh x kw window
  /// whose corner is `stride` times its place; `padding` rows and columns are cut off the full
  /// (H - 1) * stride + kh rows: top, bottom, left, right
  Conv2dTranspose,
  Dense,        ///< [in] -> [out], kernel [out][in]
  Relu,         ///< max(x, 0); the result's format is unsigned
  Requantize,   ///< into `format` with `rounding`, `overflow`
  Reinterpret,  ///< the same raw integers with `format.fraction` fractional bits: times 2^k
  Lookup,       ///< element by element `table[raw - minRaw]` in `format`, minRaw being the input
                ///< format's
  Concat,  ///< of 1-d tensors, exactly: at the finest fraction, wide enough for every input's range
  Reshape,  ///< row-major
};
[[nodiscard]] std::string_view text(NodeKind kind);
[[nodiscard]] std::optional<NodeKind> parseNodeKind(std::string_view text);
/// Conv2d, Conv2dTranspose, Dense: sums products with a kernel and adds a bias.
[[nodiscard]] bool hasWeights(NodeKind kind);

/// Widest input of a Lookup, in bits: its table has 2^width entries.
inline constexpr int kMaxLookupWidth = 12;

/// How a layer's products are summed.
struct SumRule {
  /// true: each product is floored to `productFraction` bits before it is added (ECON-T).
  /// false: products are added exactly.
  bool truncateProducts = false;
  int productFraction = 0;
  bool operator==(const SumRule&) const = default;
};

/// Integer weights of one width and signedness. `loadable`: held in registers named `name`,
/// `values` being the reset values; else constants of the hardware.
struct Weights {
  std::string name;
  core::FixedFormat format;
  Shape shape;
  std::vector<std::int64_t> values;  ///< raw, row-major
  std::vector<double> real;          ///< what was quantized, if known; else empty
  bool loadable = false;
  /// Fractional bits of each output channel's weights; empty: `format.fraction` for all.
  std::vector<int> channelFraction;

  [[nodiscard]] int fraction(std::size_t channel) const {
    return channelFraction.empty() ? format.fraction : channelFraction[channel];
  }
  /// `format` with the fraction of output channel `channel`.
  [[nodiscard]] core::FixedFormat formatOf(std::size_t channel) const {
    return {format.isSigned, format.width, fraction(channel)};
  }
  bool operator==(const Weights&) const = default;
};

/// One tensor and the operation that makes it.
struct Node {
  std::string name;  ///< an identifier, unique in the graph
  NodeKind kind = NodeKind::Input;
  std::vector<int> inputs;  ///< indices of earlier nodes
  Shape shape;
  /// Of the tensor. Where there are weights: set by Graph::infer() to the narrowest that holds
  /// every sum, at the finest fraction of any output channel.
  core::FixedFormat format;
  std::vector<int> indices;                            ///< Arrange
  std::vector<int> padding;                            ///< Pad, Conv2dTranspose
  int stride = 1;                                      ///< Conv2d, Conv2dTranspose
  int maxShift = 0;                                    ///< Normalize
  std::vector<std::int64_t> table;                     ///< Lookup: raw, one an input value
  std::string function;                                ///< Lookup: "sigmoid", "tanh", "" for others
  SumRule sum;                                         ///< where there are weights
  Weights kernel;                                      ///< where there are weights
  Weights bias;                                        ///< where there are weights: [out]
  core::Rounding rounding = core::Rounding::Floor;     ///< Requantize
  core::Overflow overflow = core::Overflow::Saturate;  ///< Requantize
  bool operator==(const Node&) const = default;
};

/// Nodes in topological order; the last is the output.
struct Graph {
  std::string name;
  std::vector<Node> nodes;

  [[nodiscard]] const Node& output() const { return nodes.back(); }
  [[nodiscard]] const Node* find(std::string_view node) const;
  /// Checks shapes, weights' ranges and formats and fills in the formats that follow (Relu, Conv2d,
  /// Dense, Pad, Concat, ...). A graph may have several Input nodes. Diagnostics `graph.*` place
  /// the node. What passes can be lowered: names (of the graph, its nodes and weights) are
  /// identifiers and differ, every tensor has 1..65,536 elements, a layer at most 2^24 products,
  /// and no product, bias or partial sum, aligned to the sum's fraction, needs more than a signed
  /// word of core::kMaxWidth bits.
  [[nodiscard]] core::Result<void> infer();
  bool operator==(const Graph&) const = default;
};

}  // namespace aegen::encoders
