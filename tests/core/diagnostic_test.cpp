#include "aegen/core/diagnostic.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace aegen::core {
namespace {

TEST(Diagnostic, TextHasPlaceMessageCodeAndNotes) {
  EXPECT_EQ(badInput("vectors.malformed-word", "'0xg' is no hexadecimal word", "in.csv:7",
                     {"words are 8 digits", "see the manual"})
                .text(),
            "in.csv:7: '0xg' is no hexadecimal word [vectors.malformed-word]\n"
            "  words are 8 digits\n  see the manual");
}

TEST(Diagnostic, TextLeavesOutAnEmptyPlace) {
  EXPECT_EQ(missingTool("tool.absent", "verilator was not found").text(),
            "verilator was not found [tool.absent]");
}

TEST(Diagnostic, FailuresAreTheExitCodes) {
  EXPECT_EQ(static_cast<int>(checkFailed("a.b", "m").failure), 1);
  EXPECT_EQ(static_cast<int>(badInput("a.b", "m").failure), 2);
  EXPECT_EQ(static_cast<int>(missingTool("a.b", "m").failure), 3);
  EXPECT_EQ(static_cast<int>(internalError("a.b", "m").failure), 70);
}

TEST(Result, HoldsAValueOrADiagnostic) {
  const Result<int> good = 5;
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(*good, 5);
  const Result<int> bad = badInput("a.b", "no");
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error().code, "a.b");
  Result<std::unique_ptr<int>> moved = std::make_unique<int>(3);
  const std::unique_ptr<int> taken = *std::move(moved);
  EXPECT_EQ(*taken, 3);
  EXPECT_TRUE(Result<void>().ok());
  EXPECT_EQ(Result<void>(checkFailed("c.d", "no")).error().code, "c.d");
}

}  // namespace
}  // namespace aegen::core
