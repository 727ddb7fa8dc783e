#include "mse_loss.hpp"

#include "lane_rows.hpp"

namespace aegen::encoders::training {
namespace {

AEGEN_VECTOR_CLONES void addSquares(const LaneRows& truth, const LaneRows& predicted, float scale,
                                    LaneRow& total, LaneRows* slope) {
  for (std::size_t c = 0; c < truth.size(); ++c) {
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      const float error = predicted[c][lane] - truth[c][lane];
      total[lane] += scale * (error * error);
      if (slope != nullptr) (*slope)[c][lane] = 2.0F * scale * error;
    }
  }
}

}  // namespace

double MseLoss::operator()(const Batch& truth, const Batch& predicted, Batch* gradient) const {
  const float scale = 1.0F / static_cast<float>(truth.size());
  return sumOverBlocks(
      truth, predicted, gradient,
      [&](const LaneRows& y, const LaneRows& p, std::size_t count, LaneRows* slope) {
        LaneRow total{};
        addSquares(y, p, scale, total, slope);
        return sumOfLanes(total, count);
      });
}

}  // namespace aegen::encoders::training
