// aegen export: a model for other tools: ONNX, registers, C, memory files, NumPy.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "aegen/core/files.hpp"
#include "aegen/encoders/codec.hpp"
#include "aegen/encoders/export.hpp"
#include "aegen/encoders/node_values.hpp"
#include "cli.hpp"
#include "event_choice.hpp"

namespace aegen::tools {
namespace {

struct Arguments {
  std::string model;
  std::string qonnx;
  std::string onnx;
  std::string decoderOnnx;
  std::string registers;
  std::string layout = "blocks";
  std::string header;
  std::string memory;
  int wordBits = 8;
  std::vector<std::string> numpy;
  EventChoice events{.count = 1000, .seed = 1};
};

int write(const std::string& file, const core::Result<std::string>& text) {
  if (!text) return fail(text.error());
  const auto written = core::writeFile(file, *text);
  if (!written) return fail(written.error());
  fmt::print("{}\n", file);
  return kDone;
}

core::Result<std::string> numpyOfWeights(const encoders::Weights& weights) {
  return encoders::toNumpy({weights.shape.begin(), weights.shape.end()}, weights.values);
}

// Kernel or bias `name` of the codec.
const encoders::Weights* findWeights(const encoders::Codec& codec, std::string_view name) {
  for (const encoders::Graph* const graph : {&codec.encoder, &codec.decoder}) {
    for (const encoders::Node& node : graph->nodes) {
      if (!encoders::hasWeights(node.kind)) continue;
      if (node.kernel.name == name) return &node.kernel;
      if (node.bias.name == name) return &node.bias;
    }
  }
  return nullptr;
}

core::Result<core::Columns> charges(const Arguments& arguments) {
  const auto chosen = chosenEvents(arguments.events);
  if (!chosen) return chosen.error();
  const std::vector<data::Event>& events = chosen->table.events;
  core::Columns out(data::kTriggerCells, events.size());
  for (std::size_t event = 0; event < events.size(); ++event) {
    for (std::size_t i = 0; i < out.elements(); ++i) out.at(i, event) = events[event].charge[i];
  }
  return out;
}

// [events][shape] of an encoder's tensor on the charges.
core::Result<std::string> numpyOfNode(const encoders::Graph& encoder, const std::string& name,
                                      const core::Columns& charges) {
  const auto values = encoders::nodeValues(encoder, name, charges);
  if (!values) return values.error();
  std::vector<std::int64_t> rows;
  for (std::size_t event = 0; event < values->events(); ++event) {
    for (std::size_t i = 0; i < values->elements(); ++i) rows.push_back(values->at(i, event));
  }
  std::vector<std::size_t> shape{values->events()};
  for (const int size : encoder.find(name)->shape) shape.push_back(static_cast<std::size_t>(size));
  return encoders::toNumpy(shape, rows);
}

int writeNumpy(const encoders::Codec& codec, const Arguments& arguments) {
  std::optional<core::Columns> events;
  for (const std::string& pair : arguments.numpy) {
    const std::size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == pair.size()) {
      return fail(core::badInput("export.npy", "'" + pair + "' is not NAME=FILE", "--npy",
                                 {"NAME is a kernel, a bias or a node of the encoder"}));
    }
    const std::string name = pair.substr(0, equals);
    const std::string file = pair.substr(equals + 1);
    if (const encoders::Weights* const weights = findWeights(codec, name)) {
      if (const int code = write(file, numpyOfWeights(*weights)); code != kDone) return code;
      continue;
    }
    if (!events) {
      auto read = charges(arguments);
      if (!read) return fail(read.error());
      events = std::move(*read);
    }
    const int code = write(file, numpyOfNode(codec.encoder, name, *events));
    if (code != kDone) return code;
  }
  return kDone;
}

int run(const Arguments& arguments) {
  const auto codec = encoders::loadCodec(arguments.model);
  if (!codec) return fail(codec.error());
  const auto layout = arguments.layout == "pages" ? encoders::RegisterLayout::Pages
                                                  : encoders::RegisterLayout::Blocks;
  int code = kDone;
  const auto add = [&](const std::string& file, const auto& text) {
    if (code == kDone && !file.empty()) code = write(file, text());
  };
  using Text = core::Result<std::string>;
  add(arguments.qonnx, [&] { return encoders::toQonnx(codec->encoder); });
  add(arguments.onnx, [&] { return encoders::toOnnx(codec->encoder); });
  add(arguments.decoderOnnx, [&] { return encoders::toOnnx(codec->decoder); });
  add(arguments.registers, [&] { return encoders::toRegisters(codec->encoder, layout); });
  add(arguments.header, [&] { return Text(encoders::toHeader(codec->encoder, codec->name)); });
  add(arguments.memory,
      [&] { return Text(encoders::toMemory(codec->encoder, arguments.wordBits)); });
  return code == kDone ? writeNumpy(*codec, arguments) : code;
}

}  // namespace

void addExportCommand(CLI::App& app, int& exitCode) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "export", "A model as ONNX, QONNX, registers, C header, memory file or NumPy arrays");
  command->add_option("MODEL", arguments->model, "Model file (docs/model_file.md)")->required();
  command->add_option("--qonnx", arguments->qonnx, "The encoder as QONNX");
  command->add_option("--onnx", arguments->onnx, "The encoder as plain ONNX");
  command->add_option("--decoder-onnx", arguments->decoderOnnx, "The decoder as plain ONNX");
  command->add_option("--registers", arguments->registers, "The ECON-T's registers as YAML");
  command->add_option("--layout", arguments->layout, "Of the registers: blocks or pages")
      ->check(CLI::IsMember(std::vector<std::string>{"blocks", "pages"}))
      ->capture_default_str();
  command->add_option("--header", arguments->header, "The encoder's weights as a C header");
  command->add_option("--mem", arguments->memory, "The encoder's weights for $readmemh");
  command->add_option("--word", arguments->wordBits, "Bits of a word of the memory file")
      ->check(CLI::IsMember(std::vector<int>{8, 16, 32}))
      ->capture_default_str();
  command->add_option("--npy", arguments->numpy,
                      "NAME=FILE.npy: raw integers of a kernel, a bias or an encoder node");
  addEventOptions(*command, arguments->events);
  command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

}  // namespace aegen::tools
