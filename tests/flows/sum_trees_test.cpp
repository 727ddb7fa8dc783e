#include "sum_trees.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "aegen/core/process.hpp"

namespace aegen::flows {
namespace {

namespace fs = std::filesystem;

class SumTreesInYosys : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              (std::string("aegen_trees_") +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  // Maps `source` and has Yosys prove the netlist equal to it; the area of the netlist.
  double provenArea(const fs::path& source, MultiplierStyle style, AdderStyle adders) {
    SynthesisOptions options;
    options.multipliers = style;
    options.adders = adders;
    options.workDirectory = folder_ / "work";
    const auto result = synthesise({source}, "dut", options);
    EXPECT_TRUE(result) << result.error().text();
    if (!result) {
      return 0;
    }
    const fs::path script = write(
        "prove.ys",
        fmt::format("read_liberty -ignore_miss_func {}\nread_verilog {}\nhierarchy -top dut\n"
                    "proc\nflatten\nopt\nrename dut gate\ndesign -stash gate\nread_verilog {}\n"
                    "prep -top dut\nrename dut gold\ndesign -copy-from gate -as gate gate\n"
                    "miter -equiv -make_assert -flatten gold gate miter\n"
                    "sat -verify -prove-asserts miter\n",
                    std::string(kDefaultLiberty), (folder_ / "work/batch_0.v").string(),
                    source.string()));
    const auto run = core::runProcess({"yosys", "-s", script.string()});
    EXPECT_TRUE(run && run->ok()) << (run ? core::lastLines(run->output, 10) : "no Yosys");
    return result->area;
  }

  fs::path folder_;
};

constexpr MultiplierStyle kStyles[] = {MultiplierStyle::Array, MultiplierStyle::Tree,
                                       MultiplierStyle::Booth, MultiplierStyle::Auto};

// Four inputs of random formats; sums and products of them, exact, cut, shared, too narrow.
std::string randomModule(std::mt19937_64& random) {
  const auto below = [&random](unsigned bound) { return static_cast<unsigned>(random() % bound); };
  std::string ports;
  std::string body;
  std::string in[4];
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned bits = 2 + below(3);
    const bool isSigned = below(2) == 0;
    ports += fmt::format("input wire [{}:0] i{}, ", bits - 1, i);
    body += isSigned ? fmt::format("  wire signed [9:0] x{0} = $signed(i{0});\n", i)
                     : fmt::format("  wire signed [9:0] x{0} = $signed({{1'b0, i{0}}});\n", i);
    in[i] = fmt::format("x{}", i);
  }
  body += fmt::format("  wire signed [9:0] p = {} * {}, q = {} * {};\n", in[below(4)], in[below(4)],
                      in[below(4)], in[below(4)]);
  body += fmt::format("  wire signed [{}:0] pc = p[9:{}];\n", 9 - 2, 2);
  body += fmt::format("  wire signed [10:0] s = p + q, d = q - {};\n", in[below(4)]);
  body +=
      fmt::format("  wire signed [11:0] t = s {} {{{}, 1'b0}};\n", below(2) ? "+" : "-", "d[10:0]");
  body += fmt::format("  wire signed [{}:0] n = {} * {} + q;\n", 4 + below(3), in[0], in[1]);
  body += "  wire signed [11:0] c = pc + q[9:1] - x2 + 12'sd5;\n";
  body += "  assign y0 = t;\n  assign y1 = n;\n  assign y2 = c;\n";
  return "module dut (" + ports +
         "output wire [11:0] y0, output wire [11:0] y1, output wire [11:0] y2);\n" + body +
         "endmodule\n";
}

TEST_F(SumTreesInYosys, RandomSumsOfProductsAreProvenEqualToTheirSource) {
  constexpr std::uint64_t kSeed = 7;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 2; ++round) {
    const std::string text = randomModule(random);
    SCOPED_TRACE(fmt::format("seed {}, round {}\n{}", kSeed, round, text));
    const fs::path source = write("dut.v", text);
    for (const MultiplierStyle style : kStyles) {
      provenArea(source, style, round == 1 ? AdderStyle::Logic : AdderStyle::Cells);
    }
  }
}

TEST_F(SumTreesInYosys, SumsOfCutProductsAreSmallestWhenChosenByArea) {
  const fs::path source = write("dut.v", R"(
module dut (input wire [14:0] x, input wire [11:0] w, output wire [9:0] y);
  wire signed [8:0] p0 = $signed({4'd0, x[4:0]}) * $signed({{5{w[3]}}, w[3:0]});
  wire signed [8:0] p1 = $signed({4'd0, x[9:5]}) * $signed({{5{w[7]}}, w[7:4]});
  wire signed [8:0] p2 = $signed({4'd0, x[14:10]}) * $signed({{5{w[11]}}, w[11:8]});
  wire signed [5:0] q0 = p0[8:3];
  wire signed [5:0] q1 = p1[8:3];
  wire signed [5:0] q2 = p2[8:3];
  wire signed [6:0] s = {q0[5], q0} + {q1[5], q1};
  wire signed [7:0] t = {s[6], s} + {{2{q2[5]}}, q2};
  assign y = {{2{t[7]}}, t};
endmodule
)");
  const double array = provenArea(source, MultiplierStyle::Array, AdderStyle::Cells);
  const double tree = provenArea(source, MultiplierStyle::Tree, AdderStyle::Cells);
  const double chosen = provenArea(source, MultiplierStyle::Auto, AdderStyle::Cells);
  EXPECT_LT(tree, array);
  EXPECT_LE(chosen, tree * 1.02);  // gates are counted before ABC takes them apart
}

}  // namespace
}  // namespace aegen::flows
