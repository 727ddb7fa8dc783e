#include "aegen/rtl_gen/systemc_emitter.hpp"

#include <gtest/gtest.h>

#include "aegen/core/function_builder.hpp"

namespace aegen::rtl_gen {
namespace {

core::Program twoFunctions() {
  core::Program program;
  core::FunctionBuilder unused(program, "not_called");
  const auto u = unused.input("x", {false, 4, 0});
  unused.output("y", {false, 4, 0}, u[0]);
  program.functions.push_back(std::move(unused).finish());

  core::FunctionBuilder scale(program, "scale", "x times five");
  const auto x = scale.input("x", {true, 8, 3});
  const auto y = scale.mul(x[0], scale.constant(5));
  scale.output("y", scale.format(y), y);
  program.functions.push_back(std::move(scale).finish());

  core::FunctionBuilder top(program, "decode", "two scaled words");
  const auto words = top.input("tx", {true, 8, 3}, 2);
  std::vector<core::ValueId> out;
  for (const core::ValueId w : words) out.push_back(top.call("scale", std::vector{w})[0]);
  top.output("charge", top.format(out[0]), out);
  program.functions.push_back(std::move(top).finish());
  return program;
}

TEST(SystemCEmitter, HoldsReachedFunctionsWithTheirMeaningAndFormats) {
  const auto text = emitSystemC(twoFunctions(), "decode", {.moduleName = "Back", .latency = 1});
  ASSERT_TRUE(text.ok());
  EXPECT_NE(text->find("SC_MODULE(Back)"), std::string::npos);
  EXPECT_NE(text->find("/// x times five\n  /// (x s8.3) -> (y s11.3)"), std::string::npos)
      << *text;
  EXPECT_NE(text->find("sc_vector<sc_in<std::int32_t>> tx;"), std::string::npos);
  EXPECT_NE(text->find("charge(\"charge\", 2)"), std::string::npos);
  EXPECT_EQ(text->find("not_called"), std::string::npos);
}

TEST(SystemCEmitter, NeverMakesCodeOfACommentNorACommentOfCode) {
  core::Program program = twoFunctions();
  program.functions.back().comment = "first\ninjected \\ ";
  const auto text = emitSystemC(program, "decode", {.moduleName = "Back", .latency = 1});
  ASSERT_TRUE(text.ok());
  EXPECT_NE(text->find("// Back: first injected\n"), std::string::npos) << *text;
  EXPECT_NE(text->find("  /// first injected\n"), std::string::npos) << *text;
}

TEST(SystemCEmitter, RefusesWhatItCannotMakeWithACode) {
  const core::Program program = twoFunctions();
  EXPECT_EQ(emitSystemC(program, "absent", {}).error().code, "systemc.no-function");
  EXPECT_EQ(emitSystemC(program, "decode", {.latency = 0}).error().code, "systemc.latency");
  EXPECT_EQ(emitSystemC(program, "decode", {.moduleName = "class"}).error().code, "systemc.name");
  EXPECT_EQ(emitSystemC(program, "decode", {.moduleName = "3d"}).error().code, "systemc.name");
}

TEST(SystemCEmitter, KeepsPortNamesApartFromKeywordsAndMembersOfTheModule) {
  EXPECT_EQ(systemCPortName("charge"), "charge");
  EXPECT_EQ(systemCPortName("signed"), "signed_");
  EXPECT_EQ(systemCPortName("name"), "name_");
  EXPECT_EQ(systemCPortName("clk"), "clk_");
}

TEST(SystemCEmitter, PortTypesFollowWidthAndSign) {
  EXPECT_EQ(systemCPortType({false, 32, 0}), "std::uint32_t");
  EXPECT_EQ(systemCPortType({true, 1, 0}), "std::int32_t");
  EXPECT_EQ(systemCPortType({false, 33, 0}), "std::uint64_t");
  EXPECT_EQ(systemCPortType({true, 63, 0}), "std::int64_t");
}

}  // namespace
}  // namespace aegen::rtl_gen
