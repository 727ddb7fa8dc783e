// aegen train: a model file from a training configuration.

#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "aegen/encoders/trainer.hpp"
#include "cli.hpp"

namespace aegen::tools {
namespace {

struct Arguments {
  std::string config;
  std::string model = "model.json";
  std::string json;
  std::optional<std::uint64_t> seed;
};

std::string summaryJson(const encoders::TrainResult& result, const std::string& model) {
  nlohmann::ordered_json epochs = nlohmann::ordered_json::array();
  for (const encoders::EpochReport& epoch : result.epochs) {
    epochs.push_back({{"epoch", epoch.epoch},
                      {"train_loss", epoch.trainLoss},
                      {"validation_loss", epoch.validationLoss}});
  }
  const nlohmann::ordered_json summary{{"model", model},
                                       {"best_epoch", result.bestEpoch},
                                       {"validation_loss", result.validationLoss},
                                       {"module_sum_loss", result.moduleSumLoss},
                                       {"training_events", result.trainingEvents},
                                       {"validation_events", result.validationEvents},
                                       {"epochs", epochs}};
  return summary.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

int run(const Arguments& arguments) {
  auto config = encoders::loadTrainConfig(arguments.config);
  if (!config) return fail(config.error());
  if (arguments.seed) config->seed = *arguments.seed;
  ProgressLine progress;
  progress.show("making events");
  encoders::TrainOptions options;
  options.progress = [&](const encoders::EpochReport& epoch) {
    progress.show(fmt::format("training, loss {:.5f}, validation {:.5f}, epoch", epoch.trainLoss,
                              epoch.validationLoss),
                  static_cast<std::uint64_t>(epoch.epoch),
                  static_cast<std::uint64_t>(config->training.epochs));
  };
  const auto result = encoders::train(*config, options);
  progress.clear();
  if (!result) return fail(result.error());
  if (const auto saved = encoders::saveCodec(result->codec, arguments.model); !saved) {
    return fail(saved.error());
  }
  if (arguments.json != "-") {
    fmt::print("{}: epoch {} of {}, validation loss {:.5f} (module sum alone: {:.5f}), {} events\n",
               arguments.model, result->bestEpoch, result->epochs.size(), result->validationLoss,
               result->moduleSumLoss, result->trainingEvents);
  }
  return writeJson(arguments.json, summaryJson(*result, arguments.model));
}

}  // namespace

void addTrainCommand(CLI::App& app, int& exitCode) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("train", "Train an encoder and its decoder, quantization-aware");
  command->add_option("CONFIG", arguments->config, "The train.yaml (docs/training.md)")->required();
  command->add_option("-o,--out", arguments->model, "Model file to write")->capture_default_str();
  command->add_option("--seed", arguments->seed, "Overrides the configuration's seed");
  command->add_option("--json", arguments->json, "Write losses as JSON; - is standard output");
  command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

}  // namespace aegen::tools
