// The layers include each other in one direction only, and files keep to the house's shape.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
const fs::path kSource = AEGEN_SOURCE_DIR;

const std::map<std::string, std::set<std::string>> kMayInclude{
    {"core", {"core"}},
    {"data", {"data", "core"}},
    {"encoders", {"encoders", "data", "core"}},
    {"rtl_gen", {"rtl_gen", "core"}},
    {"sim", {"sim", "rtl_gen", "core"}},
    {"lint", {"lint", "rtl_gen", "core"}},
    {"flows", {"flows", "sim", "lint", "rtl_gen", "encoders", "data", "core"}},
    {"tools", {"flows", "sim", "lint", "rtl_gen", "encoders", "data", "core"}},
};

std::vector<fs::path> sourcesOf(const std::string& layer) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(kSource / layer)) {
    const std::string extension = entry.path().extension().string();
    if (extension == ".hpp" || extension == ".cpp" || extension == ".inc")
      out.push_back(entry.path());
  }
  return out;
}

TEST(Layers, EachIncludesOnlyWhatItMay) {
  const std::regex include(R"(#include\s*[<"]aegen/([a-z_]+)/)");
  for (const auto& [layer, allowed] : kMayInclude) {
    const auto files = sourcesOf(layer);
    EXPECT_FALSE(files.empty()) << layer;
    for (const fs::path& file : files) {
      std::ifstream in(file);
      for (std::string line; std::getline(in, line);) {
        std::smatch match;
        if (!std::regex_search(line, match, include)) continue;
        EXPECT_TRUE(allowed.contains(match[1])) << file << ": " << line;
      }
    }
  }
}

TEST(Layers, CoreUsesTheStandardLibraryOnly) {
  const std::regex foreign(R"(#include\s*<(fmt|nlohmann|yaml-cpp|Eigen|systemc|CLI|gtest)[./>])");
  for (const fs::path& file : sourcesOf("core")) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      EXPECT_FALSE(std::regex_search(line, foreign)) << file << ": " << line;
    }
  }
}

TEST(Layers, EveryHeaderOpensWithItsPurpose) {
  for (const auto& [layer, allowed] : kMayInclude) {
    for (const fs::path& file : sourcesOf(layer)) {
      if (file.extension() != ".hpp") continue;
      std::ifstream in(file);
      std::string first;
      std::string second;
      std::getline(in, first);
      std::getline(in, second);
      EXPECT_EQ(first, "#pragma once") << file;
      EXPECT_EQ(second.substr(0, 4), "/// ") << file;
    }
  }
}

TEST(Layers, EveryFolderSaysWhatLivesInIt) {
  for (const auto& [layer, allowed] : kMayInclude) {
    EXPECT_TRUE(fs::exists(kSource / layer / "README.md")) << layer;
  }
}

}  // namespace
