#include "small_design.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "aegen/core/function_builder.hpp"
#include "aegen/core/verifier.hpp"
#include "aegen/rtl_gen/emit_design.hpp"

namespace aegen::sim::testing {
namespace {

using core::FixedFormat;
using core::ValueId;

constexpr FixedFormat kWord{false, 32, 0};
constexpr FixedFormat kSample{true, 7, 0};
constexpr FixedFormat kWeight{true, 6, 5};
constexpr FixedFormat kSum{true, 15, 5};
constexpr FixedFormat kBx{false, 12, 0};

core::Function unpackFunction(const core::Program& program) {
  core::FunctionBuilder b(program, "unpack", "header and samples of the input words");
  const auto words = b.input("rx_words", kWord, 2);
  std::vector<ValueId> samples;
  for (int i = 0; i < 4; ++i) {
    samples.push_back(b.reinterpret(b.slice(words[i < 2 ? 0U : 1U], 7 * (i % 2), 7), kSample));
  }
  b.output("header", {false, 4, 0}, b.slice(words[0], 28, 4));
  b.output("samples", kSample, samples);
  return std::move(b).finish();
}

core::Function dotFunction(const core::Program& program) {
  core::FunctionBuilder b(program, "dot", "weighted sum of the samples and an offset");
  const auto samples = b.input("samples", kSample, 4);
  const auto weights = b.input("weights", kWeight, 4, core::Role::Config);
  const auto offset = b.input("offset", {false, 8, 0}, 1, core::Role::Config);
  std::vector<ValueId> terms{b.reinterpret(b.shiftLeft(offset[0], 5), {false, 13, 5})};
  for (std::size_t i = 0; i < 4; ++i) terms.push_back(b.mul(samples[i], weights[i]));
  b.output("sum", kSum, b.sum(terms));
  return std::move(b).finish();
}

core::Function packFunction(const core::Program& program) {
  core::FunctionBuilder b(program, "pack", "crossing number and sum as words");
  const auto bx = b.input("bx", kBx);
  const auto sum = b.input("sum", kSum);
  const ValueId zero = b.reinterpret(b.constant(0), {false, 5, 0});
  const ValueId bits = b.slice(sum[0], 0, 15);
  const ValueId first = b.concat(std::vector<ValueId>{bx[0], zero, bits});
  const ValueId second = b.reinterpret(b.bitNot(first), kWord);
  b.output("tx", kWord, std::vector<ValueId>{first, second});
  return std::move(b).finish();
}

}  // namespace

core::Design smallDesign(const std::string& name) {
  core::Design d;
  d.name = name;
  d.comment = "a weighted sum with a crossing number";
  for (const auto make : {unpackFunction, dotFunction, packFunction}) {
    d.program.functions.push_back(make(d.program));
  }
  d.inputs = {{"rx_words", kWord, 2}};
  d.config = {{"weights", kWeight, 4, {1, 2, 3, -4}, "weights of the sum"},
              {"offset", {false, 8, 0}, 1, {5}, "added to the sum"}};
  core::Block unpack;
  unpack.name = "u_unpack";
  unpack.function = "unpack";
  unpack.inputs = {{"rx_words", "rx_words"}};
  unpack.outputs = {{"header", "header"}, {"samples", "samples"}};
  core::Block counter;
  counter.kind = core::BlockKind::BxCounter;
  counter.name = "u_bx";
  counter.inputs = {{"rx_header", "header"}};
  counter.outputs = {{"bx", "bx"}};
  core::Block dot;
  dot.name = "u_dot";
  dot.function = "dot";
  dot.inputs = {{"samples", "samples"}, {"weights", "weights"}, {"offset", "offset"}};
  dot.outputs = {{"sum", "sum"}};
  dot.registered = true;
  core::Block pack;
  pack.name = "u_pack";
  pack.function = "pack";
  pack.inputs = {{"bx", "bx"}, {"sum", "sum"}};
  pack.outputs = {{"tx", "tx"}};
  pack.registered = true;
  d.blocks = {unpack, counter, dot, pack};
  d.outputs = {"tx"};
  d.milestones = {{"encoder", "sum", 1}, {"formatter", "tx", 2}};
  return d;
}

core::Program smallDecoder() {
  core::Program program;
  core::FunctionBuilder b(program, kSmallDecoder, "crossing number and magnitude from the words");
  const auto tx = b.input("tx", kWord, 2);
  b.output("bx", kBx, b.slice(tx[0], 20, 12));
  const ValueId sum = b.reinterpret(b.slice(tx[0], 0, 15), kSum);
  b.output("sum", kSum, sum);
  const ValueId magnitude = b.max(sum, b.sub(b.constant(0, 5), sum));
  const FixedFormat coarse{false, 8, 1};
  b.output(
      "magnitude", coarse,
      std::vector<ValueId>{
          b.requantize(magnitude, coarse, core::Rounding::NearestEven, core::Overflow::Saturate),
          b.requantize(magnitude, coarse, core::Rounding::Floor, core::Overflow::Saturate)});
  program.functions.push_back(std::move(b).finish());
  return program;
}

core::Columns smallInputs(std::size_t crossings, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  core::Columns inputs(2, crossings);
  for (std::size_t k = 0; k < crossings; ++k) {
    const std::int64_t header = k % 3564 == 0 ? 9 : 10;
    inputs.at(0, k) = header << 28 | static_cast<std::int64_t>(random() & 0x3fff);
    inputs.at(1, k) = 10LL << 28 | static_cast<std::int64_t>(random() & 0x3fff);
  }
  return inputs;
}

core::ConfigValues smallConfig() {
  return {{"weights", {31, -32, 7, -1}}, {"offset", {200}}};
}

WrittenRtl writtenRtl(const core::Design& design) {
  WrittenRtl written;
  EXPECT_TRUE(core::analyse(design).ok()) << core::analyse(design).error().text();
  const auto rtl = rtl_gen::emitVerilog(design);
  EXPECT_TRUE(rtl.ok()) << rtl.error().text();
  if (!rtl.ok()) return written;
  // Tests of one fixture run at the same time as processes of their own: a folder for each.
  const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
  written.folder = std::filesystem::path(AEGEN_BUILD_DIR) / "test_work" / "sim_rtl" / test->name();
  std::filesystem::remove_all(written.folder);
  const auto saved = rtl_gen::writeRtl(*rtl, written.folder);
  EXPECT_TRUE(saved.ok()) << saved.error().text();
  written.manifest = rtl->manifest;
  return written;
}

std::filesystem::path workFolder() {
  return std::filesystem::path(AEGEN_BUILD_DIR) / "test_work" / "sim";
}

}  // namespace aegen::sim::testing
