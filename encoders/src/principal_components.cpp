#include "aegen/encoders/principal_components.hpp"

#include <Eigen/Dense>

#include <algorithm>
#include <cassert>
#include <cmath>

namespace aegen::encoders {
namespace {

constexpr int kCells = data::kTriggerCells;
using Pattern = Eigen::Matrix<double, kCells, 1>;
using Covariance = Eigen::Matrix<double, kCells, kCells>;

// The power of two that an event's charges are divided by; 1 without charge.
double scaleOf(const data::Event& event) {
  const auto sum = static_cast<double>(event.sum());
  return sum > 0 ? std::ldexp(1.0, std::ilogb(sum)) : 1;
}

Pattern patternOf(const data::Event& event) {
  const double scale = scaleOf(event);
  Pattern out;
  for (int c = 0; c < kCells; ++c) {
    out[c] = static_cast<double>(event.charge[static_cast<std::size_t>(c)]) / scale;
  }
  return out;
}

void fixSign(ChargeArray& direction) {
  const auto larger = [](double a, double b) { return std::abs(a) < std::abs(b); };
  if (*std::ranges::max_element(direction, larger) >= 0) return;
  for (double& entry : direction) entry = -entry;
}

}  // namespace

core::Result<PrincipalComponents> PrincipalComponents::fit(std::span<const data::Event> events) {
  std::vector<Pattern> patterns;
  for (const data::Event& event : events) {
    if (event.sum() > 0) patterns.push_back(patternOf(event));
  }
  if (patterns.empty()) {
    return core::badInput("components.no-events", "there is no event with charge to fit to", {},
                          {"principal components are those of events of their own"});
  }
  const auto number = static_cast<double>(patterns.size());
  Pattern mean = Pattern::Zero();
  for (const Pattern& pattern : patterns) mean += pattern / number;
  Covariance covariance = Covariance::Zero();
  for (const Pattern& pattern : patterns) {
    covariance.noalias() += (pattern - mean) * ((pattern - mean) / number).transpose();
  }
  const Eigen::SelfAdjointEigenSolver<Covariance> solver(covariance);
  PrincipalComponents out;
  std::ranges::copy(mean, out.mean_.begin());
  for (std::size_t k = 0; k < out.components_.size(); ++k) {
    const int column = kCells - 1 - static_cast<int>(k);  // the solver's largest is its last
    const Pattern direction = solver.eigenvectors().col(column);
    std::ranges::copy(direction, out.components_[k].begin());
    fixSign(out.components_[k]);
    out.variances_[k] = std::max(0.0, solver.eigenvalues()[column]);
  }
  return out;
}

std::vector<ChargeArray> PrincipalComponents::reconstruct(std::span<const data::Event> events,
                                                          int count) const {
  assert(count >= 0 && count <= kCells);
  const Eigen::Map<const Pattern> mean(mean_.data());
  Eigen::Matrix<double, kCells, Eigen::Dynamic> basis(kCells, count);
  for (int k = 0; k < count; ++k) {
    basis.col(k) = Eigen::Map<const Pattern>(components_[static_cast<std::size_t>(k)].data());
  }
  std::vector<ChargeArray> out(events.size());
  for (std::size_t e = 0; e < events.size(); ++e) {
    const Eigen::VectorXd values = basis.transpose() * (patternOf(events[e]) - mean);
    const Pattern pattern = (mean + basis * values).cwiseMax(0.0) * scaleOf(events[e]);
    std::ranges::copy(pattern, out[e].begin());
  }
  return out;
}

}  // namespace aegen::encoders
