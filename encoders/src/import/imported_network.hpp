#pragma once
/// ImportedNetwork: a network as its framework's file holds it, real weights and quantizers, in the
/// one form that every reader of a file format fills and buildGraph() makes integers of.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/fixed_format.hpp"
#include "aegen/encoders/graph.hpp"
#include "aegen/encoders/import.hpp"

namespace aegen::encoders {

/// A real number to a fixed-point one as the framework does it: rounded to `format.fraction`, then
/// brought into `format`. QKeras: quantized_bits(b, i) rounds NearestEven, saturating, into
/// {keep_negative, b, b - keep_negative - i}; quantized_relu(b, i) likewise into {false, b, b - i}.
struct Quantizer {
  core::FixedFormat format;
  core::Rounding rounding = core::Rounding::NearestEven;
  core::Overflow overflow = core::Overflow::Saturate;
  /// The lowest raw value is left out (QKeras `symmetric`, QONNX `narrow`): -max .. max.
  bool symmetric = false;
  /// Weights only: fractional bits of each output channel, when scales differ; else empty. Scales
  /// that are not powers of two can't stand here: a reader refuses them or says what it did
  /// (ImportedNetwork::decisions).
  std::vector<int> channelFraction;
  bool operator==(const Quantizer&) const = default;
};

/// Real numbers as the file holds them, not yet quantized.
struct RealTensor {
  Shape shape;
  std::vector<double> values;  ///< row-major
  std::optional<Quantizer> quantizer;
};

/// What a layer computes. Tensors carry no batch dimension; images are [row][column][channel].
/// Padding is always {top, bottom, left, right}.
enum class LayerKind : std::uint8_t {
  Input,            ///< `shape`
  Quantize,         ///< `quantizer`
  Conv2d,           ///< kernel [row][column][in][out], `stride`, `padding` with zeros
  Conv2dTranspose,  ///< kernel [row][column][in][out], `stride`, `padding` cut off the full output
  Dense,            ///< kernel [out][in]; of the last axis when there are more
  Relu,             ///< max(x, 0)
  Sigmoid,          ///< 1 / (1 + exp(-x))
  Tanh,
  Pad,        ///< zeros by `padding`
  Reshape,    ///< to `shape`, row-major; flattening too
  Concat,     ///< of several inputs along `axis`
  Permute,    ///< output axis i is input axis `axes[i]`
  Slice,      ///< of axis i the elements begin[i] .. begin[i] + shape[i] - 1
  Scale,      ///< times `constant`
  Add,        ///< plus `constant`
  Minimum,    ///< min(x, constant)
  Maximum,    ///< max(x, constant)
  Floor,      ///< to the integer below
  Round,      ///< to the nearest integer, halves to even
  RoundUp,    ///< to the nearest integer, halves up
  Truncate,   ///< to the integer next to it towards 0
  Clip,       ///< min(max(x, least), constant)
  Wrap,       ///< plus a multiple of the size of `quantizer`'s range, into that range; not rounded
  Gather,     ///< to `shape` by `indices` into the row-major input; -1 gives 0
  Lookup,     ///< table[x + offset] of whole numbers x
  Normalize,  ///< x * 2^-min(floor(log2 of the sum of all x), maxShift), floored to `quantizer`'s
              ///< fraction
};
[[nodiscard]] std::string_view text(LayerKind kind);

struct ImportedLayer {
  std::string name;  ///< as in the file; buildGraph() makes an identifier of it
  LayerKind kind = LayerKind::Input;
  std::string where;        ///< for messages: "encoder.json: layer 'conv2d' (QConv2D)"
  std::vector<int> inputs;  ///< indices of earlier layers
  Shape shape;  ///< of the result, set by append(); Input, Reshape, Slice, Gather: given
  std::optional<Quantizer> quantizer;  ///< Quantize, Wrap, Normalize
  RealTensor kernel;                   ///< Conv2d, Conv2dTranspose, Dense
  RealTensor bias;                     ///< of these, [out]; empty: none
  int stride = 1;                      ///< Conv2d, Conv2dTranspose
  std::vector<int> padding;            ///< Conv2d, Conv2dTranspose, Pad; empty: 0
  std::vector<int> begin;              ///< Slice
  std::vector<int> axes;               ///< Permute
  int axis = -1;                       ///< Concat; negative counts from the last
  double constant = 0;                 ///< Scale, Add, Minimum, Maximum, Clip
  double least = 0;                    ///< Clip
  std::vector<int> indices;            ///< Gather
  RealTensor table;                    ///< Lookup
  int offset = 0;                      ///< Lookup
  int maxShift = 0;                    ///< Normalize
  /// Conv2d, Conv2dTranspose, Dense: every product is floored into this before it is added.
  std::optional<Quantizer> products;
};

/// Layers in topological order.
struct ImportedNetwork {
  std::string name;
  std::string source;  ///< what it was read from, for descriptions: "Keras 2.13.1, encoder.json"
  std::vector<ImportedLayer> layers;
  std::vector<int> outputs;  ///< indices of layers; the first is what the codec takes
  std::vector<Decision> decisions;

  /// Adds a layer whose inputs are there, checks its sizes and sets its shape; its index.
  /// Diagnostic `import.shape`, placed at the layer's `where`.
  [[nodiscard]] core::Result<int> append(ImportedLayer layer);
};

/// Zero padding {top, bottom, left, right} that makes a convolution's output ceil(size / stride),
/// the odd row or column below and right, as TensorFlow's "same" and ONNX's SAME_UPPER do.
/// `image` and `kernel` begin with rows and columns.
[[nodiscard]] std::vector<int> samePadding(const Shape& image, const Shape& kernel, int stride);
/// What a transposed convolution cuts off for an output of size * stride, likewise; the kernel is
/// at least as large as the stride.
[[nodiscard]] std::vector<int> sameCut(const Shape& kernel, int stride);

/// "[8, 8, 1]".
[[nodiscard]] std::string shapeText(const Shape& shape);

/// A reader's first problem, thrown within src/import only and caught where a file is done with:
/// the readers of nested formats are no place for a Result at every field.
struct ImportProblem {
  core::Diagnostic diagnostic;
};
/// Throws badInput(`import.` + code).
[[noreturn]] void importFails(const std::string& code, std::string message, std::string where,
                              std::vector<std::string> notes = {});

}  // namespace aegen::encoders
