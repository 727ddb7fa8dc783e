#include "aegen/flows/equivalence.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "aegen/core/files.hpp"
#include "aegen/flows/synthesis.hpp"

namespace aegen::flows {
namespace {

constexpr const char* kVerilog = R"(
module sub(input clk, input rst_n, input [5:0] a, input signed [5:0] b, output reg [7:0] q,
           output [11:0] p);
  assign p = a * b;
  always @(posedge clk) if (!rst_n) q <= 0; else if (a[0]) q <= q + {2'b0, b};
endmodule
module top(input clk, input rst_n, input [5:0] a, b, output [7:0] q, output [11:0] p);
  sub s(clk, rst_n, a ^ b, b, q, p);
endmodule
)";

TEST(Equivalence, ProvesASynthesisAndRefutesItWithAGateExchanged) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("aegen-equivalence-" + std::to_string(::getpid()));
  ASSERT_TRUE(core::writeFile(folder / "top.v", kVerilog).ok());
  SynthesisOptions options;
  options.jobs = 1;
  options.workDirectory = folder / "synth";
  const auto synth = synthesise({folder / "top.v"}, "top", options);
  ASSERT_TRUE(synth.ok()) << synth.error().text();
  const auto prove = [&] {
    return proveEquivalence(folder / "synth", std::string(kDefaultLiberty), folder / "work", {});
  };
  const auto proofs = prove();
  ASSERT_TRUE(proofs.ok()) << proofs.error().text();
  ASSERT_EQ(proofs->size(), 2U);
  for (const ModuleProof& proof : *proofs) {
    EXPECT_EQ(proof.status, ProofStatus::Proven) << proof.module << ": " << proof.detail;
    EXPECT_GT(proof.points, 0U);
  }
  bool exchanged = false;
  for (int batch = 0; !exchanged; ++batch) {
    const auto file = folder / "synth" / ("batch_" + std::to_string(batch) + ".json");
    auto text = core::readFile(file);
    ASSERT_TRUE(text.ok()) << "no gate to exchange";
    const std::string gate = "\"type\": \"NAND2X1\"";
    const std::size_t at = text->find(gate);
    if (at == std::string::npos) continue;
    text->replace(at, gate.size(), "\"type\": \"NOR2X1\"");
    ASSERT_TRUE(core::writeFile(file, *text).ok());
    exchanged = true;
  }
  const auto wrong = prove();
  ASSERT_TRUE(wrong.ok()) << wrong.error().text();
  EXPECT_TRUE(std::ranges::any_of(*wrong, [](const ModuleProof& proof) {
    return proof.status == ProofStatus::Refuted && !proof.detail.empty();
  }));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace aegen::flows
