#include "aegen/encoders/vector_set.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "aegen/core/files.hpp"

namespace aegen::encoders {
namespace {

using core::Diagnostic;
using core::Result;
using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::size_t kMaskDigits = econ_t::kLatents * econ_t::kLatentBits / 4;

// Reads keys of one JSON object; keeps the first problem.
class Reader {
 public:
  Reader(const json& object, std::string file, std::string prefix = {})
      : object_(object), file_(std::move(file)), prefix_(std::move(prefix)) {}

  const json* find(const char* key) {
    if (object_.contains(key)) return &object_[key];
    fail("missing-key", std::string("key \"") + prefix_ + key + "\" is missing");
    return nullptr;
  }

  std::int64_t integer(const char* key, std::int64_t low, std::int64_t high) {
    const json* const value = find(key);
    return value == nullptr ? low : checked(*value, key, low, high);
  }

  bool boolean(const char* key) {
    const json* const value = find(key);
    if (value == nullptr) return false;
    if (!value->is_boolean()) fail("wrong-type", quoted(key) + " must be true or false");
    return value->is_boolean() && value->get<bool>();
  }

  std::string string(const char* key) {
    const json* const value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) fail("wrong-type", quoted(key) + " must be a string");
    return value->is_string() ? value->get<std::string>() : std::string{};
  }

  std::vector<std::int64_t> integers(const char* key, std::size_t count, std::int64_t low,
                                     std::int64_t high) {
    std::vector<std::int64_t> out(count, low);
    const json* const value = find(key);
    if (value == nullptr) return out;
    if (!value->is_array() || value->size() != count) {
      fail("wrong-shape", quoted(key) + " must be a list of " + std::to_string(count) +
                              " integers" +
                              (value->is_array() ? ", has " + std::to_string(value->size()) : ""));
      return out;
    }
    for (std::size_t i = 0; i < count; ++i) {
      out[i] = checked((*value)[i], std::string(key) + "[" + std::to_string(i) + "]", low, high);
    }
    return out;
  }

  void fail(const char* code, std::string message) {
    if (!error_) error_ = core::badInput(std::string("vectors.") + code, std::move(message), file_);
  }

  // Takes over the first problem of a reader of an object within this one.
  void adopt(const Reader& inner) {
    if (!error_) error_ = inner.error_;
  }

  [[nodiscard]] const std::optional<Diagnostic>& error() const { return error_; }

 private:
  [[nodiscard]] std::string quoted(const std::string& key) const {
    return "\"" + prefix_ + key + "\"";
  }

  std::int64_t checked(const json& value, const std::string& key, std::int64_t low,
                       std::int64_t high) {
    if (!value.is_number_integer()) {
      fail("wrong-type", quoted(key) + " must be an integer");
      return low;
    }
    // Past int64 the library would cut the number, not refuse it.
    const bool huge =
        value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(high);
    if (huge || value.get<std::int64_t>() < low || value.get<std::int64_t>() > high) {
      fail("out-of-range", quoted(key) + " = " + value.dump() + " is outside " +
                               std::to_string(low) + ".." + std::to_string(high));
      return low;
    }
    return value.get<std::int64_t>();
  }

  const json& object_;
  std::string file_;
  std::string prefix_;
  std::optional<Diagnostic> error_;
};

Result<json> readJson(const fs::path& file) {
  const auto text = core::readFile(file);
  if (!text) {
    return core::badInput("vectors.missing-file", text.error().message, file.string(),
                          {"a vector set is a folder with config.json and expected_tx.csv"});
  }
  json object = json::parse(*text, nullptr, false);
  if (!object.is_object()) {
    return core::badInput("vectors.not-json", "is not a JSON object", file.string());
  }
  return object;
}

Result<econ_t::AutoencoderWeights> weightsOf(const json& config, const std::string& file) {
  Reader top(config, file);
  const json* const object = top.find("ae_weights");
  if (object != nullptr && !object->is_object())
    top.fail("wrong-type", "\"ae_weights\" must be an object");
  if (top.error()) return *top.error();
  Reader reader(*object, file, "ae_weights.");
  econ_t::AutoencoderWeights weights;
  weights.convKernel = reader.integers("conv_kernel", 72, -32, 31);
  weights.convBias = reader.integers("conv_bias", 8, -32, 31);
  weights.denseKernel = reader.integers("dense_kernel", 2048, -32, 31);
  weights.denseBias = reader.integers("dense_bias", 16, -32, 31);
  if (reader.error()) return *reader.error();
  return weights;
}

std::vector<bool> maskBits(Reader& reader, const std::string& digits) {
  std::vector<bool> keep;
  const auto isHex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  if (digits.size() != kMaskDigits || !std::ranges::all_of(digits, isHex)) {
    reader.fail("wrong-shape",
                "\"ae_mask\" must be " + std::to_string(kMaskDigits) + " hexadecimal digits");
    return std::vector<bool>(kMaskDigits * 4, true);
  }
  for (const char digit : digits) {
    const int value = std::stoi(std::string(1, digit), nullptr, 16);
    for (int bit = 3; bit >= 0; --bit) keep.push_back((value >> bit & 1) != 0);
  }
  return keep;
}

std::vector<int> channels(Reader& reader, const char* key, std::int64_t most) {
  const auto values = reader.integers(key, econ_t::kTriggerCells, 0, most);
  return {values.begin(), values.end()};
}

econ_t::ChipSettings settingsOf(Reader& reader, const json& config, const std::string& file,
                                econ_t::Algorithm algorithm) {
  using econ_t::Algorithm;
  const econ_t::PathShape shape;
  econ_t::ChipSettings out = econ_t::ChipSettings::neutral(shape);
  out.algorithm = algorithm;
  out.highDensity = reader.boolean("high_density");
  out.mux = channels(reader, "mux", econ_t::kTriggerCells - 1);
  out.calibration = channels(reader, "calibration", 4095);
  out.dropLsb = static_cast<int>(reader.integer("drop_lsb", 0, 15));
  out.activeEtx = static_cast<int>(reader.integer("active_etx", 1, shape.etx));
  if (const json* const buffer = reader.find("buffer"); buffer != nullptr) {
    static const json kEmpty = json::object();
    if (!buffer->is_object()) reader.fail("wrong-type", "\"buffer\" must be an object");
    Reader inner(buffer->is_object() ? *buffer : kEmpty, file, "buffer.");
    out.t1 = static_cast<int>(inner.integer("t1", 0, 511));
    out.t2 = static_cast<int>(inner.integer("t2", 0, 511));
    out.t3 = static_cast<int>(inner.integer("t3", 0, 511));
    reader.adopt(inner);
  }
  // A chip's mask is all ones after reset: a set may leave it out.
  if (algorithm == Algorithm::Autoencoder && config.contains("ae_mask")) {
    out.keep = maskBits(reader, reader.string("ae_mask"));
  }
  if (algorithm == Algorithm::ThresholdSum) {
    out.threshold = reader.integers("threshold", econ_t::kTriggerCells, 0,
                                    (std::int64_t{1} << econ_t::kChargeBits) - 1);
    out.syncWord = static_cast<int>(reader.integer("sync_word", 0, (1 << econ_t::kSyncBits) - 1));
  }
  if (algorithm == Algorithm::ThresholdSum || algorithm == Algorithm::BestChoice) {
    out.useSum = reader.boolean("use_sum");
  }
  if (algorithm == Algorithm::SuperTriggerCell) {
    out.stcType = static_cast<int>(
        reader.integer("stc_type", 0, static_cast<std::int64_t>(shape.stc.size()) - 1));
  }
  return out;
}

}  // namespace

Result<std::vector<std::string>> listVectorSets(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return core::badInput("vectors.no-folder", "is not a folder", folder.string());
  }
  std::vector<std::string> names;
  const fs::directory_iterator end;
  for (fs::directory_iterator entry(folder, error); !error && entry != end;
       entry.increment(error)) {
    std::error_code unseen;  // of one entry: what cannot be looked into holds no set
    if (fs::exists(entry->path() / "config.json", unseen) ||
        fs::exists(entry->path() / "expected_tx.csv", unseen)) {
      names.push_back(entry->path().filename().string());
    }
  }
  if (error) {
    return core::badInput("vectors.no-folder", "cannot be read: " + error.message(),
                          folder.string());
  }
  if (names.empty()) {
    return core::badInput("vectors.no-sets", "holds no vector set (NAME/config.json)",
                          folder.string());
  }
  std::ranges::sort(names);
  return names;
}

Result<econ_t::AutoencoderWeights> loadWeights(const fs::path& configFile) {
  auto config = readJson(configFile);
  if (!config) return config.error();
  return weightsOf(*config, configFile.string());
}

Result<VectorSet> loadVectorSet(const fs::path& folder, const std::string& name) {
  const fs::path file = folder / name / "config.json";
  auto config = readJson(file);
  if (!config) return config.error();
  Reader reader(*config, file.string());
  VectorSet set;
  set.name = name;
  const std::string algorithmName = reader.string("algorithm");
  if (reader.error()) return *reader.error();
  const auto algorithm = econ_t::parseAlgorithm(algorithmName);
  if (!algorithm) {
    std::string known;
    for (const econ_t::Algorithm a : econ_t::kAlgorithms) {
      known += (known.empty() ? "" : ", ") + std::string(econ_t::text(a));
    }
    return core::badInput("vectors.unknown-algorithm",
                          "\"algorithm\": \"" + algorithmName + "\" is not known", file.string(),
                          {"known: " + known});
  }
  set.settings = settingsOf(reader, *config, file.string(), *algorithm);
  set.input = folder / reader.string("input");
  set.expected = folder / name / "expected_tx.csv";
  if (reader.error()) return *reader.error();
  // The input stands beside the sets; some collections keep it within the set.
  std::error_code error;
  if (!fs::exists(set.input, error) && !error) {
    const fs::path within = folder / name / set.input.filename();
    if (fs::exists(within, error)) set.input = within;
  }
  if (error) {
    return core::badInput("vectors.missing-file",
                          "the file \"input\" names cannot be looked up: " + error.message(),
                          file.string());
  }
  if (*algorithm == econ_t::Algorithm::Autoencoder) {
    auto weights = weightsOf(*config, file.string());
    if (!weights) return weights.error();
    set.weights = *weights;
  }
  return set;
}

}  // namespace aegen::encoders
