#include "aegen/encoders/train_config.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace aegen::encoders {
namespace {

constexpr const char* kComplete = R"(name: mine
seed: 42
data:
  generator:
    - {regime: sparse, events: 300}
    - {regime: dense, events: 100}
  validation_fraction: 0.25
encoder:
  truncate_products: false
link:
  etx: 4
  latent_bits: 6
decoder:
  hidden: [32, 48]
  weight_bits: 10
  fraction: 8
training:
  epochs: 7
  batch: 16
  learning_rate: 0.002
)";

class TrainFile {
 public:
  explicit TrainFile(const std::string& text) {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(test->test_suite_name()) + "_" + test->name() + ".yaml";
    std::replace(name.begin(), name.end(), '/', '_');
    path_ = std::filesystem::path(::testing::TempDir()) / name;
    std::ofstream(path_) << text;
  }
  ~TrainFile() { std::filesystem::remove(path_); }
  TrainFile(const TrainFile&) = delete;
  TrainFile& operator=(const TrainFile&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(TrainConfig, ReadsEveryKey) {
  const TrainFile file(kComplete);
  const auto config = loadTrainConfig(file.path());
  ASSERT_TRUE(config.ok()) << config.error().text();
  EXPECT_EQ(config->name, "mine");
  EXPECT_EQ(config->seed, 42U);
  ASSERT_EQ(config->data.generated.size(), 2U);
  EXPECT_EQ(config->data.generated[1].regime, "dense");
  EXPECT_EQ(config->data.generated[1].events, 100);
  EXPECT_TRUE(config->data.csv.empty());
  EXPECT_EQ(config->data.validationFraction, 0.25);
  EXPECT_EQ(config->encoder, layersOf({.truncateProducts = false}));
  EXPECT_EQ(config->link.activeEtx, 4);
  EXPECT_EQ(config->link.latentBits, 6);
  EXPECT_EQ(config->decoder.layers, denseDecoder({32, 48}));
  EXPECT_EQ(config->decoder.weightBits, 10);
  EXPECT_EQ(config->decoder.fraction, 8);
  EXPECT_EQ(config->training.epochs, 7);
  EXPECT_EQ(config->training.batch, 16);
  EXPECT_EQ(config->training.learningRate, 0.002);
  EXPECT_TRUE(check(*config).ok());
}

TEST(TrainConfig, LatentBitsAreLeftToTheLinks) {
  const TrainFile file("seed: 1\ndata: {csv: a.csv}\nlink: {etx: 2}\ntraining: {epochs: 1}\n");
  const auto config = loadTrainConfig(file.path());
  ASSERT_TRUE(config.ok()) << config.error().text();
  EXPECT_EQ(config->link.latentBits, 0);
  ASSERT_EQ(config->data.csv.size(), 1U);
  EXPECT_EQ(config->data.csv[0], file.path().parent_path() / "a.csv");
}

TEST(TrainConfig, ReadsLayersConditionsLossesAndSchedules) {
  const TrainFile file(R"(seed: 1
data:
  csv: [a.csv, b.csv]
  rx: [{file: rx.csv, density: low}]
  coded: high
encoder:
  layers:
    - normalize: {format: u8.7}
    - arrange: {grid: econ_t}
    - pad: {padding: [0, 1, 0, 1]}
    - conv2d: {filters: 4, kernel: [3, 2], stride: 2, weights: s5.4, product_fraction: 7}
    - relu
    - reshape
    - dense: {units: 10, name: last, bias: s8.6, product_fraction: exact, per_channel: true}
    - requantize: {format: u6.5, rounding: nearest_up, overflow: wrap}
decoder:
  conditions: [sum, {name: eta, low: 1.5, high: 3}]
  layers:
    - concat
    - dense: {units: 16}
    - reshape: {shape: [4, 4, 1]}
    - conv2d_transpose: {filters: 2, kernel: 3, stride: 2, padding: [0, 1, 0, 1]}
link: {etx: 3, mask: "0110"}
loss:
  - {kind: telescope, weight: 2, to: 3}
  - {kind: emd_sinkhorn, from: 3, epsilon: 0.5}
training:
  epochs: 7
  optimizer: adamw
  weight_decay: 0.02
  schedule: warm_restarts
  restart_epochs: 2
  early_stopping: {patience: 4}
  threads: 3
  checkpoint: 5
)");
  const auto config = loadTrainConfig(file.path());
  ASSERT_TRUE(config.ok()) << config.error().text();
  EXPECT_EQ(config->data.csv.size(), 2U);
  EXPECT_FALSE(config->data.rx.at(0).highDensity);
  EXPECT_EQ(config->data.coding, ChargeCoding::HighDensity);
  ASSERT_EQ(config->encoder.size(), 8U);
  const LayerConfig& conv = config->encoder[3];
  EXPECT_EQ(conv.kind, NodeKind::Conv2d);
  EXPECT_EQ(conv.outputs, 4);
  EXPECT_EQ(conv.kernelRows, 3);
  EXPECT_EQ(conv.kernelColumns, 2);
  EXPECT_EQ(conv.productFraction, 7);
  EXPECT_EQ(conv.weights, (core::FixedFormat{true, 5, 4}));
  const LayerConfig& dense = config->encoder[6];
  EXPECT_EQ(dense.name, "last");
  EXPECT_EQ(dense.bias, (core::FixedFormat{true, 8, 6}));
  EXPECT_FALSE(dense.productFraction.has_value());
  EXPECT_TRUE(dense.perChannel);
  EXPECT_EQ(config->encoder[7].rounding, core::Rounding::NearestUp);
  EXPECT_EQ(config->encoder[7].overflow, core::Overflow::Wrap);
  ASSERT_EQ(config->decoder.conditions.size(), 2U);
  EXPECT_EQ(config->decoder.conditions[1].low, 1.5);
  EXPECT_EQ(config->decoder.layers[3].padding, (std::vector<int>{0, 1, 0, 1}));
  EXPECT_EQ(config->link.keep, (std::vector<bool>{false, true, true, false}));
  ASSERT_EQ(config->losses.size(), 2U);
  EXPECT_EQ(config->losses[1].kind, LossKind::EmdSinkhorn);
  EXPECT_EQ(config->losses[1].fromEpoch, 3);
  EXPECT_EQ(config->training.weightDecay, 0.02);
  EXPECT_EQ(config->training.schedule, Schedule::WarmRestarts);
  EXPECT_EQ(config->training.patience, 4);
  EXPECT_EQ(config->training.threads, 3);
  EXPECT_EQ(config->training.checkpointEpochs, 5);
}

TEST(TrainConfig, AMissingFileIsADiagnostic) {
  const auto config = loadTrainConfig("/nowhere/train.yaml");
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().code, "train.no-file");
  EXPECT_EQ(config.error().where, "/nowhere/train.yaml");
}

struct Fault {
  const char* name;
  std::string from;  ///< text of kComplete that is replaced
  std::string to;
  const char* code;
  int line;
  const char* mentions;  ///< part of the message or of a note
};

void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.name;
}

class TrainConfigFault : public ::testing::TestWithParam<Fault> {};

TEST_P(TrainConfigFault, IsPlacedAndSaysWhatIsAllowed) {
  const Fault& fault = GetParam();
  std::string text = kComplete;
  const auto at = text.find(fault.from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, fault.from.size(), fault.to);
  const TrainFile file(text);
  const auto config = loadTrainConfig(file.path());
  ASSERT_FALSE(config.ok());
  const core::Diagnostic& problem = config.error();
  EXPECT_EQ(problem.code, fault.code) << problem.text();
  EXPECT_EQ(problem.where, file.path().string() + ":" + std::to_string(fault.line));
  EXPECT_NE(problem.text().find(fault.mentions), std::string::npos) << problem.text();
  EXPECT_TRUE(!problem.notes.empty() || problem.code == "train.syntax");
}

INSTANTIATE_TEST_SUITE_P(
    All, TrainConfigFault,
    ::testing::Values(
        Fault{"UnknownKey", "seed: 42", "sed: 42", "train.unknown-key", 2, "seed"},
        Fault{"UnknownNested", "  batch:", "  bach:", "train.unknown-key", 19, "learning_rate"},
        Fault{"UnknownInList", "events: 100", "evens: 100", "train.unknown-key", 6, "regime"},
        Fault{"Repeated", "  batch: 16", "  epochs: 16", "train.repeated-key", 19, "epochs"},
        Fault{"MissingSeed", "seed: 42\n", "", "train.missing-key", 1, "seed"},
        Fault{"MissingEpochs", "  epochs: 7\n", "", "train.missing-key", 18, "training.epochs"},
        Fault{"MissingEvents", ", events: 100", "", "train.missing-key", 6, "events"},
        Fault{"SeedText", "seed: 42", "seed: today", "train.bad-type", 2, "integer"},
        Fault{"BatchReal", "batch: 16", "batch: 1.5", "train.bad-type", 19, "integer"},
        Fault{"Boolean", "false", "7", "train.bad-type", 9, "true or false"},
        Fault{"HiddenScalar", "[32, 48]", "32", "train.bad-type", 14, "list"},
        Fault{"LinkScalar", "link:\n  etx: 4\n  latent_bits: 6", "link: 4", "train.bad-type", 10,
              "latent_bits"},
        Fault{"RateText", "0.002", "fast", "train.bad-type", 20, "number"},
        Fault{"Regime", "regime: dense", "regime: denser", "train.out-of-range", 6,
              "sparse, dense"},
        Fault{"NoEvents", "events: 300", "events: 0", "train.out-of-range", 5, "from 1"},
        Fault{"HiddenZero", "[32, 48]", "[32, 0]", "train.out-of-range", 14, "hidden[1]"},
        Fault{"FiveLayers", "[32, 48]", "[1, 1, 1, 1, 1]", "train.out-of-range", 14, "up to 4"},
        Fault{"TooManyBits", "latent_bits: 6", "latent_bits: 17", "train.out-of-range", 12,
              "1 to 16"},
        Fault{"RateZero", "0.002", "0", "train.out-of-range", 20, "above 0"},
        Fault{"Validation", "0.25", "0.9", "train.out-of-range", 7, "0.5"},
        Fault{"Name", "name: mine", "name: 2 models", "train.out-of-range", 1, "letter"},
        Fault{"BothDecoders", "  weight_bits: 10", "  layers: [relu]", "train.data-choice", 14,
              "hidden"},
        Fault{"Syntax", "hidden: [32, 48]", "hidden: [32, 48", "train.syntax", 15, "YAML"}),
    [](const auto& chosen) { return std::string(chosen.param.name); });

}  // namespace
}  // namespace aegen::encoders
