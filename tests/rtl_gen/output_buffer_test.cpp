#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "aegen/core/design_interpreter.hpp"
#include "design_stimulus.hpp"
#include "random_program.hpp"

namespace aegen::rtl_gen {
namespace {

using core::Design;
using test_common::SplitMix64;
using testing::Clock;
using testing::Simulator;

Design bufferAlone(const core::BufferSizes& sizes) {
  const auto bits = [](int width) { return core::FixedFormat{false, width, 0}; };
  Design design;
  design.name = "buffer_alone";
  design.inputs = {{"words", bits(16), sizes.maxWords},
                   {"count", bits(6), 1},
                   {"truncated_word", bits(16), 1},
                   {"fill_word", bits(16), 1}};
  core::Block block{.kind = core::BlockKind::OutputBuffer, .name = "u_buffer"};
  block.buffer = sizes;
  for (const char* const port : {"words", "count", "truncated_word", "fill_word", "overflow_t1",
                                 "overflow_t2", "overflow_t3", "active_etx"}) {
    block.inputs.push_back({port, port});
  }
  block.outputs = {{"tx", "tx"}};
  block.registered = true;
  design.blocks = {block};
  design.outputs = {"tx"};
  for (const char* const name : {"overflow_t1", "overflow_t2", "overflow_t3"}) {
    design.config.push_back({name, bits(9), 1, {0}, ""});
  }
  design.config.push_back({"active_etx", bits(4), 1, {0}, ""});
  return design;
}

// The page's rules word for word, on a queue that grows as far as it is written.
class Queue {
 public:
  explicit Queue(const core::BufferSizes& sizes) : sizes_(sizes) {}

  std::vector<std::int64_t> step(const std::vector<std::int64_t>& in, std::int64_t t1,
                                 std::int64_t t2, std::int64_t t3, std::int64_t etx) {
    const std::size_t max = sizes_.maxWords;
    const std::int64_t w = in[max];
    std::vector<std::int64_t> stored(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(max));
    std::int64_t waits = w;
    if (n_ + w > t1) {
      stored = {in[max + 1] & ~std::int64_t{0x100}, in[max + 2]};
      waits = 1;
    } else if (n_ > t2 && w <= t3) {
      stored = {in[max + 1] | 0x100, in[max + 2]};
      waits = 1;
    }
    for (std::size_t i = 0; i < stored.size(); ++i) {
      const auto at = static_cast<std::size_t>(n_) + i;
      if (at >= sizes_.depth) break;
      if (words_.size() <= at) words_.resize(at + 1, 0);
      words_[at] = stored[i];
    }
    etx = std::min<std::int64_t>(etx, sizes_.etx);
    std::vector<std::int64_t> tx(sizes_.etx, 0);
    for (std::int64_t k = 0; k < etx; ++k) {
      const std::int64_t upper = pop();
      const std::int64_t lower = pop();
      tx[static_cast<std::size_t>(k)] = upper << 16 | lower;
    }
    n_ = std::clamp<std::int64_t>(n_ + waits - 2 * etx, 0, 1023);
    return tx;
  }

  void clear() {
    words_.clear();
    n_ = 0;
  }

 private:
  std::int64_t pop() {
    if (words_.empty()) return 0;
    const std::int64_t word = words_.front();
    words_.pop_front();
    return word;
  }

  core::BufferSizes sizes_;
  std::deque<std::int64_t> words_;
  std::int64_t n_ = 0;
};

struct Settings {
  std::int64_t t1, t2, t3, etx;
};

// What core::DesignInterpreter gives, a crossing at a time.
std::vector<std::int64_t> interpreted(core::DesignInterpreter& interpreter,
                                      const std::vector<std::int64_t>& crossing) {
  core::Columns in(crossing.size(), 1);
  for (std::size_t i = 0; i < crossing.size(); ++i) in.at(i, 0) = crossing[i];
  const auto out = interpreter.run(in);
  EXPECT_TRUE(out.ok());
  std::vector<std::int64_t> row;
  for (std::size_t i = 0; i < out->elements(); ++i) row.push_back(out->at(i, 0));
  return row;
}

// The RTL and the interpreter against the queue, while settings change. `off`: of the last but one
// stretch, in which the links are off.
void check(const core::BufferSizes& sizes, std::uint64_t seed, int stretches, int length,
           int off = 0) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  SplitMix64 random(seed);
  const Design design = bufferAlone(sizes);
  const auto rtl = emitVerilog(design);
  ASSERT_TRUE(rtl.ok()) << rtl.error().text();
  Queue queue(sizes);
  core::DesignInterpreter interpreter(design);
  Settings now{0, 0, 0, 0};
  std::vector<Clock> clocks;
  testing::Rows expected;
  int differences = 0;
  const auto push = [&](Clock clock) {
    clock.inputs.clear();
    for (std::uint32_t i = 0; i < sizes.maxWords; ++i) {
      clock.inputs.push_back(random.between(1, 0xffff));
    }
    clock.inputs.push_back(random.between(0, static_cast<int>(sizes.maxWords)));
    clock.inputs.push_back(random.between(0, 0xffff));
    clock.inputs.push_back(random.between(0, 0xffff));
    clocks.push_back(clock);
    if (!clock.resetN || clock.linkReset) {
      queue.clear();
      interpreter.reset();
      expected.emplace_back(sizes.etx, 0);
    } else {
      expected.push_back(queue.step(clock.inputs, now.t1, now.t2, now.t3, now.etx));
      differences += interpreted(interpreter, clock.inputs) != expected.back() ? 1 : 0;
    }
  };
  Clock reset;
  reset.resetN = false;
  push(reset);
  push(reset);
  const int depth = static_cast<int>(sizes.depth);
  for (int s = 0; s < stretches; ++s) {
    // Now and then thresholds beyond the depth, so that words fall off the end; links from none to
    // more than there are.
    const int limit = random.oneIn(3) ? 511 : depth;
    const bool linksOff = off > 0 && s == stretches - 2;
    const Settings next{
        random.between(limit / 2, limit), random.between(0, limit),
        random.between(0, static_cast<int>(sizes.maxWords)),
        linksOff ? 0 : random.between(s % 4 == 0 ? 0 : 1, static_cast<int>(sizes.etx) + 2)};
    const core::ConfigValues values{{"overflow_t1", {next.t1}},
                                    {"overflow_t2", {next.t2}},
                                    {"overflow_t3", {next.t3}},
                                    {"active_etx", {std::min<std::int64_t>(next.etx, 15)}}};
    for (const Clock& clock : testing::writes(rtl->manifest, values, true)) push(clock);
    now = next;
    interpreter.configure(values);
    for (int k = 0; k < (linksOff ? off : length); ++k) {
      Clock clock;
      clock.linkReset = off == 0 && random.oneIn(150);
      push(clock);
    }
  }
  EXPECT_EQ(differences, 0) << "crossings in which the interpreter is not the queue";
  const testing::Recording got =
      testing::play(Simulator::Icarus, *rtl, testing::testDirectory("buffer"), clocks);
  ASSERT_FALSE(got.ports.empty());
  for (std::size_t k = 0; k + 1 < clocks.size(); ++k) {
    ASSERT_EQ(got.of(rtl->manifest, "tx", k), expected[k]) << "crossing " << k;
  }
}

TEST(OutputBuffer, BehavesAsAPlainQueueInTheEconTsSizes) {
  check({400, 26, 13}, 1, 12, 120);
  check({400, 26, 13}, 2, 12, 120);
}

TEST(OutputBuffer, BehavesAsAPlainQueueInOtherSizes) {
  check({40, 6, 2}, 3, 30, 60);
  check({33, 5, 5}, 4, 30, 60);
  check({100, 3, 1}, 5, 10, 60);
}

// More than the counter of waiting words can count.
TEST(OutputBuffer, KeepsItsWordsWhileItsLinksAreOff) {
  check({40, 6, 2}, 6, 4, 100, 1200);
  check({400, 26, 13}, 7, 3, 60, 1100);
}

TEST(OutputBuffer, LintsAndElaboratesWithoutAWarning) {
  for (const core::BufferSizes sizes : {core::BufferSizes{400, 26, 13}, {40, 6, 2}, {9, 2, 1}}) {
    const auto rtl = emitVerilog(bufferAlone(sizes));
    ASSERT_TRUE(rtl.ok()) << rtl.error().text();
    const auto directory = testing::testDirectory("buffer_lint");
    ASSERT_TRUE(writeRtl(*rtl, directory).ok());
    std::vector<std::string> files;
    for (const std::string& file : rtl->manifest.files) {
      files.push_back((directory / file).string());
    }
    EXPECT_EQ(testing::lint(files, "buffer_alone"), "");
    EXPECT_EQ(testing::yosysCheck(files, "buffer_alone"), "");
  }
}

}  // namespace
}  // namespace aegen::rtl_gen
