#include "cost_designs.hpp"

#include <algorithm>

#include "aegen/core/function_builder.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/float_code.hpp"
#include "aegen/encoders/lowering.hpp"
#include "measure.hpp"

namespace aegen::bench {
namespace {

using core::FixedFormat;
using core::FunctionBuilder;
using core::Overflow;
using core::Role;
using core::Rounding;
using core::ValueId;
using encoders::Graph;
using encoders::Node;
using encoders::NodeKind;
namespace econ_t = encoders::econ_t;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

  int between(int low, int high) {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    z ^= z >> 31U;
    return low + static_cast<int>(z % static_cast<std::uint64_t>(high - low + 1));
  }
  bool oneIn(int n) { return between(1, n) == 1; }
  FixedFormat format(int least, int most, int fraction = 0) {
    return {oneIn(2), between(least, most), fraction};
  }
  template <typename T>
  T within(const FixedFormat& format) {
    return static_cast<T>(format.minRaw() +
                          between(0, static_cast<int>(format.maxRaw() - format.minRaw())));
  }

 private:
  std::uint64_t state_;
};

// One function of `kind` 0..kOperations-1 with a few operations of a sort.
constexpr int kOperations = 14;

ValueId operationsOn(FunctionBuilder& b, Random& random, int kind) {
  const int count = random.between(4, 16);
  const auto values = [&](int least, int most) {
    return b.input("x", random.format(least, most, 4), static_cast<std::uint32_t>(count));
  };
  switch (kind) {
    case 0:
      return b.sum(values(4, 12));
    case 1: {
      const auto x = values(4, 12);
      ValueId total = x[0];
      for (std::size_t i = 1; i < x.size(); ++i) {
        total = random.oneIn(2) ? b.sub(total, x[i]) : b.add(b.shiftLeft(total, 1), x[i]);
      }
      return total;
    }
    case 2:
    case 3: {
      const auto x = values(5, 10);
      const auto w =
          b.input("w", random.format(3, 8, 3), static_cast<std::uint32_t>(count), Role::Config);
      std::vector<ValueId> terms;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const ValueId product = b.mul(x[i], w[i]);
        terms.push_back(kind == 2 ? product : b.shiftRight(product, random.between(2, 5)));
      }
      return b.sum(terms);
    }
    case 4: {
      const auto x = values(5, 10);
      std::vector<ValueId> terms;
      for (const ValueId value : x) {
        terms.push_back(b.mul(value, b.constant(random.between(-63, 63))));
      }
      return b.sum(terms);
    }
    case 5: {
      const auto x = values(6, 22);
      ValueId least = x[0];
      for (const ValueId value : x) {
        least = random.oneIn(2) ? b.min(least, value) : b.max(least, value);
      }
      return least;
    }
    case 6: {
      const auto x = values(6, 22);
      std::vector<ValueId> bits;
      for (std::size_t i = 0; i + 1 < x.size(); ++i) {
        bits.push_back(random.oneIn(3) ? b.equal(x[i], x[i + 1]) : b.less(x[i], x[i + 1]));
      }
      return b.concat(bits);
    }
    case 7: {
      const auto x = b.input("x", {false, random.between(16, 28), 0});
      return encoders::encodeFloat(b, x[0], {random.between(3, 5), random.between(2, 5)});
    }
    case 8: {
      const auto x = b.input("x", {false, random.between(5, 9), 0}, 2);
      std::vector<std::int64_t> table;
      const int width = random.between(3, 9);
      for (int i = 0; i < 1 << b.format(x[0]).width; ++i) {
        table.push_back(random.oneIn(2) ? (std::int64_t{i} * i) % (1 << width)
                                        : random.between(0, (1 << width) - 1));
      }
      return b.add(b.lookup(x[0], table), b.lookup(x[1], table));
    }
    case 9: {
      const auto index = b.input("index", {false, random.between(2, 6), 0});
      const auto x = b.input("x", {false, random.between(4, 22), 0},
                             1U << static_cast<unsigned>(b.format(index[0]).width));
      return b.pick(index[0], x);
    }
    case 10: {
      const auto x = b.input("x", random.format(8, 24));
      const auto by = b.input("by", {false, random.between(2, 5), 0});
      return random.oneIn(2) ? b.shiftRightBy(x[0], by[0])
                             : b.slice(b.shiftLeftBy(x[0], by[0]), 0, b.format(x[0]).width);
    }
    case 11:
    case 12: {
      const auto x = values(10, 18);
      std::vector<ValueId> out;
      for (const ValueId value : x) {
        const FixedFormat to{random.oneIn(2), random.between(5, 9), random.between(0, 3)};
        out.push_back(b.slice(b.requantize(value, to, static_cast<Rounding>(random.between(0, 3)),
                                           kind == 11 ? Overflow::Saturate : Overflow::Wrap),
                              0, to.width));
      }
      return b.concat(std::vector<ValueId>(out.begin(), out.begin() + 4));
    }
    default: {
      const auto x = b.input("x", {false, random.between(4, 12), 0}, static_cast<unsigned>(count));
      const auto condition = b.input("c", {false, 1, 0}, static_cast<unsigned>(count));
      ValueId total = x[0];
      for (std::size_t i = 1; i < x.size(); ++i) {
        const ValueId next = random.oneIn(2) ? b.bitXor(total, x[i]) : b.bitOr(total, x[i]);
        total = b.select(condition[i], next, random.oneIn(2) ? total : x[i]);
      }
      return total;
    }
  }
}

CostDesign operations(Random& random) {
  CostDesign out;
  out.top = "operations";
  std::vector<core::Function> functions;
  for (int kind = 0; kind < kOperations; ++kind) {
    FunctionBuilder b(out.program, fmt::format("operation_{}", kind));
    const ValueId result = operationsOn(b, random, kind);
    b.output("y", b.format(result), result);
    functions.push_back(std::move(b).finish());
  }
  out.program.functions = std::move(functions);
  FunctionBuilder top(out.program, out.top);
  std::vector<std::vector<ValueId>> inputs;
  for (int kind = 0; kind < kOperations; ++kind) {
    const core::Function& callee = out.program.functions[static_cast<std::size_t>(kind)];
    std::vector<ValueId> operands;
    for (const core::Port& port : callee.inputs) {
      const auto elements =
          top.input(fmt::format("{}_{}", port.name, kind), port.format, port.count, port.role);
      operands.insert(operands.end(), elements.begin(), elements.end());
    }
    inputs.push_back(std::move(operands));
  }
  for (int kind = 0; kind < kOperations; ++kind) {
    const core::Function& callee = out.program.functions[static_cast<std::size_t>(kind)];
    const auto result = top.call(callee.name, inputs[static_cast<std::size_t>(kind)]);
    top.output(fmt::format("y_{}", kind), callee.outputs[0].format, result[0]);
  }
  out.program.functions.push_back(std::move(top).finish());
  return out;
}

Node& append(Graph& graph, std::string name, NodeKind kind) {
  Node node;
  node.name = std::move(name);
  node.kind = kind;
  if (!graph.nodes.empty()) node.inputs = {static_cast<int>(graph.nodes.size()) - 1};
  graph.nodes.push_back(std::move(node));
  return graph.nodes.back();
}

encoders::Weights weights(Random& random, std::string name, encoders::Shape shape, bool loadable) {
  const int width = random.between(3, 8);
  encoders::Weights out{
      std::move(name), {true, width, width - 1}, std::move(shape), {}, {}, loadable, {}};
  out.values.resize(encoders::elementCount(out.shape));
  for (std::int64_t& value : out.values) value = random.within<std::int64_t>(out.format);
  return out;
}

CostDesign layer(Random& random, bool convolve) {
  Graph graph;
  graph.name = "layer";
  const bool loadable = random.oneIn(2);
  const int width = random.between(5, 10);
  const int side = random.between(3, 5);
  const int channels = convolve ? random.between(1, 3) : 1;
  const int elements = convolve ? side * side * channels : random.between(8, 64);
  Node& input = append(graph, "x", NodeKind::Input);
  input.shape = {elements};
  input.format = {random.oneIn(3), width, width - 1};
  const int outputs = convolve ? random.between(2, 6) : random.between(2, 5);
  if (convolve) {
    append(graph, "grid", NodeKind::Reshape).shape = {side, side, channels};
    if (random.oneIn(2)) append(graph, "padded", NodeKind::Pad).padding = {1, 1, 1, 1};
  }
  Node& node = append(graph, "sums", convolve ? NodeKind::Conv2d : NodeKind::Dense);
  if (convolve) {
    node.stride = random.between(1, 2);
    node.kernel = weights(random, "kernel", {3, 3, channels, outputs}, loadable);
  } else {
    node.kernel = weights(random, "kernel", {outputs, elements}, loadable);
  }
  node.bias = weights(random, "bias", {outputs}, loadable);
  if (random.oneIn(2)) node.sum = {true, width - random.between(0, 2)};
  append(graph, "positive", NodeKind::Relu);
  Node& result = append(graph, "y", NodeKind::Requantize);
  result.format = {false, random.between(6, 9), random.between(5, 8)};
  result.rounding = static_cast<Rounding>(random.between(0, 3));
  orDie(graph.infer());
  auto lowered = orDie(encoders::lower(graph, ""));
  encoders::addWhole(lowered, "whole", "the layer");
  return {{}, std::move(lowered.program), "whole", {}};
}

CostDesign chip(Random& random) {
  econ_t::PathShape shape;
  const auto algorithm = econ_t::kAlgorithms[static_cast<std::size_t>(random.between(0, 3))];
  shape.channels = 8 * random.between(1, 3);
  shape.etx = random.between(2, 6);
  shape.stc = {{4, true, {5, 4}, false}};
  if (random.oneIn(2)) shape.stc.push_back({8, false, {random.between(3, 5), 3}, true});
  shape.charge = {random.between(3, 5), random.between(2, 4)};
  shape.bufferWords = econ_t::wordsWritten(shape) * random.between(1, 3);
  econ_t::ChipOptions options;
  options.name = "chip";
  options.shape = shape;
  options.encoders = {algorithm};
  if (random.oneIn(3)) options.serial = core::SerialPort{};
  auto settings = econ_t::ChipSettings::neutral(shape);
  settings.algorithm = algorithm;
  settings.activeEtx = std::min(settings.activeEtx, shape.etx);
  CostDesign out;
  out.chip = orDie(econ_t::chip(settings, options));
  return out;
}

}  // namespace

std::string costKindName(CostKind kind) {
  switch (kind) {
    case CostKind::Operations:
      return "operations";
    case CostKind::Dense:
      return "dense";
    case CostKind::Conv:
      return "conv";
    case CostKind::Chip:
      return "chip";
  }
  return {};
}

CostDesign costDesign(CostKind kind, std::uint64_t seed) {
  Random random(seed * 4 + static_cast<std::uint64_t>(kind));
  CostDesign out;
  switch (kind) {
    case CostKind::Operations:
      out = operations(random);
      break;
    case CostKind::Dense:
    case CostKind::Conv:
      out = layer(random, kind == CostKind::Conv);
      break;
    case CostKind::Chip:
      out = chip(random);
      break;
  }
  out.name = fmt::format("{}_{}", costKindName(kind), seed);
  return out;
}

}  // namespace aegen::bench
