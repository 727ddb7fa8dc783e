#pragma once
/// Keras 2 models for tests: seeded random ones, and the files that Keras would write of them.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

namespace aegen::test {

struct KerasTensor {
  std::string name;  ///< "kernel:0"
  std::vector<int> shape;
  std::vector<float> values;
};

/// A model as Keras holds it: weights in Keras's own order, unquantized.
struct KerasModel {
  nlohmann::json architecture;
  std::vector<std::pair<std::string, std::vector<KerasTensor>>> weights;  ///< by layer

  [[nodiscard]] const KerasTensor* find(const std::string& layer, const std::string& tensor) const;
};

/// Writes MODEL.json and MODEL.hdf5 as to_json() and save_weights() do; `fixedTexts` writes names
/// as texts of one length, as old versions did.
void writeKeras(const KerasModel& model, const std::filesystem::path& json,
                const std::filesystem::path& hdf5, bool fixedTexts = false);
/// One file, as save() writes it.
void writeWholeKeras(const KerasModel& model, const std::filesystem::path& hdf5);

class RandomKeras {
 public:
  explicit RandomKeras(std::uint64_t seed) : random_(seed) {}

  /// QKeras: 8x8 grid, convolution, dense layer to `latents` with random quantizers, paddings and
  /// orders of layers; Functional with conditions joined behind, or Sequential.
  [[nodiscard]] KerasModel encoder(int latents, int conditions);
  /// Plain Keras: dense layers, reshape, transposed convolutions, slice, ReLU or sigmoid.
  [[nodiscard]] KerasModel decoder(int inputs);

 private:
  int between(int low, int high);
  bool coin() { return between(0, 1) == 1; }
  nlohmann::json quantizer(bool kernel);
  std::vector<float> values(std::size_t count, double largest);
  int add(const char* kind, nlohmann::json config,
          nlohmann::json arguments = nlohmann::json::object());
  void weights(const std::string& layer, std::vector<int> kernel, int bias, double largest);
  void finish(bool functional, const std::string& name);

  std::mt19937_64 random_;
  KerasModel model_;
  std::vector<nlohmann::json> layers_;
  std::string last_;
};

}  // namespace aegen::test
