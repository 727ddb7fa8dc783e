// Verilated chips, reconfigured through their registers, equal the interpreter for settings,
// weights and shapes nobody chose: one ECON-T of all encoders, and small chips of one encoder each.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/trigger_encoders.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "aegen/sim/rtl_executor.hpp"
#include "random_autoencoder.hpp"
#include "random_trigger.hpp"

namespace aegen {
namespace {

namespace econ_t = encoders::econ_t;
namespace fs = std::filesystem;
using econ_t::Algorithm;
using test::RandomTrigger;

// A design as interpreter and as a process of its Verilated RTL.
class Twins {
 public:
  explicit Twins(const core::Design& design) : design_(design), interpreter_(design) {}

  // Compiles the RTL; an empty `optimization` is what the generator advises.
  void build(const std::string& optimization) {
    const auto rtl = rtl_gen::emitVerilog(design_);
    ASSERT_TRUE(rtl.ok()) << rtl.error().text();
    const fs::path work = fs::path(AEGEN_BUILD_DIR) / "conformance" / design_.name;
    ASSERT_TRUE(rtl_gen::writeRtl(*rtl, work / "rtl").ok());
    sim::BenchOptions options;
    options.workDir = work;
    options.optimization = optimization;
    auto chip = sim::RtlExecutor::create(rtl->manifest, work / "rtl", options);
    ASSERT_TRUE(chip.ok()) << chip.error().text();
    rtl_ = std::move(*chip);
  }

  void expectEqual(const core::ConfigValues& values, const core::Columns& in) {
    ASSERT_TRUE(rtl_) << "the RTL was not built";
    const auto configured = rtl_->configure(values);
    ASSERT_TRUE(configured.ok()) << configured.error().text();
    const auto got = rtl_->run(in);
    ASSERT_TRUE(got.ok()) << got.error().text();
    interpreter_.configure(values);
    interpreter_.reset();
    const auto expected = interpreter_.run(in);
    ASSERT_TRUE(expected.ok());
    for (std::size_t k = 0; k < in.events(); ++k) {
      for (std::size_t w = 0; w < expected->elements(); ++w) {
        ASSERT_EQ(got->at(w, k), expected->at(w, k)) << "crossing " << k << ", eTX " << w;
      }
    }
  }

 private:
  const core::Design& design_;
  core::DesignInterpreter interpreter_;
  std::unique_ptr<sim::RtlExecutor> rtl_;
};

// Registers can hold more than settings can ask for.
void beyondSettings(RandomTrigger& random, const core::Design& design, core::ConfigValues& values) {
  for (const char* const name : {"mux", "algorithm", "stc_type", "active_etx", "drop_lsb"}) {
    const core::ConfigField* const field = design.findConfig(name);
    if (field == nullptr || !random.oneIn(8)) continue;
    for (std::int64_t& value : values[name]) value = random.between(0, field->format.range().high);
  }
}

TEST(Chip, RtlOfAllEncodersEqualsTheInterpreterForRandomSettingsAndWeights) {
  constexpr std::uint64_t kSeed = 20260101;
  constexpr int kConfigurations = 40;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  RandomTrigger random(kSeed);
  encoders::Graph graph = econ_t::autoencoder(random.weights(), true);
  ASSERT_TRUE(graph.infer().ok());
  econ_t::ChipOptions options;
  options.name = "every_encoder";
  options.encoders.assign(econ_t::kAlgorithms.begin(), econ_t::kAlgorithms.end());
  const auto design = econ_t::chip(graph, econ_t::ChipSettings::neutral(), options);
  ASSERT_TRUE(design.ok()) << design.error().text();
  Twins twins(*design);
  twins.build("");
  for (int i = 0; i < kConfigurations && !HasFatalFailure(); ++i) {
    const Algorithm algorithm = econ_t::kAlgorithms[static_cast<std::size_t>(i) % 5];
    SCOPED_TRACE("configuration " + std::to_string(i) + ": " + std::string(text(algorithm)));
    core::ConfigValues values =
        configValues(random.settings(options.shape, algorithm), options.encoders);
    const econ_t::AutoencoderWeights weights = random.weights();
    values["conv_kernel"] = weights.convKernel;
    values["conv_bias"] = weights.convBias;
    values["dense_kernel"] = weights.denseKernel;
    values["dense_bias"] = weights.denseBias;
    beyondSettings(random, *design, values);
    twins.expectEqual(values, random.words(options.shape, 250));
  }
}

class SmallChip : public ::testing::TestWithParam<Algorithm> {};

TEST_P(SmallChip, RtlOfARandomShapeEqualsTheInterpreterForRandomSettings) {
  const std::uint64_t seed = 7 + static_cast<std::uint64_t>(GetParam());
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomTrigger random(seed);
  econ_t::ChipOptions options;
  options.shape = random.shape(16, 3);
  options.encoders = {GetParam()};
  options.name = "small_" + econ_t::shortName(GetParam());
  const auto design = econ_t::chip(econ_t::ChipSettings::neutral(options.shape), options);
  ASSERT_TRUE(design.ok()) << design.error().text();
  Twins twins(*design);
  twins.build("-O0");
  for (int i = 0; i < 25 && !HasFatalFailure(); ++i) {
    SCOPED_TRACE("configuration " + std::to_string(i));
    core::ConfigValues values =
        configValues(random.settings(options.shape, GetParam()), options.encoders);
    beyondSettings(random, *design, values);
    twins.expectEqual(values, random.words(options.shape, 200));
  }
}

INSTANTIATE_TEST_SUITE_P(Every, SmallChip,
                         ::testing::Values(Algorithm::ThresholdSum, Algorithm::SuperTriggerCell,
                                           Algorithm::BestChoice, Algorithm::Repeater),
                         [](const auto& chosen) { return std::string(text(chosen.param)); });

// Autoencoders of other latents than the ECON-T's; the last one's mask is hard-wired.
class OtherLatents : public ::testing::TestWithParam<int> {};

TEST_P(OtherLatents, RtlEqualsTheInterpreterForRandomSettings) {
  const std::uint64_t seed = 20260801 + static_cast<std::uint64_t>(GetParam());
  SCOPED_TRACE("seed " + std::to_string(seed));
  test_common::SplitMix64 numbers(seed);
  RandomTrigger random(seed);
  econ_t::ChipOptions options;
  options.shape = test_common::randomLatentShape(numbers, GetParam() == 0 ? 64 : 12);
  options.maskLoadable = GetParam() != 2;
  options.name = "latents_" + std::to_string(GetParam());
  const encoders::Codec codec = test_common::randomAutoencoder(numbers, options.shape);
  econ_t::ChipSettings reset = econ_t::ChipSettings::neutral(options.shape);
  reset.keep = codec.link.keep;
  const auto design = econ_t::chip(codec.encoder, reset, options);
  ASSERT_TRUE(design.ok()) << design.error().text();
  Twins twins(*design);
  twins.build("-O0");
  for (int i = 0; i < 12 && !HasFatalFailure(); ++i) {
    SCOPED_TRACE("configuration " + std::to_string(i));
    core::ConfigValues values = configValues(random.settings(options.shape, Algorithm::Autoencoder),
                                             options.encoders, options.maskLoadable);
    beyondSettings(random, *design, values);
    if (options.maskLoadable) {  // with bits of the last register that no latent has
      for (std::int64_t& word : values["ae_mask"]) word |= numbers.oneIn(3) ? 0xf000 : 0;
    }
    twins.expectEqual(values, random.words(options.shape, 150));
  }
}

INSTANTIATE_TEST_SUITE_P(Every, OtherLatents, ::testing::Range(0, 3));

}  // namespace
}  // namespace aegen
