#include "sinkhorn_loss.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "elementary.hpp"

namespace aegen::encoders::training {
namespace {

constexpr std::size_t kCells = data::kTriggerCells;
// Events that are iterated together, a few vectors wide.
constexpr std::size_t kTeam = 8;
static_assert(kLaneCount % kTeam == 0);
using Numbers = std::array<double, kTeam>;
using Rows = std::array<Numbers, kCells>;
using Kernel = std::array<std::array<double, kCells>, kCells>;

// Scaled to unit sum once more: sums of floats are off by more than plans have to agree.
Rows teamOf(const LaneRows& rows, std::size_t first) {
  Rows team;
  Numbers sum{};
  for (std::size_t c = 0; c < kCells; ++c) {
    for (std::size_t k = 0; k < kTeam; ++k) {
      team[c][k] = static_cast<double>(rows[c][first + k]);
      sum[k] += team[c][k];
    }
  }
  for (Numbers& numbers : team) {
    for (std::size_t k = 0; k < kTeam; ++k) numbers[k] /= sum[k];
  }
  return team;
}

// out = kernel * (mass * scaling); the kernel is symmetric.
AEGEN_VECTOR_CLONES void apply(const Kernel& kernel, const Rows& mass, const Rows& scaling,
                               Rows& out) {
  Rows weighted;
  for (std::size_t c = 0; c < kCells; ++c) {
    for (std::size_t k = 0; k < kTeam; ++k) weighted[c][k] = mass[c][k] * scaling[c][k];
  }
  for (std::size_t i = 0; i < kCells; i += 2) {
    Numbers first{};
    Numbers second{};
    for (std::size_t j = 0; j < kCells; ++j) {
      for (std::size_t k = 0; k < kTeam; ++k) first[k] += kernel[i][j] * weighted[j][k];
      for (std::size_t k = 0; k < kTeam; ++k) second[k] += kernel[i + 1][j] * weighted[j][k];
    }
    out[i] = first;
    out[i + 1] = second;
  }
}

// Largest over the team of how much of `mass` is not where scaling * product puts it.
double missing(const Rows& mass, const Rows& scaling, const Rows& product) {
  Numbers sum{};
  for (std::size_t c = 0; c < kCells; ++c) {
    for (std::size_t k = 0; k < kTeam; ++k) {
      sum[k] += mass[c][k] * std::abs(scaling[c][k] * product[c][k] - 1);
    }
  }
  return *std::ranges::max_element(sum);
}

// The scaling of OT(mass, mass), where both sides' are the same. Half steps (a geometric mean of
// old and new) converge much faster than alternation does.
Rows symmetricScaling(const Kernel& kernel, const SinkhornOptions& options, const Rows& mass) {
  Rows scaling;
  for (Numbers& numbers : scaling) numbers.fill(1);
  Rows product;
  for (int step = 0; step < options.steps; ++step) {
    apply(kernel, mass, scaling, product);
    const bool good = missing(mass, scaling, product) < options.tolerance;
    for (std::size_t c = 0; c < kCells; ++c) {
      for (std::size_t k = 0; k < kTeam; ++k) {
        scaling[c][k] = std::sqrt(scaling[c][k] / product[c][k]);
      }
    }
    if (good) break;
  }
  return scaling;
}

void invert(const Rows& product, Rows& scaling) {
  for (std::size_t c = 0; c < kCells; ++c) {
    for (std::size_t k = 0; k < kTeam; ++k) scaling[c][k] = 1 / product[c][k];
  }
}

// Scalings of both sides of OT(a, b), started from `v`, which is left exact for the `u` before.
void alternate(const Kernel& kernel, const SinkhornOptions& options, const Rows& a, const Rows& b,
               Rows& u, Rows& v) {
  Rows product;
  apply(kernel, b, v, product);
  for (int step = 0; step < options.steps; ++step) {
    invert(product, u);
    apply(kernel, a, u, product);
    invert(product, v);
    apply(kernel, b, v, product);
    if (missing(a, u, product) < options.tolerance) break;
  }
}

}  // namespace

SinkhornLoss::SinkhornLoss(const SinkhornOptions& options) : options_(options) {
  assert(options.epsilon >= 0.05 && options.steps > 0);
  for (std::size_t i = 0; i < kCells; ++i) {
    for (std::size_t j = 0; j < kCells; ++j) {
      kernel_[i][j] = exponential(-data::emdDistances()[i][j] / options.epsilon);
    }
  }
}

void SinkhornLoss::compare(const LaneRows& truth, const LaneRows& predicted, std::size_t count,
                           LaneRow& distance, LaneRows* slope) const {
  for (std::size_t first = 0; first < count; first += kTeam) {
    const Rows a = teamOf(truth, first);
    const Rows b = teamOf(predicted, first);
    const Rows ownA = symmetricScaling(kernel_, options_, a);
    const Rows ownB = symmetricScaling(kernel_, options_, b);
    Rows u{};
    Rows v = ownB;
    alternate(kernel_, options_, a, b, u, v);
    Numbers sum{};
    for (std::size_t c = 0; c < kCells; ++c) {
      for (std::size_t k = 0; k < kTeam; ++k) {
        const double f = options_.epsilon * logarithm(u[c][k] / ownA[c][k]);
        const double g = options_.epsilon * logarithm(v[c][k] / ownB[c][k]);
        sum[k] += a[c][k] * f + b[c][k] * g;
        if (slope != nullptr) (*slope)[c][first + k] = static_cast<float>(g);
      }
    }
    for (std::size_t k = 0; k < kTeam; ++k) distance[first + k] = static_cast<float>(sum[k]);
  }
}

}  // namespace aegen::encoders::training
