// The chip's own vectors through a design that is configured over I2C. The chip of all encoders has
// 2307 registers, which take minutes of simulated bus (aegen conform --registers serial); this one
// holds threshold sum alone.

#include <gtest/gtest.h>

#include "aegen/data/events.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/vector_set.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "aegen/sim/rtl_executor.hpp"

namespace aegen {
namespace {

namespace econ_t = encoders::econ_t;
namespace fs = std::filesystem;

TEST(SerialVectors, ThresholdSumSetOverI2cSendsEveryWordTheChipSends) {
  const fs::path vectors = fs::weakly_canonical(AEGEN_SOURCE_DIR "/../shared/econt/vectors");
  const auto set = encoders::loadVectorSet(vectors, "TS_Thr47_5eTx_MRL");
  ASSERT_TRUE(set.ok()) << set.error().text();
  const auto rx = data::readRxCsv(set->input);
  ASSERT_TRUE(rx.ok()) << rx.error().text();
  const auto expected = data::readTxCsv(set->expected);
  ASSERT_TRUE(expected.ok()) << expected.error().text();

  econ_t::ChipOptions options;
  options.name = "serial_threshold_sum";
  options.encoders = {econ_t::Algorithm::ThresholdSum};
  options.serial = core::SerialPort{.addressBase = 0x48, .addressPins = 3};
  const auto design = econ_t::chip(econ_t::ChipSettings::neutral(), options);
  ASSERT_TRUE(design.ok()) << design.error().text();
  const auto rtl = rtl_gen::emitVerilog(*design);
  ASSERT_TRUE(rtl.ok()) << rtl.error().text();
  const fs::path folder = fs::path(AEGEN_BUILD_DIR) / "conformance" / "serial_threshold_sum";
  const auto written = rtl_gen::writeRtl(*rtl, folder / "rtl");
  ASSERT_TRUE(written.ok()) << written.error().text();
  sim::BenchOptions bench;
  bench.workDir = folder;
  auto chip = sim::RtlExecutor::create(rtl->manifest, folder / "rtl", bench);
  ASSERT_TRUE(chip.ok()) << chip.error().text();

  core::Columns inputs(data::kRxWords, rx->size());
  for (std::size_t k = 0; k < rx->size(); ++k) {
    for (std::size_t w = 0; w < (*rx)[k].size(); ++w) inputs.at(w, k) = (*rx)[k][w];
  }
  const auto differing = [&] {
    const auto tx = (*chip)->run(inputs);
    EXPECT_TRUE(tx.ok()) << tx.error().text();
    std::size_t out = 0;
    for (std::size_t k = 0; k < expected->size(); ++k) {
      bool differs = false;
      for (std::size_t w = 0; w < (*expected)[k].size(); ++w) {
        differs = differs || tx->at(w, k) != std::int64_t{(*expected)[k][w]};
      }
      out += differs ? 1 : 0;
    }
    return out;
  };
  ASSERT_EQ(expected->size(), rx->size());
  // With what it wakes up with it sends something else; over the serial port it is set and read.
  EXPECT_GT(differing(), expected->size() / 2);
  const auto configured =
      (*chip)->configure(econ_t::configValues(set->settings, options.encoders),
                         {sim::ConfigPort::Serial, sim::ConfigPort::Serial, 1'000'000});
  ASSERT_TRUE(configured.ok()) << configured.error().text();
  EXPECT_EQ(differing(), 0U);
}

}  // namespace
}  // namespace aegen
