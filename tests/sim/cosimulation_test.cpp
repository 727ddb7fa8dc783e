#include "aegen/sim/cosimulation.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/interpreter.hpp"
#include "aegen/rtl_gen/systemc_emitter.hpp"
#include "small_design.hpp"

namespace aegen::sim {
namespace {

namespace small = ::aegen::sim::testing;

class Cosimulate : public ::testing::Test {
 protected:
  Cosimulate() : design_(small::smallDesign("small_b")), program_(small::smallDecoder()) {
    const small::WrittenRtl rtl = small::writtenRtl(design_);
    chip_ = {&design_, rtl.manifest, rtl.folder};
    decoder_.program = &program_;
    decoder_.function = small::kSmallDecoder;
    decoder_.moduleName = "SmallDecoder";
    decoder_.latency = 2;
    const auto text = rtl_gen::emitSystemC(program_, decoder_.function,
                                           {.moduleName = "SmallDecoder", .latency = 2});
    EXPECT_TRUE(text.ok());
    decoder_.systemc = *text;
    options_.bench.workDir = small::workFolder();
    options_.linkLatency = 3;
  }

  core::Result<CosimReport> run(std::size_t crossings, bool withDecoder = true) {
    return cosimulate(chip_, withDecoder ? &decoder_ : nullptr, small::smallInputs(crossings, 11),
                      small::smallConfig(), options_);
  }

  static const LatencyResult& latency(const CosimReport& report, std::string_view signal) {
    return *std::ranges::find(report.latencies, signal, &LatencyResult::signal);
  }

  core::Design design_;
  core::Program program_;
  ChipUnderTest chip_;
  DecoderUnderTest decoder_;
  CosimOptions options_;
};

TEST_F(Cosimulate, AGoodChipPassesOnEveryBitWithTheLatenciesAskedFor) {
  const auto report = run(10'000);
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_TRUE(report->passed());
  EXPECT_EQ(report->mismatches, 0U);
  // sum, tx[2], received[2], bx, sum, magnitude[2]
  EXPECT_EQ(report->compared, 10'000U * 9U);
  EXPECT_EQ(latency(*report, "sum").measured.clocks, 1);
  EXPECT_EQ(latency(*report, "tx").measured.clocks, 2);
  EXPECT_EQ(latency(*report, "received.tx").measured.clocks, 2 + 3);
  EXPECT_EQ(latency(*report, "decoder.magnitude").measured.clocks, 2 + 3 + 2);
  for (const LatencyResult& result : report->latencies) {
    EXPECT_TRUE(result.measured.unique) << result.signal;
    EXPECT_TRUE(result.met()) << result.signal;
  }
  RecordProperty("crossings_per_second", static_cast<int>(report->crossingsPerSecond()));
}

TEST_F(Cosimulate, PassesWhenTheConfigurationWentInOverTheSerialPort) {
  design_.name = "small_serial";
  design_.serial = core::SerialPort{};
  const small::WrittenRtl rtl = small::writtenRtl(design_);
  chip_.manifest = rtl.manifest;
  chip_.rtlFolder = rtl.folder;
  options_.configRoute = {ConfigPort::Serial, ConfigPort::Parallel, 1'000'000};
  const auto report = run(500);
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_TRUE(report->passed());
  EXPECT_EQ(report->compared, 500U * 9U);
}

TEST_F(Cosimulate, EveryLinkLatencyIsMeasuredAsAsked) {
  for (const int link : {0, 1, 2, 7}) {
    options_.linkLatency = link;
    const auto report = run(500);
    ASSERT_TRUE(report.ok()) << report.error().text();
    EXPECT_TRUE(report->passed()) << "link " << link;
    EXPECT_EQ(latency(*report, "decoder.bx").measured.clocks, 2 + link + 2);
  }
}

TEST_F(Cosimulate, ReturnsWhatTheDecoderGaveForEachCrossing) {
  const auto report = run(3000);
  ASSERT_TRUE(report.ok()) << report.error().text();
  core::DesignInterpreter chip(design_);
  chip.configure(small::smallConfig());
  core::Interpreter decoder(program_, small::kSmallDecoder);
  const auto expected = decoder.run(*chip.run(small::smallInputs(3000, 11)));
  ASSERT_TRUE(expected.ok());
  EXPECT_TRUE(report->decoded == *expected);
}

TEST_F(Cosimulate, RunsTheChipAloneWithoutADecoder) {
  const auto report = run(2500, false);
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_TRUE(report->passed());
  EXPECT_EQ(report->compared, 2500U * 3U);
}

TEST_F(Cosimulate, AWrongCapturedBitIsReportedWithCrossingSignalAndBothValues) {
  for (const std::uint64_t crossing : {0ULL, 1023ULL, 1024ULL, 2999ULL}) {
    options_.faults = {{Fault::Place::Capture, "tx", 1, 31, crossing}};
    const auto report = run(3000);
    ASSERT_TRUE(report.ok()) << report.error().text();
    EXPECT_FALSE(report->passed());
    EXPECT_EQ(report->mismatches, 1U);
    ASSERT_TRUE(report->first.has_value());
    EXPECT_EQ(report->first->crossing, crossing);
    EXPECT_EQ(report->first->signal, "tx");
    EXPECT_EQ(report->first->element, 1U);
    EXPECT_EQ(report->first->expected ^ report->first->got, 1LL << 31);
    EXPECT_FALSE(report->origin.has_value());  // the chip itself is right
    EXPECT_NE(report->reproduce.find("--from " + std::to_string(crossing)), std::string::npos);
  }
}

TEST_F(Cosimulate, AWrongBitOnTheLinkShowsAtTheReceiverFirst) {
  options_.faults = {{Fault::Place::Link, "tx", 0, 3, 1500}};
  for (const int link : {0, 3}) {
    options_.linkLatency = link;
    const auto report = run(3000);
    ASSERT_TRUE(report.ok()) << report.error().text();
    ASSERT_TRUE(report->first.has_value());
    EXPECT_EQ(report->first->crossing, 1500U);
    EXPECT_EQ(report->first->signal, "received.tx");
    EXPECT_EQ(report->first->expected ^ report->first->got, 8);
    EXPECT_GE(report->mismatches, 2U);  // the decoder's sum is wrong as well
  }
}

TEST_F(Cosimulate, AChipThatComputesSomethingElseIsTracedToTheStageThatDiffers) {
  // The expectation is of a design with another sum: the RTL's `sum` is the first that differs.
  core::Design other = design_;
  for (core::Instruction& instruction : other.program.functions[1].instructions) {
    if (instruction.op == core::Op::ShiftLeft) instruction.immediate = 4;
  }
  chip_.design = &other;
  chip_.manifest.milestones.erase(chip_.manifest.milestones.begin());  // `sum` is not captured
  const auto report = run(2000);
  ASSERT_TRUE(report.ok()) << report.error().text();
  ASSERT_TRUE(report->first.has_value());
  EXPECT_EQ(report->first->signal, "tx");
  ASSERT_TRUE(report->origin.has_value());
  EXPECT_EQ(report->origin->signal, "sum");
  EXPECT_EQ(report->origin->crossing, report->first->crossing);
}

TEST_F(Cosimulate, AWindowLooksAtItsCrossingsAloneAndLeavesAWaveform) {
  options_.faults = {{Fault::Place::Capture, "tx", 0, 0, 100},
                     {Fault::Place::Capture, "tx", 0, 0, 1800}};
  options_.from = 1790;
  options_.count = 20;
  options_.trace = small::workFolder() / "window.fst";
  std::filesystem::remove(options_.trace);
  const auto report = run(3000);
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(report->mismatches, 1U);
  EXPECT_EQ(report->first->crossing, 1800U);
  EXPECT_EQ(report->compared, 20U * 9U);
  EXPECT_GT(std::filesystem::file_size(options_.trace), 1000U);
}

TEST_F(Cosimulate, RefusesWhatMakesNoSense) {
  options_.faults = {{Fault::Place::Capture, "absent", 0, 0, 0}};
  EXPECT_EQ(run(10).error().code, "sim.fault");
  options_.faults = {{Fault::Place::Link, "tx", 2, 0, 0}};
  EXPECT_EQ(run(10).error().code, "sim.fault");
  options_.faults.clear();
  options_.from = 10;
  EXPECT_EQ(run(10).error().code, "sim.window");
  options_.from = 0;
  options_.captured = {"absent"};
  EXPECT_EQ(run(10).error().code, "sim.no-signal");
}

}  // namespace
}  // namespace aegen::sim
