#include "aegen/encoders/weight_registers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include "aegen/encoders/yaml_reader.hpp"
#include "imported_network.hpp"

namespace aegen::encoders {
namespace {

constexpr core::FixedFormat kWeight{true, 6, 5};
constexpr int kRegisterBytes = 16;
constexpr int kMostVisits = 100'000;  // of YAML nodes; aliases can make a small file endless
constexpr const char* kRegister = "weights_byte";

// Register's first byte -> its value as it stands in the file.
using Block = std::map<int, YAML::Node>;

std::optional<int> numberAfter(const std::string& text, const std::string& prefix,
                               const std::string& suffix = {}) {
  if (!text.starts_with(prefix) || !text.ends_with(suffix)) return std::nullopt;
  if (text.size() < prefix.size() + suffix.size()) return std::nullopt;
  const std::string digits =
      text.substr(prefix.size(), text.size() - prefix.size() - suffix.size());
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

class RegisterReader {
 public:
  explicit RegisterReader(std::string file) : file_(std::move(file)) {}

  std::vector<std::uint8_t> bytes(const YAML::Node& root) {
    collect(root);
    if (blocks_.empty()) {
      importFails("registers", "holds no weights of an ECON-T encoder", file_,
                  {"AUTOENCODER_0INPUT .. AUTOENCODER_11INPUT, or Encoder: 0 .. 11, with registers "
                   "weights_byte0, weights_byte16, ..."});
    }
    std::vector<std::uint8_t> out;
    for (int block = 0; block < kWeightBlocks; ++block) {
      const auto found = blocks_.find(block);
      if (found == blocks_.end()) {
        importFails("registers", fmt::format("block {} of {} is missing", block, kWeightBlocks),
                    file_);
      }
      append(block, found->second, out);
    }
    return out;
  }

 private:
  void collect(const YAML::Node& node) {
    if (++visits_ > kMostVisits) importFails("registers", "is too large", file_);
    if (node.IsSequence()) {
      for (const YAML::Node& child : node) collect(child);
    }
    if (!node.IsMap()) return;
    for (const auto& entry : node) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const YAML::Node& value = entry.second;
      if (const auto block = numberAfter(key, "AUTOENCODER_", "INPUT")) {
        const bool nested = value.IsMap() && value["registers"];
        addBlock(*block, nested ? value["registers"] : value);
      } else if (key == "Encoder" && value.IsMap()) {
        for (const auto& page : value) {
          const std::string name = page.first.IsScalar() ? page.first.Scalar() : "";
          if (const auto number = numberAfter(name, "")) addBlock(*number, page.second);
        }
      } else {
        collect(value);
      }
    }
  }

  void addBlock(int block, const YAML::Node& registers) {
    const std::string where = fmt::format("{}: block {}", file_, block);
    if (block < 0 || block >= kWeightBlocks) {
      importFails("registers", fmt::format("blocks are 0..{}", kWeightBlocks - 1), where);
    }
    if (!registers.IsMap()) importFails("registers", "its registers are no map", where);
    Block& out = blocks_[block];
    for (const auto& entry : registers) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const auto first = numberAfter(key, kRegister);
      if (!first) continue;
      if (*first < 0 || *first >= kWeightBlockBytes) {
        importFails("registers", fmt::format("bytes are 0..{}", kWeightBlockBytes - 1),
                    where + ", " + key);
      }
      if (!out.emplace(*first, valueOf(entry.second)).second) {
        importFails("registers", "is given twice", where + ", " + key);
      }
    }
  }

  static YAML::Node valueOf(const YAML::Node& node) {
    if (!node.IsMap()) return node;
    return node["value"] ? node["value"] : node["param_value"];
  }

  void append(int block, const Block& registers, std::vector<std::uint8_t>& out) const {
    const std::string where = fmt::format("{}: block {}", file_, block);
    if (registers.empty() || registers.begin()->first != 0) {
      importFails("registers", fmt::format("{}0 is missing", kRegister), where);
    }
    for (auto at = registers.begin(); at != registers.end(); ++at) {
      const auto next = std::next(at);
      const int end = next == registers.end() ? kWeightBlockBytes : next->first;
      const std::string place = fmt::format("{}, {}{}", where, kRegister, at->first);
      if (end - at->first > kRegisterBytes) {
        importFails("registers",
                    fmt::format("{}{} is missing", kRegister, at->first + kRegisterBytes), where,
                    {fmt::format("a register holds at most {} bytes", kRegisterBytes)});
      }
      const auto bytes = number(at->second, place);
      for (int i = 0; i < kRegisterBytes; ++i) {
        const std::uint8_t byte = bytes[static_cast<std::size_t>(i)];
        if (i < end - at->first) {
          out.push_back(byte);
        } else if (byte != 0) {
          importFails("registers", fmt::format("does not fit its {} bytes", end - at->first),
                      place);
        }
      }
    }
  }

  // A number of up to 16 bytes, the lowest first.
  static std::array<std::uint8_t, kRegisterBytes> number(const YAML::Node& node,
                                                         const std::string& where) {
    std::string text = node.IsDefined() && node.IsScalar() ? node.Scalar() : "";
    std::erase(text, '_');
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    if (hex) text.erase(0, 2);
    std::array<std::uint8_t, kRegisterBytes> out{};
    bool good = !text.empty();
    for (const char c : text) {
      int digit = hex ? 16 : 10;
      const auto read = std::from_chars(&c, &c + 1, digit, hex ? 16 : 10);
      good = good && read.ec == std::errc{};
      unsigned carry = static_cast<unsigned>(digit);
      for (std::uint8_t& byte : out) {
        carry += byte * (hex ? 16U : 10U);
        byte = static_cast<std::uint8_t>(carry & 0xffU);
        carry >>= 8;
      }
      good = good && carry == 0;
      if (!good) break;
    }
    if (!good) {
      importFails("registers", "'" + text.substr(0, 48) + "' is no number of up to 128 bits", where,
                  {"hexadecimal, such as 0x1f, or decimal"});
    }
    return out;
  }

  std::string file_;
  std::map<int, Block> blocks_;
  int visits_ = 0;
};

// The weights' lists in the registers' order.
template <typename Weights>
auto lists(Weights& weights) {
  return std::array{&weights.convKernel, &weights.convBias, &weights.denseKernel,
                    &weights.denseBias};
}

std::string hexadecimal(const std::vector<std::uint8_t>& bytes, std::size_t from, std::size_t to) {
  std::string out;
  while (to > from) out += fmt::format("{:02x}", bytes[--to]);
  const auto first = out.find_first_not_of('0');
  return "0x" + (first == std::string::npos ? "0" : out.substr(first));
}

}  // namespace

std::vector<std::uint8_t> packWeights(const econ_t::AutoencoderWeights& weights) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(kWeightBlocks * kWeightBlockBytes), 0);
  std::size_t bit = 0;
  for (const auto* list : lists(weights)) {
    for (const std::int64_t weight : *list) {
      for (int i = 0; i < kWeight.width; ++i, ++bit) {
        if (((weight >> i) & 1) != 0) {
          bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] | (1U << (bit % 8)));
        }
      }
    }
  }
  return bytes;
}

econ_t::AutoencoderWeights unpackWeights(const std::vector<std::uint8_t>& bytes) {
  econ_t::AutoencoderWeights weights = econ_t::zeroWeights();
  std::size_t bit = 0;
  for (auto* list : lists(weights)) {
    for (std::int64_t& weight : *list) {
      std::int64_t raw = 0;
      for (int i = 0; i < kWeight.width; ++i, ++bit) {
        raw |= static_cast<std::int64_t>((bytes[bit / 8] >> (bit % 8)) & 1) << i;
      }
      weight = core::wrap(raw, kWeight);
    }
  }
  return weights;
}

core::Result<econ_t::AutoencoderWeights> readWeightRegisters(const std::filesystem::path& file) {
  YamlReader yaml(file, "import");
  const YAML::Node root = yaml.load();
  if (yaml.problem) return *yaml.problem;
  try {
    return unpackWeights(RegisterReader(file.string()).bytes(root));
  } catch (const ImportProblem& problem) {
    return problem.diagnostic;
  } catch (const YAML::Exception& wrong) {
    return core::badInput("import.registers", "is not as expected: " + wrong.msg, file.string());
  }
}

std::string weightRegistersYaml(const econ_t::AutoencoderWeights& weights, RegisterLayout layout) {
  const std::vector<std::uint8_t> bytes = packWeights(weights);
  const bool blocks = layout == RegisterLayout::Blocks;
  std::string out = blocks ? "ECON-T:\n  RW:\n" : "Encoder:\n";
  for (int block = 0; block < kWeightBlocks; ++block) {
    out += blocks ? fmt::format("    AUTOENCODER_{}INPUT:\n      registers:\n", block)
                  : fmt::format("  {}:\n", block);
    for (int first = 0; first < kWeightBlockBytes; first += kRegisterBytes) {
      const int end = std::min(first + kRegisterBytes, kWeightBlockBytes);
      const auto from = static_cast<std::size_t>(block * kWeightBlockBytes + first);
      const std::string value =
          hexadecimal(bytes, from, from + static_cast<std::size_t>(end - first));
      out += blocks ? fmt::format("        {}{}:\n          value: {}\n", kRegister, first, value)
                    : fmt::format("    {}{}: {}\n", kRegister, first, value);
    }
  }
  return out;
}

}  // namespace aegen::encoders
