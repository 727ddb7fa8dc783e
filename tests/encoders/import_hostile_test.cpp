// Files of models that nobody should have made: one diagnostic that names the layer and says what
// would work, never a crash.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <random>

#include "aegen/encoders/import.hpp"
#include "aegen/encoders/weight_registers.hpp"
#include "import/stored_weights.hpp"
#include "keras_files.hpp"
#include "mutated_bytes.hpp"

namespace aegen::encoders {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path folder() {
  std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::ranges::replace(name, '/', '_');
  const fs::path out = fs::path(::testing::TempDir()) / ("hostile_" + name);
  fs::create_directories(out);
  return out;
}

// A model whose layers are known by heart, to be spoilt.
struct Small {
  test::KerasModel encoder;
  test::KerasModel decoder;
  fs::path here = folder();

  Small() {
    // The first seed whose encoder is Functional: all kinds of layers stand in it.
    for (std::uint64_t seed = 1;
         encoder.architecture.is_null() || encoder.architecture["class_name"] != "Functional";
         ++seed) {
      encoder = test::RandomKeras(seed).encoder(4, 0);
    }
    decoder = test::RandomKeras(3).decoder(4);
    test::writeKeras(decoder, here / "decoder.json", here / "decoder.hdf5");
  }

  core::Result<Imported> import() const {
    test::writeKeras(encoder, here / "encoder.json", here / "encoder.hdf5");
    return importCodec({here / "encoder.json", here / "encoder.hdf5"},
                       {here / "decoder.json", here / "decoder.hdf5"}, {});
  }

  json& layer(const std::string& kind) {
    for (json& layer : encoder.architecture["config"]["layers"]) {
      if (layer["class_name"] == kind) return layer;
    }
    ADD_FAILURE() << kind;
    return encoder.architecture;
  }
};

struct Spoiled {
  const char* code;
  const char* message;  ///< a part of the diagnostic's text
  std::function<void(Small&)> how;
};

TEST(HostileKeras, EveryProblemNamesItsLayerAndWhatWouldWork) {
  const auto config = [](const char* kind, const char* key, json value) {
    return [=](Small& s) { s.layer(kind)["config"][key] = value; };
  };
  const std::vector<Spoiled> all{
      {"import.unsupported", "'LSTM'", [](Small& s) { s.layer("Flatten")["class_name"] = "LSTM"; }},
      {"import.unsupported", "fold it",
       [](Small& s) { s.layer("Flatten")["class_name"] = "BatchNormalization"; }},
      {"import.unsupported", "strides 1 and 2", config("QConv2D", "strides", {1, 2})},
      {"import.unsupported", "dilat", config("QConv2D", "dilation_rate", {2, 2})},
      {"import.unsupported", "group", config("QConv2D", "groups", 2)},
      {"import.unsupported", "channels_last", config("QConv2D", "data_format", "channels_first")},
      {"import.unsupported", "'causal'", config("QConv2D", "padding", "causal")},
      {"import.unsupported", "'swish'", config("QDense", "activation", "swish")},
      {"import.quantizer", "'quantized_po2'",
       config("QDense", "kernel_quantizer", "quantized_po2(4)")},
      {"import.quantizer", "slope", config("QConv2D", "activation", "quantized_relu(6,2,0,0.25)")},
      {"import.quantizer", "qnoise_factor",
       [](Small& s) {
         s.layer("QDense")["config"]["kernel_quantizer"]["config"]["qnoise_factor"] = 0.5;
       }},
      {"import.type", "'bits'",
       [](Small& s) { s.layer("QDense")["config"]["kernel_quantizer"]["config"]["bits"] = 1e9; }},
      {"import.type", "'strides'", config("QConv2D", "strides", "two")},
      {"import.unsupported", "two tensors",
       [](Small& s) {
         s.layer("TFOpLambda")["inbound_nodes"][0][3]["y"] = {"a", 0, 0};
       }},
      {"import.unsupported", "more than once",
       [](Small& s) {
         json& nodes = s.layer("Flatten")["inbound_nodes"];
         nodes.push_back(nodes[0]);
       }},
      {"import.structure", "no earlier layer",
       [](Small& s) { s.layer("Flatten")["inbound_nodes"][0][0][0] = "nobody"; }},
      {"import.structure", "as Keras 2 does",
       [](Small& s) { s.layer("Flatten")["inbound_nodes"] = json::array({json::object()}); }},
      {"import.unsupported", "input is open",
       [](Small& s) { s.layer("InputLayer")["config"]["batch_input_shape"][1] = nullptr; }},
      {"import.unsupported", "[9, 9, 1]",
       [](Small& s) {
         s.layer("InputLayer")["config"]["batch_input_shape"] = {1, 9, 9, 1};
         s.layer("QConv2D")["config"]["padding"] = "valid";
         // The dense layer's weights follow the shapes, whatever they are.
         for (auto& [name, tensors] : s.encoder.weights) {
           if (name.find("QDense") == std::string::npos) continue;
           tensors[0].shape[0] = 0;
           tensors[0].values.clear();
         }
         s.layer("QConv2D");
         s.encoder.architecture["config"]["output_layers"] =
             json::array({json::array({s.layer("Flatten")["name"], 0, 0})});
         json& layers = s.encoder.architecture["config"]["layers"];
         while (layers.back()["class_name"] != "Flatten") layers.erase(layers.size() - 1);
       }},
      {"import.unsupported", "Keras 3",
       [](Small& s) { s.encoder.architecture["keras_version"] = "3.1.0"; }},
      {"import.unsupported", "'Sequoia'",
       [](Small& s) { s.encoder.architecture["class_name"] = "Sequoia"; }},
      {"import.type", "must be an object",
       [](Small& s) { s.encoder.architecture = json::array(); }},
      {"import.weights", "not finite",
       [](Small& s) {
         for (auto& [name, tensors] : s.encoder.weights) {
           if (!tensors.empty()) tensors[0].values[0] = std::numeric_limits<float>::infinity();
         }
       }},
      {"import.weights", "'kernel:0' is not in the weights file",
       [](Small& s) {
         for (auto& [name, tensors] : s.encoder.weights) {
           if (!tensors.empty()) tensors[0].name = "core:0";
         }
       }},
      {"import.shape", "kernel",
       [](Small& s) {
         for (auto& [name, tensors] : s.encoder.weights) {
           if (tensors.empty() || tensors[0].shape.size() != 2) continue;
           std::swap(tensors[0].shape[0], tensors[0].shape[1]);
         }
       }},
      {"import.shape", "the encoder gives",
       [](Small& s) { s.encoder = test::RandomKeras(5).encoder(6, 0); }},
  };
  for (const Spoiled& spoiled : all) {
    SCOPED_TRACE(spoiled.message);
    Small small;
    ASSERT_TRUE(small.import());
    spoiled.how(small);
    const auto imported = small.import();
    ASSERT_FALSE(imported);
    EXPECT_EQ(imported.error().code, spoiled.code) << imported.error().text();
    EXPECT_NE(imported.error().text().find(spoiled.message), std::string::npos)
        << imported.error().text();
    EXPECT_FALSE(imported.error().where.empty());
  }
}

TEST(HostileKeras, FilesThatAreNotWhatTheyShouldBeAreNamed) {
  const Small small;
  ASSERT_TRUE(small.import());
  const fs::path model = small.here / "encoder.json";
  const fs::path hdf5 = small.here / "encoder.hdf5";
  const fs::path empty = small.here / "empty.hdf5";
  test::writeBytes(empty, "");
  const fs::path text = small.here / "text.hdf5";
  test::writeBytes(text, "these are no weights");
  const fs::path broken = small.here / "broken.json";
  test::writeBytes(broken, "{\"class_name\": ");
  const auto refused = [](const std::vector<fs::path>& files, const char* code) {
    const auto imported = importCodec(files, {}, {});
    ASSERT_FALSE(imported);
    EXPECT_EQ(imported.error().code, code) << imported.error().text();
  };
  refused({model, empty}, "import.hdf5");
  refused({model, text}, "import.hdf5");
  refused({broken, hdf5}, "import.json");
  refused({model, small.here / "nowhere.hdf5"}, "import.no-file");
  refused({small.here / "nowhere.json", hdf5}, "import.no-file");
  refused({hdf5}, "import.files");
  refused({model}, "import.files");
  refused({model, hdf5, hdf5}, "import.files");
  refused({small.here / "model.docx"}, "import.files");
  refused({}, "import.files");
  refused({model, hdf5}, "import.files");  // no decoder
}

TEST(HostileFiles, DamagedArchitecturesNeverCrash) {
  Small small;
  ASSERT_TRUE(small.import());
  const std::string good = small.encoder.architecture.dump();
  const auto weights = readStoredWeights(small.here / "encoder.hdf5");
  ASSERT_TRUE(weights);
  int refused = 0;
  constexpr int kFiles = 300;
  for (std::uint64_t seed = 1; seed <= kFiles; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const fs::path file = small.here / "mutated.json";
    test::writeBytes(file, test::mutatedBytes(good, random));
    const auto imported =
        importCodec({file, small.here / "encoder.hdf5"},
                    {small.here / "decoder.json", small.here / "decoder.hdf5"}, {});
    if (!imported) {
      ++refused;
      EXPECT_FALSE(imported.error().code.empty());
      EXPECT_FALSE(imported.error().message.empty());
      EXPECT_EQ(imported.error().failure, core::Failure::BadInput);
    }
  }
  EXPECT_GT(refused, kFiles / 4);
}

// Values of a valid JSON replaced by others of any type: past the parser, into the reader.
TEST(HostileFiles, ArchitecturesOfWrongValuesNeverCrash) {
  Small small;
  ASSERT_TRUE(small.import());
  const json good = small.encoder.architecture;
  const std::vector<json> values{nullptr,       true,           -1,     0,
                                 1e300,         2147483647,     "",     "linear",
                                 json::array(), json::object(), {1, 2}, {{"class_name", "x"}}};
  const json flat = good.flatten();
  std::vector<std::string> places;
  for (const auto& [place, value] : flat.items()) places.push_back(place);
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    json architecture = good;
    json::json_pointer place(places[random() % places.size()]);
    for (auto up = random() % 3; up > 0 && !place.empty(); --up) place.pop_back();
    architecture[place] = values[random() % values.size()];
    test::writeBytes(small.here / "mutated.json", architecture.dump());
    const auto imported =
        importCodec({small.here / "mutated.json", small.here / "encoder.hdf5"},
                    {small.here / "decoder.json", small.here / "decoder.hdf5"}, {});
    if (imported) continue;
    ++refused;
    EXPECT_EQ(imported.error().failure, core::Failure::BadInput) << imported.error().text();
  }
  EXPECT_GT(refused, 100);
}

TEST(HostileFiles, DamagedWeightsNeverCrash) {
  const Small small;
  ASSERT_TRUE(small.import());
  const std::string good = test::bytesOf(small.here / "encoder.hdf5");
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const fs::path file = small.here / "mutated.hdf5";
    test::writeBytes(file, test::mutatedBytes(good, random));
    const auto imported =
        importCodec({small.here / "encoder.json", file},
                    {small.here / "decoder.json", small.here / "decoder.hdf5"}, {});
    if (imported) continue;
    ++refused;
    EXPECT_EQ(imported.error().failure, core::Failure::BadInput) << imported.error().text();
  }
  EXPECT_GT(refused, 10);
}

TEST(HostileFiles, DamagedRegistersNeverCrash) {
  const fs::path here = folder();
  for (const auto layout : {RegisterLayout::Blocks, RegisterLayout::Pages}) {
    const std::string good = weightRegistersYaml(econ_t::zeroWeights(), layout);
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      SCOPED_TRACE(seed);
      std::mt19937_64 random(seed);
      test::writeBytes(here / "mutated.yaml", test::mutatedBytes(good, random));
      const auto read = readWeightRegisters(here / "mutated.yaml");
      EXPECT_TRUE(read || read.error().failure == core::Failure::BadInput);
    }
  }
}

TEST(HostileFiles, YamlThatUnfoldsWithoutEndIsRefused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 1; j < 8; ++j) text += ", " + before;
    text += "]\n";
  }
  const fs::path file = folder() / "unfolds.yaml";
  test::writeBytes(file, text);
  const auto read = readWeightRegisters(file);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, "import.registers");
}

}  // namespace
}  // namespace aegen::encoders
