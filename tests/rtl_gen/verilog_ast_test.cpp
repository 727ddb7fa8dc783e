#include "aegen/rtl_gen/verilog_ast.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "aegen/rtl_gen/verilog_build.hpp"
#include "aegen/rtl_gen/verilog_printer.hpp"

namespace aegen::rtl_gen::verilog {
namespace {

const ExprPtr kByte = reference("a", 8);
const ExprPtr kSigned = reference("s", 8, true);

TEST(VerilogBuild, ExtendsAndCutsExplicitly) {
  EXPECT_EQ(print(*resize(kByte, 10)), "{2'd0, a}");
  EXPECT_EQ(print(*resize(kSigned, 10)), "{{2{s[7]}}, s}");
  EXPECT_EQ(print(*resize(kByte, 3)), "a[2:0]");
  EXPECT_EQ(resize(kByte, 8), kByte);
  EXPECT_EQ(print(*resize(reference("f", 1, true), 3)), "{{2{f}}, f}");
}

TEST(VerilogBuild, FoldsSlicesAndLiterals) {
  EXPECT_EQ(print(*slice(slice(kByte, 6, 2), 3, 1)), "a[5:3]");
  EXPECT_EQ(print(*slice(literal(0b10110, 5), 3, 1)), "3'd3");
  EXPECT_EQ(print(*resize(literal(-3, 4, true), 8)), "-8'sd3");
  EXPECT_EQ(print(*slice(kSigned, 7, 0)), "{s}");  // no longer signed
  EXPECT_EQ(print(*slice(concat({kByte, reference("b", 4)}), 7, 4)), "a[3:0]");
  EXPECT_EQ(conditional(literal(1, 1), kByte, kSigned), kByte);
  EXPECT_EQ(logicalAnd(reference("f", 1), literal(0, 1))->kind, ExprKind::Literal);
}

TEST(VerilogPrinter, PutsParenthesesAroundNestedOperations) {
  const ExprPtr sum = binary(Operator::Add, kByte, reference("b", 8));
  EXPECT_EQ(print(*binary(Operator::Mul, sum, literal(-2, 8, true))), "(a + b) * (-8'sd2)");
  EXPECT_EQ(print(*unary(Operator::Not, sum)), "~(a + b)");
  EXPECT_EQ(print(*literal(-128, 8, true)), "-8'sd128");
  EXPECT_EQ(print(*literal(-1, 64)), "64'hffffffffffffffff");
}

Module valid() {
  Module module{.name = "m"};
  module.ports = {{"clk", Direction::Input, 1, false, std::nullopt, ""},
                  {"a", Direction::Input, 8, false, std::nullopt, ""},
                  {"y", Direction::Output, 8, false, std::nullopt, ""}};
  module.items = {Net{"n", 8, false, unary(Operator::Not, kByte), ""},
                  Register{"r", 8, false, {nullptr, "pipeline data"}, ""},
                  AlwaysFf{"clk", {nonBlocking(reference("r", 8), reference("n", 8))}, ""},
                  Assign{reference("y", 8), reference("r", 8)}};
  return module;
}

TEST(VerilogPrinter, NeverMakesCodeOfAComment) {
  for (const std::string comment :
       {"a\ninjected", "a\r\ninjected", "a\rinjected", "a\v\finjected\n", "\ninjected\\"}) {
    SCOPED_TRACE(comment);
    Module module = valid();
    module.comment = {comment};
    module.ports[1].comment = comment;
    module.ports[2].comment = comment + std::string(200, 'x');  // no room beside the port
    module.items.emplace_back(Net{"k", 8, false, nullptr, comment});
    module.items.emplace_back(Register{"q", 1, false, {nullptr, comment}, comment});
    module.items.emplace_back(Memory{"ram", 8, 4, comment, comment});
    module.items.emplace_back(AlwaysFf{"clk", {}, comment});
    module.items.emplace_back(Instance{"other", "u", {}, comment});
    module.items.emplace_back(Comment{comment});
    std::istringstream lines(print(module));
    std::size_t kept = 0;
    for (std::string line; std::getline(lines, line);) {
      const std::size_t at = line.find("injected");
      if (at == std::string::npos) continue;
      ++kept;
      EXPECT_LT(line.find("//"), at) << line;
      EXPECT_EQ(line.find_first_of("\r\v\f"), std::string::npos) << line;
      EXPECT_NE(line.back(), '\\') << line;
    }
    EXPECT_GE(kept, 9U);
  }
}

TEST(VerilogCheck, AcceptsAWellFormedModule) {
  EXPECT_TRUE(checkModule(valid(), {}).empty());
  EXPECT_NE(print(valid()).find("reg [7:0] r;  // no reset: pipeline data"), std::string::npos);
}

TEST(VerilogCheck, FindsEachKindOfFault) {
  const auto faults = [](auto change) {
    Module module = valid();
    change(module);
    return checkModule(module, {}).size();
  };
  EXPECT_EQ(faults([](Module& m) { m.items.emplace_back(Net{"n", 1, false, nullptr, ""}); }), 1U);
  EXPECT_EQ(faults([](Module& m) {
              m.items.emplace_back(Net{"wire", 1, false, nullptr, ""});
            }),
            1U);
  EXPECT_EQ(faults([](Module& m) {
              m.items.emplace_back(Net{"k", 4, false, reference("a", 8), ""});
            }),
            1U);
  EXPECT_EQ(faults([](Module& m) {
              m.items.emplace_back(Net{"k", 8, false, reference("nowhere", 8), ""});
            }),
            1U);
  EXPECT_EQ(faults([](Module& m) {
              m.items.emplace_back(Net{"k", 1, false, slice(reference("a", 12), 9, 9), ""});
            }),
            1U);
  EXPECT_EQ(faults([](Module& m) {
              m.items.emplace_back(Register{"k", 1, false, {nullptr, ""}, ""});
            }),
            1U);
  EXPECT_EQ(faults([](Module& m) {
              m.items.emplace_back(Assign{reference("a", 8), reference("n", 8)});
            }),
            1U);
  EXPECT_EQ(faults([](Module& m) { m.items.emplace_back(Instance{"other", "u", {}, ""}); }), 1U);
}

TEST(VerilogWords, KnowsWhatCannotBeAName) {
  EXPECT_TRUE(isReserved("cell"));
  EXPECT_TRUE(isReserved("logic"));
  EXPECT_TRUE(isReserved("operator"));
  EXPECT_FALSE(isReserved("latent"));
}

}  // namespace
}  // namespace aegen::rtl_gen::verilog
