#include "aegen/flows/report.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "sample_results.hpp"

namespace aegen::flows {
namespace {

/// What is wrong with the nesting of tags or with stray < and &; empty when nothing is.
std::string markupProblem(const std::string& html) {
  std::vector<std::string> open;
  for (std::size_t at = 0; at < html.size();) {
    if (html[at] == '&') {
      const std::size_t end = html.find(';', at);
      if (end == std::string::npos || end - at > 8) {
        return "a bare & near " + html.substr(at, 30);
      }
    }
    if (html[at] != '<') {
      ++at;
      continue;
    }
    const std::size_t end = html.find('>', at);
    if (end == std::string::npos) {
      return "a tag is not closed near " + html.substr(at, 30);
    }
    const std::string tag = html.substr(at + 1, end - at - 1);
    at = end + 1;
    if (tag.empty() || tag.find('<') != std::string::npos) {
      return "a bare < near <" + tag;
    }
    if (tag[0] == '!' || tag.back() == '/') {
      continue;
    }
    if (tag[0] != '/') {
      open.push_back(tag.substr(0, tag.find_first_of(" \n")));
      if (open.back() == "style") {  // its content is not markup
        at = html.find("</style>", at);
      }
    } else if (open.empty() || open.back() != tag.substr(1)) {
      return "</" + tag.substr(1) + "> closes <" + (open.empty() ? "nothing" : open.back()) + ">";
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

TEST(MarkupProblem, SeesBrokenMarkup) {
  EXPECT_EQ(markupProblem("<p>a<br />b &amp; c</p>"), "");
  EXPECT_NE(markupProblem("<p><b></p></b>"), "");
  EXPECT_NE(markupProblem("<p>a < b</p>"), "");
  EXPECT_NE(markupProblem("<p>a & b</p>"), "");
  EXPECT_NE(markupProblem("<p>"), "");
}

TEST(Report, PageIsWellFormedAndRefersToNothingOutside) {
  const std::string html = reportHtml(testing::sampleInputs());
  EXPECT_EQ(markupProblem(html), "");
  for (const char* outside : {"http:", "https:", "src=", "@import", "url("}) {
    EXPECT_EQ(html.find(outside), std::string::npos) << outside;
  }
  EXPECT_NE(html.find("prefers-color-scheme: dark"), std::string::npos);
}

TEST(Report, PageShowsEveryStage) {
  const std::string html = reportHtml(testing::sampleInputs());
  for (const char* expected : {"sample_design",
                               "An encoder &lt;for&gt; testing &amp; looking at.",
                               "sample_model",
                               "seed 7",
                               "u9.8",
                               "Yosys 0.23",
                               "abc1234",  // build
                               "href=\"rtl/neuron.v\"",
                               "formats proven",
                               "345 values",                   // rtl
                               "verilator --lint-only -Wall",  // lint
                               "shower generator, sparse, seed 7",
                               "scoreboard",
                               "1.250",
                               "0.0123",
                               "20+",
                               "Crossing 1234",  // cosim
                               "2.010",
                               "×16",
                               "u_neuron_3",
                               "osu018_stdcells",
                               "FAX1"}) {  // synth
    EXPECT_NE(html.find(expected), std::string::npos) << expected;
  }
  EXPECT_EQ(html.find(">missing<"), std::string::npos);
  EXPECT_NE(html.find("all 7 checks pass"), std::string::npos);
}

TEST(Report, EachWaferHas48CellsOnOneScale) {
  const std::string html = reportHtml(testing::sampleInputs());
  EXPECT_EQ(count(html, "<polygon"), 96U);
  EXPECT_EQ(count(html, "class=\"wafer\""), 2U);
  EXPECT_EQ(count(html, "class=\"scale\""), 1U);
  // The true side's largest charge has the scale's last colour; the other side's does not.
  EXPECT_NE(html.find("fill=\"#fde746\"><title>cell 11: 400<"), std::string::npos);
  EXPECT_EQ(html.find("fill=\"#fde746\"><title>cell 11: 310<"), std::string::npos);
}

TEST(Report, FailuresAndMissingStagesAreSaid) {
  ReportInputs inputs = testing::sampleInputs();
  inputs.lint->rules[0] = {"undriven", false, {"top.x is driven by nothing"}};
  inputs.cosim->mismatches = 3;
  inputs.cosim->firstMismatch = "crossing 17, calq[3]";
  inputs.cosim->latencies[1].measured = 5;
  inputs.synth.reset();
  const std::string html = reportHtml(inputs);
  EXPECT_EQ(markupProblem(html), "");
  for (const char* expected :
       {"3 of 7 checks failed", "top.x is driven by nothing", "3 wrong values in 20000 crossings",
        "crossing 17, calq[3]", "formatter: 5 crossings measured, 4 asked for", "aegen synth"}) {
    EXPECT_NE(html.find(expected), std::string::npos) << expected;
  }
  const auto json = nlohmann::json::parse(reportJson(inputs));
  EXPECT_EQ(json.at("verdict"), "fail");
  EXPECT_EQ(json.at("missing"), nlohmann::json::array({"synth"}));
}

TEST(Report, CrossingsThatNeverRanAreNotAPass) {
  ReportInputs inputs = testing::sampleInputs();
  inputs.cosim->crossings = 0;
  EXPECT_EQ(nlohmann::json::parse(reportJson(inputs)).at("verdict"), "fail");
}

TEST(Report, JsonHoldsChecksAndStages) {
  const auto json = nlohmann::json::parse(reportJson(testing::sampleInputs()));
  EXPECT_EQ(json.at("verdict"), "pass");
  EXPECT_EQ(json.at("checks").size(), 7U);
  EXPECT_EQ(json.at("cosim").at("overall").at("emdMean"), 1.25);
  EXPECT_EQ(json.at("synth").at("flipFlops"), 100);
  EXPECT_TRUE(json.at("missing").empty());
}

TEST(Report, IsMadeFromNothingAtAll) {
  const std::string html = reportHtml({});
  EXPECT_EQ(markupProblem(html), "");
  EXPECT_EQ(nlohmann::json::parse(reportJson({})).at("verdict"), "incomplete");
  EXPECT_NE(html.find("4 of 4 stages not run"), std::string::npos);
}

TEST(Report, IsWrittenFromTheStageFilesOfAFolder) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "aegen_report";
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(saveStage(testing::sampleBuild(), folder));
  ASSERT_TRUE(saveStage(testing::sampleCosim(), folder));
  const auto json = writeReport(folder);
  ASSERT_TRUE(json) << json.error().text();
  EXPECT_EQ(nlohmann::json::parse(*json).at("missing"),
            nlohmann::json::array({"rtl", "lint", "synth"}));
  EXPECT_GT(std::filesystem::file_size(folder / "report.html"), 10000U);
  // With the wafer's real outlines.
  const auto inputs = loadReportInputs(folder);
  ASSERT_TRUE(inputs);
  EXPECT_EQ(inputs->cells.size(), 48U);

  std::ofstream(folder / "cosim.json") << "{";
  EXPECT_EQ(writeReport(folder).error().code, "stage.malformed");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace aegen::flows
