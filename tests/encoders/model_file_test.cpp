// Model files whose values are not what they must be: one diagnostic that names the key, nothing
// converted on the way.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "aegen/encoders/codec.hpp"
#include "random_network.hpp"

namespace aegen::encoders {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// A file of the running test's own: ctest runs the cases side by side.
fs::path temporary() {
  std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::ranges::replace(name, '/', '_');
  return fs::path(::testing::TempDir()) / ("model_file_" + name + ".json");
}

Codec codec() {
  Codec out;
  out.name = "small";
  out.description = "a test";
  out.encoder.name = "encoder";
  out.encoder.nodes.resize(4);
  Node& input = out.encoder.nodes[0];
  input.name = "x";
  input.shape = {2, 2, 1};
  input.format = {false, 8, 0};
  Node& padded = out.encoder.nodes[1];
  padded.name = "padded";
  padded.kind = NodeKind::Pad;
  padded.inputs = {0};
  padded.padding = {0, 1, 0, 1};
  Node& conv = out.encoder.nodes[2];
  conv.name = "conv";
  conv.kind = NodeKind::Conv2d;
  conv.inputs = {1};
  conv.kernel = {"kernel", {true, 6, 5}, {1, 1, 1, 1}, {3}, {0.1}, false};
  conv.bias = {"bias", {true, 6, 5}, {1}, {3}, {}, true};
  conv.sum = {true, 4};
  Node& arranged = out.encoder.nodes[3];
  arranged.name = "arranged";
  arranged.kind = NodeKind::Arrange;
  arranged.inputs = {2};
  arranged.shape = {1};
  arranged.indices = {2};
  out.decoder = test::RandomNetwork(6).graph();
  out.conditions = test::conditionsOf(out.decoder);
  out.link = {3, {true, false, true}};
  return out;
}

json written(const fs::path& file) {
  Codec out = codec();
  EXPECT_TRUE(out.encoder.infer().ok() && out.decoder.infer().ok());
  EXPECT_TRUE(saveCodec(out, file).ok());
  std::ifstream in(file);
  return json::parse(in);
}

struct Bad {
  const char* what;
  const char* key;  ///< JSON pointer
  json value;
  const char* code;
  const char* place;  ///< the diagnostic's
};

const Bad kBad[] = {
    {"DescriptionNumber", "/description", 5, "model.type", "description"},
    {"NameNumber", "/name", 5, "model.type", "name"},
    {"VersionWithAFraction", "/version", 1.9, "model.type", "version"},
    {"VersionPastInt", "/version", 4294967297, "model.range", "version"},
    {"ActiveEtxText", "/link/active_etx", "5", "model.type", "link.active_etx"},
    {"ActiveEtxWithAFraction", "/link/active_etx", 2.5, "model.type", "link.active_etx"},
    {"KeepOfOtherDigits", "/link/keep", "012", "model.value", "link.keep"},
    {"WeightWithAFraction", "/encoder/nodes/2/kernel/values/0", 3.7, "model.type", "values[0]"},
    {"WeightBoolean", "/encoder/nodes/2/kernel/values/0", true, "model.type", "values[0]"},
    {"WeightPastInt64", "/encoder/nodes/2/kernel/values/0", 18446744073709551615U, "model.range",
     "values[0]"},
    {"ValuesNoList", "/encoder/nodes/2/kernel/values", 3, "model.type", "kernel.values"},
    {"RealText", "/encoder/nodes/2/kernel/real/0", "0.1", "model.type", "kernel.real"},
    {"LoadableNumber", "/encoder/nodes/2/bias/loadable", 1, "model.type", "bias.loadable"},
    {"ShapeWithAFraction", "/encoder/nodes/0/shape/0", 2.0, "model.type", "shape[0]"},
    {"ShapePastInt", "/encoder/nodes/0/shape/0", 4294967298, "model.range", "shape[0]"},
    {"ShapeObject", "/encoder/nodes/0/shape", json::object(), "model.type", "shape"},
    {"PaddingBelowInt", "/encoder/nodes/1/padding/1", -4294967295, "model.range", "padding[1]"},
    {"StrideText", "/encoder/nodes/2/stride", "2", "model.type", "stride"},
    {"StrideWithAFraction", "/encoder/nodes/2/stride", 1.5, "model.type", "stride"},
    {"ProductFractionNull", "/encoder/nodes/2/product_fraction", nullptr, "model.type",
     "product_fraction"},
    {"IndexPastInt", "/encoder/nodes/3/indices/0", 4294967295, "model.range", "indices[0]"},
    {"FormatNumber", "/encoder/nodes/0/format", 8, "model.type", "format"},
    {"FormatTooWide", "/encoder/nodes/0/format", "u64", "model.format", "format"},
    {"NodeNumber", "/encoder/nodes/1", 7, "model.type", "nodes[1]"},
    {"InputsNumber", "/encoder/nodes/1/inputs", 0, "model.type", "inputs"},
    {"EncoderNumber", "/encoder", 5, "model.type", "encoder"},
    {"LinkNumber", "/link", 5, "model.type", "link"},
};

void PrintTo(const Bad& bad, std::ostream* out) {
  *out << bad.what;
}

class BadValue : public ::testing::TestWithParam<Bad> {};

TEST_P(BadValue, IsRefusedWithItsKey) {
  const fs::path file = temporary();
  json model = written(file);
  const auto good = loadCodec(file);
  ASSERT_TRUE(good.ok()) << good.error().text();
  const json::json_pointer key(GetParam().key);
  ASSERT_TRUE(model.contains(key));
  model[key] = GetParam().value;
  std::ofstream(file) << model;
  const auto result = loadCodec(file);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, GetParam().code) << result.error().text();
  EXPECT_EQ(result.error().failure, core::Failure::BadInput);
  EXPECT_TRUE(result.error().where.ends_with(GetParam().place)) << result.error().text();
}

INSTANTIATE_TEST_SUITE_P(Every, BadValue, ::testing::ValuesIn(kBad),
                         [](const auto& chosen) { return std::string(chosen.param.what); });

TEST(ModelFile, FolderInPlaceOfAModelIsBadInput) {
  const auto result = loadCodec(::testing::TempDir());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "model.missing-file");
  EXPECT_EQ(result.error().failure, core::Failure::BadInput);
}

TEST(ModelFile, DeepNestingAndCutFilesAreNotJson) {
  const fs::path file = temporary();
  std::ofstream(file) << std::string(200'000, '[');
  EXPECT_EQ(loadCodec(file).error().code, "model.not-json");
  const std::string text = written(file).dump();
  std::ofstream(file) << text.substr(0, text.size() / 2);
  EXPECT_EQ(loadCodec(file).error().code, "model.not-json");
}

TEST(ModelFile, DescriptionThatIsNotUtf8IsStillWritten) {
  const fs::path file = temporary();
  Codec out = codec();
  out.description = "caf\xe9";
  ASSERT_TRUE(out.encoder.infer().ok() && out.decoder.infer().ok());
  ASSERT_TRUE(saveCodec(out, file).ok());
  const auto back = loadCodec(file);
  ASSERT_TRUE(back.ok()) << back.error().text();
  EXPECT_EQ(back->description, "caf\xef\xbf\xbd");
}

}  // namespace
}  // namespace aegen::encoders
