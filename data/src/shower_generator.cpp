#include "aegen/data/shower_generator.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "random_stream.hpp"

namespace aegen::data {
namespace {

/// Area of the 48 TCs: each a hexagon's worth of the lattice.
const double kWaferArea =
    kTriggerCells * kTriggerCellPitch * kTriggerCellPitch * std::sqrt(3.0) / 2;
/// Radius of the circle through the wafer's corners, and the circle's centre.
struct WaferCircle {
  Point centre;
  double radius = 0;
};

WaferCircle waferCircle() {
  WaferCircle circle;
  // The wafer is a hexagon: its area fixes its corners' distance, area = 3/2 sqrt(3) radius^2.
  circle.centre = waferCentre();
  circle.radius = std::sqrt(kWaferArea / (1.5 * std::sqrt(3.0)));
  return circle;
}

/// Events that never reach the minimum sum are given up as they are.
constexpr int kMaxDraws = 1000;

using Charges = std::array<double, kTriggerCells>;

/// One event in the making.
class EventDraw {
 public:
  EventDraw(const ShowerParameters& parameters, RandomStream& random)
      : p_(parameters), random_(random), circle_(waferCircle()) {}

  Event draw() {
    charges_.fill(0);
    // exp(-spread^2/2) brings the mean of the log-normal factor to 1.
    const double rate =
        random_.logNormal(p_.rateSpread) * portableExp(-p_.rateSpread * p_.rateSpread / 2);
    const double depth = random_.uniform(p_.depthMin, p_.depthMax);
    gradient_ = p_.gradient;
    if (p_.turnGradient) {
      const auto turn = random_.direction();
      gradient_ = {p_.gradient.x * turn.x - p_.gradient.y * turn.y,
                   p_.gradient.x * turn.y + p_.gradient.y * turn.x};
    }
    const double radius = circle_.radius + p_.margin;
    const double discs = 3.14159265358979323846 * radius * radius / kWaferArea;
    const int showers = random_.poisson(p_.showers * rate * discs);
    for (int k = 0; k < showers; ++k) addShower(position(radius), depth);
    const int tracks = random_.poisson(p_.pileUpTracks * rate * discs);
    for (int k = 0; k < tracks; ++k) {
      deposit(position(radius), p_.mipCharge * random_.logNormal(p_.mipSpread));
    }
    return readOut();
  }

 private:
  /// A point of the disc around the wafer, distributed by the density gradient.
  Point position(double radius) {
    const double steepest = std::sqrt(gradient_.x * gradient_.x + gradient_.y * gradient_.y);
    while (true) {
      const double x = random_.uniform(-radius, radius);
      const double y = random_.uniform(-radius, radius);
      if (x * x + y * y > radius * radius) continue;
      const double logDensity = gradient_.x * x + gradient_.y * y - steepest * radius;
      if (steepest == 0 || random_.uniform() < portableExp(logDensity)) {
        return {circle_.centre.x + x, circle_.centre.y + y};
      }
    }
  }

  /// What is left of a shower's largest layer at `depth`.
  double longitudinalFactor(double logEnergy, double depth) const {
    const double maximum = std::max(p_.depthOfMaximum + p_.depthPerEFold * logEnergy, 0.5);
    const double t = std::max(depth, 1e-3) / maximum;
    return portableExp(p_.longitudinalShape * (portableLog(t) + 1 - t));
  }

  void addShower(Point axis, double depth) {
    const double logEnergy = p_.energySpread * random_.normal();
    const double charge =
        p_.energyMedian * portableExp(logEnergy) * longitudinalFactor(logEnergy, depth);
    const double wanted = std::min(charge / p_.spotCharge, static_cast<double>(p_.maxSpots));
    const int spots = std::max(1, static_cast<int>(wanted + 0.5));
    for (int k = 0; k < spots; ++k) {
      const double scale = random_.uniform() < p_.coreFraction ? p_.coreRadius : p_.tailRadius;
      // The inverse of the share within r.
      const double u = random_.uniform();
      const double r = scale * std::sqrt(u / (1 - u));
      const auto direction = random_.direction();
      deposit({axis.x + r * direction.x, axis.y + r * direction.y},
              charge / spots * random_.exponential());
    }
  }

  void deposit(Point point, double charge) {
    if (const auto channel = channelContaining(point)) {
      charges_[static_cast<std::size_t>(*channel)] += charge;
    }
  }

  Event readOut() {
    Event event;
    for (std::size_t channel = 0; channel < charges_.size(); ++channel) {
      const double charge = charges_[channel] + p_.noise * random_.normal();
      const double threshold = p_.threshold * (1 + p_.thresholdSpread * random_.normal());
      if (charge < threshold || charge < 0) continue;
      const double rounded = std::floor(charge + 0.5);
      event.charge[channel] =
          static_cast<std::int64_t>(std::min(rounded, static_cast<double>(kMaxCharge)));
    }
    return event;
  }

  const ShowerParameters& p_;
  RandomStream& random_;
  WaferCircle circle_;
  Point gradient_;
  Charges charges_{};
};

}  // namespace

ShowerParameters sparse() {
  ShowerParameters p;
  p.showers = 20;
  p.pileUpTracks = 2;
  p.rateSpread = 0.9;
  p.gradient = {0.03, 0};
  p.energyMedian = 25;
  p.energySpread = 1.3;
  p.depthMin = 3;
  p.depthMax = 10;
  p.noise = 1.5;
  p.threshold = 5;
  p.thresholdSpread = 0.2;
  p.minimumSum = 1;
  return p;
}

ShowerParameters dense() {
  ShowerParameters p;
  p.showers = 200;
  p.pileUpTracks = 20;
  p.rateSpread = 0.14;
  p.gradient = {0.04, -0.02};
  p.turnGradient = false;
  p.energyMedian = 50;
  p.energySpread = 1.3;
  p.depthMin = 6;
  p.depthMax = 6;
  p.noise = 1.5;
  p.threshold = 0;
  return p;
}

ShowerGenerator::ShowerGenerator(const ShowerParameters& parameters, std::uint64_t seed)
    : parameters_(parameters), seed_(seed) {}

Event ShowerGenerator::event(std::uint64_t number) const {
  RandomStream random(seed_, number);
  EventDraw draw(parameters_, random);
  Event event = draw.draw();
  for (int k = 1; k < kMaxDraws && event.sum() < parameters_.minimumSum; ++k) event = draw.draw();
  return event;
}

std::vector<Event> ShowerGenerator::generate(std::size_t count) {
  std::vector<Event> events;
  events.reserve(count);
  for (std::size_t k = 0; k < count; ++k) events.push_back(next());
  return events;
}

}  // namespace aegen::data
