#include "imported_network.hpp"

#include <algorithm>
#include <optional>

namespace aegen::encoders {
namespace {

using core::Result;

constexpr int kMostSide = 4096;
constexpr std::size_t kMostElements = 65'536;  // as a graph's tensor

constexpr std::string_view kKindNames[] = {
    "input",   "quantize", "conv2d", "conv2d_transpose", "dense",    "relu",  "sigmoid", "tanh",
    "pad",     "reshape",  "concat", "permute",          "slice",    "scale", "add",     "minimum",
    "maximum", "floor",    "round",  "round_up",         "truncate", "clip",  "wrap",    "gather",
    "lookup",  "normalize"};

// The shape of one layer's result, or why there is none.
class ShapeRule {
 public:
  ShapeRule(const ImportedNetwork& network, const ImportedLayer& layer)
      : network_(network), layer_(layer) {}

  Result<Shape> shape() const {
    if (!numberOfInputs())
      return problem("has " + std::to_string(layer_.inputs.size()) + " inputs");
    switch (layer_.kind) {
      case LayerKind::Input:
        return checked(layer_.shape);
      case LayerKind::Conv2d:
        return convolution();
      case LayerKind::Conv2dTranspose:
        return transposed();
      case LayerKind::Dense:
        return dense();
      case LayerKind::Pad:
        return padded();
      case LayerKind::Reshape:
        return reshaped();
      case LayerKind::Concat:
        return concatenated();
      case LayerKind::Permute:
        return permuted();
      case LayerKind::Slice:
        return sliced();
      case LayerKind::Gather:
        return gathered();
      case LayerKind::Quantize:
      case LayerKind::Wrap:
      case LayerKind::Normalize:
        if (!layer_.quantizer) return problem("has no quantizer");
        return in();
      case LayerKind::Relu:
      case LayerKind::Sigmoid:
      case LayerKind::Tanh:
      case LayerKind::Scale:
      case LayerKind::Add:
      case LayerKind::Minimum:
      case LayerKind::Maximum:
      case LayerKind::Floor:
      case LayerKind::Round:
      case LayerKind::RoundUp:
      case LayerKind::Truncate:
      case LayerKind::Clip:
      case LayerKind::Lookup:
        return in();
    }
    return in();
  }

 private:
  core::Diagnostic problem(const std::string& what, std::vector<std::string> notes = {}) const {
    return core::badInput("import.shape", std::string(text(layer_.kind)) + " " + what, layer_.where,
                          std::move(notes));
  }

  bool numberOfInputs() const {
    for (const int input : layer_.inputs) {
      if (input < 0 || input >= static_cast<int>(network_.layers.size())) return false;
    }
    if (layer_.kind == LayerKind::Input) return layer_.inputs.empty();
    if (layer_.kind == LayerKind::Concat) return !layer_.inputs.empty();
    return layer_.inputs.size() == 1;
  }

  const Shape& in(std::size_t i = 0) const {
    return network_.layers[static_cast<std::size_t>(layer_.inputs[i])].shape;
  }

  Result<Shape> checked(Shape shape) const {
    if (shape.empty() || elementCount(shape) == 0 || elementCount(shape) > kMostElements ||
        std::ranges::any_of(shape,
                            [](int size) { return size > static_cast<int>(kMostElements); })) {
      return problem("would give " + shapeText(shape),
                     {"tensors have 1.." + std::to_string(kMostElements) + " elements"});
    }
    return shape;
  }

  // {top, bottom, left, right}, all in range; empty stands for zeros.
  std::optional<std::vector<int>> padding() const {
    std::vector<int> sides = layer_.padding;
    if (sides.empty()) sides.assign(4, 0);
    const auto good = [](int side) { return side >= 0 && side <= kMostSide; };
    if (sides.size() != 4 || !std::ranges::all_of(sides, good)) return std::nullopt;
    return sides;
  }

  bool kernelFits(std::size_t inputs, std::size_t outputs, std::size_t axes) const {
    const RealTensor& kernel = layer_.kernel;
    if (kernel.shape.size() != axes || elementCount(kernel.shape) != kernel.values.size() ||
        kernel.values.empty()) {
      return false;
    }
    return kernel.shape[inputs] == in().back() &&
           (layer_.bias.values.empty() ||
            layer_.bias.values.size() == static_cast<std::size_t>(kernel.shape[outputs]));
  }

  core::Diagnostic badKernel() const {
    return problem("of " + shapeText(in()) + " with a kernel of " + shapeText(layer_.kernel.shape) +
                       ", " + std::to_string(layer_.bias.values.size()) + " biases, stride " +
                       std::to_string(layer_.stride),
                   {"kernel, biases and stride must fit the input"});
  }

  bool goodStride() const { return layer_.stride >= 1 && layer_.stride <= kMostSide; }

  Result<Shape> convolution() const {
    const auto sides = padding();
    if (in().size() != 3 || !kernelFits(2, 3, 4) || !sides || !goodStride()) return badKernel();
    const Shape& kernel = layer_.kernel.shape;
    const int rows = in()[0] + (*sides)[0] + (*sides)[1] - kernel[0];
    const int columns = in()[1] + (*sides)[2] + (*sides)[3] - kernel[1];
    if (rows < 0 || columns < 0) return badKernel();
    return checked({rows / layer_.stride + 1, columns / layer_.stride + 1, kernel[3]});
  }

  Result<Shape> transposed() const {
    const auto cut = padding();
    if (in().size() != 3 || !kernelFits(2, 3, 4) || !cut || !goodStride()) return badKernel();
    const Shape& kernel = layer_.kernel.shape;
    const auto side = [&](std::size_t axis) {
      const std::int64_t full = static_cast<std::int64_t>(in()[axis] - 1) * layer_.stride +
                                kernel[axis] - (*cut)[2 * axis] - (*cut)[2 * axis + 1];
      return static_cast<int>(std::clamp<std::int64_t>(full, 0, std::int64_t{kMostElements} + 1));
    };
    return checked({side(0), side(1), kernel[3]});
  }

  Result<Shape> dense() const {
    if (!kernelFits(1, 0, 2)) return badKernel();
    Shape shape = in();
    shape.back() = layer_.kernel.shape[0];
    return checked(std::move(shape));
  }

  Result<Shape> padded() const {
    const auto sides = padding();
    if (in().size() != 3 || !sides) return problem("of " + shapeText(in()), {"it pads images"});
    return checked(
        {in()[0] + (*sides)[0] + (*sides)[1], in()[1] + (*sides)[2] + (*sides)[3], in()[2]});
  }

  Result<Shape> reshaped() const {
    if (elementCount(layer_.shape) != elementCount(in())) {
      return problem("of " + shapeText(in()) + " to " + shapeText(layer_.shape));
    }
    return checked(layer_.shape);
  }

  Result<Shape> concatenated() const {
    Shape shape = in();
    const int axis = layer_.axis < 0 ? layer_.axis + static_cast<int>(shape.size()) : layer_.axis;
    if (axis < 0 || axis >= static_cast<int>(shape.size())) {
      return problem("of " + shapeText(in()) + " along axis " + std::to_string(layer_.axis));
    }
    const auto along = static_cast<std::size_t>(axis);
    for (std::size_t i = 1; i < layer_.inputs.size(); ++i) {
      Shape other = in(i);
      if (other.size() != shape.size()) return problem("of " + shapeText(in()) + shapeText(other));
      const int more = other[along];
      other[along] = shape[along];
      if (other != shape) return problem("of " + shapeText(in()) + " and " + shapeText(in(i)));
      shape[along] += more;
      if (shape[along] > static_cast<int>(kMostElements)) return checked(std::move(shape));
    }
    return checked(std::move(shape));
  }

  Result<Shape> gathered() const {
    const auto elements = static_cast<int>(elementCount(in()));
    const bool good = elementCount(layer_.shape) == layer_.indices.size() &&
                      std::ranges::all_of(layer_.indices, [&](int index) {
                        return index >= -1 && index < elements;
                      });
    if (!good) return problem("of " + shapeText(in()) + " to " + shapeText(layer_.shape));
    return checked(layer_.shape);
  }

  Result<Shape> permuted() const {
    std::vector<int> sorted = layer_.axes;
    std::ranges::sort(sorted);
    Shape shape;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (sorted[i] != static_cast<int>(i)) return problem("axes are no order of the axes");
    }
    if (sorted.size() != in().size()) return problem("of " + shapeText(in()));
    for (const int axis : layer_.axes) shape.push_back(in()[static_cast<std::size_t>(axis)]);
    return shape;
  }

  Result<Shape> sliced() const {
    bool good = layer_.shape.size() == in().size() && layer_.begin.size() == in().size();
    for (std::size_t i = 0; good && i < in().size(); ++i) {
      good = layer_.begin[i] >= 0 && layer_.shape[i] >= 1 &&
             layer_.begin[i] <= in()[i] - layer_.shape[i];
    }
    if (!good) return problem("of " + shapeText(in()) + " to " + shapeText(layer_.shape));
    return layer_.shape;
  }

  const ImportedNetwork& network_;
  const ImportedLayer& layer_;
};

}  // namespace

std::string_view text(LayerKind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

std::string shapeText(const Shape& shape) {
  std::string out = "[";
  for (const int size : shape) out += (out.size() > 1 ? ", " : "") + std::to_string(size);
  return out + "]";
}

Result<int> ImportedNetwork::append(ImportedLayer layer) {
  auto shape = ShapeRule(*this, layer).shape();
  if (!shape) return shape.error();
  layer.shape = *std::move(shape);
  layers.push_back(std::move(layer));
  return static_cast<int>(layers.size()) - 1;
}

std::vector<int> samePadding(const Shape& image, const Shape& kernel, int stride) {
  std::vector<int> sides;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const int out = (image[axis] + stride - 1) / stride;
    const int total = std::max(0, (out - 1) * stride + kernel[axis] - image[axis]);
    sides.insert(sides.end(), {total / 2, total - total / 2});
  }
  return sides;
}

std::vector<int> sameCut(const Shape& kernel, int stride) {
  std::vector<int> sides;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const int total = std::max(0, kernel[axis] - stride);
    sides.insert(sides.end(), {total / 2, total - total / 2});
  }
  return sides;
}

void importFails(const std::string& code, std::string message, std::string where,
                 std::vector<std::string> notes) {
  throw ImportProblem{
      core::badInput("import." + code, std::move(message), std::move(where), std::move(notes))};
}

}  // namespace aegen::encoders
