#include "sum_of_products.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "small_library.hpp"

namespace aegen::flows {
namespace {

constexpr ProductRows kStyles[] = {ProductRows::Bits, ProductRows::Booth, ProductRows::BoothOfWide,
                                   ProductRows::Pairs};

GateCosts someCosts() {
  GateCosts costs;
  costs.inverter = 2;
  costs.nand2 = 3;
  costs.and2 = costs.or2 = 4;
  costs.xor2 = 7;
  costs.andOrInvert = 5;
  costs.majority = 9;
  costs.parity3 = 14;
  costs.fullAdder = 15;
  return costs;
}

/// Values of all nets from those of the inputs.
class Evaluation {
 public:
  explicit Evaluation(std::map<std::uint32_t, bool> inputs) : values_(std::move(inputs)) {
    values_[0] = false;
    values_[1] = true;
  }
  void run(const GateCircuit& circuit) {
    for (const Gate& gate : circuit.gates()) {
      const bool a = values_.at(gate.inputs[0]);
      const bool b = values_.at(gate.inputs[1]);
      const bool c = values_.at(gate.inputs[2]);
      const bool d = values_.at(gate.inputs[3]);
      const bool most = (a && b) || (c && (a || b));
      switch (gate.kind) {
        case GateKind::Not:
          values_[gate.output] = !a;
          break;
        case GateKind::Nand:
          values_[gate.output] = !(a && b);
          break;
        case GateKind::And:
          values_[gate.output] = a && b;
          break;
        case GateKind::Or:
          values_[gate.output] = a || b;
          break;
        case GateKind::Xor:
          values_[gate.output] = a != b;
          break;
        case GateKind::Xnor:
          values_[gate.output] = a == b;
          break;
        case GateKind::AndOrInvert:
          values_[gate.output] = !((a && b) || (c && d));
          break;
        case GateKind::FullAdder:
          values_[gate.carry] = most;
          values_[gate.output] = (a != b) != c;
          break;
        case GateKind::Parity3:
          values_[gate.output] = (a != b) != c;
          break;
        case GateKind::Majority:
          values_[gate.output] = most;
          break;
      }
    }
  }
  [[nodiscard]] bool at(Signal bit) const { return values_.at(bit.net) != bit.inverted; }
  [[nodiscard]] std::int64_t at(const Word& word) const {
    std::int64_t value = 0;
    for (std::size_t i = 0; i < word.bits.size(); ++i) {
      const bool sign = word.isSigned && i + 1 == word.bits.size();
      value += (sign ? -1 : 1) * (std::int64_t{at(word.bits[i])} << i);
    }
    return value;
  }

 private:
  std::map<std::uint32_t, bool> values_;
};

class RandomSum {
 public:
  RandomSum(std::mt19937_64& random, int mostBits, int mostSummands)
      : random_(random), mostBits_(mostBits) {
    width = 1 + below(20);
    const int count = 1 + below(mostSummands);
    for (int i = 0; i < count; ++i) {
      Summand summand;
      summand.isProduct = below(3) > 0;
      summand.a = word();
      if (summand.isProduct) {
        summand.b = word();
      }
      summand.shift = below(4) == 0 ? below(4) : 0;
      summand.negative = below(3) == 0;
      summands.push_back(summand);
      // Again with the same formats, as layers have them, so that pairs arise.
      if (below(2) == 0) {
        for (Word* part : {&summand.a, &summand.b}) {
          for (Signal& bit : part->bits) {
            bit = fresh();
          }
        }
        summands.push_back(summand);
      }
    }
  }

  std::vector<Summand> summands;
  int width = 1;
  std::uint32_t lastNet = 1;

 private:
  int below(int bound) { return static_cast<int>(random_() % static_cast<std::uint64_t>(bound)); }
  Signal fresh() { return {++lastNet, below(4) == 0}; }
  Word word() {
    Word made;
    made.isSigned = below(2) == 0;
    const int bits = 1 + below(mostBits_);
    for (int i = 0; i < bits; ++i) {
      const int kind = below(20);
      made.bits.push_back(kind == 0 ? kZero : kind == 1 ? kOne : fresh());
    }
    return made;
  }

  std::mt19937_64& random_;
  int mostBits_;
};

std::uint64_t expected(const RandomSum& sum, const Evaluation& values) {
  std::int64_t total = 0;
  for (const Summand& summand : sum.summands) {
    const std::int64_t value =
        (values.at(summand.a) * (summand.isProduct ? values.at(summand.b) : 1)) *
        (std::int64_t{1} << summand.shift);
    total += summand.negative ? -value : value;
  }
  return static_cast<std::uint64_t>(total) & ((std::uint64_t{1} << sum.width) - 1);
}

TEST(SumOfProducts, EveryKindOfRowsGivesTheSumOfRandomProducts) {
  constexpr std::uint64_t kSeed = 20;
  RecordProperty("seed", static_cast<int>(kSeed));
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 400; ++round) {
    const RandomSum sum(random, 9, 6);
    for (const ProductRows rows : kStyles) {
      GateCircuit circuit(someCosts(), sum.lastNet);
      const auto bits = sumOfProducts(circuit, sum.summands, sum.width, rows);
      ASSERT_EQ(bits.size(), static_cast<std::size_t>(sum.width));
      // What is left when some of the bits are read must still give them.
      const std::size_t cut = random() % bits.size();
      std::vector<std::uint32_t> outputs;
      for (std::size_t i = cut; i < bits.size(); ++i) {
        outputs.push_back(bits[i].net);
      }
      circuit.prune(outputs);
      for (int trial = 0; trial < 20; ++trial) {
        std::map<std::uint32_t, bool> inputs;
        for (std::uint32_t net = 2; net <= sum.lastNet; ++net) {
          inputs[net] = trial == 0 ? false : trial == 1 || random() % 2 == 0;
        }
        Evaluation values(inputs);
        values.run(circuit);
        const std::uint64_t wanted = expected(sum, values);
        for (std::size_t i = cut; i < bits.size(); ++i) {
          ASSERT_EQ(values.at(bits[i]), ((wanted >> i) & 1) != 0)
              << nameOf(rows) << ", seed " << kSeed << ", round " << round << ", bit " << i;
        }
      }
    }
  }
}

Word plainWord(std::uint32_t first, int bits, bool isSigned) {
  Word word;
  word.isSigned = isSigned;
  for (int i = 0; i < bits; ++i) {
    word.bits.push_back({first + static_cast<std::uint32_t>(i), false});
  }
  return word;
}

TEST(SumOfProducts, ProductsOfAllSmallFormatsAreExactForAllValues) {
  for (const ProductRows rows : kStyles) {
    for (int format = 0; format < 4 * 4 * 4; ++format) {
      const Word a = plainWord(2, 1 + format % 4, (format & 16) != 0);
      const Word b = plainWord(10, 1 + format / 4 % 4, (format & 32) != 0);
      GateCircuit circuit(someCosts(), 20);
      const auto bits = sumOfProducts(circuit, {{a, b, 0, false, true}}, 9, rows);
      for (std::uint32_t value = 0; value < 256; ++value) {
        std::map<std::uint32_t, bool> inputs;
        for (std::uint32_t i = 0; i < 4; ++i) {
          inputs[2 + i] = ((value >> i) & 1) != 0;
          inputs[10 + i] = ((value >> (4 + i)) & 1) != 0;
        }
        Evaluation values(inputs);
        values.run(circuit);
        ASSERT_EQ(values.at(Word{bits, true}), values.at(a) * values.at(b))
            << nameOf(rows) << ", format " << format << ", values " << value;
      }
    }
  }
}

TEST(SumOfProducts, FullAddersAreOneForEachBitThatMustGo) {
  // 6 x 6 bits: 36 partial products become 12 bits; half adders are gates.
  GateCircuit circuit(someCosts(), 20);
  const auto bits =
      sumOfProducts(circuit, {{plainWord(2, 6, false), plainWord(10, 6, false), 0, false, true}},
                    12, ProductRows::Bits);
  std::size_t adders = 0;
  for (const Gate& gate : circuit.gates()) {
    adders += gate.kind == GateKind::FullAdder ? 1 : 0;
  }
  EXPECT_EQ(adders, 36U - 12U);
  EXPECT_EQ(bits.size(), 12U);
}

TEST(SumOfProducts, AdderReadInHalfIsNoAdder) {
  GateCircuit circuit(someCosts(), 4);
  const auto sum = circuit.add({2, false}, {3, false}, {4, false});
  circuit.prune({sum.carry.net});
  ASSERT_EQ(circuit.gates().size(), 1U);
  EXPECT_EQ(circuit.gates()[0].kind, GateKind::Majority);
  EXPECT_DOUBLE_EQ(circuit.area(), 9);
}

TEST(GateCosts, AreFoundByFunction) {
  const auto library = Liberty::parse(testing::smallLibrary(), "small.lib");
  ASSERT_TRUE(library) << library.error().text();
  const GateCosts cells = gateCosts(*library, true);
  EXPECT_DOUBLE_EQ(cells.inverter, 2);
  EXPECT_DOUBLE_EQ(cells.nand2, 3);
  EXPECT_DOUBLE_EQ(cells.and2, 5);  // a NAND and an inverter: the library has no AND
  EXPECT_DOUBLE_EQ(cells.fullAdder, 12);
  EXPECT_GT(gateCosts(*library, false).fullAdder, 12);
}

}  // namespace
}  // namespace aegen::flows
