#include "aegen/lint/rtl_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "aegen/rtl_gen/verilog_build.hpp"

namespace aegen::lint {
namespace {

using namespace rtl_gen::verilog;

ExprPtr resetLow() {
  return unary(Operator::Not, reference("rst_n", 1));
}

/// Findings of one rule.
std::vector<Finding> findings(std::string_view rule, const std::vector<Module>& modules) {
  for (RuleOutcome& outcome : checkRtl(modules)) {
    if (outcome.rule->name == rule) {
      return std::move(outcome.findings);
    }
  }
  ADD_FAILURE() << "no rule " << rule;
  return {};
}

Port input(const std::string& name, int width = 1) {
  return {name, Direction::Input, width, false, {}, {}};
}
Port output(const std::string& name, int width = 1) {
  return {name, Direction::Output, width, false, {}, {}};
}
Net net(const std::string& name, int width, ExprPtr value = nullptr) {
  return {name, width, false, std::move(value), {}};
}

Module leaf() {
  Module module;
  module.name = "leaf";
  module.ports = {input("a", 4), output("y", 4)};
  module.items = {Assign{reference("y", 4), unary(Operator::Not, reference("a", 4))}};
  return module;
}

/// A top without a fault: a leaf's result in a register, which is the output.
Module top() {
  Module module;
  module.name = "top";
  module.ports = {input("clk"), input("rst_n"), input("x", 4), output("y", 4)};
  module.ports[3].reg = RegisterInfo{literal(0, 4), {}};
  module.items = {net("next", 4),
                  Instance{"leaf",
                           "u_leaf",
                           {{"a", reference("x", 4), false}, {"y", reference("next", 4), true}},
                           {}},
                  AlwaysFf{"clk",
                           {ifElse(resetLow(), {nonBlocking(reference("y", 4), literal(0, 4))},
                                   {nonBlocking(reference("y", 4), reference("next", 4))})},
                           {}}};
  return module;
}

TEST(RtlRules, ASoundDesignBreaksNone) {
  const std::vector<Module> modules = {leaf(), top()};
  for (const RuleOutcome& outcome : checkRtl(modules)) {
    EXPECT_TRUE(outcome.findings.empty())
        << outcome.rule->name << ": " << outcome.findings[0].message;
  }
}

TEST(RtlRules, EachHasAnUniqueNameAndSaysWhatAndWhy) {
  const auto rules = rtlRules();
  EXPECT_EQ(rules.size(), 6U);
  for (const RtlRule& rule : rules) {
    EXPECT_FALSE(rule.what.empty());
    EXPECT_FALSE(rule.why.empty());
    EXPECT_EQ(std::count_if(rules.begin(), rules.end(),
                            [&](const RtlRule& other) { return other.name == rule.name; }),
              1);
  }
}

TEST(RegisteredOutputs, LogicBehindAnOutputIsFound) {
  Module module = top();
  module.ports.push_back(output("z"));
  module.items.push_back(Assign{reference("z", 1), unary(Operator::ReduceOr, reference("y", 4))});
  const auto found = findings("registered-outputs", {leaf(), module});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].name, "z");
}

TEST(RegisteredOutputs, AnInputWiredThroughIsFound) {
  Module module = top();
  module.ports.push_back(output("z", 4));
  module.items.push_back(Assign{reference("z", 4), reference("x", 4)});
  const auto found = findings("registered-outputs", {leaf(), module});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].message.find("input x"), std::string::npos) << found[0].message;
}

TEST(RegisteredOutputs, LogicInsideAnInstanceIsFoundAndItsRegistersAreNot) {
  Module outer;
  outer.name = "outer";
  outer.ports = {input("clk"), input("rst_n"), input("x", 4), output("good", 4), output("bad", 4)};
  outer.items = {Instance{"top",
                          "u_top",
                          {{"clk", reference("clk", 1), false},
                           {"rst_n", reference("rst_n", 1), false},
                           {"x", reference("x", 4), false},
                           {"y", reference("good", 4), true}},
                          {}},
                 Instance{"leaf",
                          "u_leaf",
                          {{"a", reference("good", 4), false}, {"y", reference("bad", 4), true}},
                          {}}};
  const auto found = findings("registered-outputs", {leaf(), top(), outer});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].name, "bad");
  EXPECT_NE(found[0].message.find("u_leaf"), std::string::npos) << found[0].message;
}

TEST(RegisteredOutputs, WiresFromRegistersAreAllowed) {
  Module module = top();
  module.ports.push_back(output("z", 5));
  module.items.push_back(Assign{
      reference("z", 5),
      concat({literal(0, 1), slice(reference("y", 4), 3, 2), slice(reference("y", 4), 1, 0)})});
  EXPECT_TRUE(findings("registered-outputs", {leaf(), module}).empty());
}

TEST(Undriven, NetsOutputsRegistersAndSingleBitsAreFound) {
  Module module = top();
  module.ports.push_back(output("z"));
  module.items.insert(module.items.begin(), net("floating", 3));
  module.items.insert(module.items.begin(), net("half", 4));
  module.items.push_back(Assign{slice(reference("half", 4), 1, 0), literal(0, 2)});
  module.items.push_back(Register{"stuck", 2, false, {nullptr, "a reason"}, {}});
  const auto found = findings("undriven", {leaf(), module});
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].name, "z");
  EXPECT_EQ(found[1].message, "half[3:2] is driven by nothing");
  EXPECT_EQ(found[2].name, "floating");
  EXPECT_EQ(found[3].name, "stuck");
}

TEST(MultiplyDriven, TwoDriversOfABitAreFoundAndNeighboursAreNot) {
  Module module = top();
  module.items.push_back(net("shared", 4));
  module.items.push_back(Assign{slice(reference("shared", 4), 2, 0), literal(0, 3)});
  module.items.push_back(Assign{slice(reference("shared", 4), 3, 2), literal(0, 2)});
  const auto found = findings("multiply-driven", {leaf(), module});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].message, "shared[2] has more than one driver");
}

TEST(MultiplyDriven, InputsInstancesAndProcessesAreDrivers) {
  Module module = top();
  module.items.push_back(Assign{reference("x", 4), literal(0, 4)});     // an input
  module.items.push_back(Assign{reference("next", 4), literal(0, 4)});  // the leaf's output
  module.items.push_back(AlwaysFf{"clk", {nonBlocking(reference("y", 4), reference("x", 4))}, {}});
  EXPECT_EQ(findings("multiply-driven", {leaf(), module}).size(), 3U);
}

TEST(WidthMismatch, AssignsNetsProcessesAndConnectionsAreChecked) {
  Module module = top();
  module.items.push_back(net("narrow", 3, reference("x", 4)));
  module.items.push_back(net("wide", 5));
  module.items.push_back(Assign{reference("wide", 5), reference("x", 4)});
  module.items.push_back(Register{"r", 2, false, {nullptr, "a reason"}, {}});
  Statement wrong = nonBlocking(reference("r", 2), literal(0, 2));  // the builder refuses it
  wrong.value = reference("x", 4);
  module.items.push_back(AlwaysFf{"clk", {wrong}, {}});
  module.items.push_back(Instance{"leaf", "u_odd", {{"a", reference("wide", 5), false}}, {}});
  const auto found = findings("width-mismatch", {leaf(), module});
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].message, "narrow has 3 bits but is given 4");
  EXPECT_EQ(found[1].name, "wide");
  EXPECT_EQ(found[2].name, "r");
  EXPECT_EQ(found[3].message, "u_odd.a has 4 bits but is given 5");
}

TEST(ResetCoverage, RegistersWithoutResetMustSayWhy) {
  Module module = top();
  module.items.push_back(Register{"data", 4, false, {nullptr, ""}, {}});
  module.items.push_back(Register{"marked", 4, false, {nullptr, "overwritten each clock"}, {}});
  module.items.push_back(Memory{"store", 4, 8, "", {}});
  const auto found = findings("reset-coverage", {leaf(), module});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "data");
  EXPECT_EQ(found[1].name, "store");
}

TEST(ResetCoverage, ADeclaredResetMustHappenOnEveryBit) {
  Module module = top();
  module.items.push_back(Register{"state", 4, false, {literal(0, 4), {}}, {}});
  module.items.push_back(
      AlwaysFf{"clk",
               {ifElse(resetLow(), {nonBlocking(slice(reference("state", 4), 1, 0), literal(0, 2))},
                       {nonBlocking(reference("state", 4), reference("x", 4))})},
               {}});
  const auto found = findings("reset-coverage", {leaf(), module});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].message, "state[3:2] should be reset but no process does it");
}

/// A register that is cleared by `clear` (an input or net of its module).
Module cleared(std::vector<Item> before, bool clearIsPort) {
  Module module;
  module.name = "cleared";
  module.ports = {input("clk"), output("y")};
  if (clearIsPort) {
    module.ports.push_back(input("clear"));
  } else {
    module.ports.push_back(input("rst_n"));
    module.ports.push_back(input("flush"));
  }
  module.ports[1].reg = RegisterInfo{literal(0, 1), {}};
  module.items = std::move(before);
  module.items.push_back(
      AlwaysFf{"clk",
               {ifElse(reference("clear", 1), {nonBlocking(reference("y", 1), literal(0, 1))},
                       {nonBlocking(reference("y", 1), literal(1, 1))})},
               {}});
  return module;
}

TEST(ResetCoverage, ResetIsFollowedThroughDisjunctionsNetsAndPorts) {
  const ExprPtr either = binary(Operator::Or, resetLow(), reference("flush", 1));
  EXPECT_TRUE(findings("reset-coverage", {cleared({net("clear", 1, either)}, false)}).empty());
  // A conjunction does not reset whenever rst_n is low.
  const ExprPtr both = binary(Operator::And, resetLow(), reference("flush", 1));
  EXPECT_EQ(findings("reset-coverage", {cleared({net("clear", 1, both)}, false)}).size(), 1U);

  Module outer;
  outer.name = "outer";
  outer.ports = {input("clk"), input("rst_n"), input("flush"), output("y"), output("z")};
  const auto instance = [](const std::string& name, const std::string& out, ExprPtr clear) {
    return Instance{"cleared",
                    name,
                    {{"clk", reference("clk", 1), false},
                     {"clear", std::move(clear), false},
                     {"y", reference(out, 1), true}},
                    {}};
  };
  outer.items = {instance("u0", "y", either), instance("u1", "z", resetLow())};
  EXPECT_TRUE(findings("reset-coverage", {cleared({}, true), outer}).empty());
  // One instance that is never reset is enough to break the rule.
  outer.items[1] = instance("u1", "z", reference("flush", 1));
  EXPECT_EQ(findings("reset-coverage", {cleared({}, true), outer}).size(), 1U);
}

TEST(Unused, NamesNothingReadsAreFoundButNotTheSink) {
  Module module = top();
  module.ports.push_back(input("spare", 2));
  module.items.push_back(net("dead", 4, reference("x", 4)));
  module.items.push_back(net("dropped", 4, reference("x", 4)));
  module.items.push_back(net("_unused_ok", 1, unary(Operator::ReduceAnd, reference("dropped", 4))));
  const auto found = findings("unused", {leaf(), module});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "spare");
  EXPECT_EQ(found[1].name, "dead");
}

TEST(DiagnosticOf, CarriesCodePlaceAndReason) {
  const RtlRule& rule = rtlRules()[1];
  const core::Diagnostic diagnostic = diagnosticOf(rule, {"top", "x", "x is driven by nothing"});
  EXPECT_EQ(diagnostic.code, "lint.undriven");
  EXPECT_EQ(diagnostic.where, "top.x");
  EXPECT_EQ(diagnostic.failure, core::Failure::CheckFailed);
  ASSERT_EQ(diagnostic.notes.size(), 1U);
}

}  // namespace
}  // namespace aegen::lint
