#include "step_folder.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

namespace aegen::sim {
namespace {

namespace fs = std::filesystem;

fs::path freshFolder(const std::string& name) {
  const fs::path folder = fs::path(AEGEN_BUILD_DIR) / "test_work" / "step_folder" / name;
  fs::remove_all(folder);
  return folder;
}

TEST(StepFolder, AppearsWhenItIsComplete) {
  const fs::path folder = freshFolder("complete") / "step";
  StepFolder step(folder);
  const auto begun = step.begin();
  ASSERT_TRUE(begun.ok()) << begun.error().text();
  EXPECT_TRUE(*begun);
  std::ofstream(step.work() / "made") << "all";
  EXPECT_FALSE(fs::exists(folder));
  ASSERT_TRUE(step.finish().ok());
  EXPECT_TRUE(fs::exists(folder / "made"));
  const auto again = StepFolder(folder).begin();
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(*again);
}

TEST(StepFolder, ASecondProcessWaitsForTheFirstAndDoesNotMakeItAgain) {
  const fs::path folder = freshFolder("two") / "step";
  StepFolder first(folder);
  ASSERT_TRUE(*first.begin());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::alarm(20);  // rather than to wait for ever
    StepFolder second(folder);
    const auto begun = second.begin();
    ::_exit(!begun ? 2 : *begun ? 1 : 0);
  }
  // Time enough to come to the lock; without one the child would end with 1.
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, WNOHANG), 0) << "did not wait";
  ASSERT_TRUE(first.finish().ok());
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(StepFolder, IsMadeByTheNextWhenItsMakerGaveUp) {
  const fs::path folder = freshFolder("given_up") / "step";
  {
    StepFolder first(folder);
    ASSERT_TRUE(*first.begin());
    std::ofstream(first.work() / "half") << "made";
  }
  StepFolder second(folder);
  const auto begun = second.begin();
  ASSERT_TRUE(begun.ok());
  EXPECT_TRUE(*begun);
  EXPECT_TRUE(fs::is_empty(second.work()));
}

TEST(StepFolder, SaysWhereItCannotBeMade) {
  const fs::path file = freshFolder("blocked") / "file";
  fs::create_directories(file.parent_path());
  std::ofstream(file) << "not a folder";
  StepFolder step(file / "step");
  const auto begun = step.begin();
  ASSERT_FALSE(begun.ok());
  EXPECT_EQ(begun.error().code, "sim.io");
}

}  // namespace
}  // namespace aegen::sim
