#pragma once
/// OnnxBuilder: an ONNX model put together node by node, its numbers of one floating-point type.

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "onnx.pb.h"

namespace aegen::encoders {

class OnnxBuilder {
 public:
  using Attribute = std::variant<std::int64_t, std::vector<std::int64_t>, std::string>;
  using Attributes = std::map<std::string, Attribute>;

  /// `type`: onnx::TensorProto FLOAT or DOUBLE, of every number that is not said to be an index.
  OnnxBuilder(const std::string& name, int type);

  /// Operator sets beside ONNX's own (version 13).
  void useDomain(const std::string& domain, int version);
  /// Sizes behind the number of events, which is left open.
  void input(const std::string& name, const std::vector<int>& shape);
  void output(const std::string& name, const std::vector<int>& shape);

  /// Each gives `name` back, that of the tensor made. Names must differ.
  std::string node(const std::string& op, const std::vector<std::string>& inputs,
                   const std::string& name, const Attributes& attributes = {},
                   const std::string& domain = {});
  std::string numbers(const std::string& name, const std::vector<std::int64_t>& shape,
                      const std::vector<double>& values);
  std::string indices(const std::string& name, const std::vector<std::int64_t>& shape,
                      const std::vector<std::int64_t>& values);
  /// A number, made once for all that ask for it.
  std::string number(double value);
  /// A list of indices, made once for all that ask for it.
  std::string list(const std::vector<std::int64_t>& values);

  [[nodiscard]] int type() const { return type_; }
  [[nodiscard]] onnx::ModelProto& model() { return model_; }
  /// The file's bytes; the same for the same calls.
  [[nodiscard]] std::string bytes() const;

 private:
  void describe(onnx::ValueInfoProto& info, const std::string& name,
                const std::vector<int>& shape) const;

  onnx::ModelProto model_;
  int type_;
  std::map<double, std::string> numbers_;
  std::map<std::vector<std::int64_t>, std::string> lists_;
};

/// Sets an attribute of a node.
void setAttribute(onnx::NodeProto& node, const std::string& name,
                  const OnnxBuilder::Attribute& value);

}  // namespace aegen::encoders
