#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <vector>

#include "aegen/encoders/export.hpp"

namespace aegen::encoders {
namespace {

using core::Result;

// Kernels and biases in layer order.
std::vector<const Weights*> weightsOf(const Graph& graph) {
  std::vector<const Weights*> out;
  for (const Node& node : graph.nodes) {
    if (hasWeights(node.kind)) out.insert(out.end(), {&node.kernel, &node.bias});
  }
  return out;
}

std::string cType(const core::FixedFormat& format) {
  int bits = 8;
  while (bits < format.width) bits *= 2;
  return fmt::format("{}int{}_t", format.isSigned ? "" : "u", bits);
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string formatText(const Weights& weights) {
  if (weights.channelFraction.empty()) return weights.format.text();
  std::string out =
      fmt::format("{} bits, fractional bits an output channel:", weights.format.width);
  for (const int fraction : weights.channelFraction) out += fmt::format(" {}", fraction);
  return out;
}

}  // namespace

Result<std::string> toRegisters(const Graph& encoder, RegisterLayout layout) {
  const std::vector<const Weights*> all = weightsOf(encoder);
  const core::FixedFormat format{true, 6, 5};
  const Shape shapes[] = {{3, 3, 1, 8}, {8}, {16, 128}, {16}};
  bool fits = all.size() == std::size(shapes);
  for (std::size_t i = 0; fits && i < all.size(); ++i) {
    fits =
        all[i]->shape == shapes[i] && all[i]->format == format && all[i]->channelFraction.empty();
  }
  if (!fits) {
    return core::badInput("export.registers", "the encoder's weights are not the ECON-T's",
                          "graph '" + encoder.name + "'",
                          {"its registers hold a 3x3 kernel of 8 filters, a dense kernel of 128 x "
                           "16, and their biases, all s6.5",
                           "a C header or a memory file takes any weights"});
  }
  return weightRegistersYaml({all[0]->values, all[1]->values, all[2]->values, all[3]->values},
                             layout);
}

std::string toHeader(const Graph& graph, const std::string& source) {
  const std::string guard = upper(graph.name) + "_WEIGHTS_H";
  std::string out = fmt::format(
      "/* Weights of {}: raw integers, row-major. */\n#ifndef {}\n"
      "#define {}\n\n#include <stdint.h>\n",
      source, guard, guard);
  for (const Weights* const weights : weightsOf(graph)) {
    std::string shape;
    for (const int size : weights->shape) shape += fmt::format("[{}]", size);
    out += fmt::format("\n/* {}; {} */\nstatic const {} {}[{}] = {{", shape, formatText(*weights),
                       cType(weights->format), weights->name, weights->values.size());
    for (std::size_t i = 0; i < weights->values.size(); ++i) {
      out += fmt::format("{}{},", i % 16 == 0 ? "\n  " : " ", weights->values[i]);
    }
    out += "\n};\n";
  }
  return out + "\n#endif\n";
}

std::string toMemory(const Graph& graph, int wordBits) {
  std::vector<std::uint64_t> words{0};
  int used = 0;  // bits of the last word
  for (const Weights* const weights : weightsOf(graph)) {
    for (const std::int64_t value : weights->values) {
      for (int bit = 0; bit < weights->format.width; ++bit) {
        if (used == wordBits) {
          words.push_back(0);
          used = 0;
        }
        words.back() |= static_cast<std::uint64_t>(value >> bit & 1) << used++;
      }
    }
  }
  std::string out;
  for (const std::uint64_t word : words) out += fmt::format("{:0{}x}\n", word, wordBits / 4);
  return out;
}

std::string toNumpy(const std::vector<std::size_t>& shape, std::span<const std::int64_t> values) {
  static_assert(std::endian::native == std::endian::little, "'<i8' is little-endian");
  std::string sizes;
  for (const std::size_t size : shape) sizes += fmt::format("{}, ", size);
  std::string header =
      fmt::format("{{'descr': '<i8', 'fortran_order': False, 'shape': ({}), }}", sizes);
  // Magic, version and length are 10 bytes; the data begins at a multiple of 64.
  header.append((64 - (10 + header.size() + 1) % 64) % 64, ' ');
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  out += header;
  out.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return out;
}

}  // namespace aegen::encoders
