#include "aegen/core/passes/dead_values.hpp"

#include <gtest/gtest.h>

#include "pass_checks.hpp"

namespace aegen::core::passes {
namespace {

TEST(DeadValues, KeepsEveryBitOfRandomProgramsAndDesignsAndIsIdempotent) {
  checkPass("dead_values");
}

}  // namespace
}  // namespace aegen::core::passes
