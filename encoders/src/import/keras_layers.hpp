#pragma once
/// KerasLayers: turns one Keras layer after the other into layers of an ImportedNetwork.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "imported_network.hpp"
#include "json_fields.hpp"
#include "keras_quantizers.hpp"
#include "stored_weights.hpp"

namespace aegen::encoders {

/// One call of a layer.
struct KerasCall {
  std::string name;
  std::string className;
  std::string where;  ///< "encoder.json: layer 'conv2d' (QConv2D)"
  JsonFields config;
  std::vector<int> inputs;              ///< layers of the network
  nlohmann::json arguments;             ///< of the call, beside the tensors: {"y": 4}
  const StoredLayer* stored = nullptr;  ///< its weights; null: none
};

class KerasLayers {
 public:
  explicit KerasLayers(ImportedNetwork& network) : network_(network) {}

  /// Adds what the call computes; the index of its result. Throws ImportProblem.
  int add(const KerasCall& call);
  /// Whether a class has weights.
  [[nodiscard]] static bool hasWeights(const std::string& className);

 private:
  using Rule = int (KerasLayers::*)(const KerasCall&);
  static const std::map<std::string, Rule>& rules();

  int inputLayer(const KerasCall& call);
  int same(const KerasCall& call);
  int convolution(const KerasCall& call);
  int transposedConvolution(const KerasCall& call);
  int dense(const KerasCall& call);
  int relu(const KerasCall& call);
  int activationLayer(const KerasCall& call);
  int flatten(const KerasCall& call);
  int reshape(const KerasCall& call);
  int permute(const KerasCall& call);
  int concatenate(const KerasCall& call);
  int zeroPadding(const KerasCall& call);
  int cropping(const KerasCall& call);
  int tensorOperation(const KerasCall& call);
  int slicing(const KerasCall& call);
  int padBottomRight(const KerasCall& call);
  int floorLayer(const KerasCall& call);
  int minimumLayer(const KerasCall& call);

  ImportedLayer start(const KerasCall& call, LayerKind kind) const;
  int append(ImportedLayer layer);
  int appendConstant(const KerasCall& call, LayerKind kind, double constant);
  int appendPlain(const KerasCall& call, LayerKind kind);
  int clip(const KerasCall& call, double least, double most);
  void checkImageLayer(const KerasCall& call) const;
  void readWeights(const KerasCall& call, ImportedLayer& layer, std::size_t kernelAxes,
                   bool perChannel);
  int withActivation(const KerasCall& call, int index);
  int activation(const KerasCall& call, int index, const nlohmann::json& function);
  int quantize(const KerasCall& call, int index, const KerasQuantizer& quantizer);
  [[nodiscard]] const Shape& shapeOf(int index) const;

  ImportedNetwork& network_;
};

}  // namespace aegen::encoders
