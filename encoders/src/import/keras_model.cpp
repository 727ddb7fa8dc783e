#include "keras_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "keras_layers.hpp"

namespace aegen::encoders {
namespace {

using nlohmann::json;

constexpr std::size_t kMostLayers = 4096;

class ModelReader {
 public:
  ModelReader(const std::string& file, const StoredWeights& weights)
      : file_(file), weights_(weights), layers_(network_) {}

  ImportedNetwork read(const json& architecture) {
    const JsonFields model(architecture, file_);
    const std::string kind = model.text("class_name");
    const JsonFields config(model.at("config"), file_ + ": config");
    network_.name = config.text("name", "network");
    network_.source =
        fmt::format("Keras {}, {}", model.text("keras_version", weights_.kerasVersion), file_);
    if (model.text("keras_version", "2").starts_with("3")) {
      importFails("unsupported", "was saved by Keras 3", file_,
                  {"save it with Keras 2 (tf_keras, TF_USE_LEGACY_KERAS=1)"});
    }
    if (kind != "Functional" && kind != "Model" && kind != "Sequential") {
      importFails("unsupported", "a model of class '" + kind + "' is not supported", file_,
                  {"Functional or Sequential"});
    }
    const json& layers = config.list("layers");
    if (layers.empty() || layers.size() > kMostLayers) {
      importFails("structure", fmt::format("has {} layers", layers.size()), file_);
    }
    matchWeights(layers);
    if (kind == "Sequential") {
      sequential(layers);
    } else {
      functional(config, layers);
    }
    return std::move(network_);
  }

 private:
  std::string place(const std::string& name, const std::string& className) const {
    return fmt::format("{}: layer '{}' ({})", file_, name, className);
  }

  JsonFields layerFields(const json& layer, std::size_t i) const {
    return {layer, fmt::format("{}: layers[{}]", file_, i)};
  }

  static std::string nameOf(const JsonFields& layer) {
    if (layer.has("name")) return layer.text("name");
    return layer.object("config").text("name", "layer");
  }

  // Which stored layer belongs to which: by name, else in order where no name is known.
  void matchWeights(const json& layers) {
    std::vector<std::string> wanted;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const JsonFields layer = layerFields(layers[i], i);
      if (KerasLayers::hasWeights(layer.text("class_name"))) wanted.push_back(nameOf(layer));
    }
    std::vector<const StoredLayer*> stored;
    for (const StoredLayer& layer : weights_.layers) {
      if (!layer.tensors.empty()) stored.push_back(&layer);
      for (const std::string& name : wanted) {
        if (layer.name == name) stored_[name] = &layer;
      }
    }
    if (!stored_.empty() || wanted.empty()) return;
    if (stored.size() != wanted.size()) {
      importFails("weights",
                  fmt::format("holds weights of {} layers under other names than the "
                              "architecture, which has {}",
                              stored.size(), wanted.size()),
                  weights_.file, {"architecture and weights must be of the same model"});
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) stored_[wanted[i]] = stored[i];
    network_.decisions.push_back({weights_.file, "weights taken in the order of the layers",
                                  "its layers have other names than the architecture's"});
  }

  int call(const JsonFields& layer, std::vector<int> inputs, json arguments) {
    const std::string name = nameOf(layer);
    const std::string className = layer.text("class_name");
    const std::string where = place(name, className);
    const auto stored = stored_.find(name);
    return layers_.add({name, className, where, JsonFields(layer.at("config"), where),
                        std::move(inputs), std::move(arguments),
                        stored == stored_.end() ? nullptr : stored->second});
  }

  void sequential(const json& layers) {
    int last = -1;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const JsonFields layer = layerFields(layers[i], i);
      const bool isInput = layer.text("class_name") == "InputLayer";
      if (i == 0 && !isInput) last = impliedInput(layer);
      last = call(layer, isInput ? std::vector<int>{} : std::vector<int>{last}, json::object());
    }
    network_.outputs = {last};
  }

  // The first layer of a Sequential may carry the input's shape.
  int impliedInput(const JsonFields& first) {
    const std::string name = nameOf(first) + "_input";
    const std::string where = place(name, "InputLayer");
    return layers_.add({name,
                        "InputLayer",
                        where,
                        JsonFields(first.at("config"), where),
                        {},
                        json::object(),
                        nullptr});
  }

  void functional(const JsonFields& config, const json& layers) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const JsonFields layer = layerFields(layers[i], i);
      const std::string name = nameOf(layer);
      const std::string where = place(name, layer.text("class_name"));
      json arguments = json::object();
      std::vector<int> inputs = inputsOf(layer, where, arguments);
      results_[name] = call(layer, std::move(inputs), std::move(arguments));
    }
    for (const json& output : listOfTensors(config.list("output_layers"))) {
      network_.outputs.push_back(tensor(output, file_ + ": output_layers"));
    }
    if (network_.outputs.empty()) importFails("structure", "has no outputs", file_);
  }

  // ["name", 0, 0] alone stands for a list of one.
  static json listOfTensors(const json& value) {
    return !value.empty() && value[0].is_string() ? json::array({value}) : value;
  }

  int tensor(const json& reference, const std::string& where) const {
    if (!reference.is_array() || reference.size() < 3 || !reference[0].is_string()) {
      importFails("structure", "does not name its inputs as Keras 2 does", where,
                  {"save the model with Keras 2 (to_json())"});
    }
    const auto found = results_.find(reference[0].get<std::string>());
    if (found == results_.end()) {
      importFails("structure",
                  "takes '" + reference[0].get<std::string>() + "', which is no earlier layer",
                  where);
    }
    if (reference[1] != 0 || reference[2] != 0) {
      importFails("unsupported", "takes a later call or another output of a layer", where,
                  {"call each layer once"});
    }
    return found->second;
  }

  std::vector<int> inputsOf(const JsonFields& layer, const std::string& where, json& arguments) {
    const json& nodes = layer.list("inbound_nodes");
    if (nodes.empty()) return {};
    if (nodes.size() > 1) {
      importFails("unsupported", "is called more than once", where, {"call each layer once"});
    }
    if (!nodes[0].is_array() || nodes[0].empty()) {
      importFails("structure", "does not name its inputs as Keras 2 does", where,
                  {"save the model with Keras 2 (to_json())"});
    }
    std::vector<int> inputs;
    const json references = listOfTensors(nodes[0]);
    for (const json& reference : references) {
      inputs.push_back(tensor(reference, where));
      if (reference.size() > 3 && reference[3].is_object()) arguments.update(reference[3]);
    }
    return inputs;
  }

  const std::string& file_;
  const StoredWeights& weights_;
  ImportedNetwork network_;
  KerasLayers layers_;
  std::map<std::string, const StoredLayer*> stored_;
  std::map<std::string, int> results_;
};

}  // namespace

core::Result<ImportedNetwork> readKerasModel(const json& architecture, const std::string& file,
                                             const StoredWeights& weights) {
  try {
    return ModelReader(file, weights).read(architecture);
  } catch (const ImportProblem& problem) {
    return problem.diagnostic;
  }
}

}  // namespace aegen::encoders
