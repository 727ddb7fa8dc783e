// aegen train: a model file from a training configuration.

#include <fmt/format.h>
#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "aegen/encoders/trainer.hpp"
#include "aegen/flows/loss_plot.hpp"
#include "cli.hpp"

namespace aegen::tools {
namespace {

struct Arguments {
  std::string config;
  std::string model = "model.json";
  std::string json;
  std::string plot;
  std::vector<std::string> data;
  std::optional<std::uint64_t> seed;
  std::optional<int> threads;
  bool resume = false;
};

// Set by Ctrl-C: the run ends behind its epoch, with a checkpoint; a second one ends it at once.
std::atomic<bool> interrupted = false;

void interrupt(int signal) {
  interrupted = true;
  std::signal(signal, SIG_DFL);
}

// Time left, from what the epochs so far took.
std::string timeLeft(std::chrono::steady_clock::duration taken, int done, int left) {
  const double seconds = std::chrono::duration<double>(taken).count() / done * left;
  return fmt::format("{:.0f}:{:02.0f} left", std::floor(seconds / 60), std::fmod(seconds, 60));
}

std::string summaryJson(const encoders::TrainResult& result, const std::string& model) {
  nlohmann::ordered_json epochs = nlohmann::ordered_json::array();
  for (const encoders::EpochReport& epoch : result.epochs) {
    epochs.push_back({{"epoch", epoch.epoch},
                      {"train_loss", epoch.trainLoss},
                      {"validation_loss", epoch.validationLoss},
                      {"learning_rate", epoch.learningRate}});
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
  if (!arguments.data.empty()) {
    config->data.csv.assign(arguments.data.begin(), arguments.data.end());
  }
  if (arguments.seed) config->seed = *arguments.seed;
  if (arguments.threads) config->training.threads = *arguments.threads;
  ProgressLine progress;
  progress.show("making events");
  encoders::TrainOptions options;
  options.checkpoint = arguments.model + ".checkpoint";
  options.resume = arguments.resume;
  options.stop = [] { return interrupted.load(); };
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
  std::optional<std::chrono::steady_clock::time_point> first;
  int before = 0;
  options.progress = [&](const encoders::EpochReport& epoch) {
    // Making the events took as long as an epoch or more: time counts from the first one's end.
    const auto now = std::chrono::steady_clock::now();
    const std::string left = first ? ", " + timeLeft(now - *first, epoch.epoch - before,
                                                     config->training.epochs - epoch.epoch)
                                   : std::string();
    if (!first) {
      first = now;
      before = epoch.epoch;
    }
    progress.show(fmt::format("training, loss {:.5f}, validation {:.5f}{}, epoch", epoch.trainLoss,
                              epoch.validationLoss, left),
                  static_cast<std::uint64_t>(epoch.epoch),
                  static_cast<std::uint64_t>(config->training.epochs));
  };
  const auto result = encoders::train(*config, options);
  progress.clear();
  if (!result) return fail(result.error());
  if (const auto saved = encoders::saveCodec(result->codec, arguments.model); !saved) {
    return fail(saved.error());
  }
  if (!arguments.plot.empty()) {
    if (const auto drawn = flows::plotLosses(result->epochs, config->name, arguments.plot);
        !drawn) {
      return fail(drawn.error());
    }
  }
  std::error_code ignored;  // a finished run has nothing to go on with
  std::filesystem::remove(options.checkpoint, ignored);
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
  command
      ->add_option("--data", arguments->data,
                   "Instead of the configuration's data.csv: files of calibrated charges "
                   "(repeatable)")
      ->allow_extra_args(false);
  command->add_option("--seed", arguments->seed, "Overrides the configuration's seed");
  command
      ->add_option("--threads", arguments->threads,
                   "Overrides the configuration's; the result does not depend on it")
      ->check(CLI::Range(0, 256));
  command->add_flag("--resume", arguments->resume,
                    "Go on from MODEL.checkpoint (training.checkpoint: epochs between two)");
  command->add_option("--plot", arguments->plot, "Draw the loss curves, *.svg");
  command->add_option("--json", arguments->json, "Write losses as JSON; - is standard output");
  command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

}  // namespace aegen::tools
