// Threads that share work: every piece is done once and in order, and whoever fails leaves nobody
// waiting.
#include "chunk_pipeline.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "aegen/core/workers.hpp"

namespace aegen::core {
namespace {

class WorkersOf : public testing::TestWithParam<unsigned> {};

TEST_P(WorkersOf, RunEveryShareOnceARound) {
  Workers workers(GetParam());
  ASSERT_EQ(workers.count(), GetParam());
  std::vector<int> calls(workers.count(), 0);
  for (int round = 0; round < 200; ++round) {
    workers.run([&](unsigned worker) { ++calls[worker]; });
  }
  EXPECT_EQ(calls, std::vector<int>(workers.count(), 200));
}

// Every thread in turn throws, at once, while the others still use what the work refers to.
TEST_P(WorkersOf, WaitForAllBeforeTheyThrowOnWhatOneThrew) {
  Workers workers(GetParam());
  for (unsigned thrower = 0; thrower < workers.count(); ++thrower) {
    std::atomic<unsigned> ended{0};
    try {
      workers.run([&](unsigned worker) {
        if (worker == thrower) throw std::runtime_error("of " + std::to_string(worker));
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        ++ended;
      });
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(error.what(), "of " + std::to_string(thrower));
    }
    EXPECT_EQ(ended, workers.count() - 1);
    std::atomic<unsigned> again{0};
    workers.run([&](unsigned) { ++again; });  // and are as good as new
    EXPECT_EQ(again, workers.count());
  }
}

// Steps 1 and 3 hold state. Each chunk counts the steps it has been through.
struct Steps {
  static constexpr std::size_t kChunks = 60;
  const std::vector<bool> inOrder{false, true, false, true, false};
  std::vector<std::size_t> done = std::vector<std::size_t>(kChunks, 0);
  std::vector<std::size_t> turn = std::vector<std::size_t>(5, 0);
  std::atomic<int> wrong{0};

  void compute(const ChunkPipeline::Task& task) {
    if (done[task.chunk] != task.step) ++wrong;
    if (inOrder[task.step] && turn[task.step]++ != task.chunk) ++wrong;
    ++done[task.chunk];
  }
};

TEST_P(WorkersOf, TakeEveryChunkThroughAllStepsAndThoseWithStateInOrder) {
  Workers workers(GetParam());
  for (int round = 0; round < 50; ++round) {
    Steps steps;
    ChunkPipeline pipeline(Steps::kChunks, steps.inOrder);
    workers.run([&](unsigned) {
      pipeline.work([&](const ChunkPipeline::Task& task) { steps.compute(task); });
    });
    EXPECT_EQ(steps.wrong, 0);
    EXPECT_EQ(steps.done, std::vector<std::size_t>(Steps::kChunks, steps.inOrder.size()));
  }
}

TEST_P(WorkersOf, AllLeaveAPipelineWhoseStepFails) {
  Workers workers(GetParam());
  for (const std::size_t failing : {0U, 1U, 2U, 3U, 4U}) {
    Steps steps;
    ChunkPipeline pipeline(Steps::kChunks, steps.inOrder);
    EXPECT_THROW(workers.run([&](unsigned) {
      pipeline.work([&](const ChunkPipeline::Task& task) {
        if (task.chunk == 7 && task.step == failing) throw std::runtime_error("a step failed");
        steps.compute(task);
      });
    }),
                 std::runtime_error);
    EXPECT_EQ(steps.wrong, 0);
    EXPECT_EQ(steps.done[7], failing);
    if (failing == 4) continue;
    EXPECT_LE(steps.done.back(), 3U) << "a chunk overtook the one that failed";
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, WorkersOf, testing::Values(1U, 2U, 5U));

}  // namespace
}  // namespace aegen::core
