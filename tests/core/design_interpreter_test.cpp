#include "aegen/core/design_interpreter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "aegen/core/text.hpp"
#include "random_program.hpp"
#include "test_designs.hpp"

namespace aegen::core {
namespace {

using test_common::SplitMix64;

// ---- the output buffer --------------------------------------------------------------------------

// Section 6 of the ECON-T page, on an endless tape: a word is written at its place, and a reader
// moves along it. What lies `depth` or more words ahead of the reader is not stored.
class TapeModel {
 public:
  explicit TapeModel(const BufferSizes& sizes) : sizes_(sizes) {}

  std::vector<std::int64_t> crossing(const std::vector<std::int64_t>& words, std::int64_t count,
                                     std::int64_t truncated, std::int64_t fill,
                                     const std::map<std::string, std::int64_t>& config) {
    if (waiting_ + count > config.at("t1")) {
      ++truncations;
      put(0, truncated / 512 * 512 + truncated % 256);  // bit 8 cleared
      put(1, fill);
      waiting_ += 1;
    } else if (waiting_ > config.at("t2") && count <= config.at("t3")) {
      ++lates;
      put(0, truncated / 512 * 512 + 256 + truncated % 256);  // bit 8 set
      put(1, fill);
      waiting_ += 1;
    } else {
      for (std::size_t i = 0; i < words.size(); ++i) put(static_cast<std::int64_t>(i), words[i]);
      waiting_ += count;
    }
    std::vector<std::int64_t> tx(sizes_.etx, 0);
    const auto active = std::min<std::int64_t>(config.at("etx"), sizes_.etx);
    for (std::int64_t link = 0; link < active; ++link) {
      const std::int64_t upper = next();
      tx[static_cast<std::size_t>(link)] = upper * 65536 + next();
    }
    waiting_ = std::max<std::int64_t>(waiting_ - 2 * active, 0);
    return tx;
  }

  int truncations = 0;
  int lates = 0;

 private:
  void put(std::int64_t offset, std::int64_t word) {
    if (waiting_ + offset < sizes_.depth) tape_[reader_ + waiting_ + offset] = word;
  }
  std::int64_t next() {
    const auto found = tape_.find(reader_++);
    return found == tape_.end() ? 0 : found->second;
  }

  BufferSizes sizes_;
  std::map<std::int64_t, std::int64_t> tape_;
  std::int64_t reader_ = 0;
  std::int64_t waiting_ = 0;
};

TEST(OutputBuffer, IsAQueueWithTruncation) {
  int truncations = 0;
  int lates = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SplitMix64 random(seed);
    const BufferSizes sizes =
        seed % 3 == 0 ? BufferSizes{.depth = 60, .maxWords = 10, .etx = 4} : BufferSizes{};
    const Design design = bufferDesign(sizes);
    ASSERT_TRUE(analyse(design).ok()) << analyse(design).error().text();
    DesignInterpreter interpreter(design);
    TapeModel model(sizes);
    for (int round = 0; round < 6; ++round) {
      // Thresholds about the depth; now and then beyond it.
      const auto depth = static_cast<std::int64_t>(sizes.depth);
      const std::map<std::string, std::int64_t> config{
          {"t1", std::min<std::int64_t>(random.between(depth / 2, depth + 20), 511)},
          {"t2", random.between(depth / 4, depth)},
          {"t3", random.between(std::int64_t{0}, static_cast<std::int64_t>(sizes.maxWords))},
          {"etx", random.between(std::int64_t{0}, std::int64_t{15})}};
      ConfigValues values;
      for (const auto& [name, value] : config) values[name] = {value};
      interpreter.configure(values);
      const auto events = static_cast<std::size_t>(random.between(1, 90));
      Columns inputs(sizes.maxWords + 3, events);
      for (std::size_t k = 0; k < events; ++k) {
        for (std::size_t i = 0; i < inputs.elements(); ++i) {
          inputs.at(i, k) = random.between(0, 65535);
        }
        inputs.at(sizes.maxWords, k) =
            random.between(std::int64_t{0}, static_cast<std::int64_t>(sizes.maxWords));
      }
      const Result<Columns> tx = interpreter.run(inputs);
      ASSERT_TRUE(tx.ok());
      for (std::size_t k = 0; k < events; ++k) {
        std::vector<std::int64_t> words;
        for (std::size_t i = 0; i < sizes.maxWords; ++i) words.push_back(inputs.at(i, k));
        const std::vector<std::int64_t> want =
            model.crossing(words, inputs.at(sizes.maxWords, k), inputs.at(sizes.maxWords + 1, k),
                           inputs.at(sizes.maxWords + 2, k), config);
        for (std::size_t link = 0; link < want.size(); ++link) {
          ASSERT_EQ(tx->at(link, k), want[link])
              << "round " << round << " crossing " << k << " link " << link;
        }
      }
    }
    truncations += model.truncations;
    lates += model.lates;
  }
  EXPECT_GT(truncations, 500);
  EXPECT_GT(lates, 500);
}

TEST(OutputBuffer, ForgetsEverythingAtALinkReset) {
  const Design design = bufferDesign({});
  DesignInterpreter used(design);
  DesignInterpreter fresh(design);
  SplitMix64 random(5);
  Columns inputs(29, 50);
  for (std::size_t i = 0; i < inputs.elements(); ++i) {
    for (std::int64_t& raw : inputs.column(i)) raw = random.between(1, 26);
  }
  const ConfigValues config{{"etx", {3}}};
  used.configure(config);
  fresh.configure(config);
  ASSERT_TRUE(used.run(inputs).ok());
  used.reset();
  EXPECT_TRUE(*used.run(inputs) == *fresh.run(inputs));
}

TEST(OutputBuffer, TakesNothingAsACountAndSendsNothingWhileItsLinksAreOff) {
  const Design design = bufferDesign({.depth = 60, .maxWords = 10, .etx = 4});
  DesignInterpreter interpreter(design);
  const auto send = [&](std::int64_t etx, std::int64_t count, std::size_t events) {
    interpreter.configure({{"t1", {etx == 0 ? 50 : 511}}, {"t2", {60}}, {"etx", {etx}}});
    Columns inputs(13, events);
    for (std::size_t k = 0; k < events; ++k) {
      for (std::size_t i = 0; i < 10; ++i) inputs.at(i, k) = 100 + static_cast<std::int64_t>(i);
      inputs.at(10, k) = count;
      inputs.at(11, k) = 0x1ff;
      inputs.at(12, k) = 7;
    }
    return std::move(*interpreter.run(inputs));
  };
  // Five crossings wait, the rest are truncated: a word each, with the fill word behind the last.
  const Columns off = send(0, 10, 6);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(off.at(i, 5), 0);
  const Columns on = send(4, 0, 7);
  std::vector<std::int64_t> words;
  for (std::size_t k = 0; k < 7; ++k) {
    for (std::size_t i = 0; i < 4; ++i) {
      words.push_back(on.at(i, k) >> 16);
      words.push_back(on.at(i, k) & 0xffff);
    }
  }
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(words[i], 100 + static_cast<int>(i) % 10) << i;
  EXPECT_EQ(words[50], 0xff) << "why: full";
  // Counts of 0 were written behind it, and nothing of them waited.
  for (std::size_t i = 51; i < 56; ++i) EXPECT_EQ(words[i], 100 + static_cast<int>(i - 51)) << i;
}

// ---- the BX counter and a whole small design
// ------------------------------------------------------

TEST(BxCounter, CountsAnOrbitAndFollowsTheHeader) {
  const Design design = smallDesign();
  DesignInterpreter interpreter(design);
  SplitMix64 random(8);
  std::int64_t expected = 0;
  bool first = true;
  // 3564 crossings an orbit; the header interrupts two of the calls.
  for (const std::size_t events : {std::size_t{5}, std::size_t{4000}, std::size_t{7200}}) {
    Columns inputs(3, events);
    for (std::size_t k = 0; k < events; ++k) {
      inputs.at(0, k) = k == 3 ? 9 : random.oneIn(5) ? 0 : 10;
    }
    ASSERT_TRUE(interpreter.run(inputs).ok());
    for (std::size_t k = 0; k < events; ++k) {
      expected = first || inputs.at(0, k) == 9 ? 0 : (expected + 1) % 3564;
      first = false;
      ASSERT_EQ(interpreter.signal("bx").at(0, k), expected) << events << " " << k;
    }
  }
  interpreter.reset();
  Columns inputs(3, 2);
  inputs.at(0, 0) = 10;
  inputs.at(0, 1) = 10;
  ASSERT_TRUE(interpreter.run(inputs).ok());
  EXPECT_EQ(interpreter.signal("bx").at(0, 0), 0);
  EXPECT_EQ(interpreter.signal("bx").at(0, 1), 1);
}

TEST(DesignInterpreter, RunsBlocksWithTheConfigurationOfTheMoment) {
  const Design design = smallDesign();
  DesignInterpreter interpreter(design);
  Columns inputs(3, 4);
  for (std::size_t k = 0; k < 4; ++k) {
    inputs.at(0, k) = k == 0 ? 9 : 10;
    inputs.at(1, k) = 10 + static_cast<std::int64_t>(k);
    inputs.at(2, k) = 256 + 7;  // wrapped to 7
  }
  const auto check = [&](std::int64_t factor) {
    const Result<Columns> out = interpreter.run(inputs);
    ASSERT_TRUE(out.ok());
    ASSERT_EQ(out->elements(), 2U);
    for (std::size_t k = 0; k < 4; ++k) {
      const auto bx = static_cast<std::int64_t>(k);
      EXPECT_EQ(interpreter.signal("scaled").at(0, k), (10 + bx) * factor);
      EXPECT_EQ(interpreter.signal("scaled").at(1, k), 7 * factor);
      EXPECT_EQ(out->at(0, k), (10 + bx) * factor + bx + factor);
      EXPECT_EQ(out->at(1, k), bx);
    }
  };
  check(3);  // the reset value
  interpreter.configure({{"factor", {11}}});
  check(11);
  interpreter.configure({{"factor", {16 + 2}}});  // wrapped into the field
  check(2);
}

TEST(DesignInterpreter, TakesEveryConfigurationAsAWhole) {
  Design design = bufferDesign({.depth = 60, .maxWords = 10, .etx = 4});
  design.config = {field("t1", 9, 43), field("t2", 9, 37), field("t3", 9, 4), field("etx", 4, 2)};
  DesignInterpreter used(design);
  used.configure({{"t1", {55}}, {"etx", {3}}});
  used.configure({{"t2", {20}}});
  ConfigValues whole = design.resetConfig();
  whole["t2"] = {20};
  DesignInterpreter fresh(design);
  fresh.configure(whole);
  SplitMix64 random(9);
  Columns inputs(13, 300);
  for (std::size_t i = 0; i < inputs.elements(); ++i) {
    for (std::int64_t& raw : inputs.column(i)) raw = random.between(1, 10);
  }
  const auto expected = fresh.run(inputs);
  EXPECT_TRUE(*used.run(inputs) == *expected);
  used.configure({});
  used.reset();
  DesignInterpreter untouched(design);
  const auto atReset = untouched.run(inputs);
  EXPECT_TRUE(*used.run(inputs) == *atReset);
  EXPECT_FALSE(*atReset == *expected);
}

TEST(DesignInterpreterDeathTest, EndsOnNamesThatAreNotTheDesigns) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const Design design = smallDesign();
  const auto keeping = [&](const std::string& name) {
    return DesignInterpreter(design, {.keep = std::vector{name}}).name();
  };
  EXPECT_EQ(keeping("scaled"), "interpreter");
  EXPECT_DEATH(keeping("factor"), "keep names what is no signal");
  DesignInterpreter interpreter(design, {.keep = std::vector<std::string>{}});
  ASSERT_TRUE(interpreter.run(Columns(3, 2)).ok());
  EXPECT_EQ(interpreter.signal("bx").events(), 2U);
  EXPECT_DEATH(static_cast<void>(interpreter.signal("scaled")), "names what is not kept");
  EXPECT_DEATH(interpreter.configure({{"factors", {1}}}), "names what is no field");
  EXPECT_DEATH(interpreter.configure({{"factor", {1, 2}}}), "a value an element");
}

// A counter, a function behind it, a buffer behind that, and a function on the buffer's output that
// also uses a design input and a signal of the first stage.
Design deepDesign() {
  Design design = smallDesign();
  design.program.merge(*parse(R"(func @spread "words of a crossing"  {
    event word : u13[1]
    event header : u4[1]
    %2 : u16 = reinterpret %0
    %3 : u16 = reinterpret %1
    %4 : u6 = const 2
    %5 : u16 = const 7
    output words : u16[2] = %2, %3
    output count : u6[1] = %4
    output spare : u16[1] = %5
  }
  func @join "a link's word and what it came from" {
    event tx : u32[1]
    event scaled : u12[2]
    event header : u4[1]
    %4 : u33 = add %0, %1
    %5 : u33 = add %4, %3
    output joined : u33[1] = %5
  })"));
  design.config.push_back(field("t", 9, 20));
  design.config.push_back(field("etx", 4, 1));
  design.blocks.push_back({.name = "spreader",
                           .function = "spread",
                           .inputs = {{"word", "word"}, {"header", "header"}},
                           .outputs = {{"words", "words"}, {"count", "count"}, {"spare", "fill"}}});
  design.blocks.push_back({.kind = BlockKind::OutputBuffer,
                           .name = "buffer",
                           .inputs = {{"words", "words"},
                                      {"count", "count"},
                                      {"truncated_word", "fill"},
                                      {"fill_word", "fill"},
                                      {"overflow_t1", "t"},
                                      {"overflow_t2", "t"},
                                      {"overflow_t3", "t"},
                                      {"active_etx", "etx"}},
                           .outputs = {{"tx", "tx"}},
                           .registered = true,
                           .buffer = {.depth = 40, .maxWords = 2, .etx = 1}});
  design.blocks.push_back({.name = "joiner",
                           .function = "join",
                           .inputs = {{"tx", "tx"}, {"scaled", "scaled"}, {"header", "header"}},
                           .outputs = {{"joined", "joined"}}});
  design.outputs = {"joined", "bx"};
  return design;
}

Columns randomCrossings(SplitMix64& random, std::size_t events) {
  Columns inputs(3, events);
  for (std::size_t k = 0; k < events; ++k) {
    inputs.at(0, k) = random.oneIn(50) ? 9 : 10;
    inputs.at(1, k) = random.between(0, 255);
    inputs.at(2, k) = random.between(-300, 300);  // wrapped
  }
  return inputs;
}

TEST(DesignInterpreter, FollowsStateAndFunctionsInTurn) {
  const Design design = deepDesign();
  ASSERT_TRUE(analyse(design).ok()) << analyse(design).error().text();
  DesignInterpreter interpreter(design);
  SplitMix64 random(6);
  const Columns inputs = randomCrossings(random, 3000);
  const Result<Columns> out = interpreter.run(inputs);
  ASSERT_TRUE(out.ok());
  std::int64_t bx = 0;
  for (std::size_t k = 0; k < inputs.events(); ++k) {
    bx = k == 0 || inputs.at(0, k) == 9 ? 0 : bx + 1;
    const std::int64_t first = 3 * inputs.at(1, k);
    const std::int64_t word = first + bx + 3;
    const std::int64_t tx = (word << 16) | inputs.at(0, k);  // as many words leave as come
    ASSERT_EQ(interpreter.signal("header").at(0, k), inputs.at(0, k));
    ASSERT_EQ(interpreter.signal("charge").at(1, k), inputs.at(2, k) & 255);
    ASSERT_EQ(interpreter.signal("tx").at(0, k), tx) << k;
    ASSERT_EQ(out->at(0, k), tx + first + inputs.at(0, k)) << k;
    ASSERT_EQ(out->at(1, k), bx);
  }
}

TEST(DesignInterpreter, GivesTheSameForAnyThreadsKeptSignalsAndBatches) {
  const Design design = deepDesign();
  SplitMix64 random(60);
  const Columns inputs = randomCrossings(random, 20'000);
  DesignInterpreter reference(design);
  const Result<Columns> want = reference.run(inputs);
  ASSERT_TRUE(want.ok());
  const std::vector<std::string> none;
  const std::vector<std::string> some{"scaled", "words"};
  for (const unsigned threads : {1U, 2U, 5U}) {
    for (const auto& keep :
         {std::optional(none), std::optional(some), std::optional<std::vector<std::string>>()}) {
      DesignInterpreter interpreter(design, {.keep = keep, .threads = threads});
      std::size_t first = 0;
      for (const std::size_t events : {1U, 130U, 5000U, 0U, 14'869U}) {
        Columns part(inputs.elements(), events);
        for (std::size_t e = 0; e < part.elements(); ++e) {
          std::ranges::copy(inputs.column(e).subspan(first, events), part.column(e).begin());
        }
        const Result<Columns> got = interpreter.run(part);
        ASSERT_TRUE(got.ok());
        for (std::size_t k = 0; k < events; ++k) {
          ASSERT_EQ(got->at(0, k), want->at(0, first + k)) << threads << " threads, " << first + k;
          ASSERT_EQ(got->at(1, k), want->at(1, first + k));
        }
        if (keep != none) {
          ASSERT_TRUE(
              std::ranges::equal(interpreter.signal("scaled").column(1),
                                 reference.signal("scaled").column(1).subspan(first, events)));
        }
        first += events;
      }
      ASSERT_EQ(first, inputs.events());
    }
  }
}

TEST(DesignInterpreter, RefusesRowsThatAreNotItsInputs) {
  const Design design = smallDesign();
  DesignInterpreter interpreter(design);
  for (const std::size_t elements : {2U, 4U}) {
    const Result<Columns> out = interpreter.run(Columns(elements, 3));
    ASSERT_FALSE(out.ok());
    EXPECT_EQ(out.error().code, "interpreter.shape");
  }
}

TEST(DesignInterpreter, RunsStateBlocksWhoseOutputNobodyWants) {
  Design design = smallDesign();
  design.blocks.erase(design.blocks.begin() + 2);
  design.blocks[0].outputs.clear();
  design.milestones.clear();
  design.outputs = {"scaled"};
  ASSERT_TRUE(analyse(design).ok()) << analyse(design).error().text();
  DesignInterpreter interpreter(design);
  EXPECT_TRUE(interpreter.run(Columns(3, 4)).ok());
}

// ---- analyse() ----------------------------------------------------------------------------------

}  // namespace
}  // namespace aegen::core
