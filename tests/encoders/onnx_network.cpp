#include "onnx_network.hpp"

#include "import/network_builder.hpp"
#include "import/onnx_model.hpp"

namespace aegen::test {

using namespace aegen::encoders;

core::Result<OnnxNetwork> networkOfOnnx(const std::string& bytes,
                                        const std::map<std::string, OnnxInput>& in) {
  const auto network = readOnnxModel(bytes, "model.onnx");
  if (!network) return network.error();
  OnnxNetwork out;
  out.graph.name = "rebuilt";
  GraphPen pen(out.graph, {});
  std::vector<Decision> decisions;
  std::map<int, BuiltValue> inputs;
  try {
    for (std::size_t i = 0; i < network->layers.size(); ++i) {
      const ImportedLayer& layer = network->layers[i];
      if (layer.kind != LayerKind::Input) continue;
      encoders::Node input = GraphPen::next(NodeKind::Input, {}, layer.name);
      input.shape = in.at(layer.name).shape;
      input.format = in.at(layer.name).format;
      const int node = pen.add(std::move(input), layer.where);
      inputs[static_cast<int>(i)] = {pen.reshape(node, layer.shape, "shaped", layer.where), true};
    }
    const ImportFormats formats;
    const BuiltValue value =
        NetworkBuilder(pen, formats, decisions).build(*network, inputs, network->outputs[0]);
    out.exact = value.exact;
    keepWhatIsUsed(out.graph, value.node);
  } catch (const ImportProblem& problem) {
    return problem.diagnostic;
  }
  if (const auto inferred = out.graph.infer(); !inferred) return inferred.error();
  return out;
}

}  // namespace aegen::test
