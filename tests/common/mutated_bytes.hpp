#pragma once
/// Damaged files: seeded changes of a good one's bytes.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

namespace aegen::test {

[[nodiscard]] inline std::string bytesOf(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void writeBytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

/// One to eight bytes changed, half of the times within the first 4096, where formats keep their
/// structure; one time in five the end is cut off. `bytes` is not empty.
[[nodiscard]] inline std::string mutatedBytes(std::string bytes, std::mt19937_64& random) {
  const auto changes = 1 + random() % 8;
  const std::size_t head = std::min<std::size_t>(bytes.size(), 4096);
  const std::size_t reach = random() % 2 == 0 ? bytes.size() : head;
  for (std::uint64_t i = 0; i < changes; ++i) {
    bytes[random() % reach] = static_cast<char>(random());
  }
  if (random() % 5 == 0) bytes.resize(random() % bytes.size());
  return bytes;
}

}  // namespace aegen::test
