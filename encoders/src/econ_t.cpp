#include "aegen/encoders/econ_t.hpp"

#include <algorithm>
#include <bit>
#include <set>

#include "aegen/core/function_builder.hpp"
#include "aegen/encoders/lowering.hpp"
#include "econ_t_path.hpp"
#include "pipeline.hpp"

namespace aegen::encoders::econ_t {
namespace {

using core::Block;
using core::BlockKind;
using core::FixedFormat;
using core::Result;

constexpr FixedFormat kWeightFormat{true, 6, 5};
constexpr FixedFormat kLatentFormat{false, kLatentBits, kLatentBits - 1};

Weights weights(std::string name, Shape shape, const std::vector<std::int64_t>& values,
                bool loadable) {
  return {std::move(name), kWeightFormat, std::move(shape), values, {}, loadable};
}

Block functionBlock(const std::string& function, std::vector<core::Wire> inputs,
                    std::vector<core::Wire> outputs) {
  return {BlockKind::Function, "u_" + function, function, std::move(inputs),
          std::move(outputs),  false,           {}};
}

// Ports tied to signals of the same names.
std::vector<core::Wire> sameNames(std::initializer_list<const char*> names) {
  std::vector<core::Wire> out;
  for (const char* name : names) out.push_back({name, name});
  return out;
}

core::ConfigField field(std::string name, int width, std::vector<std::int64_t> reset,
                        std::string comment) {
  const auto count = static_cast<std::uint32_t>(reset.size());
  return {std::move(name), {false, width, 0}, count, std::move(reset), std::move(comment)};
}

std::vector<core::ConfigField> settingFields(const ChipSettings& settings) {
  const core::ConfigValues values = configValues(settings);
  const auto value = [&](const char* name) { return values.find(name)->second; };
  return {
      field("mux", 6, value("mux"), "input trigger cell of each channel"),
      field("calibration", kCalibration, value("calibration"),
            "factor of each channel, 2048 = 1.0"),
      field("high_density", 1, value("high_density"), "1: codes drop 3 bits, 0: 1 bit"),
      field("ae_mask", 16, value("ae_mask"),
            "latent bits that are sent; bit 0 of word 0: lowest bit of latent 0"),
      field("active_etx", 4, value("active_etx"), "eTX in use, 1..13"),
      field("overflow_t1", 9, value("overflow_t1"),
            "words waiting and coming above which a crossing is truncated"),
      field("overflow_t2", 9, value("overflow_t2"),
            "words waiting above which a short crossing is truncated"),
      field("overflow_t3", 9, value("overflow_t3"), "words of a short crossing, at most"),
  };
}

void addPath(core::Program& program) {
  addUnpack(program);
  addChannelMux(program);
  addCalibrate(program);
  addLinkHeader(program);
  addCloseUp(program);
  addFormat(program);
}

// Functions, signals and fields of the path around the encoder.
std::set<std::string> pathNames() {
  std::set<std::string> names{"tx"};
  core::Program path;
  addPath(path);
  for (const core::Function& function : path.functions) {
    names.insert(function.name);
    for (const auto* ports : {&function.inputs, &function.outputs}) {
      for (const core::Port& port : *ports) names.insert(port.name);
    }
  }
  for (const core::ConfigField& field : settingFields({})) names.insert(field.name);
  // Ports tied to the encoder's input and output, whatever those are called, and one within
  // calibrate_channel.
  for (const char* name : {"calq", "latent", "code"}) names.erase(name);
  return names;
}

// The first name the encoder shares with `taken`.
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
    for (const core::Wire& wire : layer.outputs) {
      if (auto good = check(wire.signal); !good) return good;
    }
  }
  for (const core::ConfigField& field : encoder.fields) {
    if (auto good = check(field.name); !good) return good;
  }
  return {};
}

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

Result<void> checkEncoder(const Graph& graph, const Lowering& encoder) {
  const bool fits = encoder.inputs.size() == 1 && encoder.inputs[0].count == kTriggerCells &&
                    encoder.inputs[0].format == FixedFormat{false, kCharge, 0} &&
                    encoder.output.count == kLatents && encoder.output.format == kLatentFormat;
  if (!fits) {
    return core::badInput("econ_t.encoder-shape",
                          "the encoder must take 48 charges u22 and give 16 latents u9.8",
                          "output '" + encoder.output.name + "'");
  }
  if (auto good = checkModuleSum(graph); !good) return good;
  return checkNames(encoder, pathNames());
}

Block layerBlock(const LoweredLayer& layer) {
  return functionBlock(layer.function, layer.inputs, layer.outputs);
}

// Registers behind the blocks that split `blocks` most evenly into `latency` stages; the last block
// always has one.
Result<void> placeRegisters(const core::Program& program, std::vector<Block*> blocks, int latency,
                            const std::string& key) {
  std::vector<int> levels;
  for (const Block* block : blocks) levels.push_back(logicLevels(program, block->function));
  if (latency < 1 || latency > static_cast<int>(blocks.size())) {
    return core::badInput("design.latency",
                          std::to_string(latency) + " crossings asked for, 1.." +
                              std::to_string(blocks.size()) + " can be had",
                          key);
  }
  for (const std::size_t cut : evenCuts(levels, static_cast<std::size_t>(latency))) {
    blocks[cut]->registered = true;
  }
  return {};
}

}  // namespace

Graph autoencoder(const AutoencoderWeights& w, bool loadable, bool truncateProducts) {
  Graph graph;
  graph.name = "econ_t_autoencoder";
  const auto node = [&](std::string name, NodeKind kind) -> Node& {
    Node next;
    next.name = std::move(name);
    next.kind = kind;
    if (kind != NodeKind::Input) next.inputs = {static_cast<int>(graph.nodes.size()) - 1};
    graph.nodes.push_back(std::move(next));
    return graph.nodes.back();
  };
  Node& charges = node("calq", NodeKind::Input);
  charges.shape = {kTriggerCells};
  charges.format = {false, kCharge, 0};
  Node& normalized = node("normalized", NodeKind::Normalize);
  normalized.format = {false, 8, 7};
  normalized.maxShift = kCharge - 1;
  Node& arranged = node("arranged", NodeKind::Arrange);
  arranged.shape = {kGridSide, kGridSide, 1};
  constexpr auto kGrid = gridChannels();
  arranged.indices = {kGrid.begin(), kGrid.end()};
  node("padded", NodeKind::Pad).padding = {0, 1, 0, 1};
  Node& conv = node("conv", NodeKind::Conv2d);
  conv.stride = 2;
  conv.kernel = weights("conv_kernel", {3, 3, 1, 8}, w.convKernel, loadable);
  conv.bias = weights("conv_bias", {8}, w.convBias, loadable);
  conv.sum = {truncateProducts, truncateProducts ? 7 : 0};
  node("features", NodeKind::Relu);
  node("flat", NodeKind::Reshape).shape = {128};
  Node& dense = node("dense", NodeKind::Dense);
  dense.kernel = weights("dense_kernel", {16, 128}, w.denseKernel, loadable);
  dense.bias = weights("dense_bias", {16}, w.denseBias, loadable);
  dense.sum = {truncateProducts, truncateProducts ? 8 : 0};
  node("positive", NodeKind::Relu);
  Node& latent = node("latent", NodeKind::Requantize);
  latent.format = kLatentFormat;
  return graph;
}

core::ConfigValues configValues(const ChipSettings& settings) {
  std::vector<std::int64_t> mask(kMaskWords, 0);
  const std::size_t last = settings.keep.size() - 1;  // keep[0] is the highest bit
  for (std::size_t i = 0; i < settings.keep.size(); ++i) {
    if (settings.keep[last - i]) mask[i / 16] |= std::int64_t{1} << (i % 16);
  }
  return {{"mux", {settings.mux.begin(), settings.mux.end()}},
          {"calibration", {settings.calibration.begin(), settings.calibration.end()}},
          {"high_density", {settings.highDensity ? 1 : 0}},
          {"ae_mask", mask},
          {"active_etx", {settings.activeEtx}},
          {"overflow_t1", {settings.t1}},
          {"overflow_t2", {settings.t2}},
          {"overflow_t3", {settings.t3}}};
}

Result<core::Design> chip(const Graph& encoder, const ChipSettings& reset,
                          const ChipOptions& options) {
  auto lowered = lower(encoder, "");
  if (!lowered) return lowered.error();
  if (auto good = checkEncoder(encoder, *lowered); !good) return good.error();
  if (reset.keep.size() != kLatents * kLatentBits) {
    return core::badInput("model.link",
                          std::to_string(reset.keep.size()) + " latent mask bits, 144 are needed",
                          encoder.name);
  }
  core::Design design;
  design.name = options.name;
  design.comment = "ECON-T trigger path: 12 ePortRX words to 13 eTX words through " + encoder.name;
  design.program = lowered->program;
  addPath(design.program);
  design.inputs = {{"rx_words", {false, 32, 0}, kPortWords}};
  design.outputs = {"tx"};
  design.config = lowered->fields;
  for (core::ConfigField& f : settingFields(reset)) design.config.push_back(std::move(f));

  auto& blocks = design.blocks;
  blocks.push_back(
      functionBlock(kUnpack, sameNames({"rx_words"}), sameNames({"codes", "rx_header"})));
  Block counter;
  counter.kind = BlockKind::BxCounter;
  counter.name = "u_bx_counter";
  counter.inputs = sameNames({"rx_header"});
  counter.outputs = sameNames({"bx"});
  blocks.push_back(counter);
  const std::size_t firstStage = blocks.size();
  blocks.push_back(
      functionBlock(kChannelMux, sameNames({"codes", "mux"}), sameNames({"channel_codes"})));
  blocks.push_back(functionBlock(kCalibrate,
                                 sameNames({"channel_codes", "high_density", "calibration"}),
                                 {{"calq", lowered->inputs[0].name}}));
  for (const LoweredLayer& layer : lowered->layers) {
    blocks.push_back(layerBlock(layer));
    for (core::Wire& wire : blocks.back().outputs) {  // the normaliser's sum is the module sum
      if (wire.signal == layer.sumSignal) wire.signal = "module_sum";
    }
  }
  const std::size_t encoderEnd = blocks.size();
  blocks.push_back(functionBlock(kLinkHeader, sameNames({"bx", "module_sum"}),
                                 sameNames({"header", "sum_code"})));
  blocks.push_back(functionBlock(
      kCloseUp, {{"latent", lowered->output.name}, {"ae_mask", "ae_mask"}}, sameNames({"kept"})));
  const std::size_t closeUp = blocks.size() - 1;
  blocks.push_back(functionBlock(kFormat, sameNames({"header", "sum_code", "kept", "active_etx"}),
                                 sameNames({"words", "count", "truncated_word", "fill_word"})));
  Block buffer;
  buffer.kind = BlockKind::OutputBuffer;
  buffer.name = "u_output_buffer";
  buffer.inputs = sameNames({"words", "count", "truncated_word", "fill_word", "overflow_t1",
                             "overflow_t2", "overflow_t3", "active_etx"});
  buffer.outputs = sameNames({"tx"});
  buffer.registered = true;
  blocks.push_back(buffer);

  std::vector<Block*> stages;
  for (std::size_t i = firstStage; i < encoderEnd; ++i) stages.push_back(&blocks[i]);
  if (auto placed =
          placeRegisters(design.program, stages, options.encoderLatency, "latency.encoder");
      !placed) {
    return placed.error();
  }
  if (options.formatterLatency < 1 || options.formatterLatency > 3) {
    return core::badInput(
        "design.latency",
        std::to_string(options.formatterLatency) + " crossings asked for, 1..3 can be had",
        "latency.formatter");
  }
  blocks[closeUp].registered = options.formatterLatency > 2;
  blocks[closeUp + 1].registered = options.formatterLatency > 1;
  design.milestones = {{"encoder", lowered->output.name, options.encoderLatency},
                       {"formatter", "tx", options.encoderLatency + options.formatterLatency}};
  return design;
}

Result<core::Design> encoderOnly(const Graph& encoder, const std::string& name) {
  auto lowered = lower(encoder, "");
  if (!lowered) return lowered.error();
  if (lowered->inputs.size() != 1) {
    return core::badInput("econ_t.encoder-shape", "the encoder must have one input", encoder.name);
  }
  const std::string takeUp = "take_up";
  if (auto good = checkNames(*lowered, {takeUp, lowered->inputs[0].name + "_in"}); !good) {
    return good.error();
  }
  core::Design design;
  design.name = name;
  design.comment = "the encoder alone between registers: " + encoder.name;
  design.program = lowered->program;
  const core::Signal charges = lowered->inputs[0];
  const core::Signal pins{charges.name + "_in", charges.format, charges.count};
  design.inputs = {pins};
  design.outputs = {lowered->output.name};
  design.config = lowered->fields;
  // Charges are taken up by a register, as they come out of one in the chip.
  core::FunctionBuilder b(design.program, takeUp, "charges as they come");
  b.output(charges.name, charges.format, b.input(pins.name, pins.format, pins.count));
  design.program.functions.push_back(std::move(b).finish());
  design.blocks.push_back(
      functionBlock(takeUp, {{pins.name, pins.name}}, {{charges.name, charges.name}}));
  design.blocks.back().registered = true;
  for (const LoweredLayer& layer : lowered->layers) {
    design.blocks.push_back(layerBlock(layer));
    auto& wires = design.blocks.back().outputs;  // nobody reads the module sum here
    std::erase_if(wires, [&](const core::Wire& wire) { return wire.signal == layer.sumSignal; });
  }
  design.blocks.back().registered = true;
  design.milestones = {{"encoder", lowered->output.name, 2}};
  return design;
}

int normalizingShift(std::int64_t moduleSum) {
  if (moduleSum <= 0) return 0;
  const auto top = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(moduleSum))) - 1;
  return std::min(top, kCharge - 1);
}

}  // namespace aegen::encoders::econ_t
