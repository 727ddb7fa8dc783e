#include "shape_loss.hpp"

namespace aegen::encoders::training {
namespace {

constexpr float kEmpty = 0x1p-10F;

// Cuts negative charges off and scales to unit sum; returns 1 / sum. Empty lanes become even and
// have 1.
AEGEN_VECTOR_CLONES LaneRow scaleToUnitSum(LaneRows& rows) {
  LaneRow sum{};
  for (LaneRow& row : rows) {
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      row[lane] = row[lane] > 0.0F ? row[lane] : 0.0F;
      sum[lane] += row[lane];
    }
  }
  LaneRow inverse;
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    inverse[lane] = sum[lane] >= kEmpty ? 1.0F / sum[lane] : 1.0F;
  }
  for (LaneRow& row : rows) {
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      row[lane] = sum[lane] >= kEmpty ? row[lane] * inverse[lane]
                                      : 1.0F / static_cast<float>(data::kTriggerCells);
    }
  }
  return inverse;
}

// From the derivative by the shape to that of the mean by the charges: with q = p / sum p it is
// (slope - sum of slope * q) / sum p.
AEGEN_VECTOR_CLONES void throughScaling(const LaneRows& charges, const LaneRows& shape,
                                        const LaneRow& scale, LaneRows& slope) {
  LaneRow mean{};
  for (std::size_t c = 0; c < shape.size(); ++c) {
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      mean[lane] += slope[c][lane] * shape[c][lane];
    }
  }
  for (std::size_t c = 0; c < shape.size(); ++c) {
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      const float moved = (slope[c][lane] - mean[lane]) * scale[lane];
      slope[c][lane] = charges[c][lane] < 0.0F ? 0.0F : moved;
    }
  }
}

}  // namespace

double ShapeLoss::operator()(const Batch& truth, const Batch& predicted, Batch* gradient) const {
  const float perEvent = 1.0F / static_cast<float>(truth.rows());
  return sumOverBlocks(
      truth, predicted, gradient,
      [&](const LaneRows& y, const LaneRows& p, std::size_t count, LaneRows* slope) {
        LaneRow counts{};  // 1 / events where there is true charge
        for (const LaneRow& row : y) {
          for (std::size_t lane = 0; lane < count; ++lane) {
            if (row[lane] > 0.0F) counts[lane] = perEvent;
          }
        }
        LaneRows trueShape = y;
        LaneRows shape = p;
        scaleToUnitSum(trueShape);
        LaneRow scale = scaleToUnitSum(shape);
        LaneRow distance{};
        if (slope != nullptr) slope->fill({});
        compare(trueShape, shape, count, distance, slope);
        for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
          distance[lane] *= counts[lane];
          scale[lane] *= counts[lane];
        }
        if (slope != nullptr) throughScaling(p, shape, scale, *slope);
        return sumOfLanes(distance, count);
      });
}

}  // namespace aegen::encoders::training
