#include "chip_checks.hpp"

#include <algorithm>

#include "econ_t_path.hpp"

namespace aegen::encoders::econ_t {

using core::FixedFormat;
using core::Result;
using core::Wire;

// Names that the encoder shares with the path around it.
Result<void> checkNames(const Lowering& encoder, const std::set<std::string>& taken) {
  const auto check = [&](const std::string& name) -> Result<void> {
    if (!taken.contains(name)) return {};
    return core::badInput("model.name", "'" + name + "' is a name of the chip's own path",
                          "node or weight '" + name + "' of the encoder", {"choose another name"});
  };
  for (const core::Function& function : encoder.program.functions) {
    if (auto good = check(function.name); !good) return good;
  }
  for (const core::Signal& input : encoder.inputs) {
    if (auto good = check(input.name); !good) return good;
  }
  for (const LoweredLayer& layer : encoder.layers) {
    for (const Wire& wire : layer.outputs) {
      if (auto good = check(wire.signal); !good) return good;
    }
  }
  for (const core::ConfigField& field : encoder.fields) {
    if (auto good = check(field.name); !good) return good;
  }
  return {};
}

namespace {

// The link's module sum is the sum the encoder normalises with: one, over the 48 charges.
Result<void> checkModuleSum(const Graph& encoder) {
  const Node* normalize = nullptr;
  for (const Node& node : encoder.nodes) {
    if (node.kind != NodeKind::Normalize) continue;
    if (normalize != nullptr) {
      return core::badInput(
          "model.shape", "the encoder normalises twice, '" + normalize->name + "' did so before",
          "node '" + node.name + "'", {"one normalize node gives the module sum"});
    }
    normalize = &node;
  }
  if (normalize == nullptr) {
    return core::badInput("model.shape", "the encoder has no normalize node",
                          "graph '" + encoder.name + "'",
                          {"the module sum on the link comes from it"});
  }
  const auto input = static_cast<std::size_t>(normalize->inputs[0]);
  if (encoder.nodes[input].kind == NodeKind::Input) return {};
  return core::badInput("model.shape", "normalize must take the charges as they come in",
                        "node '" + normalize->name + "'",
                        {"its sum is the module sum on the link"});
}

}  // namespace

Result<void> checkEncoder(const Graph& graph, const Lowering& encoder, const PathShape& shape) {
  const bool fits = encoder.inputs.size() == 1 && encoder.inputs[0].count == kTriggerCells &&
                    encoder.inputs[0].format == FixedFormat{false, kCharge, 0} &&
                    encoder.output.count == static_cast<std::uint32_t>(shape.latents) &&
                    encoder.output.format.width == shape.latentBits;
  if (!fits) {
    return core::badInput("econ_t.encoder-shape",
                          "the encoder must take 48 charges u22 and give " +
                              std::to_string(shape.latents) + " latents of " +
                              std::to_string(shape.latentBits) + " bits",
                          "output '" + encoder.output.name + "'");
  }
  return checkModuleSum(graph);
}

namespace {

constexpr int kMostChannels = 124;  // the board's decoders take up to 127
constexpr int kMostEtx = 15;        // active_etx has four bits
constexpr int kMostWords = 63;      // a crossing's number of words has six
constexpr int kMostBuffer = 511;    // the buffer's thresholds have nine
constexpr int kMostCountBits = 4;
constexpr std::size_t kMostTypes = 4;  // stc_type has two bits on the board

core::Diagnostic wrong(const std::string& what, const std::string& allowed) {
  return core::badInput("econ_t.shape", what, "shape", {allowed});
}

std::string number(std::size_t n) {
  return std::to_string(n);
}

Result<void> checkCodes(const PathShape& shape, const Held& held) {
  std::vector<FloatCode> codes{shape.charge, shape.sum};
  if (held(Algorithm::SuperTriggerCell)) {
    for (const StcType& type : shape.stc) codes.push_back(type.sum);
  }
  for (const FloatCode& code : codes) {
    if (!code.valid()) return wrong("a code " + code.text(), "1E1M to 6E8M");
  }
  return {};
}

Result<void> checkGroups(const PathShape& shape) {
  if (shape.stc.empty() || shape.stc.size() > kMostTypes) {
    return wrong(number(shape.stc.size()) + " kinds of super trigger cells",
                 "1.." + number(kMostTypes));
  }
  for (std::size_t t = 0; t < shape.stc.size(); ++t) {
    const int cells = shape.stc[t].cells;
    if (cells < 2 || (cells & (cells - 1)) != 0 || shape.channels % cells != 0) {
      return wrong("super trigger cells of " + std::to_string(cells) + " channels",
                   "a power of two that divides the number of channels");
    }
    if (stcGroups(shape, static_cast<int>(t), 1) == 0) {
      return wrong("a super trigger cell does not fit one eTX", "shorter codes");
    }
  }
  return {};
}

Result<void> checkLatents(const PathShape& shape) {
  if (shape.channels != kTriggerCells) {
    return wrong("an autoencoder with " + std::to_string(shape.channels) + " channels",
                 "48 channels");
  }
  const bool fits = shape.latents >= 1 && shape.latents <= kMostLatents && shape.latentBits >= 1 &&
                    shape.latentBits <= kMostLatentBits && shape.patternBits() <= kMostPatternBits;
  if (fits) return {};
  return wrong(
      std::to_string(shape.latents) + " latents of " + std::to_string(shape.latentBits) + " bits",
      "1.." + std::to_string(kMostLatents) + " latents of 1.." + std::to_string(kMostLatentBits) +
          " bits, together at most " + std::to_string(kMostPatternBits));
}

Result<void> checkSizes(const PathShape& shape) {
  const auto within = [](int value, int low, int high, const std::string& what,
                         const std::string& more = {}) -> Result<void> {
    if (value >= low && value <= high) return {};
    return wrong(std::to_string(value) + " " + what,
                 std::to_string(low) + ".." + std::to_string(high) + more);
  };
  if (auto good =
          within(shape.channels, kPortCodes, kMostChannels, "channels", ", a multiple of 4");
      !good) {
    return good;
  }
  if (shape.channels % kPortCodes != 0) {
    return wrong(std::to_string(shape.channels) + " channels", "a multiple of 4");
  }
  if (auto good = within(shape.etx, 1, kMostEtx, "eTX"); !good) return good;
  if (auto good = within(shape.countBits, 1, kMostCountBits, "count bits"); !good) return good;
  return within(shape.bestChoiceMost, 0, shape.channels, "cells of best choice",
                "; 0: as many as fit");
}

}  // namespace

Result<void> checkShape(const PathShape& shape, const Held& held) {
  if (auto good = checkSizes(shape); !good) return good;
  if (auto good = checkCodes(shape, held); !good) return good;
  if (wordsWritten(shape) > kMostWords) {
    return wrong("a crossing can make " + std::to_string(wordsWritten(shape)) + " words",
                 "at most 63: fewer channels or shorter codes");
  }
  if (shape.bufferWords < wordsWritten(shape) || shape.bufferWords > kMostBuffer) {
    return wrong("a buffer of " + std::to_string(shape.bufferWords) + " words",
                 std::to_string(wordsWritten(shape)) + "..511 words");
  }
  if (held(Algorithm::BestChoice) && bestChoiceCells(shape, 1) == 0) {
    return wrong("best choice has no room for a cell on one eTX", "shorter codes");
  }
  if (held(Algorithm::SuperTriggerCell)) {
    if (auto good = checkGroups(shape); !good) return good;
  }
  return held(Algorithm::Autoencoder) ? checkLatents(shape) : Result<void>{};
}

}  // namespace aegen::encoders::econ_t
