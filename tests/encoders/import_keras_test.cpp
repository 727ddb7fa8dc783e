// Imported Keras and QKeras models compute what an independent evaluation of their files computes:
// quantized ones bit for bit, real ones within the stated bound.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>

#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/import.hpp"
#include "graph_oracle.hpp"
#include "import/codec_builder.hpp"
#include "import/stored_weights.hpp"
#include "keras_oracle.hpp"

namespace aegen::encoders {
namespace {

namespace fs = std::filesystem;
constexpr const char* kModels = AEGEN_SOURCE_DIR "/../shared/econt/models/";

// A folder of the running test's own.
fs::path folder() {
  std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::ranges::replace(name, '/', '_');
  const fs::path out = fs::path(::testing::TempDir()) / ("import_" + name);
  fs::create_directories(out);
  return out;
}

struct Files {
  fs::path json;
  fs::path hdf5;
  [[nodiscard]] std::vector<fs::path> both() const { return {json, hdf5}; }
};

Files written(const test::KerasModel& model, const std::string& name, bool fixedTexts = false) {
  const Files files{folder() / (name + ".json"), folder() / (name + ".hdf5")};
  test::writeKeras(model, files.json, files.hdf5, fixedTexts);
  return files;
}

// A published model: its JSON, its weights as the reader finds them.
test::KerasModel published(const fs::path& json, const fs::path& hdf5) {
  test::KerasModel model;
  std::ifstream in(json);
  model.architecture = nlohmann::json::parse(in);
  const auto stored = readStoredWeights(hdf5);
  EXPECT_TRUE(stored);
  if (!stored) return model;
  for (const StoredLayer& layer : stored->layers) {
    std::vector<test::KerasTensor> tensors;
    for (const StoredTensor& tensor : layer.tensors) {
      tensors.push_back({tensor.name, tensor.shape, {tensor.values.begin(), tensor.values.end()}});
    }
    model.weights.push_back({layer.name, tensors});
  }
  return model;
}

// Charges of an event: some empty, some tiny, some large, now and then all zero.
std::vector<std::int64_t> charges(std::mt19937_64& random) {
  std::vector<std::int64_t> out(econ_t::kTriggerCells);
  const auto most = std::int64_t{1} << (random() % 23);
  const auto occupied = random() % 49;
  for (std::int64_t& charge : out) {
    charge = random() % 48 < occupied
                 ? static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most))
                 : 0;
  }
  return out;
}

// The chip's normalised charges on its grid, from their definition.
std::vector<double> grid(const std::vector<std::int64_t>& charges) {
  const auto sum = static_cast<std::uint64_t>(std::accumulate(charges.begin(), charges.end(), 0LL));
  const int shift = sum == 0 ? 0 : std::min(static_cast<int>(std::bit_width(sum)) - 1, 21);
  std::vector<double> out(64, 0);
  for (std::size_t c = 0; c < charges.size(); ++c) {
    const std::size_t cell = c < 32 ? c : 32 + (c - 32) / 4 * 8 + c % 4;
    out[cell] = static_cast<double>((charges[c] << 7) >> shift) / 128;
  }
  return out;
}

void expectSameLatents(const Graph& encoder, const test::KerasModel& model, std::size_t conditions,
                       std::mt19937_64& random, int events) {
  const double lsb = encoder.output().format.lsb();
  for (int event = 0; event < events; ++event) {
    const auto in = charges(random);
    auto wanted = test::evaluateKeras(model, {grid(in), std::vector<double>(conditions, 0.5)});
    wanted.resize(wanted.size() - conditions);
    const auto raw = test::evaluateGraph(encoder, in);
    ASSERT_EQ(raw.size(), wanted.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
      ASSERT_EQ(static_cast<double>(raw[i]) * lsb, wanted[i]) << "event " << event << ", " << i;
    }
  }
}

// Charges in AE channel order of an 8x8 image.
std::vector<double> channels(const std::vector<double>& image) {
  std::vector<double> out;
  for (std::size_t c = 0; c < econ_t::kTriggerCells; ++c) {
    out.push_back(image[c < 32 ? c : 32 + (c - 32) / 4 * 8 + c % 4]);
  }
  return out;
}

// Largest difference between the integer decoder and the real one on random latents and
// conditions; `network` gives the inputs of the source's decoder.
double largestDifference(const Imported& imported, const test::KerasModel& model,
                         std::mt19937_64& random, int events) {
  const Codec& codec = imported.codec;
  const core::FixedFormat latent = codec.decoder.nodes.front().format;
  const Node* const conditions = conditionsInput(codec.decoder);
  const auto logarithms = logarithmsOfSumCodes();
  double largest = 0;
  for (int event = 0; event < events; ++event) {
    std::vector<std::int64_t> raw;
    std::vector<double> real;
    for (int i = 0; i < codec.decoder.nodes.front().shape[0]; ++i) {
      raw.push_back(latent.minRaw() +
                    static_cast<std::int64_t>(random() % (std::uint64_t{1} << latent.width)));
      real.push_back(static_cast<double>(raw.back()) * latent.lsb());
    }
    for (const Condition& condition : codec.conditions) {
      if (condition.source == Condition::Source::SumCode) {
        const auto code = static_cast<std::int64_t>(random() % 512);
        raw.push_back(sumCodeCondition(code, conditions->format));
        real.push_back(logarithms[static_cast<std::size_t>(code)]);
      } else {
        raw.push_back(
            givenCondition(static_cast<double>(random() % 1001) / 1000, conditions->format));
        real.push_back(static_cast<double>(raw.back()) * conditions->format.lsb());
      }
    }
    const auto fixed = test::evaluateGraph(codec.decoder, raw);
    const auto wanted = channels(test::evaluateKeras(model, {real}));
    const core::FixedFormat out = codec.decoder.output().format;
    for (std::size_t c = 0; c < fixed.size(); ++c) {
      const double clipped =
          std::clamp(wanted[c], 0.0, static_cast<double>(out.maxRaw()) * out.lsb());
      largest = std::max(largest, std::abs(static_cast<double>(fixed[c]) * out.lsb() - clipped));
    }
  }
  return largest;
}

class ImportRandomKeras : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ImportRandomKeras, EncoderGivesQkerasLatentsBitForBit) {
  std::mt19937_64 random(GetParam());
  const int conditions = static_cast<int>(random() % 3);
  const int latents = 2 + static_cast<int>(random() % 5);
  test::RandomKeras keras(GetParam());
  const auto model = keras.encoder(latents, conditions);
  SCOPED_TRACE(model.architecture.dump());
  const auto decoder = keras.decoder(latents + conditions);
  ImportOptions options;
  for (int i = 0; i < conditions; ++i) options.conditions.push_back("c" + std::to_string(i));
  const bool fixedTexts = random() % 2 == 0;
  const auto imported = importCodec(written(model, "encoder", fixedTexts).both(),
                                    written(decoder, "decoder").both(), options);
  ASSERT_TRUE(imported) << imported.error().text();
  EXPECT_EQ(imported->codec.conditions.size(), static_cast<std::size_t>(conditions));
  expectSameLatents(imported->codec.encoder, model, static_cast<std::size_t>(conditions), random,
                    20);
}

TEST_P(ImportRandomKeras, DecoderStaysWithinItsBound) {
  std::mt19937_64 random(GetParam());
  test::RandomKeras keras(GetParam());
  const int latents = 2 + static_cast<int>(random() % 5);
  const auto encoder = keras.encoder(latents, 0);
  const int more = static_cast<int>(random() % 4);
  const auto model = keras.decoder(latents + more);
  SCOPED_TRACE(model.architecture.dump());
  ImportOptions options;
  options.formats.weightBits = 10 + static_cast<int>(random() % 8);
  options.formats.fraction = 8 + static_cast<int>(random() % 6);
  for (int i = 0; i < more; ++i) options.conditions.push_back("c" + std::to_string(i));
  if (more > 1 && random() % 2 == 0) options.conditions[random() % 2] = "sum";
  const auto imported =
      importCodec(written(encoder, "encoder").both(), written(model, "decoder").both(), options);
  ASSERT_TRUE(imported) << imported.error().text();
  ASSERT_TRUE(imported->decoderError);
  // The oracle reads a sum's real logarithm, the graph a table's entry: half a step of it, times
  // what the layers make of it, is not in the bound. Weights are below 1 here: 10 is plenty.
  const double table = more > 0 ? 10 * 0x1p-11 : 0;
  EXPECT_LE(largestDifference(*imported, model, random, 30), *imported->decoderError + table);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ImportRandomKeras, ::testing::Range<std::uint64_t>(1, 41));

TEST(ImportKeras, PublishedQkerasEncoderGivesItsLatentsBitForBit) {
  const fs::path from = fs::path(kModels) / "qkeras_cae_3bit";
  ASSERT_TRUE(fs::exists(from)) << from << " is not there";
  const Files encoder{from / "encoder_vanilla_AE.json", from / "encoder_vanilla_AE.hdf5"};
  const Files decoder{from / "decoder_vanilla_AE.json", from / "decoder_vanilla_AE.hdf5"};
  const auto imported = importCodec(encoder.both(), decoder.both(), {});
  ASSERT_TRUE(imported) << imported.error().text();
  EXPECT_EQ(imported->codec.encoder.output().format.text(), "s4.2");
  EXPECT_EQ(imported->codec.conditions.size(), 8U);
  std::mt19937_64 random(20240611);
  expectSameLatents(imported->codec.encoder, published(encoder.json, encoder.hdf5), 8, random, 200);
  ASSERT_TRUE(imported->decoderError);
  const double largest =
      largestDifference(*imported, published(decoder.json, decoder.hdf5), random, 200);
  RecordProperty("largest_difference", std::to_string(largest));
  EXPECT_LE(largest, std::min(*imported->decoderError, 0.05));
}

TEST(ImportKeras, PublishedWeightsAloneAreTheChipsEncoderAndItsDecoder) {
  const fs::path from = fs::path(kModels) / "ecoder_8x8_c8_S2";
  ASSERT_TRUE(fs::exists(from)) << from << " is not there";
  ImportOptions options;
  options.architecture = "econ_t";
  const auto imported = importCodec({from / "encoder.hdf5"}, {from / "decoder.hdf5"}, options);
  ASSERT_TRUE(imported) << imported.error().text();
  const auto stored = readStoredWeights(from / "encoder.hdf5");
  ASSERT_TRUE(stored);
  const Node* const dense = imported->codec.encoder.find("dense");
  ASSERT_NE(dense, nullptr);
  const auto& values =
      std::ranges::find(stored->layers, "encoded_vector", &StoredLayer::name)->tensors[0].values;
  for (std::size_t in = 0; in < 128; ++in) {
    for (std::size_t out = 0; out < 16; ++out) {
      const double scaled = std::clamp(values[in * 16 + out] * 32, -32.0, 31.0);
      EXPECT_EQ(static_cast<double>(dense->kernel.values[out * 128 + in]),
                scaled - std::remainder(scaled, 1.0));
    }
  }
  using nlohmann::json;
  test::KerasModel decoder = published(
      fs::path(kModels) / "qkeras_cae_3bit/decoder_vanilla_AE.json", from / "decoder.hdf5");
  const auto layer = [](const char* kind, const char* name, json config) {
    config["name"] = name;
    return json{{"class_name", kind}, {"config", config}};
  };
  decoder.architecture = {
      {"class_name", "Sequential"},
      {"config",
       {{"layers",
         {layer("InputLayer", "in", {{"batch_input_shape", {nullptr, 16}}}),
          layer("Dense", "dense", {{"activation", "relu"}}),
          layer("Reshape", "shaped", {{"target_shape", {4, 4, 8}}}),
          layer("Conv2DTranspose", "conv2d_transpose",
                {{"strides", 2}, {"padding", "same"}, {"activation", "relu"}}),
          layer("Conv2DTranspose", "conv2d_transpose_1",
                {{"strides", 1}, {"padding", "same"}, {"activation", "sigmoid"}})}}}}};
  std::mt19937_64 random(20240612);
  ASSERT_TRUE(imported->decoderError);
  const double largest = largestDifference(*imported, decoder, random, 200);
  EXPECT_LE(largest, *imported->decoderError);
  EXPECT_LT(*imported->decoderError, 0.1);
}

TEST(ImportKeras, AWholeModelInOneFileIsTheSameAsTwo) {
  test::RandomKeras keras(7);
  const auto encoder = keras.encoder(4, 0);
  const auto decoder = keras.decoder(4);
  const fs::path whole = folder() / "whole.h5";
  test::writeWholeKeras(encoder, whole);
  const auto files = written(decoder, "decoder").both();
  const auto one = importCodec({whole}, files, {});
  const auto two = importCodec(written(encoder, "encoder").both(), files, {});
  ASSERT_TRUE(one) << one.error().text();
  ASSERT_TRUE(two) << two.error().text();
  EXPECT_EQ(one->codec.encoder, two->codec.encoder);
}

TEST(ImportKeras, WeightsUnderOtherNamesAreTakenInOrder) {
  test::RandomKeras keras(8);
  auto encoder = keras.encoder(4, 0);
  const auto decoder = written(keras.decoder(4), "decoder").both();
  const auto named = importCodec(written(encoder, "named").both(), decoder, {});
  for (auto& [name, tensors] : encoder.weights) name = "other_" + name;
  const auto ordered = importCodec(written(encoder, "ordered").both(), decoder, {});
  ASSERT_TRUE(named) << named.error().text();
  ASSERT_TRUE(ordered) << ordered.error().text();
  EXPECT_EQ(named->codec.encoder, ordered->codec.encoder);
  EXPECT_TRUE(std::ranges::any_of(ordered->decisions, [](const Decision& decision) {
    return decision.what == "weights taken in the order of the layers";
  }));
}

TEST(ImportKeras, AnImportedCodecIsReadBackFromItsModelFileUnchanged) {
  test::RandomKeras keras(9);
  const auto encoder = written(keras.encoder(5, 2), "encoder").both();
  ImportOptions options;
  options.conditions = {"sum", "eta"};
  const auto imported = importCodec(encoder, written(keras.decoder(7), "decoder").both(), options);
  ASSERT_TRUE(imported) << imported.error().text();
  const fs::path file = folder() / "model.json";
  ASSERT_TRUE(saveCodec(imported->codec, file));
  const auto back = loadCodec(file);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(*back, imported->codec);
}

}  // namespace
}  // namespace aegen::encoders
