// Each op of the table against a plain formula, over all operands of small formats.
#include "aegen/core/op.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "aegen/core/interpreter.hpp"
#include "aegen/core/text.hpp"
#include "aegen/core/verifier.hpp"

namespace aegen::core {
namespace {

using Values = std::vector<std::int64_t>;

// "fits": the low bits, written with remainders instead of shifts.
std::int64_t cut(std::int64_t exact, const FixedFormat& format) {
  const std::int64_t count = std::int64_t{1} << format.width;
  const std::int64_t low = ((exact % count) + count) % count;
  return format.isSigned && low >= count / 2 ? low - count : low;
}

std::int64_t floorDivide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

std::int64_t pow2(std::int64_t n) {
  return std::int64_t{1} << n;
}

struct Semantics {
  Op op;
  std::vector<FixedFormat> operands;
  FixedFormat result;
  std::string attributes;                            // as in the text form
  std::function<std::int64_t(const Values&)> exact;  // before it is cut to the result
};

constexpr FixedFormat u(int width, int fraction = 0) {
  return {false, width, fraction};
}
constexpr FixedFormat s(int width, int fraction = 0) {
  return {true, width, fraction};
}

Program oneInstruction(const Semantics& semantics) {
  std::string text = "func @top \"\" {\n";
  std::string operands;
  for (std::size_t i = 0; i < semantics.operands.size(); ++i) {
    text += "event a" + std::to_string(i) + " : " + semantics.operands[i].text() + "[1]\n";
    operands += (i == 0 ? " %" : ", %") + std::to_string(i);
  }
  const std::string id = "%" + std::to_string(semantics.operands.size());
  text += id + " : " + semantics.result.text() + " = " + std::string(info(semantics.op).mnemonic) +
          " " + semantics.attributes + operands + "\noutput y : " + semantics.result.text() +
          "[1] = " + id + "\n}";
  Result<Program> program = parse(text);
  EXPECT_TRUE(program.ok()) << program.error().text() << "\n" << text;
  const Result<void> valid = checkValid(*program);
  EXPECT_TRUE(valid.ok()) << valid.error().text() << "\n" << text;
  return *program;
}

// Calls f with every combination of raw operands.
void forAll(const std::vector<FixedFormat>& formats, const std::function<void(const Values&)>& f) {
  Values values;
  for (const FixedFormat& format : formats) values.push_back(format.minRaw());
  while (true) {
    f(values);
    std::size_t i = 0;
    while (i < formats.size() && values[i] == formats[i].maxRaw()) {
      values[i] = formats[i].minRaw();
      ++i;
    }
    if (i == formats.size()) return;
    ++values[i];
  }
}

std::vector<Semantics> table() {
  std::vector<Semantics> rows;
  const auto add = [&](Op op, std::vector<FixedFormat> operands, FixedFormat result,
                       std::string attributes, std::function<std::int64_t(const Values&)> exact) {
    rows.push_back({op, std::move(operands), result, std::move(attributes), std::move(exact)});
  };
  add(Op::Const, {}, s(6, 2), "-17", [](const Values&) { return -17; });
  add(Op::LeadingOne, {u(7, 2)}, u(3), "", [](const Values& v) {
    std::int64_t n = 0;
    while (pow2(n + 1) <= v[0]) ++n;
    return n;
  });
  // Results wide enough, cut, and of the other signedness.
  for (const FixedFormat& to : {s(12), u(9), s(3), u(2), u(1), s(1)}) {
    for (const FixedFormat& a : {u(4), s(5)}) {
      for (const FixedFormat& b : {u(3), s(4)}) {
        add(Op::Add, {a, b}, to, "", [](const Values& v) { return v[0] + v[1]; });
        add(Op::Sub, {a, b}, to, "", [](const Values& v) { return v[0] - v[1]; });
        add(Op::Mul, {a, b}, to, "", [](const Values& v) { return v[0] * v[1]; });
        add(Op::Min, {a, b}, to, "", [](const Values& v) { return v[0] < v[1] ? v[0] : v[1]; });
        add(Op::Max, {a, b}, to, "", [](const Values& v) { return v[0] < v[1] ? v[1] : v[0]; });
        add(Op::Select, {u(1), a, b}, to, "",
            [](const Values& v) { return v[0] == 1 ? v[1] : v[2]; });
        add(Op::Pick, {u(2), a, b, a}, to, "",
            [](const Values& v) { return v[0] == 3 ? 0 : v[static_cast<std::size_t>(v[0]) + 1]; });
      }
      for (const std::int64_t n : {0, 1, 3, 40}) {
        add(Op::ShiftLeft, {a}, to, std::to_string(n),
            [n](const Values& v) { return v[0] * pow2(n); });
        add(Op::ShiftRight, {a}, to, std::to_string(n),
            [n](const Values& v) { return floorDivide(v[0], pow2(n)); });
      }
      add(Op::ShiftLeftBy, {a, u(3)}, to, "", [](const Values& v) { return v[0] * pow2(v[1]); });
      add(Op::ShiftRightBy, {a, u(5)}, to, "",
          [](const Values& v) { return floorDivide(v[0], pow2(v[1])); });
      add(Op::Reinterpret, {a}, to, "", [](const Values& v) { return v[0]; });
    }
  }
  add(Op::Mul, {u(4, 3), s(4, -1)}, s(8, 2), "", [](const Values& v) { return v[0] * v[1]; });
  for (const FixedFormat& a : {u(4, 2), s(4, 2)}) {
    for (const FixedFormat& b : {u(3, 2), s(5, 2)}) {
      add(Op::Equal, {a, b}, u(1), "", [](const Values& v) { return v[0] == v[1]; });
      add(Op::Less, {a, b}, u(1), "", [](const Values& v) { return v[0] < v[1]; });
      add(Op::LessEqual, {a, b}, u(1), "", [](const Values& v) { return v[0] <= v[1]; });
    }
  }
  // Bit by bit, from the highest.
  const auto bitwise = [](int width, auto f) {
    return [width, f](const Values& v) {
      std::int64_t out = 0;
      for (int i = width - 1; i >= 0; --i) {
        out = 2 * out + f(v[0] / pow2(i) % 2 == 1, v.back() / pow2(i) % 2 == 1);
      }
      return out;
    };
  };
  add(Op::And, {u(4), u(4)}, u(4), "", bitwise(4, [](bool a, bool b) { return a && b; }));
  add(Op::Or, {u(4), u(4)}, u(4), "", bitwise(4, [](bool a, bool b) { return a || b; }));
  add(Op::Xor, {u(4), u(4)}, u(4), "", bitwise(4, [](bool a, bool b) { return a != b; }));
  add(Op::Not, {u(5)}, u(5), "", bitwise(5, [](bool a, bool) { return !a; }));
  add(Op::Requantize, {s(6, 3)}, s(4, 1), "floor wrap",
      [](const Values& v) { return floorDivide(v[0], 4); });
  add(Op::Requantize, {s(6, 3)}, u(3, 1), "nearest_up saturate",
      [](const Values& v) { return std::clamp<std::int64_t>(floorDivide(v[0] + 2, 4), 0, 7); });
  add(Op::Lookup, {u(3)}, s(5, 2), "[3, -16, 15, 0, 7]", [](const Values& v) {
    return v[0] < 5 ? Values{3, -16, 15, 0, 7}[static_cast<std::size_t>(v[0])] : 0;
  });
  for (const FixedFormat& a : {u(6, 1), s(6)}) {
    add(Op::Slice, {a}, u(3), "2", [](const Values& v) { return ((v[0] + 64) % 64) / 4 % 8; });
    add(Op::Slice, {a}, u(6), "0", [](const Values& v) { return (v[0] + 64) % 64; });
    add(Op::Slice, {a}, u(1), "5", [](const Values& v) { return (v[0] + 64) % 64 / 32; });
  }
  add(Op::Concat, {u(3), u(1), u(4)}, u(8), "",
      [](const Values& v) { return v[0] * 32 + v[1] * 16 + v[2]; });
  add(Op::Concat, {u(5)}, u(5), "", [](const Values& v) { return v[0]; });
  return rows;
}

TEST(OpTable, EveryOpMeansItsFormula) {
  std::set<Op> covered{Op::Call};  // the next test's
  for (const Semantics& row : table()) {
    const Program program = oneInstruction(row);
    SCOPED_TRACE(print(program));
    covered.insert(row.op);
    forAll(row.operands, [&](const Values& operands) {
      const std::int64_t want = cut(row.exact(operands), row.result);
      ASSERT_EQ(evaluate(program, program.functions[0], operands).back(), want)
          << testing::PrintToString(operands);
    });
    if (HasFailure()) break;
  }
  EXPECT_EQ(covered.size(), kOpTable.size());
}

TEST(OpTable, CallGivesTheCalleesOutputsInOrder) {
  const Result<Program> program = parse(R"(func @both "sum and difference" {
    event x : u4[2]
    %2 : u5 = add %0, %1
    %3 : s5 = sub %0, %1
    output d : s5[1] = %3
    output s : u5[1] = %2
  }
  func @top "" {
    event a : u4[1]
    event b : u4[1]
    %2 : s5, %3 : u5 = call @both %1, %0
    output y : u5[1] = %3
    output z : s5[1] = %2
  })");
  ASSERT_TRUE(program.ok()) << program.error().text();
  ASSERT_TRUE(checkValid(*program).ok());
  forAll({u(4), u(4)}, [&](const Values& v) {
    const Values got = evaluate(*program, program->functions[1], v);
    EXPECT_EQ(got[2], v[1] - v[0]);
    EXPECT_EQ(got[3], v[0] + v[1]);
  });
}

TEST(OpTable, MnemonicsAreUniqueAndReadBack) {
  for (const OpInfo& row : kOpTable) {
    EXPECT_EQ(parseOp(row.mnemonic), row.op);
    EXPECT_EQ(&info(row.op), &row);
    EXPECT_FALSE(row.meaning.empty());
  }
  EXPECT_EQ(parseOp("Add"), std::nullopt);
  EXPECT_EQ(parseOp(""), std::nullopt);
}

TEST(Program, MergeAddsWhatIsMissingOnce) {
  const Program both = *parse(
      "func @a \"\" { event x : u2[1]\n output y : u2[1] = %0\n }\n"
      "func @b \"\" { event x : u2[1]\n %1 : u2 = call @a %0\n output y : u2[1] = %1\n }");
  Program program;
  program.functions.push_back(both.functions[0]);
  program.merge(both);
  EXPECT_TRUE(program == both);
  program.merge(both);
  EXPECT_TRUE(program == both);
  EXPECT_EQ(program.find("b"), &program.functions[1]);
  EXPECT_EQ(program.find("c"), nullptr);
}

}  // namespace
}  // namespace aegen::core
