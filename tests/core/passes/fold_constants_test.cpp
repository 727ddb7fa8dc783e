#include "aegen/core/passes/fold_constants.hpp"

#include <gtest/gtest.h>

#include "pass_checks.hpp"

namespace aegen::core::passes {
namespace {

TEST(FoldConstants, KeepsEveryBitOfRandomProgramsAndDesignsAndIsIdempotent) {
  checkPass("fold_constants");
}

}  // namespace
}  // namespace aegen::core::passes
