#include <gtest/gtest.h>

#include "aegen/lint/tool_lint.hpp"

namespace aegen::lint {
namespace {

TEST(VerilatorOutput, WarningsAndErrorsBecomeFindingsWithRuleAndPlace) {
  const auto found = parseVerilatorOutput(
      "%Warning-WIDTHTRUNC: rtl/top.v:12:9: Operator ASSIGNW expects 3 bits\n"
      "                                   : ... In instance top\n"
      "   12 |   assign y = a;\n"
      "%Error: rtl/top.v:7:1: syntax error, unexpected endmodule\n"
      "%Warning-MULTITOP: rtl/a.v:1:8: Multiple top level modules\n"
      "%Error: Cannot find file\n"
      "%Error: Exiting due to 2 error(s)\n");
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].code, "lint.verilator.WIDTHTRUNC");
  EXPECT_EQ(found[0].where, "rtl/top.v:12");
  EXPECT_EQ(found[0].message, "Operator ASSIGNW expects 3 bits");
  EXPECT_EQ(found[1].code, "lint.verilator.Error");
  EXPECT_EQ(found[1].where, "rtl/top.v:7");
  EXPECT_EQ(found[2].code, "lint.verilator.MULTITOP");
  EXPECT_EQ(found[3].where, "");
  EXPECT_TRUE(parseVerilatorOutput("").empty());
}

TEST(YosysLog, WarningsOnceEachAndErrorsWithTheirPlace) {
  const auto found = parseYosysLog(
      "Warning: Wire top.\\x is used but has no driver.\n"
      "Warning: Wire top.\\x is used but has no driver.\n"
      "rtl/top.v:3: ERROR: syntax error, unexpected ';'\n"
      "ERROR: Found 1 problems in 'check -assert'.\n");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].message, "Wire top.\\x is used but has no driver.");
  EXPECT_EQ(found[1].where, "rtl/top.v:3");
  EXPECT_EQ(found[1].code, "lint.yosys.check");
}

}  // namespace
}  // namespace aegen::lint
