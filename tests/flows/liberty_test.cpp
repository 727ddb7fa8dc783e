#include "aegen/flows/liberty.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "small_library.hpp"

namespace aegen::flows {
namespace {

using namespace testing;

const std::vector<std::string> kAbc = {"A", "B", "C"};

TEST(TruthTable, KnowsEveryWayOfWritingAnOperator) {
  const std::vector<std::string> ab = {"A", "B"};
  EXPECT_EQ(truthTable("A B", ab), 0b1000U);
  EXPECT_EQ(truthTable("A & B", ab), 0b1000U);
  EXPECT_EQ(truthTable("(A*B)", ab), 0b1000U);
  EXPECT_EQ(truthTable("A+B", ab), 0b1110U);
  EXPECT_EQ(truthTable("A | B", ab), 0b1110U);
  EXPECT_EQ(truthTable("A^B", ab), 0b0110U);
  EXPECT_EQ(truthTable("!(A B)", ab), 0b0111U);
  EXPECT_EQ(truthTable("(A B)'", ab), 0b0111U);
  EXPECT_EQ(truthTable("!A B", ab), 0b0100U);
  EXPECT_EQ(truthTable("1", ab), 0b1111U);
  EXPECT_EQ(truthTable("0", ab), 0U);
}

TEST(TruthTable, BindsNotBeforeXorBeforeAndBeforeOr) {
  EXPECT_EQ(truthTable("A+B C", kAbc), truthTable("A+(B C)", kAbc));
  EXPECT_EQ(truthTable("A ^ B & C", kAbc), truthTable("(A ^ B) & C", kAbc));
  EXPECT_EQ(truthTable("!A^B", kAbc), truthTable("(!A)^B", kAbc));
  EXPECT_NE(truthTable("!A^B", kAbc), truthTable("!(A^B)+C", kAbc));
}

TEST(TruthTable, RefusesWhatItCannotRead) {
  EXPECT_FALSE(truthTable("A B)", kAbc));
  EXPECT_FALSE(truthTable("(A", kAbc));
  EXPECT_FALSE(truthTable("A + D", kAbc));
  EXPECT_FALSE(truthTable("", kAbc));
  EXPECT_FALSE(truthTable("A", {"A", "B", "C", "D", "E", "F", "G"}));
}

TEST(Liberty, FindsCellsByWhatTheyDoAndTakesTheSmallest) {
  const auto library = Liberty::parse(smallLibrary(), "small.lib");
  ASSERT_TRUE(library) << library.error().text();
  EXPECT_EQ(library->name(), "small");
  EXPECT_EQ(library->cells().size(), 5U);
  EXPECT_EQ(library->nand2().name, "NAND");
  EXPECT_DOUBLE_EQ(library->nand2().area, 3);
  ASSERT_NE(library->inverter(), nullptr);
  EXPECT_EQ(library->inverter()->name, "INV");
  ASSERT_NE(library->find("DFF"), nullptr);
  EXPECT_EQ(library->find("DFF")->kind, CellKind::FlipFlop);
  EXPECT_EQ(library->find("nothing"), nullptr);
  const auto adder = library->fullAdder();
  ASSERT_TRUE(adder);
  EXPECT_EQ(adder->cell, "ADD3");
  EXPECT_EQ(adder->sum, "S");
  EXPECT_EQ(adder->carry, "CO");
  EXPECT_EQ(adder->inputs, (std::vector<std::string>{"X", "Y", "Z"}));
}

TEST(Liberty, PassesOverCellsThatAreNotToBeUsed) {
  std::string cells = nandCells() + inverterCell() + flipFlopCell();
  cells.replace(cells.find("area : 3;"), 9, "area : 3; dont_use : true;");
  const auto library = Liberty::parse(libraryOf(cells), "small.lib");
  ASSERT_TRUE(library);
  EXPECT_EQ(library->nand2().name, "NAND_BIG");
}

TEST(Liberty, SaysWhatALibraryLacks) {
  const auto noFlipFlop = Liberty::parse(libraryOf(nandCells()), "a.lib");
  ASSERT_FALSE(noFlipFlop);
  EXPECT_EQ(noFlipFlop.error().code, "liberty.no-flip-flop");
  EXPECT_EQ(noFlipFlop.error().failure, core::Failure::BadInput);
  const auto noNand = Liberty::parse(libraryOf(inverterCell() + flipFlopCell()), "a.lib");
  ASSERT_FALSE(noNand);
  EXPECT_EQ(noNand.error().code, "liberty.no-nand2");
  const auto noAdder =
      Liberty::parse(libraryOf(nandCells() + inverterCell() + flipFlopCell()), "a.lib");
  ASSERT_TRUE(noAdder);
  EXPECT_FALSE(noAdder->fullAdder());
}

TEST(Liberty, NamesTheLineWhereTextStopsBeingLiberty) {
  for (const std::string& text :
       {std::string(), std::string("module x; endmodule"), std::string("cell (A) { }"),
        smallLibrary().substr(0, 400), std::string("library (x) {\n cell (A) {\n area 3;\n } }"),
        std::string("library (x) {\n /* never closed")}) {
    const auto library = Liberty::parse(text, "broken.lib");
    ASSERT_FALSE(library) << text;
    EXPECT_EQ(library.error().code, "liberty.not-liberty") << text;
    EXPECT_TRUE(library.error().where.starts_with("broken.lib:")) << library.error().where;
  }
  const auto third = Liberty::parse("library (x) {\n cell (A) {\n area 3;\n } }", "broken.lib");
  EXPECT_EQ(third.error().where, "broken.lib:3");
}

TEST(Liberty, MissingFileIsADiagnosticThatSaysWhatToInstall) {
  const auto library = loadLiberty("/nowhere/none.lib");
  ASSERT_FALSE(library);
  EXPECT_EQ(library.error().code, "liberty.missing-file");
  EXPECT_NE(library.error().text().find("qflow-tech-osu018"), std::string::npos);
}

TEST(Liberty, ReadsAGzippedFile) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "aegen_liberty_gz";
  std::filesystem::create_directories(folder);
  std::filesystem::remove(folder / "small.lib.gz");
  std::ofstream(folder / "small.lib") << smallLibrary();
  ASSERT_EQ(std::system(("gzip -f " + (folder / "small.lib").string()).c_str()), 0);
  const auto library = loadLiberty(folder / "small.lib.gz");
  ASSERT_TRUE(library) << library.error().text();
  EXPECT_EQ(library->cells().size(), 5U);
  std::filesystem::remove_all(folder);
}

TEST(Liberty, ReadsTheDefaultLibrary) {
  ASSERT_TRUE(std::filesystem::exists(kDefaultLiberty)) << "install qflow-tech-osu018";
  const auto library = loadLiberty(std::filesystem::path(kDefaultLiberty));
  ASSERT_TRUE(library) << library.error().text();
  EXPECT_EQ(library->name(), "osu018_stdcells");
  EXPECT_EQ(library->cells().size(), 32U);
  EXPECT_EQ(library->nand2().name, "NAND2X1");
  EXPECT_DOUBLE_EQ(library->nand2().area, 24);
  EXPECT_EQ(library->inverter()->name, "INVX1");
  EXPECT_EQ(library->find("DFFSR")->kind, CellKind::FlipFlop);
  EXPECT_EQ(library->find("LATCH")->kind, CellKind::Latch);
  ASSERT_TRUE(library->fullAdder());
  EXPECT_EQ(library->fullAdder()->cell, "FAX1");
  EXPECT_EQ(library->fullAdder()->sum, "YS");
  EXPECT_EQ(library->fullAdder()->carry, "YC");
}

}  // namespace
}  // namespace aegen::flows
