#include "aegen/core/verifier.hpp"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "aegen/core/text.hpp"
#include "random_program.hpp"

namespace aegen::core {
namespace {

TEST(RandomPrograms, AreAcceptedAndUseEveryOp) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Program program = test_common::randomProgram(
        seed, {.functions = 1 + static_cast<int>(seed % 4),
               .instructions = static_cast<int>(seed % 50),
               .maxWidth = seed % 5 == 0 ? kMaxWidth : 1 + static_cast<int>(seed % 40)});
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::vector<Diagnostic> problems = verify(program);
    ASSERT_TRUE(problems.empty()) << problems.front().text() << "\n" << print(program);
    std::set<Op> used;
    for (const Instruction& instruction : program.functions.back().instructions) {
      used.insert(instruction.op);
    }
    EXPECT_EQ(used.size(), kOpTable.size() - (program.functions.size() == 1 ? 1 : 0));
  }
}

}  // namespace
}  // namespace aegen::core
