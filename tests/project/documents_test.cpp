// Documents say what the code says.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "aegen/core/op.hpp"

namespace {

namespace fs = std::filesystem;
const fs::path kSource = AEGEN_SOURCE_DIR;

std::string textOf(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Documents, TheIrPageListsTheOpTableRowByRow) {
  std::string rows;
  for (const auto& row : aegen::core::kOpTable) {
    rows += "| `" + std::string(row.mnemonic) + "` | " +
            (row.operands < 0 ? "1 or more" : std::to_string(row.operands)) + " | " +
            std::string(row.meaning) + " |\n";
  }
  EXPECT_NE(textOf(kSource / "docs" / "ir.md").find(rows), std::string::npos)
      << "docs/ir.md should hold:\n"
      << rows;
}

TEST(Documents, LinksLeadToFiles) {
  const std::regex link(R"(\]\(([^)#:]+)(#[^)]*)?\))");
  for (const fs::path& folder : {kSource, kSource / "docs"}) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() != ".md") continue;
      const std::string text = textOf(entry.path());
      for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at) {
        EXPECT_TRUE(fs::exists(entry.path().parent_path() / (*at)[1].str()))
            << entry.path() << ": " << (*at)[1];
      }
    }
  }
}

}  // namespace
