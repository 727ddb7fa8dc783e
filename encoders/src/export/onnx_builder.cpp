#include "onnx_builder.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <bit>

namespace aegen::encoders {
namespace {

// Which versions a runtime must know: IR 8 has local functions, operator set 13 every operator
// used here in its present form.
constexpr int kIrVersion = 8;
constexpr int kOperatorSet = 13;

template <typename T>
void append(std::string& bytes, T value) {
  static_assert(std::endian::native == std::endian::little, "ONNX's raw data is little-endian");
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

void setAttribute(onnx::NodeProto& node, const std::string& name,
                  const OnnxBuilder::Attribute& value) {
  onnx::AttributeProto& out = *node.add_attribute();
  out.set_name(name);
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    out.set_type(onnx::AttributeProto::INT);
    out.set_i(*number);
  } else if (const auto* list = std::get_if<std::vector<std::int64_t>>(&value)) {
    out.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t i : *list) out.add_ints(i);
  } else {
    out.set_type(onnx::AttributeProto::STRING);
    out.set_s(std::get<std::string>(value));
  }
}

OnnxBuilder::OnnxBuilder(const std::string& name, int type) : type_(type) {
  model_.set_ir_version(kIrVersion);
  model_.set_producer_name("aegen");
  model_.mutable_graph()->set_name(name);
  useDomain("", kOperatorSet);
}

void OnnxBuilder::useDomain(const std::string& domain, int version) {
  onnx::OperatorSetIdProto& set = *model_.add_opset_import();
  set.set_domain(domain);
  set.set_version(version);
}

void OnnxBuilder::describe(onnx::ValueInfoProto& info, const std::string& name,
                           const std::vector<int>& shape) const {
  info.set_name(name);
  onnx::TypeProto_Tensor& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type_);
  tensor.mutable_shape()->add_dim()->set_dim_param("events");
  for (const int size : shape) tensor.mutable_shape()->add_dim()->set_dim_value(size);
}

void OnnxBuilder::input(const std::string& name, const std::vector<int>& shape) {
  describe(*model_.mutable_graph()->add_input(), name, shape);
}

void OnnxBuilder::output(const std::string& name, const std::vector<int>& shape) {
  describe(*model_.mutable_graph()->add_output(), name, shape);
}

std::string OnnxBuilder::node(const std::string& op, const std::vector<std::string>& inputs,
                              const std::string& name, const Attributes& attributes,
                              const std::string& domain) {
  onnx::NodeProto& node = *model_.mutable_graph()->add_node();
  node.set_op_type(op);
  node.set_name(name);
  if (!domain.empty()) node.set_domain(domain);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(name);
  for (const auto& [key, value] : attributes) setAttribute(node, key, value);
  return name;
}

std::string OnnxBuilder::numbers(const std::string& name, const std::vector<std::int64_t>& shape,
                                 const std::vector<double>& values) {
  onnx::TensorProto& tensor = *model_.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type_);
  for (const std::int64_t size : shape) tensor.add_dims(size);
  std::string& bytes = *tensor.mutable_raw_data();
  for (const double value : values) {
    if (type_ == onnx::TensorProto::DOUBLE) {
      append(bytes, value);
    } else {
      append(bytes, static_cast<float>(value));
    }
  }
  return name;
}

std::string OnnxBuilder::indices(const std::string& name, const std::vector<std::int64_t>& shape,
                                 const std::vector<std::int64_t>& values) {
  onnx::TensorProto& tensor = *model_.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  for (const std::int64_t size : shape) tensor.add_dims(size);
  for (const std::int64_t value : values) append(*tensor.mutable_raw_data(), value);
  return name;
}

std::string OnnxBuilder::number(double value) {
  const auto [at, isNew] = numbers_.try_emplace(value);
  if (isNew) at->second = numbers("number/" + std::to_string(numbers_.size()), {}, {value});
  return at->second;
}

std::string OnnxBuilder::list(const std::vector<std::int64_t>& values) {
  const auto [at, isNew] = lists_.try_emplace(values);
  if (isNew) {
    at->second = indices("list/" + std::to_string(lists_.size()),
                         {static_cast<std::int64_t>(values.size())}, values);
  }
  return at->second;
}

std::string OnnxBuilder::bytes() const {
  std::string out;
  {
    google::protobuf::io::StringOutputStream stream(&out);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    model_.SerializeToCodedStream(&coded);
  }
  return out;
}

}  // namespace aegen::encoders
