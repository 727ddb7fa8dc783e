// The bench's side of the conversation, without a bench: requests that are not what they say end it
// before anything is touched.
#include "session.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace aegen::sim {
namespace {

using namespace aegen_bench;

// Counts what it is asked for; its registers keep nothing.
class CountingSimulation final : public Simulation {
 public:
  std::uint32_t inputWords() const override { return 3; }
  std::uint32_t captureWords() const override { return 1; }
  void run(const Pins& pins, std::uint32_t clocks, const std::uint32_t* inputs,
           std::uint32_t*) override {
    writes += pins.configWrite ? 1 : 0;
    for (std::uint32_t i = 0; inputs != nullptr && i < clocks * inputWords(); ++i) sum += inputs[i];
  }
  std::uint32_t configRead() const override { return 0; }
  bool serialLow() const override { return false; }
  void restart() override { ++restarts; }
  void fault(const FaultFrame&) override { ++faults; }
  bool trace(const std::string&) override { return true; }

  int writes = 0;
  int restarts = 0;
  int faults = 0;
  std::uint32_t sum = 0;
};

// A session on pipes in place of standard input and output, fed with one request.
class Sessions : public testing::Test {
 protected:
  void SetUp() override {
    standardInput_ = ::dup(STDIN_FILENO);
    ASSERT_EQ(::pipe(requests_.data()), 0);
    ASSERT_EQ(::pipe(answers_.data()), 0);
    ASSERT_EQ(::dup2(requests_[0], STDIN_FILENO), STDIN_FILENO);
  }
  void TearDown() override {
    ::dup2(standardInput_, STDIN_FILENO);
    for (const int fd : {requests_[0], answers_[0], answers_[1], standardInput_}) ::close(fd);
  }

  template <typename Frame>
  void append(const Frame& frame) {
    const auto* const bytes = reinterpret_cast<const char*>(&frame);
    body_.insert(body_.end(), bytes, bytes + sizeof frame);
  }

  // The exit code of a session that gets what was appended as one request.
  int serve(Kind kind) {
    const Header header{kMagic, kind, body_.size()};
    EXPECT_TRUE(writeExactly(requests_[1], &header, sizeof header));
    EXPECT_TRUE(writeExactly(requests_[1], body_.data(), body_.size()));
    ::close(requests_[1]);
    return Session(simulation, answers_[1]).serve();
  }

  CountingSimulation simulation;

 private:
  int standardInput_ = -1;
  std::array<int, 2> requests_{-1, -1};
  std::array<int, 2> answers_{-1, -1};
  std::vector<char> body_;
};

ConfigureFrame configureFrame(std::uint32_t entries) {
  ConfigureFrame frame{};
  frame.entries = entries;
  return frame;
}

TEST_F(Sessions, WriteTheEntriesOfAConfigurationAndCommit) {
  append(configureFrame(2));
  append(ConfigEntry{0, 1, 0});
  append(ConfigEntry{1, 1, 0});
  EXPECT_EQ(serve(Kind::Configure), 0);
  EXPECT_EQ(simulation.writes, 3);
}

TEST_F(Sessions, RefuseAConfigurationOfFewerEntriesThanItSays) {
  append(configureFrame(3));
  append(ConfigEntry{0, 1, 0});
  append(ConfigEntry{1, 1, 0});
  EXPECT_EQ(serve(Kind::Configure), 2);
  EXPECT_EQ(simulation.writes, 0);
}

TEST_F(Sessions, RefuseAConfigurationThatSaysItHasMoreEntriesThanMemoryHolds) {
  append(configureFrame(0xffffffff));
  EXPECT_EQ(serve(Kind::Configure), 2);
  EXPECT_EQ(simulation.writes, 0);
}

TEST_F(Sessions, RefuseRequestsThatAreShorterThanTheirFrame) {
  append(std::uint32_t{1});
  EXPECT_EQ(serve(Kind::Reset), 2);
  EXPECT_EQ(simulation.restarts, 0);
}

TEST_F(Sessions, RefuseAFaultThatIsShorterThanItsFrame) {
  append(std::uint32_t{1});
  EXPECT_EQ(serve(Kind::Fault), 2);
  EXPECT_EQ(simulation.faults, 0);
}

TEST_F(Sessions, TakeTheRowsOfARun) {
  append(RunFrame{2, 0});
  for (std::uint32_t word = 1; word <= 6; ++word) append(word);
  EXPECT_EQ(serve(Kind::Run), 0);
  EXPECT_EQ(simulation.sum, 21U);
}

TEST_F(Sessions, RefuseARunOfOtherRowsThanItSays) {
  append(RunFrame{2, 0});
  for (std::uint32_t word = 1; word <= 7; ++word) append(word);
  EXPECT_EQ(serve(Kind::Run), 2);
  EXPECT_EQ(simulation.sum, 0U);
}

}  // namespace
}  // namespace aegen::sim
