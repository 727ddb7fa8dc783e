// Groups of ONNX operations that are one layer of aegen: what aegen itself exports.

#include <algorithm>
#include <cmath>
#include <utility>

#include "onnx_reader.hpp"
#include "tensor_folding.hpp"

namespace aegen::encoders {
namespace {

constexpr int kMostShift = 63;
constexpr int kMostFraction = 40;

}  // namespace

// The constant factor of a product of `of` (any tensor where empty) and one number.
std::optional<double> OnnxReader::factorOf(const Node* product, const std::string& of) {
  if (product == nullptr || product->input_size() != 2) return std::nullopt;
  for (const int i : {0, 1}) {
    const std::string& factor = product->input(1 - i);
    if ((!of.empty() && product->input(i) != of) || factor == of) continue;
    if (file_.initializer(factor) == nullptr && file_.maker(factor, "Constant") == nullptr) {
      continue;
    }
    const OnnxValue& value = valueOf(factor, file_.where(*product));
    if (value.constant && value.constant->values.size() == 1) return value.constant->values[0];
  }
  return std::nullopt;
}

// x times factors[how many powers of two the sum of x reaches].
std::optional<OnnxReader::Normalized> OnnxReader::normalized(const std::string& tensor) {
  const Node* const product = file_.maker(tensor, "Mul");
  if (product == nullptr || product->input_size() != 2) return std::nullopt;
  const std::string& charges = product->input(0);
  const Node* const factor = file_.maker(product->input(1), "Gather");
  if (factor == nullptr) return std::nullopt;
  const Node* const shift = file_.maker(OnnxFile::input(*factor, 1), "ReduceSum");
  const Node* const ones =
      shift == nullptr ? nullptr : file_.maker(OnnxFile::input(*shift, 0), "Cast");
  const Node* const reached =
      ones == nullptr ? nullptr : file_.maker(OnnxFile::input(*ones, 0), "GreaterOrEqual");
  const Node* const sum =
      reached == nullptr ? nullptr : file_.maker(OnnxFile::input(*reached, 0), "ReduceSum");
  if (sum == nullptr) return std::nullopt;
  const Node* const whole = file_.maker(OnnxFile::input(*sum, 0), "Cast");
  if (whole == nullptr || OnnxFile::input(*whole, 0) != charges) return std::nullopt;
  for (const Node* const each : {shift, sum}) {
    if (integers(*each, "axes", 1) != std::vector<std::int64_t>{1} ||
        integerOf(*each, "keepdims", 1) != 1) {
      return std::nullopt;
    }
  }
  const std::vector<double>& factors = constant(*factor, 0).values;
  const std::vector<double>& powers = constant(*reached, 1).values;
  if (factors.size() != powers.size() + 1 || powers.size() > kMostShift) return std::nullopt;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const double power = std::ldexp(1.0, static_cast<int>(i));
    if (factors[i] != 1 / power || (i > 0 && powers[i - 1] != power)) return std::nullopt;
  }
  return Normalized{charges, static_cast<int>(powers.size())};
}

OnnxValue OnnxReader::normalize(const Node& node, const Normalized& found, int fraction) {
  const OnnxValue charges = valueOf(found.charges, file_.where(node));
  if (charges.constant || charges.axes.size() != 1 || fraction < 1 || fraction > kMostFraction) {
    fails("unsupported", "normalises what is no list of charges", node);
  }
  ImportedLayer layer;
  layer.maxShift = found.maxShift;
  layer.quantizer = Quantizer{.format = {false, fraction + 1, fraction}};
  return same(node, LayerKind::Normalize, charges, std::move(layer), "_normalized");
}

// Normalised charges are floored; half more, floored, is rounding to nearest, halves up.
OnnxValue OnnxReader::floor(const Node& node) {
  const std::string& tensor = OnnxFile::input(node, 0);
  if (const Node* const up = file_.maker(tensor, "Mul"); up != nullptr && !up->input().empty()) {
    const auto factor = factorOf(up, up->input(0));
    const auto exponent = factor ? exponentOf(*factor) : std::nullopt;
    if (exponent) {
      if (const auto found = normalized(up->input(0))) {
        const OnnxValue charges = normalize(node, *found, *exponent);
        return same(node, LayerKind::Scale, charges, {.constant = *factor});
      }
    }
  }
  const OnnxValue& x = input(node, 0);
  if (!x.constant && at(x.layer).kind == LayerKind::Add && at(x.layer).constant == 0.5) {
    OnnxValue from = x;
    from.layer = at(x.layer).inputs[0];
    return same(node, LayerKind::RoundUp, from);
  }
  return function(node);
}

// |x| floored, times the sign of x.
std::optional<OnnxValue> OnnxReader::towardZero(const Node& node) {
  if (node.input_size() != 2) return std::nullopt;
  const Node* const floored = file_.maker(node.input(0), "Floor");
  const Node* const sign = file_.maker(node.input(1), "Sign");
  if (floored == nullptr || sign == nullptr) return std::nullopt;
  const Node* const size = file_.maker(OnnxFile::input(*floored, 0), "Abs");
  if (size == nullptr || OnnxFile::input(*size, 0) != OnnxFile::input(*sign, 0)) {
    return std::nullopt;
  }
  const OnnxValue x = tensor(*sign, 0);
  return same(node, LayerKind::Truncate, x);
}

// x - 2^n floor((x - least) / 2^n).
std::optional<OnnxValue> OnnxReader::wrapped(const Node& node) {
  if (node.input_size() != 2) return std::nullopt;
  const Node* const excess = file_.maker(node.input(1), "Mul");
  const Node* const whole =
      excess == nullptr ? nullptr : file_.maker(OnnxFile::input(*excess, 0), "Floor");
  const Node* const turns =
      whole == nullptr ? nullptr : file_.maker(OnnxFile::input(*whole, 0), "Mul");
  if (turns == nullptr) return std::nullopt;
  const auto size = factorOf(excess, excess->input(0));
  const auto less = factorOf(turns, OnnxFile::input(*turns, 0));
  const auto width = size ? exponentOf(*size) : std::nullopt;
  if (!width || !less || *less * *size != 1) return std::nullopt;
  double least = 0;
  if (turns->input(0) != node.input(0)) {
    const Node* const above = file_.maker(turns->input(0), "Sub");
    if (above == nullptr || OnnxFile::input(*above, 0) != node.input(0)) return std::nullopt;
    least = number(*above, 1);
  }
  const auto range = wholeRange(least, least + *size - 1);
  if (!range || range->symmetric) return std::nullopt;
  const OnnxValue x = tensor(node, 0);
  return same(node, LayerKind::Wrap, x, {.quantizer = Quantizer{.format = range->format}});
}

// A table by whole numbers; what is added to them before only moves the place in it.
OnnxValue OnnxReader::lookup(const Node& node, const RealTensor& table) {
  const Node* const index = file_.maker(OnnxFile::input(node, 1), "Cast");
  if (index == nullptr || table.shape.size() != 1 || table.values.empty() ||
      integerOf(node, "axis", 0) != 0) {
    fails("unsupported", "picks from a constant", node,
          {"from a list, by a tensor cast to integers: a table"});
  }
  OnnxValue x = tensor(*index, 0);
  ImportedLayer layer;
  layer.table = weights(table, 0, node);
  if (layer.table.quantizer && !layer.table.quantizer->channelFraction.empty()) {
    layer.table.quantizer.reset();
  }
  const ImportedLayer& before = at(x.layer);
  if (before.kind == LayerKind::Add && before.constant == std::nearbyint(before.constant) &&
      std::abs(before.constant) <= 65'536) {
    layer.offset = static_cast<int>(before.constant);
    x.layer = before.inputs[0];
  }
  return same(node, LayerKind::Lookup, x, std::move(layer));
}

// The products behind what floors them, and the format they are floored into.
std::optional<OnnxReader::Products> OnnxReader::flooredProducts(const std::string& tensor) {
  Products out;
  out.format.rounding = core::Rounding::Floor;
  if (const Node* const quant = file_.maker(tensor, "Quant")) {
    const auto exponent = exponentOf(number(*quant, 1));
    const double bits = number(*quant, 3);
    const bool plain = number(*quant, 2) == 0 && integerOf(*quant, "narrow", 0) == 0 &&
                       textOf(*quant, "rounding_mode", "ROUND") == "FLOOR";
    if (!exponent || std::abs(*exponent) > kMostFraction || !plain || !(bits >= 1 && bits <= 48) ||
        bits != std::floor(bits)) {
      return std::nullopt;
    }
    out.tensor = OnnxFile::input(*quant, 0);
    out.format.format = {integerOf(*quant, "signed", 1) != 0, static_cast<int>(bits), -*exponent};
    return out;
  }
  const Node* const down = file_.maker(tensor, "Mul");
  const Node* const floored =
      file_.maker(down == nullptr ? tensor : OnnxFile::input(*down, 0), "Floor");
  if (floored == nullptr) return std::nullopt;
  out.tensor = OnnxFile::input(*floored, 0);
  int fraction = 0;
  if (down != nullptr) {
    const Node* const up = file_.maker(out.tensor, "Mul");
    const auto more = factorOf(up, {});
    const auto less = factorOf(down, down->input(0));
    const auto exponent = more ? exponentOf(*more) : std::nullopt;
    if (!exponent || std::abs(*exponent) > kMostFraction || !less || *less * *more != 1)
      return std::nullopt;
    fraction = *exponent;
    out.tensor = up->input(0);
  }
  out.format.format = {true, core::kMaxWidth, fraction};
  return out;
}

// The kernel of a convolution that picks a window's elements, one a channel, and a dense layer of
// these; empty where it is none.
std::optional<RealTensor> OnnxReader::windowKernel(const ImportedLayer& picks,
                                                   const RealTensor& dense) const {
  const bool isWindow = picks.kind == LayerKind::Conv2d || picks.kind == LayerKind::Conv2dTranspose;
  if (!isWindow || !picks.bias.values.empty() || picks.products) return std::nullopt;
  const auto terms = static_cast<std::size_t>(dense.shape[1]);
  const auto channels = static_cast<std::size_t>(dense.shape[0]);
  const std::size_t places = picks.kernel.values.size() / terms;
  RealTensor out{picks.kernel.shape, std::vector<double>(places * channels, 0), dense.quantizer};
  out.shape.back() = dense.shape[0];
  std::vector<int> ofPlace(places, 0);
  std::vector<int> ofTerm(terms, 0);
  for (std::size_t i = 0; i < picks.kernel.values.size(); ++i) {
    const double one = picks.kernel.values[i];
    if (one == 0) continue;
    const std::size_t term = i % terms;
    if (one != 1 || ++ofPlace[i / terms] > 1 || ++ofTerm[term] > 1) return std::nullopt;
    for (std::size_t channel = 0; channel < channels; ++channel) {
      out.values[i / terms * channels + channel] = dense.values[channel * terms + term];
    }
  }
  return out;
}

// Products with a kernel [out][in], floored one by one and then added.
OnnxValue OnnxReader::flooredSum(const Node& node) {
  const auto found = flooredProducts(OnnxFile::input(node, 0));
  const Node* const product = found ? file_.maker(found->tensor, "Mul") : nullptr;
  const Node* const spread =
      product == nullptr ? nullptr : file_.maker(OnnxFile::input(*product, 0), "Unsqueeze");
  const auto axes = integers(node, "axes", 1);
  if (spread == nullptr || axes.size() != 1 || integerOf(node, "keepdims", 1) != 0) {
    fails("unsupported", "sums elements", node,
          {"sums of products that are floored one by one, as aegen exports them"});
  }
  const OnnxValue x = tensor(*spread, 0);
  RealTensor kernel = constant(*product, 1);
  const auto at = integers(*spread, "axes", 1);
  const std::size_t rank = x.axes.size();
  const std::size_t term =
      at.size() == 1 && at[0] >= 1 && at[0] <= 8 ? static_cast<std::size_t>(at[0]) - 1 : rank;
  const bool fits =
      term < rank && axes[0] == at[0] + 1 && x.axes[term] == static_cast<int>(rank) - 1 &&
      kernel.shape.size() == rank - term + 1 &&
      std::all_of(kernel.shape.begin() + 2, kernel.shape.end(), [](int size) { return size == 1; });
  if (!fits) {
    fails("unsupported", "sums products along other axes than a kernel's", node,
          {"a kernel [out][in], its products summed along in"});
  }
  kernel.shape.resize(2);
  ImportedLayer layer;
  layer.kernel = weights(std::move(kernel), 0, node);
  layer.products = found->format;
  const ImportedLayer& picks = this->at(x.layer);
  const bool same = layer.kernel.shape[1] == picks.shape.back();
  const auto window = same ? windowKernel(picks, layer.kernel) : std::nullopt;
  if (!window) return this->same(node, LayerKind::Dense, x, std::move(layer));
  layer.kernel = *window;
  layer.stride = picks.stride;
  layer.padding = picks.padding;
  const LayerKind kind = picks.kind;
  return {{}, add(node, kind, {picks.inputs[0]}, std::move(layer)), x.axes};
}

}  // namespace aegen::encoders
