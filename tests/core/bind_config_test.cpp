#include "aegen/core/bind_config.hpp"

#include <gtest/gtest.h>

#include "aegen/core/interpreter.hpp"
#include "aegen/core/text.hpp"
#include "aegen/core/verifier.hpp"

namespace aegen::core {
namespace {

Program scaled() {
  const auto program = parse(R"(func @scaled "a x w + o" {
  event a : u8[2]
  config w : s4[2]
  event o : s6[1]
  %5 : s12 = mul %0, %2
  %6 : s12 = mul %1, %3
  %7 : s13 = add %5, %6
  %8 : s14 = add %7, %4
  output y : s14[1] = %8
}
)");
  EXPECT_TRUE(program.ok()) << program.error().text();
  return *program;
}

TEST(BindConfig, FunctionComputesWhatTheConfiguredOneDoes) {
  Program program = scaled();
  bindConfig(program, "scaled", {{"w", {-3, 7}}}, "fixed");
  EXPECT_TRUE(verify(program).empty());
  Interpreter fixed(program, "fixed");
  Interpreter configured(program, "scaled");
  configured.setConfig("w", std::vector<std::int64_t>{-3, 7});
  Columns in(3, 200);
  for (std::size_t k = 0; k < in.events(); ++k) {
    in.at(0, k) = static_cast<std::int64_t>(k);
    in.at(1, k) = static_cast<std::int64_t>(255 - k);
    in.at(2, k) = static_cast<std::int64_t>(k % 64) - 32;
  }
  const auto got = fixed.run(in);
  const auto expected = configured.run(in);
  ASSERT_TRUE(got.ok() && expected.ok());
  EXPECT_EQ(*got, *expected);
}

TEST(BindConfig, OnlyEventInputsAreLeft) {
  Program program = scaled();
  bindConfig(program, "scaled", {{"w", {1, 15}}}, "fixed");  // 15 wraps to -1
  const Function& fixed = *program.find("fixed");
  ASSERT_EQ(fixed.inputs.size(), 2U);
  EXPECT_EQ(fixed.inputs[0].name, "a");
  EXPECT_EQ(fixed.inputs[1].name, "o");
  EXPECT_EQ(fixed.outputs, program.find("scaled")->outputs);
  const auto values = evaluate(program, fixed, std::vector<std::int64_t>{5, 2, 0});
  EXPECT_EQ(values[fixed.outputValues[0]], 5 - 2);
}

}  // namespace
}  // namespace aegen::core
