#include "layer_unit.hpp"

#include <numeric>

namespace aegen::encoders {
namespace {

using core::FixedFormat;
using core::FunctionBuilder;
using core::ValueId;

// A value with more or fewer fractional bits; dropped ones are floored.
ValueId aligned(FunctionBuilder& b, ValueId value, int fraction) {
  const int from = b.format(value).fraction;
  if (from == fraction) return value;
  const FixedFormat wide{true, core::kMaxWidth, fraction};
  const auto end = [&](std::int64_t raw) {
    return core::requantize(raw, from, wide, core::Rounding::Floor, core::Overflow::Saturate);
  };
  const core::Interval range{end(b.interval(value).low), end(b.interval(value).high)};
  return b.requantize(value, FixedFormat::holding(range, fraction), core::Rounding::Floor,
                      core::Overflow::Wrap);
}

// What computes the sums of one function: operands, and where their weights stand.
struct SumBuilder {
  FunctionBuilder& b;
  const Node& node;
  const LayerSums& sums;
  std::size_t window = 0;
  std::span<const std::size_t> channels;
  std::vector<ValueId> x;
  std::vector<ValueId> weight;  ///< [term][channel], where loadable
  std::vector<ValueId> bias;    ///< [channel], where loadable

  // A register's raw weight, or a constant, with the fraction of its channel.
  [[nodiscard]] ValueId read(const Weights& weights, const std::vector<ValueId>& ports,
                             std::size_t port, std::size_t index, std::size_t channel) const {
    if (!weights.loadable) return b.constant(weights.values[index], weights.fraction(channel));
    const FixedFormat format = weights.formatOf(channel);
    return format == weights.format ? ports[port] : b.reinterpret(ports[port], format);
  }

  // Output number `o` of `channels`: products and bias; a constant weight of zero has no product.
  [[nodiscard]] ValueId sum(std::size_t o) const {
    const std::size_t channel = channels[o];
    std::vector<ValueId> terms;
    for (std::size_t term = 0; term < x.size(); ++term) {
      const std::size_t index = sums.windows().weight(window, term, channel);
      if (!node.kernel.loadable && node.kernel.values[index] == 0) continue;
      const ValueId w = read(node.kernel, weight, term * channels.size() + o, index, channel);
      const ValueId product = b.mul(x[term], w);
      terms.push_back(
          aligned(b, aligned(b, product, sums.productFraction(channel)), sums.fraction()));
    }
    terms.push_back(aligned(b, read(node.bias, bias, o, channel, channel), sums.fraction()));
    return b.sum(terms);
  }
};

std::string arithmetic(const Node& node, const LayerSums& sums) {
  return node.sum.truncateProducts
             ? "each product floored to " + std::to_string(node.sum.productFraction) +
                   " fractional bits before it is added"
             : "products added exactly, " + std::to_string(sums.fraction()) + " fractional bits";
}

}  // namespace

bool isElementwise(NodeKind kind) {
  return kind == NodeKind::Relu || kind == NodeKind::Requantize || kind == NodeKind::Reinterpret ||
         kind == NodeKind::Lookup;
}

std::string tableName(const Node& node) {
  return node.name + "_table";
}

void addTable(core::Program& program, const std::string& prefix, const Node& node,
              const FixedFormat& input) {
  FunctionBuilder b(program, prefix + tableName(node),
                    (node.function.empty() ? "table" : node.function) + " of " + input.text() +
                        " in " + node.format.text());
  const ValueId x = b.input("x", input)[0];
  const ValueId place = input.isSigned ? b.sub(x, b.constant(input.minRaw(), input.fraction)) : x;
  const ValueId index = b.reinterpret(place, {false, input.width, 0});
  b.output("y", node.format, b.lookup(index, node.table, node.format.fraction));
  program.functions.push_back(std::move(b).finish());
}

ValueId finished(FunctionBuilder& b, ValueId value, const LayerChain& chain,
                 const std::string& prefix) {
  const std::size_t begin = chain.first + (isElementwise(chain.node().kind) ? 0 : 1);
  for (std::size_t i = begin; i <= chain.last; ++i) {
    const Node& node = chain.graph.nodes[i];
    if (node.kind == NodeKind::Relu) {
      value = b.max(value, b.constant(0, b.format(value).fraction));
    } else if (node.kind == NodeKind::Requantize) {
      value = b.requantize(value, node.format, node.rounding, node.overflow);
    } else if (node.kind == NodeKind::Reinterpret) {
      const FixedFormat& from = b.format(value);
      value = b.reinterpret(value, {from.isSigned, from.width, node.format.fraction});
    } else {
      value = b.call(prefix + tableName(node), std::span(&value, 1))[0];
    }
  }
  return value;
}

void addUnit(core::Program& program, const std::string& prefix, const std::string& name,
             const std::string& what, const LayerChain& chain, const LayerSums& sums,
             std::size_t window, std::span<const std::size_t> channels) {
  const Node& node = chain.node();
  FunctionBuilder b(program, prefix + name, what + "; " + arithmetic(node, sums));
  const auto terms = static_cast<std::uint32_t>(sums.windows().terms(window));
  const auto count = static_cast<std::uint32_t>(channels.size());
  SumBuilder builder{.b = b, .node = node, .sums = sums, .window = window, .channels = channels};
  builder.x = b.input("x", chain.input().format, terms);
  if (node.kernel.loadable) {
    builder.weight = b.input("weight", node.kernel.format, terms * count, core::Role::Config);
  }
  if (node.bias.loadable) {
    builder.bias = b.input("bias", node.bias.format, count, core::Role::Config);
  }
  std::vector<ValueId> y;
  for (std::size_t o = 0; o < channels.size(); ++o) {
    const ValueId sum = builder.sum(o);
    // Named where a function holds many: in a neuron or with loadable weights it is plain.
    if (channels.size() > 1 && !node.kernel.loadable)
      b.name(sum, "sum_" + std::to_string(channels[o]));
    y.push_back(finished(b, sum, chain, prefix));
  }
  b.output("y", chain.format(), y);
  program.functions.push_back(std::move(b).finish());
}

std::vector<ValueId> biasOnly(FunctionBuilder& b, const std::string& prefix,
                              const LayerChain& chain, const LayerSums& sums,
                              std::span<const ValueId> bias) {
  std::vector<std::size_t> channels(sums.windows().channels());
  std::iota(channels.begin(), channels.end(), 0);
  SumBuilder builder{.b = b, .node = chain.node(), .sums = sums, .channels = channels};
  builder.bias.assign(bias.begin(), bias.end());
  std::vector<ValueId> y;
  for (const std::size_t channel : channels) {
    const ValueId value = finished(b, builder.sum(channel), chain, prefix);
    const bool same = b.format(value) == chain.format();
    y.push_back(same ? value : b.reinterpret(value, chain.format()));
  }
  return y;
}

}  // namespace aegen::encoders
