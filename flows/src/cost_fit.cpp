#include "aegen/flows/cost_fit.hpp"

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "aegen/core/text_tools.hpp"

namespace aegen::flows {

namespace {

using core::kParts;
using core::PartValues;
using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

/// One equation: counts times prices should be `measured`, errors relative to `scale`.
struct Equation {
  const PartValues* counts;
  double measured;
  double scale;
};

/// Least squares with x >= 0 by active sets (Lawson and Hanson, Solving Least Squares Problems,
/// chapter 23), on the normal equations.
Vector nonNegative(const Matrix& normal, const Vector& right) {
  const auto n = normal.cols();
  Vector x = Vector::Zero(n);
  std::vector<bool> passive(static_cast<std::size_t>(n), false);
  const double tolerance = 1e-10 * std::max(1.0, right.cwiseAbs().maxCoeff());
  const auto solve = [&] {
    std::vector<Eigen::Index> free;
    for (Eigen::Index i = 0; i < n; ++i) {
      if (passive[static_cast<std::size_t>(i)]) {
        free.push_back(i);
      }
    }
    Vector out = Vector::Zero(n);
    if (!free.empty()) {
      const Vector part = normal(free, free).ldlt().solve(Vector(right(free)));
      out(free) = part;
    }
    return out;
  };
  for (Eigen::Index round = 0; round < 3 * n; ++round) {
    const Vector gradient = right - normal * x;
    Eigen::Index best = -1;
    for (Eigen::Index i = 0; i < n; ++i) {
      if (!passive[static_cast<std::size_t>(i)] && gradient(i) > tolerance &&
          (best < 0 || gradient(i) > gradient(best))) {
        best = i;
      }
    }
    if (best < 0) {
      break;
    }
    passive[static_cast<std::size_t>(best)] = true;
    Vector next = solve();
    while (true) {
      double step = 1;
      for (Eigen::Index i = 0; i < n; ++i) {
        if (passive[static_cast<std::size_t>(i)] && next(i) <= 0) {
          step = std::min(step, x(i) / (x(i) - next(i)));
        }
      }
      x += step * (next - x);
      if (step >= 1) {
        break;
      }
      for (Eigen::Index i = 0; i < n; ++i) {
        if (x(i) <= 1e-12) {
          passive[static_cast<std::size_t>(i)] = false;
          x(i) = 0;
        }
      }
      next = solve();
    }
  }
  return x;
}

PartValues fitted(const std::vector<Equation>& equations) {
  constexpr auto n = static_cast<Eigen::Index>(kParts);
  Matrix normal = Matrix::Zero(n, n);
  Vector right = Vector::Zero(n);
  for (const Equation& equation : equations) {
    const Vector row = Eigen::Map<const Vector>(equation.counts->data(), n) / equation.scale;
    normal += row * row.transpose();
    right += row * (equation.measured / equation.scale);
  }
  // Parts that hardly occur must not take prices that only cancel each other.
  normal.diagonal().array() += 1e-9 * std::max(1.0, normal.trace());
  const Vector prices = nonNegative(normal, right);
  PartValues out{};
  std::copy(prices.begin(), prices.end(), out.begin());
  return out;
}

double areaScale(const CostSet& set, const CostSample& sample) {
  return std::max(sample.area, kSmallestArea * set.nand2Area);
}
double depthScale(const CostSample& sample) {
  return std::max(static_cast<double>(sample.depth), kSmallestDepth);
}

/// Energy of the smallest module that counts, from the set's mean energy an area.
double energyFloor(const CostSet& set) {
  double energy = 0;
  double area = 0;
  for (const CostSample& sample : set.samples) {
    if (sample.energy) {
      energy += *sample.energy;
      area += sample.area;
    }
  }
  return area > 0 ? energy / area * kSmallestArea * set.nand2Area : 1;
}

struct Prices {
  PartValues area{};
  PartValues depth{};
  std::optional<PartValues> energy;
};

using Chooser = std::function<bool(const CostSample&)>;

Prices fitOn(const CostSet& set, const Chooser& use) {
  std::vector<Equation> area;
  std::vector<Equation> depth;
  std::vector<Equation> energy;
  const double floor = energyFloor(set);
  for (const CostSample& sample : set.samples) {
    if (!use(sample)) {
      continue;
    }
    area.push_back({&sample.parts.counts, sample.area, areaScale(set, sample)});
    depth.push_back({&sample.path, static_cast<double>(sample.depth), depthScale(sample)});
    if (sample.energy) {
      energy.push_back({&sample.parts.changes, *sample.energy, std::max(*sample.energy, floor)});
    }
  }
  Prices prices{fitted(area), fitted(depth), {}};
  if (!energy.empty()) {
    prices.energy = fitted(energy);
  }
  return prices;
}

int foldOf(const CostSample& sample) {
  const std::string digest = core::digestText(sample.design);
  unsigned sum = 0;
  for (const char c : digest) {
    sum = sum * 31U + static_cast<unsigned char>(c);
  }
  return static_cast<int>(sum % static_cast<unsigned>(kFolds));
}

}  // namespace

std::vector<HeldOutError> heldOutErrors(const CostSet& set) {
  std::vector<HeldOutError> errors(set.samples.size());
  const double floor = energyFloor(set);
  for (int fold = 0; fold < kFolds; ++fold) {
    const Prices prices =
        fitOn(set, [&](const CostSample& sample) { return foldOf(sample) != fold; });
    for (std::size_t i = 0; i < set.samples.size(); ++i) {
      const CostSample& sample = set.samples[i];
      if (foldOf(sample) != fold) {
        continue;
      }
      HeldOutError& error = errors[i];
      error.area =
          (core::priced(sample.parts.counts, prices.area) - sample.area) / areaScale(set, sample);
      error.depth = (core::priced(sample.path, prices.depth) - sample.depth) / depthScale(sample);
      const auto flipFlops = static_cast<std::int64_t>(
          sample.parts.counts[static_cast<std::size_t>(core::Part::FlipFlop)]);
      error.flipFlops = flipFlops - static_cast<std::int64_t>(sample.flipFlops);
      if (sample.energy && prices.energy) {
        error.energy = (core::priced(sample.parts.changes, *prices.energy) - *sample.energy) /
                       std::max(*sample.energy, floor);
      }
    }
  }
  return errors;
}

namespace {

core::ErrorBand bandOf(std::vector<double> errors) {
  core::ErrorBand band;
  band.modules = errors.size();
  if (errors.empty()) {
    return band;
  }
  for (double& error : errors) {
    error = std::abs(error);
  }
  std::ranges::sort(errors);
  band.mean =
      std::accumulate(errors.begin(), errors.end(), 0.0) / static_cast<double>(errors.size());
  const std::size_t place = (errors.size() * 9 + 9) / 10;
  band.p90 = errors[place - 1];
  band.worst = errors.back();
  return band;
}

}  // namespace

core::CostModel fitCost(const CostSet& set) {
  const Prices prices = fitOn(set, [](const CostSample&) { return true; });
  core::CostModel model;
  model.library = set.library;
  model.nand2Area = set.nand2Area;
  model.area = prices.area;
  model.delay = prices.depth;
  model.energy = prices.energy;
  std::vector<double> area;
  std::vector<double> depth;
  std::vector<double> energy;
  for (const HeldOutError& error : heldOutErrors(set)) {
    area.push_back(error.area);
    depth.push_back(error.depth);
    if (error.energy) {
      energy.push_back(*error.energy);
    }
  }
  model.areaError = bandOf(std::move(area));
  model.depthError = bandOf(std::move(depth));
  model.energyError = bandOf(std::move(energy));
  return model;
}

}  // namespace aegen::flows
