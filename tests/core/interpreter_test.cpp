// The batched interpreter against evaluate(), which works value by value.
#include "aegen/core/interpreter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "aegen/core/function_builder.hpp"
#include "aegen/core/text.hpp"
#include "aegen/core/verifier.hpp"
#include "random_program.hpp"

namespace aegen::core {
namespace {

using test_common::ConfigByPort;
using test_common::SplitMix64;

void configure(Interpreter& interpreter, const ConfigByPort& config) {
  for (const auto& [port, values] : config) interpreter.setConfig(port, values);
}

// What evaluate() gives for the output elements of each event.
Columns expected(const Program& program, const Function& function, const ConfigByPort& config,
                 const Columns& events) {
  Columns out(function.outputElements(), events.events());
  for (std::size_t k = 0; k < events.events(); ++k) {
    const std::vector<std::int64_t> values =
        evaluate(program, function, test_common::inputsOf(function, config, events, k));
    for (std::size_t i = 0; i < out.elements(); ++i)
      out.at(i, k) = values[function.outputValues[i]];
  }
  return out;
}

// One interpreter for each instruction set that this processor has.
std::vector<Interpreter> onEverySet(const Program& program, const std::string& function) {
  std::vector<Interpreter> interpreters;
  for (const InstructionSet set : availableInstructionSets()) {
    interpreters.emplace_back(program, function, set);
  }
  return interpreters;
}

// The first difference in words; empty when there is none.
std::string difference(const Function& function, const Columns& want, const Columns& got) {
  if (want.elements() != got.elements() || want.events() != got.events()) return "shapes differ";
  for (std::size_t i = 0; i < want.elements(); ++i) {
    for (std::size_t k = 0; k < want.events(); ++k) {
      if (want.at(i, k) == got.at(i, k)) continue;
      return "%" + std::to_string(function.outputValues[i]) + " in event " + std::to_string(k) +
             ": want " + std::to_string(want.at(i, k)) + ", got " + std::to_string(got.at(i, k));
    }
  }
  return {};
}

// Runs `events` with `config` on all interpreters; the first difference to evaluate().
std::string compare(const Program& program, std::span<Interpreter> interpreters,
                    const ConfigByPort& config, const Columns& events) {
  const Function& function = program.functions.back();
  const Columns want = expected(program, function, config, events);
  for (std::size_t i = 0; i < interpreters.size(); ++i) {
    configure(interpreters[i], config);
    const Result<Columns> got = interpreters[i].run(events);
    if (!got) return got.error().text();
    const std::string found = difference(function, want, *got);
    if (!found.empty()) return std::string(text(availableInstructionSets()[i])) + ": " + found;
  }
  return {};
}

class RandomPrograms : public testing::TestWithParam<int> {};

TEST_P(RandomPrograms, GiveWhatEvaluateGives) {
  const int maxWidth = GetParam();
  constexpr std::array<std::size_t, 5> kBatches{1, 127, 128, 129, 1000};
  for (std::uint64_t n = 0; n < 150; ++n) {
    const std::uint64_t seed = 1000 * static_cast<std::uint64_t>(maxWidth) + n;
    const Program program =
        test_common::randomProgram(seed, {.functions = 1 + static_cast<int>(n % 4),
                                          .instructions = static_cast<int>(n % 40),
                                          .maxWidth = maxWidth,
                                          .everyOp = n % 3 == 0});
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + print(program));
    const Function& top = program.functions.back();
    SplitMix64 random(seed);
    std::vector<Interpreter> interpreters = onEverySet(program, top.name);
    ConfigByPort zero;
    for (const Port& port : top.inputs) {
      if (port.role == Role::Config) zero[port.name].assign(port.count, 0);
    }
    // Before any configuration its values are zero.
    const Columns first = test_common::randomEvents(random, top, 3);
    ASSERT_EQ(compare(program, interpreters, zero, first), "");
    for (int round = 0; round < 2; ++round) {
      const ConfigByPort config = test_common::randomConfig(random, top);
      const std::size_t batch = kBatches[(n + static_cast<std::uint64_t>(round)) % kBatches.size()];
      const Columns events = test_common::randomEvents(random, top, batch);
      ASSERT_EQ(compare(program, interpreters, config, events), "");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Widths, RandomPrograms, testing::Values(4, 12, 16, 20, 32, 40, 63));

// A dense layer: per output, the sum of products of inputs and weights, each truncated.
struct LayerShape {
  bool loadable = false;
  bool truncateEach = false;
  bool viaRequantize = false;  // truncation written as requantize instead of a shift
  bool chain = false;          // a chain of additions, not a tree
  bool subtract = false;       // every third term is taken off
  int inputs = 1;
};

Program layer(const LayerShape& shape, SplitMix64& random) {
  Program program;
  FunctionBuilder builder(program, test_common::kTop);
  const FixedFormat weight{true, 6, 5};
  const auto inputs = static_cast<std::uint32_t>(shape.inputs);
  const std::vector<ValueId> x = builder.input("x", {false, 8, 7}, inputs);
  std::vector<ValueId> w;
  if (shape.loadable) w = builder.input("w", weight, inputs, Role::Config);
  std::vector<ValueId> terms;
  for (std::uint32_t i = 0; i < inputs; ++i) {
    if (!shape.loadable) w.push_back(builder.constant(test_common::randomRaw(random, weight), 5));
    ValueId term = builder.mul(x[i], w[i]);
    if (shape.truncateEach && shape.viaRequantize) {
      term = builder.requantize(term, {true, 10, 8}, Rounding::Floor, Overflow::Wrap);
    } else if (shape.truncateEach) {
      term = builder.shiftRight(term, 4);
    }
    terms.push_back(term);
  }
  ValueId sum = terms.front();
  if (shape.chain || shape.subtract) {
    for (std::size_t i = 1; i < terms.size(); ++i) {
      sum = shape.subtract && i % 3 == 0 ? builder.sub(sum, terms[i]) : builder.add(sum, terms[i]);
    }
  } else {
    sum = builder.sum(terms);
  }
  builder.output("exact", builder.format(sum), sum);
  const FixedFormat latent{false, 9, 8};
  builder.output("y", latent, builder.requantize(sum, latent, Rounding::Floor, Overflow::Saturate));
  builder.output("one", builder.format(terms.back()), terms.back());  // a term that is used twice
  program.functions.push_back(std::move(builder).finish());
  return program;
}

TEST(Interpreter, ComputesLayersOfTruncatedProducts) {
  SplitMix64 random(7);
  for (int bitsOfShape = 0; bitsOfShape < 32; ++bitsOfShape) {
    for (const int inputs : {1, 2, 3, 9, 32}) {
      const LayerShape shape{(bitsOfShape & 1) != 0,  (bitsOfShape & 2) != 0,
                             (bitsOfShape & 4) != 0,  (bitsOfShape & 8) != 0,
                             (bitsOfShape & 16) != 0, inputs};
      const Program program = layer(shape, random);
      ASSERT_TRUE(checkValid(program).ok()) << checkValid(program).error().text();
      SCOPED_TRACE(print(program));
      const Function& top = program.functions.back();
      std::vector<Interpreter> interpreters = onEverySet(program, top.name);
      for (int round = 0; round < 2; ++round) {
        const ConfigByPort config = test_common::randomConfig(random, top);
        const Columns events = test_common::randomEvents(random, top, 130);
        ASSERT_EQ(compare(program, interpreters, config, events), "");
      }
    }
  }
}

TEST(Interpreter, SumsTermsOfDifferentTruncationAndSharedTerms) {
  const Result<Program> program = parse(R"(func @top "sums" {
    event x : s12[3]
    config w : s6[2]
    %5 p : s17 = mul %0, %3
    %6 q : s14 = shr 3 %5
    %7 r : s17 = mul %4, %1
    %8 : s16 = shr 1 %7
    %9 : s18 = add %6, %8
    %10 : s19 = sub %9, %5
    %11 : s19 = sub %0, %10
    %12 : s3 = add %11, %2
    %13 : s20 = add %11, %11
    %14 : s13 = add %3, %4
    %15 : s14 = sub %14, %2
    output a : s19[1] = %11
    output b : s3[1] = %12
    output c : s20[1] = %13
    output d : s14[1] = %15
  })");
  ASSERT_TRUE(program.ok()) << program.error().text();
  ASSERT_TRUE(checkValid(*program).ok()) << checkValid(*program).error().text();
  SplitMix64 random(3);
  std::vector<Interpreter> interpreters = onEverySet(*program, "top");
  for (int round = 0; round < 20; ++round) {
    const ConfigByPort config = test_common::randomConfig(random, program->functions[0]);
    const Columns events = test_common::randomEvents(random, program->functions[0], 300);
    ASSERT_EQ(compare(*program, interpreters, config, events), "");
  }
}

// A neuron of given formats whose weights and bias are configuration: floor(x * w / 2^drop), added.
Program neuron(const FixedFormat& input, const FixedFormat& weight, int drop, int inputs) {
  Program program;
  FunctionBuilder builder(program, test_common::kTop);
  const auto count = static_cast<std::uint32_t>(inputs);
  const std::vector<ValueId> x = builder.input("x", input, count);
  const std::vector<ValueId> w = builder.input("w", weight, count, Role::Config);
  const ValueId bias = builder.input("bias", weight, 1, Role::Config)[0];
  std::vector<ValueId> terms{bias};
  for (std::size_t i = 0; i < x.size(); ++i) {
    terms.push_back(builder.shiftRight(builder.mul(x[i], w[i]), drop));
  }
  const ValueId sum = builder.sum(terms);
  builder.output("y", builder.format(sum), sum);
  program.functions.push_back(std::move(builder).finish());
  return program;
}

// Values at the ends of the formats drive products and sums to the ends of 16- and 32-bit lanes,
// where another way of computing them must take over.
TEST(Interpreter, SumsProductsAtTheEdgesOfItsLanes) {
  SplitMix64 random(31);
  for (int round = 0; round < 300; ++round) {
    const auto format = [&](int widest) {
      return FixedFormat{random.oneIn(2), random.between(1, widest), 0};
    };
    const FixedFormat input = format(random.oneIn(4) ? 32 : 17);
    const FixedFormat weight = format(random.oneIn(4) ? 20 : 17);
    const int drop = random.between(0, random.oneIn(4) ? 33 : 16);
    const int inputs = random.oneIn(3) ? 128 : random.between(1, 12);
    const Program program = neuron(input, weight, drop, inputs);
    ASSERT_TRUE(checkValid(program).ok()) << checkValid(program).error().text();
    SCOPED_TRACE(input.text() + " times " + weight.text() + " down by " + std::to_string(drop) +
                 ", " + std::to_string(inputs) + " of them");
    const Function& top = program.functions.back();
    std::vector<Interpreter> interpreters = onEverySet(program, top.name);
    for (const int kind : {0, 1, 2, 3}) {
      ConfigByPort config = test_common::randomConfig(random, top);
      Columns events = test_common::randomEvents(random, top, 9);
      if (kind < 3) {  // all at the low end, all at the high end, at either
        const auto end = [&](const FixedFormat& f) {
          return kind == 0 || (kind == 2 && random.oneIn(2)) ? f.minRaw() : f.maxRaw();
        };
        for (std::int64_t& w : config["w"]) w = end(weight);
        for (std::size_t i = 0; i < events.elements(); ++i) {
          events.at(i, 0) = input.minRaw();
          events.at(i, 1) = input.maxRaw();
          events.at(i, 2) = end(input);
        }
      }
      ASSERT_EQ(compare(program, interpreters, config, events), "");
    }
  }
}

TEST(Interpreter, GivesTheSameForAnyNumberOfThreads) {
  const Program program = test_common::randomProgram(77, {.functions = 4, .instructions = 60});
  const Function& top = program.functions.back();
  SplitMix64 random(77);
  Interpreter alone(program, test_common::kTop);
  Interpreter shared(program, test_common::kTop);
  for (const unsigned threads : {2U, 3U, 7U, 1U, 0U, 2U}) {
    shared.useThreads(threads);
    for (const std::size_t events : {1U, 128U, 257U, 1000U, 20'000U}) {
      const ConfigByPort config = test_common::randomConfig(random, top);
      configure(alone, config);
      configure(shared, config);
      const Columns inputs = test_common::randomEvents(random, top, events);
      EXPECT_TRUE(*alone.run(inputs) == *shared.run(inputs)) << threads << ", " << events;
    }
  }
}

TEST(Interpreter, LeavesOutWhatAConfigurationMakesZeroOrFixed) {
  const Program program = neuron({false, 8, 0}, {true, 6, 0}, 4, 32);
  Interpreter interpreter(program, test_common::kTop);
  const std::size_t empty = interpreter.instructionCount();  // all weights are zero at first
  std::vector<std::int64_t> weights(32, 0);
  weights[5] = 7;
  interpreter.setConfig("w", weights);
  const std::size_t one = interpreter.instructionCount();
  std::ranges::fill(weights, 7);
  interpreter.setConfig("w", weights);
  EXPECT_EQ(empty, 0U);
  EXPECT_LT(one, interpreter.instructionCount());
}

TEST(InstructionSets, StartWithTheOneEveryProcessorHas) {
  const std::vector<InstructionSet> sets = availableInstructionSets();
  ASSERT_FALSE(sets.empty());
  EXPECT_EQ(sets.front(), InstructionSet::Generic);
  EXPECT_TRUE(std::ranges::is_sorted(sets));
  EXPECT_EQ(text(InstructionSet::Avx2), "avx2");
}

TEST(Interpreter, GivesOutputsThatAreInputsConstantsOrConfiguration) {
  const Result<Program> program = parse(R"(func @top "no event data but one input" {
    event x : s40[2]
    config c : u5[1]
    config unused : u7[3]
    %6 : u3 = const 5
    %7 : u6 = add %2, %2
    %8 : u1 = lt %6, %2
    output same : s40[3] = %1, %0, %1
    output config_value : u5[1] = %2
    output constant : u3[1] = %6
    output twice : u6[1] = %7
    output flag : u1[1] = %8
  })");
  ASSERT_TRUE(program.ok()) << program.error().text();
  ASSERT_TRUE(checkValid(*program).ok()) << checkValid(*program).error().text();
  std::vector<Interpreter> interpreters = onEverySet(*program, "top");
  EXPECT_EQ(interpreters[0].eventElements(), 2U);
  EXPECT_EQ(interpreters[0].outputElements(), 7U);
  SplitMix64 random(11);
  for (const std::size_t events : {std::size_t{1}, std::size_t{128}, std::size_t{257}}) {
    const ConfigByPort config = test_common::randomConfig(random, program->functions[0]);
    ASSERT_EQ(compare(*program, interpreters, config,
                      test_common::randomEvents(random, program->functions[0], events)),
              "");
  }
}

TEST(Interpreter, WrapsInputsAndConfigurationIntoTheirFormats) {
  const Result<Program> program = parse(R"(func @top "sum" {
    event x : u4[1]
    config c : s4[1]
    %2 : s6 = add %0, %1
    output y : s6[1] = %2
  })");
  ASSERT_TRUE(program.ok());
  Interpreter interpreter(*program, "top");
  interpreter.setConfig("c", std::array<std::int64_t, 1>{8});  // -8 in s4
  Columns events(1, 3);
  events.at(0, 0) = 16;
  events.at(0, 1) = -1;
  events.at(0, 2) = 3;
  const Result<Columns> got = interpreter.run(events);
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->at(0, 0), 0 - 8);
  EXPECT_EQ(got->at(0, 1), 15 - 8);
  EXPECT_EQ(got->at(0, 2), 3 - 8);
}

TEST(Interpreter, RefusesRowsThatAreNotItsInputs) {
  const Program program = test_common::randomProgram(5);
  Interpreter interpreter(program, test_common::kTop);
  const Result<Columns> got = interpreter.run(Columns(interpreter.eventElements() + 1, 4));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, "interpreter.shape");
}

TEST(Interpreter, GivesNoEventsForNoEvents) {
  const Program program = test_common::randomProgram(6);
  Interpreter interpreter(program, test_common::kTop);
  const Result<Columns> got = interpreter.run(Columns(interpreter.eventElements(), 0));
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->events(), 0U);
  EXPECT_EQ(got->elements(), interpreter.outputElements());
}

TEST(Interpreter, KeepsWorkingAfterAMove) {
  const Program program = test_common::randomProgram(9);
  const Function& top = program.functions.back();
  SplitMix64 random(9);
  Interpreter first(program, test_common::kTop);
  const ConfigByPort config = test_common::randomConfig(random, top);
  configure(first, config);
  Interpreter second(std::move(first));
  const Columns events = test_common::randomEvents(random, top, 200);
  const Result<Columns> got = second.run(events);
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(difference(top, expected(program, top, config, events), *got), "");
}

TEST(Interpreter, DropsWhatNoOutputNeeds) {
  const Result<Program> lean = parse(R"(func @top "a" {
    event x : u8[1]
    %1 : u9 = shl 1 %0
    output y : u9[1] = %1
  })");
  const Result<Program> fat = parse(R"(func @top "a" {
    event x : u8[1]
    %1 : u9 = shl 1 %0
    %2 : u16 = mul %0, %0
    %3 : u1 = lt %2, %0
    output y : u9[1] = %1
  })");
  ASSERT_TRUE(lean.ok() && fat.ok());
  EXPECT_EQ(Interpreter(*lean, "top").instructionCount(),
            Interpreter(*fat, "top").instructionCount());
}

}  // namespace
}  // namespace aegen::core
