#include "aegen/core/passes/share_values.hpp"

#include <gtest/gtest.h>

#include "pass_checks.hpp"

namespace aegen::core::passes {
namespace {

TEST(ShareValues, KeepsEveryBitOfRandomProgramsAndDesignsAndIsIdempotent) {
  checkPass("share_values");
}

}  // namespace
}  // namespace aegen::core::passes
