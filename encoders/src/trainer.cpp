#include "aegen/encoders/trainer.hpp"

#include <utility>

#include "training/event_source.hpp"
#include "training/skeleton.hpp"
#include "training/training_run.hpp"

namespace aegen::encoders {
namespace {

core::Result<TrainResult> trainOn(const TrainConfig& config,
                                  const core::Result<training::LabelledEvents>& events,
                                  const TrainOptions& options) {
  if (!events) return events.error();
  auto skeleton = training::skeleton(config);
  if (!skeleton) return skeleton.error();
  auto plan = training::planOf(*skeleton, config);
  if (!plan) return plan.error();
  training::EventSet set = training::prepare(*events);
  const std::size_t empty = events->events.size() - set.events;
  auto result =
      training::TrainingRun(config, options, std::move(*skeleton), std::move(*plan), std::move(set))
          .run();
  if (result) result->emptyEvents = empty;
  return result;
}

}  // namespace

core::Result<TrainResult> train(const TrainConfig& config, std::span<const data::Event> events,
                                const TrainOptions& options) {
  if (const auto good = check(config); !good) return good.error();
  return trainOn(config, training::label(config, {{events.begin(), events.end()}, {}}), options);
}

core::Result<TrainResult> train(const TrainConfig& config, const TrainOptions& options) {
  if (const auto good = check(config); !good) return good.error();
  return trainOn(config, training::loadEvents(config), options);
}

}  // namespace aegen::encoders
