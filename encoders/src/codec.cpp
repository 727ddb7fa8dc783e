#include "aegen/encoders/codec.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "aegen/core/files.hpp"

namespace aegen::encoders {
namespace {

using core::FixedFormat;
using core::Result;
using nlohmann::json;
using ordered = nlohmann::ordered_json;

constexpr const char* kFormat = "aegen-model";
constexpr int kVersion = 1;

// ---- writing ------------------------------------------------------------------------------------

ordered toJson(const Weights& weights) {
  ordered out{{"name", weights.name},
              {"format", weights.format.text()},
              {"shape", weights.shape},
              {"values", weights.values}};
  if (!weights.real.empty()) out["real"] = weights.real;
  if (weights.loadable) out["loadable"] = true;
  if (!weights.channelFraction.empty()) out["channel_fraction"] = weights.channelFraction;
  return out;
}

ordered toJson(const Graph& graph, const Node& node) {
  ordered out{{"name", node.name}, {"op", text(node.kind)}};
  if (!node.inputs.empty()) {
    out["inputs"] = ordered::array();
    for (const int input : node.inputs) {
      out["inputs"].push_back(graph.nodes[static_cast<std::size_t>(input)].name);
    }
  }
  switch (node.kind) {
    case NodeKind::Input:
      out["shape"] = node.shape;
      out["format"] = node.format.text();
      break;
    case NodeKind::Normalize:
      out["format"] = node.format.text();
      out["max_shift"] = node.maxShift;
      break;
    case NodeKind::Arrange:
      out["shape"] = node.shape;
      out["indices"] = node.indices;
      break;
    case NodeKind::Pad:
      out["padding"] = node.padding;
      break;
    case NodeKind::Conv2dTranspose:
      out["padding"] = node.padding;
      [[fallthrough]];
    case NodeKind::Conv2d:
      out["stride"] = node.stride;
      [[fallthrough]];
    case NodeKind::Dense:
      if (node.sum.truncateProducts) out["product_fraction"] = node.sum.productFraction;
      out["kernel"] = toJson(node.kernel);
      out["bias"] = toJson(node.bias);
      break;
    case NodeKind::Requantize:
      out["format"] = node.format.text();
      out["rounding"] = core::text(node.rounding);
      out["overflow"] = core::text(node.overflow);
      break;
    case NodeKind::Reinterpret:
      out["fraction"] = node.format.fraction;
      break;
    case NodeKind::Lookup:
      out["format"] = node.format.text();
      if (!node.function.empty()) out["function"] = node.function;
      out["table"] = node.table;
      break;
    case NodeKind::Reshape:
      out["shape"] = node.shape;
      break;
    case NodeKind::Relu:
    case NodeKind::Concat:
      break;
  }
  return out;
}

ordered toJson(const Graph& graph) {
  ordered nodes = ordered::array();
  for (const Node& node : graph.nodes) nodes.push_back(toJson(graph, node));
  return {{"name", graph.name}, {"nodes", nodes}};
}

ordered toJson(const Condition& condition) {
  ordered out{{"name", condition.name}, {"source", text(condition.source)}};
  if (condition.source == Condition::Source::Given) out["default"] = condition.given;
  return out;
}

std::string maskText(const std::vector<bool>& keep) {
  std::string out;
  for (const bool bit : keep) out += bit ? '1' : '0';
  return out;
}

// ---- reading ------------------------------------------------------------------------------------

// Thrown within this file only: the first problem of a model file.
struct Problem {
  core::Diagnostic diagnostic;
};

class ModelReader {
 public:
  explicit ModelReader(std::string file) : file_(std::move(file)) {}

  Codec codec(const json& model) {
    if (string(model, "format", "") != kFormat) {
      fail("format", "is not an aegen model (\"format\" must be \"aegen-model\")", "format");
    }
    const int version = integer(model, "version", "");
    if (version != kVersion) {
      fail("version",
           "version " + std::to_string(version) + " is not supported, this is version " +
               std::to_string(kVersion),
           "version");
    }
    Codec out;
    out.name = string(model, "name", "");
    if (model.contains("description")) out.description = string(model, "description", "");
    out.encoder = graph(at(model, "encoder", ""), "encoder");
    out.decoder = graph(at(model, "decoder", ""), "decoder");
    const json& link = at(model, "link", "");
    out.link.activeEtx = integer(link, "active_etx", "link");
    for (const char c : string(link, "keep", "link")) {
      if (c != '0' && c != '1') fail("value", "must be 0s and 1s", "link.keep");
      out.link.keep.push_back(c == '1');
    }
    if (model.contains("conditions")) out.conditions = conditions(model["conditions"]);
    if (auto good = checkConditions(out.decoder, out.conditions); !good) {
      throw Problem{{good.error().failure, good.error().code, good.error().message,
                     file_ + ": decoder, " + good.error().where, good.error().notes}};
    }
    return out;
  }

 private:
  [[noreturn]] void fail(std::string code, std::string message, const std::string& key) const {
    throw Problem{core::badInput("model." + std::move(code), std::move(message), file_ + ": " + key,
                                 {"the model file is described in docs/model_file.md"})};
  }

  const json& at(const json& object, const char* key, const std::string& where) const {
    const std::string place = where.empty() ? key : where + "." + key;
    if (!object.is_object()) fail("type", "must be an object", where);
    if (!object.contains(key)) fail("missing-key", "is missing", place);
    return object[key];
  }

  template <typename T>
  T get(const json& object, const char* key, const std::string& where) const {
    const json& value = at(object, key, where);
    try {
      return value.get<T>();
    } catch (const json::exception&) {
      fail("type", "has the wrong type", where.empty() ? key : where + "." + key);
    }
  }

  // An integer as such: 3.7 and true are none, what T cannot hold is not cut to it.
  template <typename T>
  T exact(const json& value, const std::string& place) const {
    if (!value.is_number_integer()) fail("type", "must be an integer", place);
    using Limit = std::numeric_limits<T>;
    const bool fits = value.is_number_unsigned()
                          ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(Limit::max())
                          : value.get<std::int64_t>() >= Limit::min();
    if (!fits) {
      fail("range",
           value.dump() + " is outside " + std::to_string(Limit::min()) + ".." +
               std::to_string(Limit::max()),
           place);
    }
    return value.get<T>();
  }

  int integer(const json& object, const char* key, const std::string& where) const {
    return exact<int>(at(object, key, where), where.empty() ? key : where + "." + key);
  }

  template <typename T>
  std::vector<T> integers(const json& object, const char* key, const std::string& where) const {
    const json& list = at(object, key, where);
    const std::string place = where + "." + key;
    if (!list.is_array()) fail("type", "must be a list of integers", place);
    std::vector<T> out;
    out.reserve(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      out.push_back(exact<T>(list[i], place + "[" + std::to_string(i) + "]"));
    }
    return out;
  }

  std::string string(const json& object, const char* key, const std::string& where) const {
    return get<std::string>(object, key, where);
  }

  FixedFormat format(const json& object, const std::string& where) const {
    const std::string text = string(object, "format", where);
    const auto parsed = FixedFormat::parse(text);
    if (!parsed) {
      fail("format", "\"" + text + "\" is not a format such as u8.7 or s6.5", where + ".format");
    }
    return *parsed;
  }

  Weights weights(const json& node, const char* key, const std::string& where) const {
    const json& object = at(node, key, where);
    const std::string place = where + "." + key;
    Weights out;
    out.name = string(object, "name", place);
    out.format = format(object, place);
    out.shape = integers<int>(object, "shape", place);
    out.values = integers<std::int64_t>(object, "values", place);
    if (object.contains("real")) out.real = get<std::vector<double>>(object, "real", place);
    if (object.contains("loadable")) out.loadable = get<bool>(object, "loadable", place);
    if (object.contains("channel_fraction")) {
      out.channelFraction = integers<int>(object, "channel_fraction", place);
    }
    if (!out.real.empty() && out.real.size() != out.values.size()) {
      fail("shape", "has another number of entries than \"values\"", place + ".real");
    }
    return out;
  }

  std::vector<Condition> conditions(const json& list) const {
    if (!list.is_array()) fail("type", "must be a list", "conditions");
    std::vector<Condition> out;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string where = "conditions[" + std::to_string(i) + "]";
      Condition condition;
      condition.name = string(list[i], "name", where);
      const auto source = parseConditionSource(string(list[i], "source", where));
      if (!source) fail("value", "must be sum_code or given", where + ".source");
      condition.source = *source;
      if (condition.source == Condition::Source::Given) {
        condition.given = get<double>(list[i], "default", where);
      }
      out.push_back(std::move(condition));
    }
    return out;
  }

  Graph graph(const json& object, const std::string& where) const {
    Graph out;
    out.name = string(object, "name", where);
    const json& nodes = at(object, "nodes", where);
    if (!nodes.is_array()) fail("type", "must be a list", where + ".nodes");
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      out.nodes.push_back(node(out, nodes[i], where + ".nodes[" + std::to_string(i) + "]"));
    }
    if (const auto inferred = out.infer(); !inferred) {
      throw Problem{{inferred.error().failure, inferred.error().code, inferred.error().message,
                     file_ + ": " + where + ", " + inferred.error().where, inferred.error().notes}};
    }
    return out;
  }

  Node node(const Graph& graph, const json& object, const std::string& where) const {
    Node out;
    out.name = string(object, "name", where);
    const std::string op = string(object, "op", where);
    const auto kind = parseNodeKind(op);
    if (!kind) fail("op", "\"" + op + "\" is no operation", where + ".op");
    out.kind = *kind;
    if (object.contains("inputs")) {
      for (const auto& name : get<std::vector<std::string>>(object, "inputs", where)) {
        const Node* const input = graph.find(name);
        if (input == nullptr)
          fail("input", "\"" + name + "\" is no earlier node", where + ".inputs");
        out.inputs.push_back(static_cast<int>(input - graph.nodes.data()));
      }
    }
    attributes(out, object, where);
    return out;
  }

  void attributes(Node& out, const json& object, const std::string& where) const {
    switch (out.kind) {
      case NodeKind::Input:
        out.shape = integers<int>(object, "shape", where);
        out.format = format(object, where);
        return;
      case NodeKind::Normalize:
        out.format = format(object, where);
        out.maxShift = integer(object, "max_shift", where);
        return;
      case NodeKind::Arrange:
        out.shape = integers<int>(object, "shape", where);
        out.indices = integers<int>(object, "indices", where);
        return;
      case NodeKind::Pad:
        out.padding = integers<int>(object, "padding", where);
        return;
      case NodeKind::Conv2dTranspose:
        out.padding = integers<int>(object, "padding", where);
        [[fallthrough]];
      case NodeKind::Conv2d:
        out.stride = integer(object, "stride", where);
        [[fallthrough]];
      case NodeKind::Dense:
        if (object.contains("product_fraction")) {
          out.sum = {true, integer(object, "product_fraction", where)};
        }
        out.kernel = weights(object, "kernel", where);
        out.bias = weights(object, "bias", where);
        return;
      case NodeKind::Requantize: {
        out.format = format(object, where);
        const auto rounding = core::parseRounding(string(object, "rounding", where));
        const auto overflow = core::parseOverflow(string(object, "overflow", where));
        if (!rounding) {
          fail("value", "must be floor, toward_zero, nearest_up or nearest_even",
               where + ".rounding");
        }
        if (!overflow) fail("value", "must be wrap or saturate", where + ".overflow");
        out.rounding = *rounding;
        out.overflow = *overflow;
        return;
      }
      case NodeKind::Reinterpret:
        out.format.fraction = integer(object, "fraction", where);
        return;
      case NodeKind::Lookup:
        out.format = format(object, where);
        out.table = integers<std::int64_t>(object, "table", where);
        if (object.contains("function")) out.function = string(object, "function", where);
        return;
      case NodeKind::Reshape:
        out.shape = integers<int>(object, "shape", where);
        return;
      case NodeKind::Relu:
      case NodeKind::Concat:
        return;
    }
  }

  std::string file_;
};

}  // namespace

Result<Codec> loadCodec(const std::filesystem::path& file) {
  const auto text = core::readFile(file);
  if (!text) return core::badInput("model.missing-file", text.error().message, file.string());
  const json model = json::parse(*text, nullptr, false);
  if (!model.is_object())
    return core::badInput("model.not-json", "is not a JSON object", file.string());
  try {
    return ModelReader(file.string()).codec(model);
  } catch (const Problem& problem) {
    return problem.diagnostic;
  }
}

Result<void> saveCodec(const Codec& codec, const std::filesystem::path& file) {
  ordered model{
      {"format", kFormat},
      {"version", kVersion},
      {"name", codec.name},
      {"description", codec.description},
      {"link", {{"active_etx", codec.link.activeEtx}, {"keep", maskText(codec.link.keep)}}},
      {"encoder", toJson(codec.encoder)},
      {"decoder", toJson(codec.decoder)}};
  for (const Condition& condition : codec.conditions) {
    model["conditions"].push_back(toJson(condition));
  }
  // A line a key of the outer levels would be readable, a line a number would not.
  // Text that is not UTF-8 is replaced, not thrown about.
  return core::writeFile(file,
                         model.dump(-1, ' ', false, ordered::error_handler_t::replace) + "\n");
}

}  // namespace aegen::encoders
