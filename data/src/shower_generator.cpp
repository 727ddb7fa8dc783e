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
    const double rate = rateFactor();
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
      // One statement a draw: the order of arguments is the compiler's choice.
      const Point place = position(radius);
      deposit(place, p_.mipCharge * random_.logNormal(p_.mipSpread));
    }
    return readOut();
  }

 private:
  /// An event's factor on the number of particles; see ShowerParameters::rateSpread.
  double rateFactor() {
    const double w = p_.rateSpread;
    if (w <= 0) return 1;
    // Integral of exp(-a x) from -w to w.
    const auto weight = [w](double a) {
      return std::abs(a) < 1e-9 ? 2 * w : (portableExp(a * w) - portableExp(-a * w)) / a;
    };
    const double tilt = p_.rateTilt;
    const double u = random_.uniform();
    const double logFactor =
        std::abs(tilt) < 1e-9
            ? w * (2 * u - 1)
            : -portableLog(portableExp(tilt * w) - u * tilt * weight(tilt)) / tilt;
    return portableExp(logFactor) * weight(tilt) / weight(tilt - 1);
  }

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

// Both regimes were fitted to the statistics in docs/generator.md and rounded.
ShowerParameters sparse() {
  ShowerParameters p;
  p.showers = 17;
  p.pileUpTracks = 1;
  p.rateSpread = 1.6;
  p.rateTilt = 0.3;
  p.gradient = {0.03, 0};
  p.energyMedian = 29;
  p.energySpread = 1.26;
  p.depthMin = 4.5;
  p.depthMax = 11.5;
  p.depthPerEFold = 1.5;
  p.longitudinalShape = 2.8;
  p.coreFraction = 0.9;
  p.coreRadius = 0.43;
  p.tailRadius = 2.5;
  p.spotCharge = 9;
  p.noise = 0.9;
  p.threshold = 3.3;
  p.thresholdSpread = 0.16;
  p.minimumSum = 6;
  return p;
}

ShowerParameters dense() {
  ShowerParameters p;
  p.showers = 122;
  p.pileUpTracks = 18;
  p.rateSpread = 0.23;
  p.gradient = {0.03, -0.01};
  p.turnGradient = false;
  p.energyMedian = 70;
  p.energySpread = 1.3;
  p.depthMin = 6;
  p.depthMax = 6;
  p.coreFraction = 0.965;
  p.coreRadius = 0.36;
  p.tailRadius = 2.5;
  p.spotCharge = 20;
  p.noise = 1.5;
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
