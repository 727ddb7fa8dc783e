#include "keras_files.hpp"

#include <hdf5.h>

#include <algorithm>
#include <cmath>
#include <fstream>

namespace aegen::test {
namespace {

using nlohmann::json;

void writeTexts(hid_t object, const char* name, const std::vector<std::string>& texts,
                bool fixedTexts) {
  const hsize_t count = texts.size();
  const hid_t space = H5Screate_simple(1, &count, nullptr);
  const hid_t type = H5Tcopy(H5T_C_S1);
  std::size_t longest = 1;
  for (const std::string& text : texts) longest = std::max(longest, text.size());
  H5Tset_size(type, fixedTexts ? longest : H5T_VARIABLE);
  // Keras writes an empty list as a list of numbers.
  const hid_t attribute = H5Acreate2(object, name, texts.empty() ? H5T_IEEE_F64LE : type, space,
                                     H5P_DEFAULT, H5P_DEFAULT);
  if (fixedTexts && !texts.empty()) {
    std::string all(longest * texts.size(), '\0');
    for (std::size_t i = 0; i < texts.size(); ++i) texts[i].copy(&all[i * longest], longest);
    H5Awrite(attribute, type, all.data());
  } else if (!texts.empty()) {
    std::vector<const char*> pointers;
    for (const std::string& text : texts) pointers.push_back(text.c_str());
    H5Awrite(attribute, type, pointers.data());
  }
  H5Aclose(attribute);
  H5Tclose(type);
  H5Sclose(space);
}

void writeText(hid_t object, const char* name, const std::string& text) {
  const hid_t space = H5Screate(H5S_SCALAR);
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  const char* const pointer = text.c_str();
  H5Awrite(attribute, type, &pointer);
  H5Aclose(attribute);
  H5Tclose(type);
  H5Sclose(space);
}

void writeLayers(const KerasModel& model, hid_t root, bool fixedTexts) {
  writeText(root, "keras_version", "2.13.1");
  writeText(root, "backend", "tensorflow");
  std::vector<std::string> names;
  for (const auto& [layer, tensors] : model.weights) names.push_back(layer);
  writeTexts(root, "layer_names", names, fixedTexts);
  for (const auto& [layer, tensors] : model.weights) {
    const hid_t group = H5Gcreate2(root, layer.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    std::vector<std::string> paths;
    const hid_t inner =
        tensors.empty() ? -1
                        : H5Gcreate2(group, layer.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    for (const KerasTensor& tensor : tensors) {
      paths.push_back(layer + "/" + tensor.name);
      const std::vector<hsize_t> sizes(tensor.shape.begin(), tensor.shape.end());
      const hid_t space = H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr);
      const hid_t data = H5Dcreate2(inner, tensor.name.c_str(), H5T_IEEE_F32LE, space, H5P_DEFAULT,
                                    H5P_DEFAULT, H5P_DEFAULT);
      H5Dwrite(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.values.data());
      H5Dclose(data);
      H5Sclose(space);
    }
    writeTexts(group, "weight_names", paths, fixedTexts);
    if (inner >= 0) H5Gclose(inner);
    H5Gclose(group);
  }
}

json qbits(int bits, int integer, json alpha, int symmetric) {
  return {{"class_name", "quantized_bits"},
          {"config",
           {{"bits", bits},
            {"integer", integer},
            {"symmetric", symmetric},
            {"alpha", std::move(alpha)},
            {"keep_negative", true},
            {"use_stochastic_rounding", false},
            {"qnoise_factor", 1.0}}}};
}

}  // namespace

const KerasTensor* KerasModel::find(const std::string& layer, const std::string& tensor) const {
  for (const auto& [name, tensors] : weights) {
    if (name != layer) continue;
    for (const KerasTensor& candidate : tensors) {
      if (candidate.name == tensor) return &candidate;
    }
  }
  return nullptr;
}

void writeKeras(const KerasModel& model, const std::filesystem::path& jsonFile,
                const std::filesystem::path& hdf5, bool fixedTexts) {
  std::ofstream(jsonFile) << model.architecture.dump(1);
  const hid_t file = H5Fcreate(hdf5.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  writeLayers(model, file, fixedTexts);
  H5Fclose(file);
}

void writeWholeKeras(const KerasModel& model, const std::filesystem::path& hdf5) {
  const hid_t file = H5Fcreate(hdf5.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  writeText(file, "model_config", model.architecture.dump());
  const hid_t group = H5Gcreate2(file, "model_weights", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  writeLayers(model, group, false);
  H5Gclose(group);
  H5Fclose(file);
}

int RandomKeras::between(int low, int high) {
  return low + static_cast<int>(random_() % static_cast<std::uint64_t>(high - low + 1));
}

std::vector<float> RandomKeras::values(std::size_t count, double largest) {
  std::vector<float> out;
  for (std::size_t i = 0; i < count; ++i) {
    // Half of them on halves of coarse steps, where roundings differ.
    const double real = largest * (2 * static_cast<double>(random_() >> 11) * 0x1p-53 - 1);
    out.push_back(static_cast<float>(coin() ? real : std::nearbyint(real * 128) / 128));
  }
  return out;
}

json RandomKeras::quantizer(bool kernel) {
  json alpha = std::vector<json>{1, 1.0, 0.5, 2}[static_cast<std::size_t>(between(0, 3))];
  const int how = between(0, 5);
  if (kernel && how == 0) alpha = "auto_po2";
  if (kernel && how == 1) alpha = nullptr;
  return qbits(between(2, 8), between(-1, 1), std::move(alpha), between(0, 1));
}

// Appends a layer that takes the last one's result.
int RandomKeras::add(const char* kind, json config, json arguments) {
  const std::string name = std::string(kind) + "_" + std::to_string(layers_.size());
  config["name"] = name;
  json layer{{"class_name", kind}, {"name", name}, {"inbound_nodes", json::array()}};
  const std::string text(kind);
  if (!last_.empty()) {
    const json reference = json::array({last_, 0, 0, std::move(arguments)});
    layer["inbound_nodes"] = text.ends_with("Lambda") ? json::array({reference})
                                                      : json::array({json::array({reference})});
  }
  layer["config"] = std::move(config);
  layers_.push_back(std::move(layer));
  if (text.find("Conv") == std::string::npos && text.find("Dense") == std::string::npos) {
    model_.weights.push_back({name, {}});
  }
  last_ = name;
  return static_cast<int>(layers_.size()) - 1;
}

void RandomKeras::weights(const std::string& layer, std::vector<int> kernel, int bias,
                          double largest) {
  std::size_t count = 1;
  for (const int size : kernel) count *= static_cast<std::size_t>(size);
  std::vector<KerasTensor> tensors{{"kernel:0", std::move(kernel), values(count, largest)}};
  if (bias > 0) {
    tensors.push_back({"bias:0", {bias}, values(static_cast<std::size_t>(bias), largest)});
  }
  model_.weights.push_back({layer, std::move(tensors)});
}

void RandomKeras::finish(bool functional, const std::string& name) {
  json config{{"name", name}, {"layers", layers_}};
  if (functional) config["output_layers"] = json::array({json::array({last_, 0, 0})});
  model_.architecture = {{"class_name", functional ? "Functional" : "Sequential"},
                         {"config", std::move(config)},
                         {"keras_version", "2.13.1"}};
}

KerasModel RandomKeras::encoder(int latents, int conditions) {
  model_ = {};
  layers_.clear();
  last_.clear();
  const bool functional = conditions > 0 || coin();
  add("InputLayer", {{"batch_input_shape", {coin() ? json(4000) : json(nullptr), 8, 8, 1}}});
  add("QActivation",
      {{"activation", coin() ? qbits(8, 1, nullptr, 0) : json("quantized_bits(7,1)")}});
  int side = 8;
  bool same = false;
  switch (between(0, functional ? 3 : 2)) {
    case 0:
      same = true;
      break;
    case 1:
      add("ZeroPadding2D", {{"padding", {{1, 0}, {1, 0}}}});
      side = 9;
      break;
    case 2:
      break;
    default:
      add("keras_pad", json::object());
      side = 9;
  }
  const int filters = between(1, 4);
  const int kernel = between(2, 3);
  const int stride = between(1, 2);
  const bool bias = coin();
  json conv{{"filters", filters},
            {"kernel_size", {kernel, kernel}},
            {"strides", {stride, stride}},
            {"padding", same ? "same" : "valid"},
            {"data_format", "channels_last"},
            {"dilation_rate", {1, 1}},
            {"groups", 1},
            {"activation", coin() ? json("linear") : json("quantized_relu(8,2)")},
            {"use_bias", bias},
            {"kernel_quantizer", quantizer(true)},
            {"bias_quantizer", quantizer(false)}};
  add("QConv2D", std::move(conv));
  weights(last_, {kernel, kernel, 1, filters}, bias ? filters : 0, 1.3);
  const int out = same ? (side + stride - 1) / stride : (side - kernel) / stride + 1;
  if (coin()) add("Activation", {{"activation", "relu"}});
  if (coin()) add("QActivation", {{"activation", qbits(8, 1, nullptr, between(0, 1))}});
  if (coin()) add("Permute", {{"dims", {3, 1, 2}}});
  add("Flatten", json::object());
  add("QDense", {{"units", latents},
                 {"activation", "linear"},
                 {"use_bias", true},
                 {"kernel_quantizer", quantizer(true)},
                 {"bias_quantizer", quantizer(false)}});
  weights(last_, {out * out * filters, latents}, latents, 1.1);
  add("QActivation", {{"activation", qbits(9, 1, nullptr, 0)}});
  if (functional) {
    const int scale = 1 << between(0, 4);
    add("TFOpLambda", {{"function", "math.multiply"}}, {{"y", scale}});
    add("keras_floor", json::object());
    add("TFOpLambda", {{"function", "math.truediv"}}, {{"y", scale}});
    add("keras_minimum", json::object(), {{"sat_val", between(0, 2) == 0 ? 0.875 : 1.75}});
  }
  if (conditions > 0) {
    const std::string latent = last_;
    last_.clear();
    add("InputLayer", {{"batch_input_shape", {nullptr, conditions}}});
    const std::string condition = last_;
    const int join = add("Concatenate", {{"axis", coin() ? 1 : -1}});
    layers_[static_cast<std::size_t>(join)]["inbound_nodes"] =
        json::array({json::array({json::array({latent, 0, 0, json::object()}),
                                  json::array({condition, 0, 0, json::object()})})});
  }
  finish(functional, "encoder");
  return model_;
}

KerasModel RandomKeras::decoder(int inputs) {
  model_ = {};
  layers_.clear();
  last_.clear();
  add("InputLayer", {{"batch_input_shape", {16, inputs}}});
  const int hidden = between(3, 10);
  const int channels = between(1, 3);
  const double largest = 1.0 / std::sqrt(inputs);
  add("Dense", {{"activation", coin() ? "relu" : "linear"}, {"use_bias", true}});
  weights(last_, {inputs, hidden}, hidden, largest);
  if (coin()) add("ReLU", {{"max_value", nullptr}, {"negative_slope", 0.0}, {"threshold", 0.0}});
  add("Dense", {{"activation", "relu"}, {"use_bias", true}});
  weights(last_, {hidden, 16 * channels}, 16 * channels, 0.5);
  add("Reshape", {{"target_shape", {4, -1, channels}}});
  const bool same = coin();
  add("Conv2DTranspose", {{"strides", {2, 2}},
                          {"padding", same ? "same" : "valid"},
                          {"activation", "linear"},
                          {"use_bias", true}});
  weights(last_, {3, 3, 1, channels}, 1, 0.4);
  if (!same) {
    const json all{{"start", nullptr}, {"stop", nullptr}, {"step", nullptr}};
    const json cut{{"start", 0}, {"stop", 8}, {"step", nullptr}};
    add("SlicingOpLambda", {{"function", "__operators__.getitem"}},
        {{"slice_spec", {all, cut, cut}}});
  }
  add(coin() ? "ReLU" : "Activation", {{"activation", "sigmoid"}});
  finish(true, "decoder");
  return model_;
}

}  // namespace aegen::test
