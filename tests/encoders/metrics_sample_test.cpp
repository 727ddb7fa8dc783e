#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "aegen/encoders/metrics.hpp"
#include "emd_oracle.hpp"

namespace aegen::encoders {
namespace {

using Pattern = std::array<double, 48>;

/// The 3025 modules of the shared sample, in AE channel order.
const std::vector<Pattern>& sample() {
  static const std::vector<Pattern> events = [] {
    std::vector<Pattern> result;
    std::ifstream in(AEGEN_SOURCE_DIR "/../shared/econt/calq_sample.csv");
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
      std::istringstream fields(line);
      std::string word;
      Pattern pattern{};
      for (std::size_t k = 0; std::getline(fields, word, ','); ++k) {
        pattern[static_cast<std::size_t>(data::tcOrderToChannel().at(k))] = std::stod(word);
      }
      result.push_back(pattern);
    }
    return result;
  }();
  return events;
}

/// The `count` largest charges as they are, zeros elsewhere.
Pattern largest(const Pattern& truth, std::size_t count) {
  std::array<std::size_t, 48> order{};
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return truth[a] > truth[b]; });
  Pattern result{};
  for (std::size_t k = 0; k < count; ++k) result[order[k]] = truth[order[k]];
  return result;
}

TEST(MetricsOnSample, BestChoiceHasItsKnownMeanEmd) {
  ASSERT_EQ(sample().size(), 3025U);
  // Known from an independent calculation, by number of charges sent on 2, 3, 4 and 5 links.
  const std::array<std::pair<std::size_t, double>, 4> known = {
      {{4, 1.45}, {6, 0.93}, {9, 0.55}, {14, 0.27}}};
  for (const auto& [count, emd] : known) {
    MetricsAccumulator metrics;
    for (const Pattern& truth : sample()) metrics.add(truth, largest(truth, count));
    const MetricsSummary all = metrics.overall();
    RecordProperty("emd_" + std::to_string(count), std::to_string(all.emd.mean));
    EXPECT_EQ(all.emd.events, 3025U);
    EXPECT_NEAR(all.emd.mean, emd, 0.015) << count << " charges";
    EXPECT_LE(all.responseMean, 1.0);
  }
}

TEST(MetricsOnSample, EmdAgreesWithLemonBetweenConsecutiveModules) {
  for (std::size_t k = 0; k + 1 < sample().size(); ++k) {
    const double emd = earthMoversDistance(sample()[k], sample()[k + 1]).value();
    ASSERT_NEAR(emd, test::lemonEmd(sample()[k], sample()[k + 1], data::emdDistances()), 1e-9)
        << "modules " << k << " and the next";
    const Pattern few = largest(sample()[k], 6);
    ASSERT_NEAR(earthMoversDistance(sample()[k], few).value(),
                test::lemonEmd(sample()[k], few, data::emdDistances()), 1e-9);
  }
}

}  // namespace
}  // namespace aegen::encoders
