#pragma once
/// OnnxFile: the nodes and tensors of an ONNX graph by name, nothing of which is believed.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "imported_network.hpp"
#include "onnx.pb.h"

namespace aegen::encoders {

/// Throws ImportProblem where a file is not as ONNX demands.
class OnnxFile {
 public:
  OnnxFile(const onnx::GraphProto& graph, std::string name);

  [[nodiscard]] const onnx::GraphProto& graph() const { return graph_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// The node that makes a tensor; nullptr for inputs and initializers.
  [[nodiscard]] const onnx::NodeProto* maker(const std::string& tensor) const;
  /// The same if its operation is `op`.
  [[nodiscard]] const onnx::NodeProto* maker(const std::string& tensor, const char* op) const;
  [[nodiscard]] const onnx::TensorProto* initializer(const std::string& tensor) const;
  /// Nodes and outputs that take a tensor.
  [[nodiscard]] int uses(const std::string& tensor) const;
  /// "file.onnx: node 'conv' (Conv)".
  [[nodiscard]] std::string where(const onnx::NodeProto& node) const;
  /// The name of an input; empty where it is left out.
  [[nodiscard]] static std::string input(const onnx::NodeProto& node, int i);

 private:
  const onnx::GraphProto& graph_;
  std::string name_;
  std::map<std::string, const onnx::NodeProto*, std::less<>> makers_;
  std::map<std::string, const onnx::TensorProto*, std::less<>> initializers_;
  std::map<std::string, int, std::less<>> uses_;
};

/// The values of a tensor, raw or typed: floating point of 16, 32, 64 bits and integers. `where`
/// places messages.
[[nodiscard]] RealTensor tensorOf(const onnx::TensorProto& tensor, const std::string& where);

/// Attributes of a node, or `otherwise` where they are not there.
[[nodiscard]] const onnx::AttributeProto* attributeOf(const onnx::NodeProto& node,
                                                      const char* name);
[[nodiscard]] std::int64_t integerOf(const onnx::NodeProto& node, const char* name,
                                     std::int64_t otherwise);
[[nodiscard]] double realOf(const onnx::NodeProto& node, const char* name, double otherwise);
[[nodiscard]] std::string textOf(const onnx::NodeProto& node, const char* name,
                                 const std::string& otherwise);
[[nodiscard]] std::vector<std::int64_t> integersOf(const onnx::NodeProto& node, const char* name);

}  // namespace aegen::encoders
