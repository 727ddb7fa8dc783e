// Conditions of a decoder: how numbers become raw integers, what the model file carries of them.
#include "aegen/encoders/conditions.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "aegen/encoders/codec.hpp"

namespace aegen::encoders {
namespace {

using Source = Condition::Source;
using nlohmann::json;

Node input(std::string name, int elements) {
  Node out;
  out.name = std::move(name);
  out.shape = {elements};
  out.format = {false, 9, 9};
  return out;
}

// Two latents and three conditions to one number each.
Codec conditional() {
  Codec out;
  out.name = "conditional";
  out.encoder.name = "encoder";
  out.encoder.nodes = {input("x", 2)};
  out.decoder.name = "decoder";
  Node all;
  all.name = "all";
  all.kind = NodeKind::Concat;
  all.inputs = {0, 1};
  out.decoder.nodes = {input("latent", 2), input("conditions", 3), all};
  out.conditions = {{"module_sum", Source::SumCode, 0}, {"eta", Source::Given, 0.625}, {"layer"}};
  EXPECT_TRUE(out.encoder.infer().ok() && out.decoder.infer().ok());
  return out;
}

std::filesystem::path temporary() {
  const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
  return std::filesystem::path(::testing::TempDir()) / (std::string(test->name()) + ".json");
}

TEST(Conditions, ASumCodeIsExactWhereItFitsAndFlooredAndSaturatedWhereItDoesNot) {
  for (std::int64_t code = 0; code < 512; ++code) {
    EXPECT_EQ(sumCodeCondition(code, {false, 9, 9}), code);
    EXPECT_EQ(sumCodeCondition(code, {true, 16, 12}), code * 8);
    EXPECT_EQ(sumCodeCondition(code, {false, 8, 5}), code / 16);
    EXPECT_EQ(sumCodeCondition(code, {true, 9, 9}), std::min<std::int64_t>(code, 255));
  }
  EXPECT_EQ(givenCondition(0.7, {false, 9, 4}), 11);
  EXPECT_EQ(givenCondition(-3.0, {true, 5, 3}), -16);
}

TEST(Conditions, GoThroughTheModelFile) {
  const Codec out = conditional();
  ASSERT_TRUE(saveCodec(out, temporary()).ok());
  const auto back = loadCodec(temporary());
  ASSERT_TRUE(back.ok()) << back.error().text();
  EXPECT_EQ(*back, out);
  ASSERT_NE(conditionsInput(back->decoder), nullptr);
  EXPECT_EQ(elementCount(conditionsInput(back->decoder)->shape), 3U);
  EXPECT_EQ(conditionsInput(back->encoder), nullptr);
}

TEST(Conditions, ThatDoNotFitTheDecoderAreRefused) {
  const auto codeOf = [](const std::function<void(Codec&)>& spoil) {
    Codec codec = conditional();
    spoil(codec);
    const auto good = checkConditions(codec.decoder, codec.conditions);
    return good ? std::string() : good.error().code;
  };
  EXPECT_EQ(codeOf([](Codec&) {}), "");
  EXPECT_EQ(codeOf([](Codec& c) { c.conditions.pop_back(); }), "model.conditions");
  EXPECT_EQ(codeOf([](Codec& c) { c.conditions[2].name = "eta"; }), "model.conditions");
  EXPECT_EQ(codeOf([](Codec& c) { c.conditions[1].name = "1eta"; }), "model.conditions");
  EXPECT_EQ(codeOf([](Codec& c) { c.decoder.nodes[1].name = "others"; }), "model.conditions");
  EXPECT_EQ(codeOf([](Codec& c) {
              c.conditions.clear();
              c.decoder.nodes.erase(c.decoder.nodes.begin() + 1);
            }),
            "");
}

TEST(Conditions, BadEntriesOfTheModelFileAreNamed) {
  ASSERT_TRUE(saveCodec(conditional(), temporary()).ok());
  std::ifstream in(temporary());
  const json good = json::parse(in);
  const auto problem = [&](const char* key, const json& value) {
    json model = good;
    model[json::json_pointer(key)] = value;
    std::ofstream(temporary()) << model;
    const auto read = loadCodec(temporary());
    return read ? std::string() : read.error().code + " " + read.error().where;
  };
  EXPECT_TRUE(problem("/conditions", 3).starts_with("model.type"));
  EXPECT_TRUE(problem("/conditions/0", 3).starts_with("model.type"));
  EXPECT_TRUE(problem("/conditions/0/source", "sum").ends_with("conditions[0].source"));
  EXPECT_TRUE(problem("/conditions/1/default", "0.5").ends_with("conditions[1].default"));
  EXPECT_TRUE(problem("/conditions/1/name", "module_sum").starts_with("model.conditions"));
  EXPECT_TRUE(problem("/conditions", json::array()).starts_with("model.conditions"));
}

}  // namespace
}  // namespace aegen::encoders
