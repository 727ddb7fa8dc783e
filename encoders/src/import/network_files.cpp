#include "network_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "aegen/core/files.hpp"
#include "aegen/encoders/weight_registers.hpp"
#include "keras_model.hpp"
#include "onnx_model.hpp"
#include "stored_weights.hpp"
#include "tensorflow_model.hpp"
#include "weight_quantizer.hpp"

namespace aegen::encoders {
namespace {

namespace fs = std::filesystem;
using core::Result;
using nlohmann::json;

constexpr const char* kEconT = "econ_t";

bool endsIn(const fs::path& file, std::initializer_list<const char*> extensions) {
  std::string extension = file.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::any_of(extensions, [&](const char* e) { return extension == e; });
}

bool isWeights(const fs::path& file) {
  return endsIn(file, {".hdf5", ".h5"});
}

std::string listed(const std::vector<fs::path>& files) {
  std::string out;
  for (const fs::path& file : files) out += (out.empty() ? "" : ", ") + file.string();
  return out;
}

// The layers of the decoder that was published with the chip's encoder, for files that hold
// weights alone (Keras's own form of an architecture).
json econTDecoder() {
  const auto layer = [](const char* kind, const char* name, json config) {
    config["name"] = name;
    return json{{"class_name", kind}, {"config", std::move(config)}};
  };
  const auto transposed = [&](const char* name, int stride, const char* activation) {
    return layer("Conv2DTranspose", name,
                 {{"strides", stride}, {"padding", "same"}, {"activation", activation}});
  };
  return {
      {"class_name", "Sequential"},
      {"config",
       {{"name", "decoder"},
        {"layers",
         {layer("InputLayer", "decoder_input",
                {{"batch_input_shape", {nullptr, econ_t::kLatents}}}),
          layer("Dense", "dense", {{"activation", "relu"}}),
          layer("Reshape", "reshape", {{"target_shape", {4, 4, 8}}}),
          transposed("conv2d_transpose", 2, "relu"), transposed("conv2d_transpose_1", 1, "linear"),
          layer("Activation", "decoder_output", {{"activation", "sigmoid"}})}}}}};
}

core::Diagnostic unknownArchitecture(const std::string& architecture, const std::string& where) {
  if (architecture.empty()) {
    return core::badInput("import.files", "holds weights alone", where,
                          {"give the model's JSON (to_json()) beside it, or --architecture econ_t "
                           "for the chip's own encoder and its decoder"});
  }
  return core::badInput("import.files", "architecture '" + architecture + "' is not known", where,
                        {"known: econ_t"});
}

Result<json> readArchitecture(const fs::path& file) {
  const auto text = core::readFile(file);
  if (!text) return core::badInput("import.no-file", "cannot be read", file.string());
  json architecture = json::parse(*text, nullptr, false);
  if (architecture.is_discarded()) {
    return core::badInput("import.json", "is not JSON", file.string(),
                          {"an architecture is what Keras's to_json() gives"});
  }
  return architecture;
}

// Values of the chip's registers from a stored tensor of the right shape.
Result<std::vector<std::int64_t>> registerValues(const StoredTensor& tensor, const Shape& shape,
                                                 const std::string& where, int& changed) {
  if (tensor.shape != shape) {
    return core::badInput("import.weights",
                          fmt::format("'{}' has shape {}, the chip's encoder has {}", tensor.name,
                                      shapeText(tensor.shape), shapeText(shape)),
                          where, {"--architecture econ_t is for an encoder of the chip's shape"});
  }
  const Quantizer grid{.format = {true, 6, 5}};
  std::vector<std::int64_t> out;
  for (const double value : tensor.values) {
    if (!std::isfinite(value)) {
      return core::badInput("import.weights",
                            "'" + tensor.name + "' holds a value that is not finite", where);
    }
    out.push_back(quantizeExactly(value, grid, 0));
    changed += static_cast<double>(out.back()) * grid.format.lsb() != value ? 1 : 0;
  }
  return out;
}

Result<econ_t::AutoencoderWeights> chipWeights(const StoredWeights& stored,
                                               std::vector<Decision>& decisions) {
  std::vector<const StoredTensor*> tensors;
  for (const StoredLayer& layer : stored.layers) {
    for (const StoredTensor& tensor : layer.tensors) tensors.push_back(&tensor);
  }
  const std::array<Shape, 4> shapes{Shape{3, 3, 1, 8}, Shape{8}, Shape{128, 16}, Shape{16}};
  if (tensors.size() != shapes.size()) {
    return core::badInput(
        "import.weights",
        fmt::format("holds {} tensors, the chip's encoder has {}", tensors.size(), shapes.size()),
        stored.file, {"kernel and bias of a convolution and of a dense layer"});
  }
  std::array<std::vector<std::int64_t>, 4> values;
  int changed = 0;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    auto read = registerValues(*tensors[i], shapes[i], stored.file, changed);
    if (!read) return read.error();
    values[i] = *std::move(read);
  }
  econ_t::AutoencoderWeights out{values[0], values[1], {}, values[3]};
  for (std::size_t o = 0; o < 16; ++o) {
    for (std::size_t i = 0; i < 128; ++i) out.denseKernel.push_back(values[2][i * 16 + o]);
  }
  decisions.push_back({stored.file, "weights alone, taken as the chip's own encoder",
                       "architecture econ_t was named"});
  decisions.push_back(
      {stored.file, "the dense kernel is transposed", "Keras holds [in][out], the chip [out][in]"});
  decisions.push_back(
      {stored.file,
       fmt::format("{} of 2144 weights rounded to s6.5, to nearest, halves to even", changed),
       "the chip's registers hold six bits; QKeras rounds so"});
  return out;
}

}  // namespace

Result<ImportedNetwork> readNetwork(const std::vector<fs::path>& files,
                                    const std::string& architecture, Half half) {
  if (files.size() == 1 && endsIn(files[0], {".pb", ".onnx"})) {
    const auto bytes = core::readFile(files[0]);
    if (!bytes) return core::badInput("import.no-file", "cannot be read", files[0].string());
    return endsIn(files[0], {".onnx"}) ? readOnnxModel(*bytes, files[0].string())
                                       : readTensorflowGraph(*bytes, files[0].string());
  }
  const auto weights = std::ranges::find_if(files, isWeights);
  const auto json =
      std::ranges::find_if(files, [](const fs::path& f) { return endsIn(f, {".json"}); });
  const std::size_t known = (weights != files.end() ? 1 : 0) + (json != files.end() ? 1 : 0);
  if (weights == files.end() || known != files.size()) {
    return core::badInput("import.files", "is no set of files that aegen reads", listed(files),
                          {"Keras 2: MODEL.json and WEIGHTS.hdf5, or a whole model in one .h5",
                           "TensorFlow: one frozen graph, FILE.pb", "ONNX and QONNX: FILE.onnx",
                           "ECON-T registers: FILE.yaml"});
  }
  auto stored = readStoredWeights(*weights);
  if (!stored) return stored.error();
  if (json != files.end()) {
    auto read = readArchitecture(*json);
    if (!read) return read.error();
    return readKerasModel(*read, json->string(), *stored);
  }
  if (!stored->architecture.empty()) {
    const nlohmann::json whole = nlohmann::json::parse(stored->architecture, nullptr, false);
    if (whole.is_discarded()) {
      return core::badInput("import.json", "its model_config is not JSON", weights->string());
    }
    return readKerasModel(whole, weights->string(), *stored);
  }
  if (architecture != kEconT || half != Half::Decoder) {
    return unknownArchitecture(architecture, weights->string());
  }
  auto network = readKerasModel(econTDecoder(), weights->string(), *stored);
  if (network) {
    network->decisions.insert(
        network->decisions.begin(),
        {weights->string(),
         "weights alone, taken as dense 128, ReLU, 4x4x8, transposed convolution to 8x8x8, ReLU, "
         "transposed convolution to 8x8x1, sigmoid",
         "architecture econ_t was named"});
  }
  return network;
}

Result<std::optional<econ_t::AutoencoderWeights>> readChipWeights(
    const std::vector<fs::path>& files, const std::string& architecture,
    std::vector<Decision>& decisions) {
  using Chip = std::optional<econ_t::AutoencoderWeights>;
  if (files.size() != 1) return Chip{};
  if (endsIn(files[0], {".yaml", ".yml"})) {
    auto weights = readWeightRegisters(files[0]);
    if (!weights) return weights.error();
    decisions.push_back({files[0].string(), "the dense kernel is taken as [output][input]",
                         "the chip's registers hold it so; files written without transposing "
                         "Keras's [in][out] mean another network, and the chip computes this one"});
    return Chip{*std::move(weights)};
  }
  if (!isWeights(files[0]) || architecture != kEconT) return Chip{};
  auto stored = readStoredWeights(files[0]);
  if (!stored) return stored.error();
  if (!stored->architecture.empty()) return Chip{};
  auto weights = chipWeights(*stored, decisions);
  if (!weights) return weights.error();
  return Chip{*std::move(weights)};
}

}  // namespace aegen::encoders
