#pragma once
/// OnnxReader: an ONNX graph's tensors as layers of an ImportedNetwork, made when they are needed.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "imported_network.hpp"
#include "onnx_file.hpp"

namespace aegen::encoders {

/// A tensor of the file: a constant, or the result of a layer.
struct OnnxValue {
  std::optional<RealTensor> constant;
  int layer = -1;
  /// Axis i of the tensor, the events not counted, is axis `axes[i]` of the layer: images are
  /// [channel][row][column] in the file.
  std::vector<int> axes{};
};

/// Every function that takes a node gives the node's first output and throws ImportProblem.
class OnnxReader {
 public:
  OnnxReader(const onnx::GraphProto& graph, const std::string& file) : file_(graph, file) {}

  ImportedNetwork read();

 private:
  using Node = onnx::NodeProto;

  // Tensors by name (onnx_reader.cpp).
  void addInput(const onnx::ValueInfoProto& input);
  const OnnxValue& valueOf(const std::string& tensor, const std::string& user);
  const OnnxValue& input(const Node& node, int i);
  [[nodiscard]] bool hasInput(const Node& node, int i) const;
  OnnxValue compute(const Node& node);
  OnnxValue constantNode(const Node& node);
  /// A constant result; its values count towards the most a file may have.
  OnnxValue folded(RealTensor constant, const Node& node);
  [[noreturn]] void fails(const std::string& code, const std::string& message, const Node& node,
                          std::vector<std::string> notes = {}) const;

  // Inputs of a node in the form it needs.
  const RealTensor& constant(const Node& node, int i);
  const OnnxValue& tensor(const Node& node, int i);
  /// The one finite number of a constant.
  double number(const Node& node, int i);
  [[nodiscard]] double number(const RealTensor& tensor, const Node& node) const;
  [[noreturn]] void differentConstants(const Node& node) const;
  std::vector<std::int64_t> integers(const Node& node, int i);
  /// The same from an attribute (older operator sets) or the input.
  std::vector<std::int64_t> integers(const Node& node, const char* attribute, int i);
  /// Of one axis behind the events; negative ones count from the end.
  std::size_t axisOf(std::int64_t axis, std::size_t axes, const Node& node) const;

  // Layers.
  int add(const Node& node, LayerKind kind, std::vector<int> inputs, ImportedLayer layer = {},
          const std::string& suffix = {});
  /// A layer on a tensor whose axes stay as they are.
  OnnxValue same(const Node& node, LayerKind kind, const OnnxValue& in, ImportedLayer layer = {},
                 const std::string& suffix = {});
  [[nodiscard]] const ImportedLayer& at(int layer) const;
  [[nodiscard]] Shape shapeOf(const OnnxValue& value) const;  ///< as in the file
  /// The layer with the axes where `axes` puts them.
  int withAxes(const Node& node, const OnnxValue& value, const std::vector<int>& axes);
  int inFileOrder(const Node& node, const OnnxValue& value);
  int image(const Node& node, const OnnxValue& value);
  /// `value` as the result of `node`, which adds no layer.
  OnnxValue passed(const Node& node, const OnnxValue& value);
  /// A layer with weights behind which only layers stand that a positive factor passes through,
  /// all of one use; nullptr if it is none.
  ImportedLayer* scalable(int layer);
  void scaleChannels(ImportedLayer& layer, const std::vector<double>& factors, const Node& node);

  // Layers with weights (onnx_weights.cpp).
  OnnxValue conv(const Node& node);
  OnnxValue convTranspose(const Node& node);
  OnnxValue gemm(const Node& node);
  OnnxValue matMul(const Node& node);
  OnnxValue batchNormalization(const Node& node);
  RealTensor weights(RealTensor tensor, std::size_t channelAxis, const Node& node) const;
  RealTensor biasOf(RealTensor tensor, int channels, const Node& node) const;
  int strideOf(const Node& node) const;
  std::vector<int> sidesOf(const Node& node) const;
  /// One value a channel of a layer, where a constant is that; else empty.
  [[nodiscard]] std::optional<std::vector<double>> channelValues(const OnnxValue& value,
                                                                 const RealTensor& tensor) const;

  // Shapes (onnx_shapes.cpp).
  OnnxValue reshape(const Node& node);
  OnnxValue flatten(const Node& node);
  OnnxValue squeeze(const Node& node);
  OnnxValue unsqueeze(const Node& node);
  OnnxValue transpose(const Node& node);
  OnnxValue concat(const Node& node);
  OnnxValue slice(const Node& node);
  OnnxValue pad(const Node& node);
  OnnxValue gather(const Node& node);
  OnnxValue shapedAs(const Node& node, const OnnxValue& in, Shape shape);
  OnnxValue picked(const Node& node, int layer, Shape shape, std::vector<int> indices);

  // Element by element (onnx_elements.cpp).
  OnnxValue function(const Node& node);
  OnnxValue clip(const Node& node);
  OnnxValue sum(const Node& node);
  OnnxValue difference(const Node& node);
  OnnxValue product(const Node& node);
  OnnxValue quotient(const Node& node);
  OnnxValue bound(const Node& node);
  OnnxValue identity(const Node& node);
  OnnxValue cast(const Node& node);
  OnnxValue withConstant(const Node& node, const OnnxValue& x, const RealTensor& constant);
  OnnxValue scaled(const Node& node, const OnnxValue& x, const RealTensor& factor);
  OnnxValue twoConstants(const Node& node, const OnnxValue& a, const OnnxValue& b,
                         const std::function<double(double, double)>& f);

  // Quantizers (onnx_quantizers.cpp).
  OnnxValue quant(const Node& node);
  OnnxValue bipolarQuant(const Node& node);
  OnnxValue trunc(const Node& node);
  OnnxValue dequantize(const Node& node);
  OnnxValue quantized(const Node& node, const OnnxValue& x, const RealTensor& scale,
                      Quantizer quantizer);

  // What stands for one layer of aegen (onnx_patterns.cpp); empty where it does not.
  struct Normalized {
    std::string charges;
    int maxShift = 0;
  };
  std::optional<Normalized> normalized(const std::string& tensor);
  OnnxValue normalize(const Node& node, const Normalized& found, int fraction);
  OnnxValue floor(const Node& node);
  OnnxValue flooredSum(const Node& node);
  std::optional<OnnxValue> towardZero(const Node& node);
  std::optional<OnnxValue> wrapped(const Node& node);
  OnnxValue lookup(const Node& node, const RealTensor& table);
  std::optional<double> factorOf(const Node* product, const std::string& of);
  struct Products {
    std::string tensor;
    Quantizer format;
  };
  std::optional<Products> flooredProducts(const std::string& tensor);
  [[nodiscard]] std::optional<RealTensor> windowKernel(const ImportedLayer& picks,
                                                       const RealTensor& dense) const;

  OnnxFile file_;
  ImportedNetwork network_;
  std::map<std::string, OnnxValue, std::less<>> values_;
  std::set<std::string, std::less<>> open_;  ///< being computed
  std::size_t constants_ = 0;                ///< values of all constants so far
};

/// `format`'s bounds from whole numbers; `symmetric` where the lowest value is left out. Empty:
/// they are no format's.
struct WholeRange {
  core::FixedFormat format;  ///< of fraction 0
  bool symmetric = false;
};
[[nodiscard]] std::optional<WholeRange> wholeRange(double least, double most);

/// The k of 2^k.
[[nodiscard]] std::optional<int> exponentOf(double power);

/// Identity of `count` axes; and an image's, [channel][row][column] of [row][column][channel].
[[nodiscard]] std::vector<int> straightAxes(std::size_t count);
[[nodiscard]] std::vector<int> imageAxes();

}  // namespace aegen::encoders
