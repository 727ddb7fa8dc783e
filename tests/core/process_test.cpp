#include "aegen/core/process.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace aegen::core {
namespace {

TEST(RunProcess, GivesOutputAndExitCodeOfACommandThatFails) {
  const auto result = runProcess({"sh", "-c", "echo out; echo err >&2; exit 3"});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->exitCode, 3);
  EXPECT_EQ(result->output, "out\nerr\n");
  EXPECT_EQ(result->ending(), "exit code 3");
  EXPECT_FALSE(result->ok());
}

TEST(RunProcess, PassesArgumentsUntouchedAndHonoursFolderEnvironmentAndLog) {
  const auto folder = std::filesystem::path(AEGEN_BUILD_DIR) / "test_work" / "process";
  std::filesystem::create_directories(folder);
  ProcessOptions options;
  options.workingDirectory = folder;
  options.environment["AEGEN_PROBE"] = "a b";
  options.logFile = folder / "log";
  const auto result =
      runProcess({"sh", "-c", "pwd; echo \"$AEGEN_PROBE|$1\"", "sh", "x  $y"}, options);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->output.empty());
  EXPECT_EQ(fileTail(options.logFile, 9),
            std::filesystem::canonical(folder).string() + "\na b|x  $y");
}

TEST(RunProcess, SaysWhatSignalEndedACommand) {
  const auto result = runProcess({"sh", "-c", "kill -TERM $$"});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->signal, 15);
  EXPECT_FALSE(result->ok());
}

TEST(RunProcess, StopsACommandAndItsChildrenWhenTimeIsUp) {
  const auto mark = std::filesystem::path(AEGEN_BUILD_DIR) / "test_work" / "survivor";
  std::filesystem::create_directories(mark.parent_path());
  std::filesystem::remove(mark);
  ProcessOptions options;
  options.timeoutSeconds = 0.2;
  const auto result =
      runProcess({"sh", "-c", "(sleep 1; touch " + mark.string() + ") & wait"}, options);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->timedOut);
  EXPECT_LT(result->seconds, 0.9);
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  EXPECT_FALSE(std::filesystem::exists(mark));
}

TEST(RunProcess, NamesAProgramThatIsNotThere) {
  const auto result = runProcess({"no-such-program-anywhere"});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "process.not-found");
  EXPECT_EQ(result.error().failure, Failure::MissingTool);
  EXPECT_NE(requireExecutable("no-such-program-anywhere", "some-package")
                .error()
                .text()
                .find("apt install some-package"),
            std::string::npos);
}

TEST(RunProcesses, RunsAllInOrderAndStartsNoMoreAfterAFailure) {
  const std::vector<std::vector<std::string>> good{
      {"sh", "-c", "echo 0"}, {"sh", "-c", "echo 1"}, {"sh", "-c", "echo 2"}};
  const auto all = runProcesses(good, std::vector<ProcessOptions>(3), 2);
  ASSERT_TRUE(all.ok());
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ((*all)[i].output, std::to_string(i) + "\n");

  const auto some =
      runProcesses({{"true"}, {"false"}, {"true"}}, std::vector<ProcessOptions>(3), 1);
  ASSERT_TRUE(some.ok());
  EXPECT_TRUE((*some)[0].ok());
  EXPECT_EQ((*some)[1].exitCode, 1);
  EXPECT_EQ((*some)[2].exitCode, -1);
}

TEST(ChildProcess, AnswersWhatItIsSent) {
  auto child = ChildProcess::start({"cat"});
  ASSERT_TRUE(child.ok());
  const std::string text(100'000, 'x');
  std::jthread writer([&] { EXPECT_TRUE(child->write(text.data(), text.size())); });
  std::string back(text.size(), '\0');
  EXPECT_TRUE(child->read(back.data(), back.size()));
  EXPECT_EQ(back, text);
  writer.join();
  EXPECT_EQ(child->wait().exitCode, 0);
}

TEST(ChildProcess, WritingToADeadChildFailsWithoutASignal) {
  auto child = ChildProcess::start({"true"});
  ASSERT_TRUE(child.ok());
  char end = 0;
  EXPECT_FALSE(child->read(&end, 1));
  EXPECT_EQ(child->reap().exitCode, 0);
  EXPECT_FALSE(child->write(&end, 1));
}

TEST(LastLines, TakesLinesFromTheEnd) {
  EXPECT_EQ(lastLines("a\nb\nc\n", 2), "b\nc");
  EXPECT_EQ(lastLines("a", 3), "a");
  EXPECT_EQ(lastLines("", 3), "");
}

}  // namespace
}  // namespace aegen::core
