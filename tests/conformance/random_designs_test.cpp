// Interpreter, Verilated RTL and SystemC decoder agree on every bit of random small designs.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "aegen/core/design.hpp"
#include "aegen/core/function_builder.hpp"
#include "aegen/core/passes/share_products.hpp"
#include "aegen/core/text.hpp"
#include "aegen/core/verifier.hpp"
#include "aegen/encoders/lowering.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "aegen/rtl_gen/systemc_emitter.hpp"
#include "aegen/sim/cosimulation.hpp"
#include "random_network.hpp"

namespace aegen {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kEvents = 400;

// A random encoder and a random decoder behind it, under names of their own.
struct Pair {
  std::uint64_t seed = 0;
  encoders::Graph encoder;
  encoders::Lowering chip;
  encoders::Lowering board;
  core::ConfigValues config;  ///< other weights than those after reset
};

void rename(encoders::Graph& graph, const std::string& prefix) {
  for (encoders::Node& node : graph.nodes) {
    node.name = prefix + node.name;
    node.kernel.name = prefix + node.kernel.name;
    node.bias.name = prefix + node.bias.name;
  }
}

Pair makePair(std::uint64_t seed) {
  Pair pair;
  pair.seed = seed;
  test::RandomNetwork random(seed);
  const std::string prefix = "n" + std::to_string(seed) + "_";
  pair.encoder = random.graph();
  rename(pair.encoder, prefix);
  EXPECT_TRUE(pair.encoder.infer().ok());
  // Every other chip shares additions, where it has hard-wired weights.
  const bool shares = seed % 2 == 0;
  auto chip = encoders::lower(pair.encoder, prefix, {.wholeDense = shares});
  EXPECT_TRUE(chip.ok());
  if (shares) {
    EXPECT_TRUE(core::passes::shareProducts(chip->program).ok());
  }
  pair.chip = std::move(*chip);
  encoders::Graph decoder =
      random.graphBehind(pair.chip.output.format, static_cast<int>(pair.chip.output.count));
  rename(decoder, prefix + "d_");
  EXPECT_TRUE(decoder.infer().ok());
  auto board = encoders::lower(decoder, prefix + "d_");
  EXPECT_TRUE(board.ok());
  pair.board = std::move(*board);
  encoders::addWhole(pair.board, prefix + "decoder", "random decoder");
  std::uint64_t state = seed;
  for (const core::ConfigField& field : pair.chip.fields) {
    std::vector<std::int64_t> values = field.reset;
    for (std::int64_t& value : values) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      const core::Interval range = field.format.range();
      value =
          range.low + static_cast<std::int64_t>(
                          (state >> 33) % static_cast<std::uint64_t>(range.high - range.low + 1));
    }
    pair.config[field.name] = values;
  }
  return pair;
}

// All pairs side by side: one chip, one decoder.
struct Assembly {
  core::Design chip;
  core::Program board;
  core::Columns inputs;
  core::ConfigValues config;
};

Assembly assemble(const std::vector<Pair>& pairs) {
  Assembly out;
  out.chip.name = "random_designs";
  std::size_t elements = 0;
  for (const Pair& pair : pairs) {
    out.chip.program.merge(pair.chip.program);
    out.board.merge(pair.board.program);
    for (const core::Signal& signal : pair.chip.inputs) {
      out.chip.inputs.push_back(signal);
      elements += signal.count;
    }
    for (const core::ConfigField& field : pair.chip.fields) out.chip.config.push_back(field);
    for (const encoders::LoweredLayer& layer : pair.chip.layers) {
      out.chip.blocks.push_back({core::BlockKind::Function,
                                 "u_" + layer.function,
                                 layer.function,
                                 layer.inputs,
                                 layer.outputs,
                                 true,
                                 {}});
    }
    out.chip.outputs.push_back(pair.chip.output.name);
    out.config.insert(pair.config.begin(), pair.config.end());
  }
  core::FunctionBuilder b(out.board, "decode", "all random decoders");
  std::vector<std::vector<core::ValueId>> in;
  for (const Pair& pair : pairs) {
    in.push_back(b.input(pair.chip.output.name, pair.chip.output.format, pair.chip.output.count));
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const std::string prefix = "n" + std::to_string(pairs[i].seed) + "_";
    const auto results = b.call(prefix + "decoder", in[i]);
    b.output(pairs[i].board.output.name, pairs[i].board.output.format, results);
  }
  out.board.functions.push_back(std::move(b).finish());
  out.inputs = core::Columns(elements, kEvents);
  for (std::size_t k = 0; k < kEvents; ++k) {
    std::size_t row = 0;
    for (const Pair& pair : pairs) {
      test::RandomNetwork random(pair.seed * 1000 + k);
      for (const std::int64_t value : random.input(pair.encoder)) out.inputs.at(row++, k) = value;
    }
  }
  return out;
}

core::Result<sim::CosimReport> run(const std::vector<Pair>& pairs, const fs::path& work) {
  const Assembly assembly = assemble(pairs);
  EXPECT_TRUE(core::verify(assembly.chip.program).empty());
  EXPECT_TRUE(core::verify(assembly.board).empty());
  const auto rtl = rtl_gen::emitVerilog(assembly.chip);
  if (!rtl) return rtl.error();
  if (auto written = rtl_gen::writeRtl(*rtl, work / "rtl"); !written) return written.error();
  const auto systemc = rtl_gen::emitSystemC(assembly.board, "decode", {"RandomDecoder", 1});
  if (!systemc) return systemc.error();
  const sim::ChipUnderTest chip{&assembly.chip, rtl->manifest, work / "rtl"};
  const sim::DecoderUnderTest decoder{&assembly.board, "decode", "RandomDecoder", *systemc, 1};
  sim::CosimOptions options;
  options.bench.workDir = work;
  options.bench.optimization = "-O1";
  options.linkLatency = 1;
  options.locate = false;
  return sim::cosimulate(chip, &decoder, assembly.inputs, assembly.config, options);
}

std::string describe(const sim::CosimReport& report) {
  if (!report.first) return "no mismatch, but a latency was not met";
  return report.first->signal + "[" + std::to_string(report.first->element) + "] at crossing " +
         std::to_string(report.first->crossing) + " is " + std::to_string(report.first->got) +
         ", expected " + std::to_string(report.first->expected);
}

TEST(Conformance, HundredRandomDesignsAgreeBitForBitInInterpreterRtlAndSystemC) {
  const char* const from = std::getenv("AEGEN_SEED");
  const std::uint64_t first = from == nullptr ? 1 : std::strtoull(from, nullptr, 10);
  RecordProperty("seed", std::to_string(first));
  SCOPED_TRACE("seeds " + std::to_string(first) + ".." + std::to_string(first + 99) +
               " (AEGEN_SEED sets the first)");
  std::vector<Pair> pairs;
  for (std::uint64_t i = 0; i < 100; ++i) pairs.push_back(makePair(first + i));
  const fs::path work = fs::path(AEGEN_BUILD_DIR) / "conformance";
  const auto report = run(pairs, work);
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(report->crossings, kEvents);
  EXPECT_EQ(report->mismatches, 0U) << describe(*report);
  if (report->mismatches == 0 || !report->first) return;
  // Shrunk to the one design that differs, with its program.
  for (const Pair& pair : pairs) {
    if (!report->first->signal.starts_with("n" + std::to_string(pair.seed) + "_")) continue;
    const auto alone = run({pair}, work / "alone");
    ADD_FAILURE() << "seed " << pair.seed
                  << " alone: " << (alone ? describe(*alone) : alone.error().text()) << "\n"
                  << core::print(pair.chip.program) << core::print(pair.board.program);
  }
}

}  // namespace
}  // namespace aegen
