#include "aegen/core/passes/narrow_widths.hpp"

#include <gtest/gtest.h>

#include "pass_checks.hpp"

namespace aegen::core::passes {
namespace {

TEST(NarrowWidths, KeepsEveryBitOfRandomProgramsAndDesignsAndIsIdempotent) {
  checkPass("narrow_widths");
}

}  // namespace
}  // namespace aegen::core::passes
