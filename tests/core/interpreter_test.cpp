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

std::string compare(const Program& program, Interpreter& interpreter, const ConfigByPort& config,
                    const Columns& events) {
  const Function& function = program.functions.back();
  const Result<Columns> got = interpreter.run(events);
  if (!got) return got.error().text();
  return difference(function, expected(program, function, config, events), *got);
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
    Interpreter interpreter(program, top.name);
    ConfigByPort zero;
    for (const Port& port : top.inputs) {
      if (port.role == Role::Config) zero[port.name].assign(port.count, 0);
    }
    // Before any configuration its values are zero.
    const Columns first = test_common::randomEvents(random, top, 3);
    ASSERT_EQ(compare(program, interpreter, zero, first), "");
    for (int round = 0; round < 2; ++round) {
      const ConfigByPort config = test_common::randomConfig(random, top);
      configure(interpreter, config);
      const std::size_t batch = kBatches[(n + static_cast<std::uint64_t>(round)) % kBatches.size()];
      const Columns events = test_common::randomEvents(random, top, batch);
      ASSERT_EQ(compare(program, interpreter, config, events), "");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Widths, RandomPrograms, testing::Values(4, 12, 20, 40, 63));

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
      Interpreter interpreter(program, top.name);
      for (int round = 0; round < 2; ++round) {
        const ConfigByPort config = test_common::randomConfig(random, top);
        configure(interpreter, config);
        const Columns events = test_common::randomEvents(random, top, 130);
        ASSERT_EQ(compare(program, interpreter, config, events), "");
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
  Interpreter interpreter(*program, "top");
  for (int round = 0; round < 20; ++round) {
    const ConfigByPort config = test_common::randomConfig(random, program->functions[0]);
    configure(interpreter, config);
    const Columns events = test_common::randomEvents(random, program->functions[0], 300);
    ASSERT_EQ(compare(*program, interpreter, config, events), "");
  }
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
  Interpreter interpreter(*program, "top");
  EXPECT_EQ(interpreter.eventElements(), 2U);
  EXPECT_EQ(interpreter.outputElements(), 7U);
  SplitMix64 random(11);
  for (const std::size_t events : {std::size_t{1}, std::size_t{128}, std::size_t{257}}) {
    const ConfigByPort config = test_common::randomConfig(random, program->functions[0]);
    configure(interpreter, config);
    ASSERT_EQ(compare(*program, interpreter, config,
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
  EXPECT_EQ(compare(program, second, config, test_common::randomEvents(random, top, 200)), "");
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
