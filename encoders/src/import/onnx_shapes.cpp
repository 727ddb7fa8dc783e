// ONNX operations that move elements and change shapes.

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "onnx_reader.hpp"

namespace aegen::encoders {
namespace {

constexpr std::int64_t kMostSide = std::int64_t{1} << 22;
constexpr std::size_t kMostElements = 65'536;  // as a graph's tensor

Shape clampedShape(const std::vector<std::int64_t>& sizes, std::size_t from) {
  Shape out;
  for (std::size_t i = from; i < sizes.size(); ++i) {
    out.push_back(static_cast<int>(std::clamp<std::int64_t>(sizes[i], -1, kMostSide)));
  }
  return out;
}

// Puts what is left of `all` in the place of -1.
void fillOpenSize(Shape& shape, std::size_t all) {
  const auto open = std::ranges::find(shape, -1);
  if (open == shape.end()) return;
  *open = 1;
  const std::size_t rest = elementCount(shape);
  *open = rest == 0 ? 0 : static_cast<int>(std::min<std::size_t>(all / rest, kMostSide));
}

// The elements of a constant in another order of its axes.
RealTensor reordered(const RealTensor& in, const std::vector<std::size_t>& order) {
  RealTensor out;
  out.quantizer = in.quantizer;
  std::vector<std::size_t> strides(in.shape.size(), 1);
  for (std::size_t i = in.shape.size(); i-- > 1;) {
    strides[i - 1] = strides[i] * static_cast<std::size_t>(in.shape[i]);
  }
  for (const std::size_t axis : order) out.shape.push_back(in.shape[axis]);
  for (std::size_t element = 0; element < in.values.size(); ++element) {
    std::size_t rest = element;
    std::size_t from = 0;
    for (std::size_t i = order.size(); i-- > 0;) {
      const auto size = static_cast<std::size_t>(out.shape[i]);
      from += rest % size * strides[order[i]];
      rest /= size;
    }
    out.values.push_back(in.values[from]);
  }
  return out;
}

}  // namespace

OnnxValue OnnxReader::shapedAs(const Node& node, const OnnxValue& in, Shape shape) {
  if (!in.constant) {
    const std::size_t axes = shape.size();
    const int layer = inFileOrder(node, in);
    return {{},
            add(node, LayerKind::Reshape, {layer}, {.shape = std::move(shape)}),
            straightAxes(axes)};
  }
  if (elementCount(shape) != in.constant->values.size()) {
    fails("shape", shapeText(in.constant->shape) + " to " + shapeText(shape), node);
  }
  RealTensor out = *in.constant;
  out.shape = std::move(shape);
  return folded(std::move(out), node);
}

OnnxValue OnnxReader::reshape(const Node& node) {
  const OnnxValue in = input(node, 0);
  const auto sizes = integers(node, "shape", 1);
  if (sizes.size() > 8) fails("shape", "has more than 8 axes", node);
  Shape shape = clampedShape(sizes, in.constant ? 0 : 1);
  const Shape from = in.constant ? in.constant->shape : shapeOf(in);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && i < from.size()) shape[i] = from[i];
  }
  if (in.constant) {
    fillOpenSize(shape, in.constant->values.size());
    return shapedAs(node, in, std::move(shape));
  }
  if (sizes.size() < 2 || (sizes[0] != 0 && sizes[0] != 1 && sizes[0] != -1)) {
    fails("unsupported", "does not keep the number of events first", node,
          {"sizes 0, 1 or -1, then the others"});
  }
  fillOpenSize(shape, elementCount(from));
  return shapedAs(node, in, std::move(shape));
}

OnnxValue OnnxReader::flatten(const Node& node) {
  const OnnxValue in = tensor(node, 0);
  if (integerOf(node, "axis", 1) != 1) {
    fails("unsupported", "does not keep the number of events", node, {"axis 1"});
  }
  return shapedAs(node, in, {static_cast<int>(elementCount(shapeOf(in)))});
}

OnnxValue OnnxReader::squeeze(const Node& node) {
  const OnnxValue in = tensor(node, 0);
  const Shape from = shapeOf(in);
  std::vector<char> drop(from.size(), 0);
  for (const std::int64_t axis : integers(node, "axes", 1)) {
    drop[axisOf(axis, from.size(), node)] = 1;
  }
  Shape shape;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (drop[i] == 0) shape.push_back(from[i]);
  }
  return shapedAs(node, in, std::move(shape));
}

OnnxValue OnnxReader::unsqueeze(const Node& node) {
  const OnnxValue in = input(node, 0);
  Shape shape = in.constant ? in.constant->shape : shapeOf(in);
  std::vector<std::int64_t> axes = integers(node, "axes", 1);
  if (axes.size() > 8 || shape.size() > 8) fails("shape", "has more than 8 axes", node);
  const std::size_t ahead = in.constant ? 0 : 1;
  const auto all = static_cast<std::int64_t>(shape.size() + axes.size() + ahead);
  for (std::int64_t& axis : axes) axis = (axis < 0 ? axis + all : axis);
  std::ranges::sort(axes);
  for (const std::int64_t axis : axes) {
    const std::int64_t place = axis - static_cast<std::int64_t>(ahead);
    if (place < 0 || place > static_cast<std::int64_t>(shape.size())) {
      fails("structure", "adds an axis where none can be", node);
    }
    shape.insert(shape.begin() + place, 1);
  }
  return shapedAs(node, in, std::move(shape));
}

OnnxValue OnnxReader::transpose(const Node& node) {
  const OnnxValue in = input(node, 0);
  const std::size_t axes = in.constant ? in.constant->shape.size() : in.axes.size() + 1;
  auto order = integersOf(node, "perm");
  if (order.empty()) {
    for (std::size_t i = axes; i-- > 0;) order.push_back(static_cast<std::int64_t>(i));
  }
  auto sorted = order;
  std::ranges::sort(sorted);
  bool good = order.size() == axes;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    good = good && sorted[i] == static_cast<std::int64_t>(i);
  }
  if (!good || (!in.constant && order[0] != 0)) {
    fails("unsupported", "its order of axes is not supported", node,
          {"every axis once, the events first"});
  }
  if (in.constant) {
    return folded(reordered(*in.constant, {order.begin(), order.end()}), node);
  }
  OnnxValue out = in;
  for (std::size_t i = 0; i < out.axes.size(); ++i) {
    out.axes[i] = in.axes[static_cast<std::size_t>(order[i + 1] - 1)];
  }
  return passed(node, out);
}

OnnxValue OnnxReader::concat(const Node& node) {
  if (node.input_size() == 0) fails("structure", "joins nothing", node);
  const OnnxValue first = tensor(node, 0);
  const std::size_t axis = axisOf(integerOf(node, "axis", 0), first.axes.size(), node);
  std::vector<int> inputs;
  for (int i = 0; i < node.input_size(); ++i) {
    const OnnxValue& each = tensor(node, i);
    if (each.axes.size() != first.axes.size()) fails("shape", "joins unlike tensors", node);
    inputs.push_back(withAxes(node, each, first.axes));
  }
  const int along = first.axes[axis];
  return {{}, add(node, LayerKind::Concat, std::move(inputs), {.axis = along}), first.axes};
}

OnnxValue OnnxReader::slice(const Node& node) {
  const OnnxValue in = tensor(node, 0);
  const auto starts = integers(node, "starts", 1);
  const auto ends = integers(node, "ends", 2);
  auto axes = integers(node, "axes", 3);
  const auto steps = hasInput(node, 4) ? integers(node, 4) : std::vector<std::int64_t>();
  if (axes.empty()) {
    axes.resize(starts.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  if (starts.size() != ends.size() || axes.size() != starts.size() ||
      std::ranges::any_of(steps, [](std::int64_t step) { return step != 1; })) {
    fails("unsupported", "its starts, ends or steps are not supported", node, {"steps of 1"});
  }
  ImportedLayer layer;
  layer.shape = at(in.layer).shape;
  layer.begin.assign(layer.shape.size(), 0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<std::size_t>(in.axes[axisOf(axes[i], in.axes.size(), node)]);
    const std::int64_t size = at(in.layer).shape[axis];
    const auto place = [&](std::int64_t p) {
      return std::clamp<std::int64_t>(p < 0 ? p + size : p, 0, size);
    };
    layer.begin[axis] = static_cast<int>(place(starts[i]));
    layer.shape[axis] = static_cast<int>(place(ends[i]) - place(starts[i]));
  }
  return same(node, LayerKind::Slice, in, std::move(layer));
}

// Picks from picks are one.
OnnxValue OnnxReader::picked(const Node& node, int layer, Shape shape, std::vector<int> indices) {
  if (at(layer).kind == LayerKind::Gather) {
    for (int& index : indices) {
      if (index >= 0) index = at(layer).indices[static_cast<std::size_t>(index)];
    }
    layer = at(layer).inputs[0];
  }
  const std::size_t axes = shape.size();
  ImportedLayer out;
  out.shape = std::move(shape);
  out.indices = std::move(indices);
  return {{}, add(node, LayerKind::Gather, {layer}, std::move(out)), straightAxes(axes)};
}

OnnxValue OnnxReader::pad(const Node& node) {
  const OnnxValue in = tensor(node, 0);
  const auto sides = integers(node, "pads", 1);
  const std::size_t axes = in.axes.size();
  const bool zeros = !hasInput(node, 2) || number(node, 2) == 0;
  const auto good = [](std::int64_t side) { return side >= 0 && side <= 4096; };
  if (sides.size() != 2 * axes + 2 || !std::ranges::all_of(sides, good) || sides[0] != 0 ||
      sides[axes + 1] != 0 || !zeros || textOf(node, "mode", "constant") != "constant" ||
      hasInput(node, 3)) {
    fails("unsupported", "its padding is not supported", node,
          {"zeros around every axis but the events'"});
  }
  const int layer = inFileOrder(node, in);
  const auto before = [&](std::size_t axis) { return static_cast<int>(sides[axis + 1]); };
  const auto after = [&](std::size_t axis) { return static_cast<int>(sides[axes + axis + 2]); };
  const auto channel = std::ranges::find(in.axes, static_cast<int>(axes) - 1) - in.axes.begin();
  if (axes == 3 && (in.axes == imageAxes() || in.axes == straightAxes(3)) &&
      before(static_cast<std::size_t>(channel)) + after(static_cast<std::size_t>(channel)) == 0) {
    const std::size_t rows = channel == 0 ? 1 : 0;
    ImportedLayer out;
    out.padding = {before(rows), after(rows), before(rows + 1), after(rows + 1)};
    return same(node, LayerKind::Pad, in, std::move(out));
  }
  const Shape from = shapeOf(in);
  Shape shape;
  for (std::size_t i = 0; i < axes; ++i) shape.push_back(from[i] + before(i) + after(i));
  const std::size_t count = elementCount(shape);
  if (count > kMostElements) fails("shape", "would give " + shapeText(shape), node);
  std::vector<int> indices;
  for (std::size_t element = 0; element < count; ++element) {
    auto rest = static_cast<int>(element);
    int index = 0;
    int stride = 1;
    bool inside = true;
    for (std::size_t i = axes; i-- > 0;) {
      const int place = rest % shape[i] - before(i);
      rest /= shape[i];
      inside = inside && place >= 0 && place < from[i];
      index += place * stride;
      stride *= from[i];
    }
    indices.push_back(inside ? index : -1);
  }
  return picked(node, layer, std::move(shape), std::move(indices));
}

OnnxValue OnnxReader::gather(const Node& node) {
  const OnnxValue& data = input(node, 0);
  if (data.constant) return lookup(node, *data.constant);
  const OnnxValue in = data;
  const Shape from = shapeOf(in);
  const std::size_t axis = axisOf(integerOf(node, "axis", 0), from.size(), node);
  const auto picks = integers(node, 1);
  const int size = from[axis];
  Shape shape(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(axis));
  const Shape& many = constant(node, 1).shape;
  shape.insert(shape.end(), many.begin(), many.end());
  shape.insert(shape.end(), from.begin() + static_cast<std::ptrdiff_t>(axis) + 1, from.end());
  const std::size_t count = elementCount(shape);
  if (shape.empty() || count == 0 || count > kMostElements || shape.size() > 8) {
    fails("shape", "would give " + shapeText(shape), node);
  }
  int inner = 1;
  for (std::size_t i = axis + 1; i < from.size(); ++i) inner *= from[i];
  std::vector<int> indices;
  for (std::size_t element = 0; element < count; ++element) {
    const auto rest = static_cast<int>(element) / inner;
    const auto pick = static_cast<std::size_t>(rest) % picks.size();
    const std::int64_t place = picks[pick] < 0 ? picks[pick] + size : picks[pick];
    if (place < 0 || place >= size) fails("structure", "picks what is not there", node);
    const int outer = rest / static_cast<int>(picks.size());
    indices.push_back((outer * size + static_cast<int>(place)) * inner +
                      static_cast<int>(element) % inner);
  }
  return picked(node, inFileOrder(node, in), std::move(shape), std::move(indices));
}

}  // namespace aegen::encoders
