#include "onnx_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

namespace aegen::encoders {
namespace {

constexpr int kMostNodes = 8192;
constexpr std::int64_t kMostValues = std::int64_t{1} << 22;

// A number of IEEE 754's binary16.
double halfOf(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int mantissa = bits & 1023;
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) return mantissa == 0 ? sign * HUGE_VAL : std::nan("");
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

class TensorReader {
 public:
  TensorReader(const onnx::TensorProto& tensor, std::string where)
      : tensor_(tensor), where_(std::move(where)) {}

  RealTensor read() {
    if (tensor_.external_data_size() > 0 ||
        tensor_.data_location() == onnx::TensorProto::EXTERNAL) {
      importFails("weights", fmt::format("keeps '{}' in another file", tensor_.name()), where_,
                  {"save the model with its weights in the same file"});
    }
    std::int64_t count = 1;
    for (const std::int64_t size : tensor_.dims()) {
      if (size < 0 || size > kMostValues || count * size > kMostValues) {
        importFails("shape", fmt::format("'{}' is too large", tensor_.name()), where_);
      }
      count *= size;
      out_.shape.push_back(static_cast<int>(size));
    }
    values();
    if (static_cast<std::int64_t>(out_.values.size()) != count) {
      importFails("weights",
                  fmt::format("'{}' holds {} values, its shape {}", tensor_.name(),
                              out_.values.size(), count),
                  where_);
    }
    return std::move(out_);
  }

 private:
  void values() {
    switch (tensor_.data_type()) {
      case onnx::TensorProto::FLOAT:
        return copy<float>(tensor_.float_data());
      case onnx::TensorProto::DOUBLE:
        return copy<double>(tensor_.double_data());
      case onnx::TensorProto::INT64:
        return copy<std::int64_t>(tensor_.int64_data());
      case onnx::TensorProto::INT32:
        return copy<std::int32_t>(tensor_.int32_data());
      case onnx::TensorProto::INT16:
        return copy<std::int16_t>(tensor_.int32_data());
      case onnx::TensorProto::INT8:
        return copy<std::int8_t>(tensor_.int32_data());
      case onnx::TensorProto::UINT16:
        return copy<std::uint16_t>(tensor_.int32_data());
      case onnx::TensorProto::UINT8:
      case onnx::TensorProto::BOOL:
        return copy<std::uint8_t>(tensor_.int32_data());
      case onnx::TensorProto::FLOAT16:
        copy<std::uint16_t>(tensor_.int32_data());
        for (double& value : out_.values) value = halfOf(static_cast<std::uint16_t>(value));
        return;
      default:
        importFails("unsupported",
                    fmt::format("'{}' is of type {}", tensor_.name(), tensor_.data_type()), where_,
                    {"float16, float, double, bool and integers to 64 bits are read"});
    }
  }

  template <typename T, typename Typed>
  void copy(const Typed& typed) {
    static_assert(std::endian::native == std::endian::little, "ONNX's raw data is little-endian");
    const std::string& raw = tensor_.raw_data();
    for (std::size_t at = 0; at + sizeof(T) <= raw.size(); at += sizeof(T)) {
      T value;
      std::memcpy(&value, raw.data() + at, sizeof value);
      out_.values.push_back(static_cast<double>(value));
    }
    if (!raw.empty()) return;
    for (const auto value : typed)
      out_.values.push_back(static_cast<double>(static_cast<T>(value)));
  }

  const onnx::TensorProto& tensor_;
  std::string where_;
  RealTensor out_;
};

}  // namespace

OnnxFile::OnnxFile(const onnx::GraphProto& graph, std::string name)
    : graph_(graph), name_(std::move(name)) {
  if (graph.node_size() > kMostNodes || graph.input_size() > kMostNodes) {
    importFails("structure", fmt::format("has {} nodes", graph.node_size()), name_,
                {fmt::format("at most {}", kMostNodes)});
  }
  const auto once = [&](bool isNew, const std::string& tensor) {
    if (!isNew) importFails("structure", "tensor '" + tensor + "' is there twice", name_);
  };
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    once(initializers_.emplace(tensor.name(), &tensor).second, tensor.name());
  }
  for (const onnx::NodeProto& node : graph.node()) {
    for (const std::string& output : node.output()) {
      if (!output.empty()) once(makers_.emplace(output, &node).second, output);
    }
    for (const std::string& input : node.input()) ++uses_[input];
  }
  for (const onnx::ValueInfoProto& output : graph.output()) ++uses_[output.name()];
}

const onnx::NodeProto* OnnxFile::maker(const std::string& tensor) const {
  const auto at = makers_.find(tensor);
  return at == makers_.end() ? nullptr : at->second;
}

const onnx::NodeProto* OnnxFile::maker(const std::string& tensor, const char* op) const {
  const onnx::NodeProto* const node = maker(tensor);
  return node != nullptr && node->op_type() == op ? node : nullptr;
}

const onnx::TensorProto* OnnxFile::initializer(const std::string& tensor) const {
  const auto at = initializers_.find(tensor);
  return at == initializers_.end() ? nullptr : at->second;
}

int OnnxFile::uses(const std::string& tensor) const {
  const auto at = uses_.find(tensor);
  return at == uses_.end() ? 0 : at->second;
}

std::string OnnxFile::where(const onnx::NodeProto& node) const {
  const std::string& shown =
      node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name();
  return fmt::format("{}: node '{}' ({})", name_, shown, node.op_type());
}

std::string OnnxFile::input(const onnx::NodeProto& node, int i) {
  return i < node.input_size() ? node.input(i) : std::string();
}

RealTensor tensorOf(const onnx::TensorProto& tensor, const std::string& where) {
  return TensorReader(tensor, where).read();
}

const onnx::AttributeProto* attributeOf(const onnx::NodeProto& node, const char* name) {
  const auto at = std::ranges::find_if(
      node.attribute(), [&](const onnx::AttributeProto& a) { return a.name() == name; });
  return at == node.attribute().end() ? nullptr : &*at;
}

std::int64_t integerOf(const onnx::NodeProto& node, const char* name, std::int64_t otherwise) {
  const onnx::AttributeProto* const at = attributeOf(node, name);
  return at == nullptr ? otherwise : at->i();
}

double realOf(const onnx::NodeProto& node, const char* name, double otherwise) {
  const onnx::AttributeProto* const at = attributeOf(node, name);
  return at == nullptr ? otherwise : static_cast<double>(at->f());
}

std::string textOf(const onnx::NodeProto& node, const char* name, const std::string& otherwise) {
  const onnx::AttributeProto* const at = attributeOf(node, name);
  return at == nullptr ? otherwise : at->s();
}

std::vector<std::int64_t> integersOf(const onnx::NodeProto& node, const char* name) {
  const onnx::AttributeProto* const at = attributeOf(node, name);
  if (at == nullptr) return {};
  return {at->ints().begin(), at->ints().end()};
}

}  // namespace aegen::encoders
