#include "aegen/encoders/principal_components.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "aegen/data/shower_generator.hpp"

namespace aegen::encoders {
namespace {

double distance(const ChargeArray& a, const ChargeArray& b) {
  double out = 0;
  for (std::size_t c = 0; c < a.size(); ++c) out += (a[c] - b[c]) * (a[c] - b[c]);
  return out;
}

ChargeArray chargesOf(const data::Event& event) {
  ChargeArray out{};
  std::ranges::copy(event.charge, out.begin());
  return out;
}

TEST(PrincipalComponents, AreOrthonormalAndOrderedAndOfOneSign) {
  const auto events = data::ShowerGenerator(data::sparse(), 5).generate(400);
  const auto fit = PrincipalComponents::fit(events);
  ASSERT_TRUE(fit.ok()) << fit.error().text();
  const auto& components = fit->components();
  for (std::size_t i = 0; i < components.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double product = 0;
      for (std::size_t c = 0; c < components[i].size(); ++c) {
        product += components[i][c] * components[j][c];
      }
      EXPECT_NEAR(product, i == j ? 1 : 0, 1e-12) << i << " " << j;
    }
    EXPECT_LE(fit->variances()[i], fit->variances()[i == 0 ? 0 : i - 1]);
    const auto [least, most] = std::ranges::minmax(components[i]);
    EXPECT_GE(most, -least) << i;
  }
}

TEST(PrincipalComponents, AllOfThemLoseNothingAndEachBringsTheFitCloser) {
  const auto events = data::ShowerGenerator(data::dense(), 6).generate(300);
  const auto fit = PrincipalComponents::fit(events);
  ASSERT_TRUE(fit.ok()) << fit.error().text();
  const auto exact = fit->reconstruct(events, data::kTriggerCells);
  for (std::size_t e = 0; e < events.size(); ++e) {
    const ChargeArray truth = chargesOf(events[e]);
    for (std::size_t c = 0; c < truth.size(); ++c) {
      EXPECT_NEAR(exact[e][c], truth[c], 1e-9 * (1 + static_cast<double>(events[e].sum())));
    }
  }
  // Without the cut at 0, which can only help: the mean squared distance is at most what the
  // variances left out add up to.
  for (const int count : {0, 1, 7, 16, 40}) {
    double left = 0;
    for (std::size_t k = static_cast<std::size_t>(count); k < fit->variances().size(); ++k) {
      left += fit->variances()[k];
    }
    const auto some = fit->reconstruct(events, count);
    double mean = 0;
    for (std::size_t e = 0; e < events.size(); ++e) {
      const double scale = std::ldexp(1.0, std::ilogb(static_cast<double>(events[e].sum())));
      mean += distance(some[e], chargesOf(events[e])) / (scale * scale) /
              static_cast<double>(events.size());
      EXPECT_GE(*std::ranges::min_element(some[e]), 0);
    }
    EXPECT_LE(mean, left * (1 + 1e-9) + 1e-12) << count;
    EXPECT_GT(mean, 0.2 * left) << count;
  }
}

// Patterns on a line through the mean: one direction says all, and it is the line's.
TEST(PrincipalComponents, FindTheLineThatEventsLieOn) {
  std::mt19937_64 random(7);
  std::vector<data::Event> events(200);
  for (data::Event& event : events) {
    event.charge[3] = static_cast<std::int64_t>(random() % 1000);
    event.charge[40] = 1024 - event.charge[3];
  }
  const auto fit = PrincipalComponents::fit(events);
  ASSERT_TRUE(fit.ok()) << fit.error().text();
  EXPECT_NEAR(std::abs(fit->components()[0][3]), std::sqrt(0.5), 1e-12);
  EXPECT_NEAR(fit->components()[0][3], -fit->components()[0][40], 1e-12);
  EXPECT_GT(fit->variances()[0], 0.01);
  EXPECT_NEAR(fit->variances()[1], 0, 1e-12);
  const auto back = fit->reconstruct(events, 1);
  for (std::size_t e = 0; e < events.size(); ++e) {
    EXPECT_NEAR(distance(back[e], chargesOf(events[e])), 0, 1e-12);
  }
}

TEST(PrincipalComponents, OfNothingAreAMessage) {
  const std::vector<data::Event> empty(3);
  const auto fit = PrincipalComponents::fit(empty);
  ASSERT_FALSE(fit.ok());
  EXPECT_EQ(fit.error().code, "components.no-events");
}

}  // namespace
}  // namespace aegen::encoders
