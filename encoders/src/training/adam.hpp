#pragma once
/// Adam (Kingma and Ba, 2015) with the paper's constants, and the learning rate's course.

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace aegen::encoders::training {

class Adam {
 public:
  explicit Adam(std::size_t size) : mean_(size, 0.0F), square_(size, 0.0F) {}

  void step(std::span<float> parameters, std::span<const float> gradient, double rate) {
    power1_ *= kBeta1;
    power2_ *= kBeta2;
    const auto scale1 = static_cast<float>(rate / (1.0 - power1_));
    const auto scale2 = static_cast<float>(1.0 / (1.0 - power2_));
    constexpr auto kB1 = static_cast<float>(kBeta1);
    constexpr auto kB2 = static_cast<float>(kBeta2);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      mean_[i] = kB1 * mean_[i] + (1.0F - kB1) * gradient[i];
      square_[i] = kB2 * square_[i] + (1.0F - kB2) * gradient[i] * gradient[i];
      parameters[i] -= scale1 * mean_[i] / (std::sqrt(square_[i] * scale2) + 1e-8F);
    }
  }

 private:
  static constexpr double kBeta1 = 0.9;
  static constexpr double kBeta2 = 0.999;
  std::vector<float> mean_;
  std::vector<float> square_;
  double power1_ = 1.0;
  double power2_ = 1.0;
};

/// Factor of the learning rate at step `step` (from 0): rises evenly over the first steps, because
/// Adam's first steps are as long as its later ones and would drive many units into ReLU's flat
/// side.
[[nodiscard]] inline double warmUp(double step, double steps) {
  const double rise = std::min(500.0, steps / 10.0);
  return std::min(1.0, (step + 1.0) / (rise + 1.0));
}

/// Factor of the learning rate after the part `progress` (0..1) of all steps: half a cosine from 1
/// down to 0.01. By a series with nothing but sums and products: libm's cosine depends on the
/// machine.
[[nodiscard]] inline double cosineSchedule(double progress) {
  constexpr double kPi = 3.14159265358979323846;
  const double x = kPi * (progress - 0.5);  // cos(pi * progress) = -sin(x)
  double term = x;
  double sine = term;
  for (int k = 1; k < 12; ++k) {
    term *= -x * x / (2.0 * k * (2.0 * k + 1.0));
    sine += term;
  }
  return 0.01 + 0.99 * 0.5 * (1.0 - sine);
}

}  // namespace aegen::encoders::training
