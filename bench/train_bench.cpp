// Times training of the ECON-T autoencoder against PyTorch: the same network, batch, events and
// loss, fake-quantised weights and latents there, the chip's integers here.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "aegen/core/files.hpp"
#include "aegen/core/process.hpp"
#include "aegen/data/shower_generator.hpp"
#include "aegen/encoders/decoder_error_bound.hpp"
#include "aegen/encoders/evaluation.hpp"
#include "aegen/encoders/trainer.hpp"
#include "measure.hpp"

namespace {

using namespace aegen;
using namespace aegen::bench;
namespace fs = std::filesystem;

struct TrainSettings : Settings {
  std::string python = "/usr/bin/python3";
  int events = 40'000;
  int epochs = 5;
};

constexpr int kBatch = 128;
constexpr int kHidden = 80;
constexpr double kLearningRate = 0.003;

std::vector<data::Event> makeEvents(const TrainSettings& settings) {
  auto events = data::ShowerGenerator(data::sparse(), settings.seed)
                    .generate(static_cast<std::size_t>(settings.events) / 2);
  const auto dense = data::ShowerGenerator(data::dense(), settings.seed)
                         .generate(static_cast<std::size_t>(settings.events) / 2);
  events.insert(events.end(), dense.begin(), dense.end());
  std::erase_if(events, [](const data::Event& event) { return event.sum() == 0; });
  return events;
}

// As train_torch.py reads them.
void writeEvents(const fs::path& file, const std::vector<data::Event>& events) {
  std::string bytes;
  for (const data::Event& event : events) {
    for (const std::int64_t charge : event.charge) {
      for (int shift = 0; shift < 32; shift += 8) {
        bytes += static_cast<char>(charge >> shift & 0xff);
      }
    }
  }
  orDie(core::writeFile(file, bytes));
}

ordered gridWithZeros() {
  constexpr auto kGrid = encoders::econ_t::gridChannels();
  constexpr int kSide = encoders::econ_t::kGridSide;
  ordered grid = ordered::array();
  for (int row = 0; row <= kSide; ++row) {
    for (int column = 0; column <= kSide; ++column) {
      const bool inside = row < kSide && column < kSide;
      const int channel = inside ? kGrid[static_cast<std::size_t>(row * kSide + column)] : -1;
      grid.push_back(channel < 0 ? data::kTriggerCells : channel);
    }
  }
  return grid;
}

// The telescope loss' sums of several cells, each with what it adds to the loss.
ordered telescopeGroups() {
  const auto& channelOf = data::tcOrderToChannel();
  ordered groups = ordered::array();
  for (const data::Supercell& supercell : data::supercells()) {
    ordered channels = ordered::array();
    for (const int order : supercell.cells) {
      channels.push_back(channelOf[static_cast<std::size_t>(order)]);
    }
    groups.push_back({{"channels", channels}, {"weight", 2 * supercell.weight / 36}});
  }
  for (std::size_t first = 0; first < channelOf.size(); first += data::kTriggerCellsPerSum) {
    ordered channels = ordered::array();
    for (std::size_t k = 0; k < data::kTriggerCellsPerSum; ++k) {
      channels.push_back(channelOf[first + k]);
    }
    groups.push_back({{"channels", channels}, {"weight", 1.0 / 3}});
  }
  return groups;
}

ordered realWeights(const encoders::Weights& weights) {
  std::vector<double> values = weights.real;
  if (values.empty() || weights.loadable) {
    values.clear();
    for (const std::int64_t raw : weights.values) {
      values.push_back(static_cast<double>(raw) * weights.format.lsb());
    }
  }
  return {{"shape", weights.shape}, {"values", values}};
}

// The encoder's weights as the chip has them, the decoder's floats.
ordered weightsOf(const encoders::Codec& codec) {
  ordered out;
  for (const encoders::Node& node : codec.encoder.nodes) {
    if (node.kernel.values.empty()) continue;
    const std::string name = node.kind == encoders::NodeKind::Conv2d ? "conv" : "dense";
    out[name + "_kernel"] = realWeights(node.kernel);
    out[name + "_bias"] = realWeights(node.bias);
  }
  out["decoder"] = ordered::array();
  for (const encoders::Node& node : codec.decoder.nodes) {
    if (node.kernel.values.empty()) continue;
    out["decoder"].push_back(
        {{"kernel", realWeights(node.kernel)}, {"bias", realWeights(node.bias)}});
  }
  return out;
}

template <typename T>
std::vector<T> readNumbers(const fs::path& file) {
  const std::string bytes = orDie(core::readFile(file));
  std::vector<T> numbers(bytes.size() / sizeof(T));
  std::copy_n(bytes.data(), numbers.size() * sizeof(T), reinterpret_cast<char*>(numbers.data()));
  return numbers;
}

// One way of training: rates of its epochs but the first of each run, and the losses of the last
// run's epochs.
struct Figures {
  std::vector<double> rates;
  std::vector<double> losses;

  [[nodiscard]] ordered json() const {
    return {{"samples_per_second", spread(rates)}, {"loss_of_each_epoch", losses}};
  }
};

class TrainBench {
 public:
  explicit TrainBench(const TrainSettings& settings)
      : settings_(settings), events_(makeEvents(settings)) {
    fs::create_directories(settings.work);
    writeEvents(settings.work / "events.i32", events_);
    writeNetwork(nullptr);
  }

  ordered run() {
    ordered out = header("train", settings_, {{"c++", "--version"}});
    std::vector<int> torchThreads = {1};
    const auto processors = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    if (processors > 1) torchThreads.push_back(processors);
    std::vector<Figures> torch(torchThreads.size());
    Figures exact;
    Figures truncated;
    // Side by side, so that what else the machine does hits all alike.
    for (int round = 0; round < settings_.repeats; ++round) {
      trainHere(false, exact);
      trainHere(true, truncated);
      for (std::size_t k = 0; k < torch.size(); ++k) {
        trainTorch(torchThreads[k], settings_.seed + static_cast<std::uint64_t>(round), torch[k]);
      }
      fmt::print("round {} of {}\n", round + 1, settings_.repeats);
      std::fflush(stdout);
    }
    out["torch"] = torchVersion_;
    out["network"] = fmt::format(
        "48 u8.7 -> 8x8, conv 3x3/2 8 s6.5, ReLU, dense 16 s6.5, ReLU, u9.8 -> {} -> 48 float, "
        "telescope loss, Adam",
        kHidden);
    out["batch"] = kBatch;
    out["events"] = events_.size();
    out["epochs"] = settings_.epochs;
    out["aegen_exact_sums"] = exact.json();
    out["aegen_products_truncated"] = truncated.json();
    double best = 0;
    for (std::size_t k = 0; k < torch.size(); ++k) {
      out[fmt::format("torch_{}_threads", torchThreads[k])] = torch[k].json();
      best = std::max(best, median(torch[k].rates));
    }
    out["ratio_exact_sums_to_best_torch"] = median(exact.rates) / best;
    out["ratio_products_truncated_to_best_torch"] = median(truncated.rates) / best;
    ordered check = forwardCheck();
    const double ours = exact.losses.back();
    const double theirs = torch.front().losses.back();
    check["last_loss_over_torch"] = ours / theirs;
    out["correct"] = check["agrees"].get<bool>() && ours < 1.5 * theirs && theirs < 1.5 * ours;
    out["check"] = check;
    return out;
  }

 private:
  [[nodiscard]] encoders::TrainConfig config(bool truncate) const {
    encoders::TrainConfig config;
    config.seed = settings_.seed;
    config.data.generated = {{"sparse", settings_.events / 2}, {"dense", settings_.events / 2}};
    config.data.validationFraction = 0.01;
    config.encoder = encoders::layersOf({.truncateProducts = truncate});
    config.decoder.layers = encoders::denseDecoder({kHidden});
    config.training.epochs = settings_.epochs;
    config.training.batch = kBatch;
    config.training.learningRate = kLearningRate;
    return config;
  }

  // The time of an epoch includes its validation.
  void trainHere(bool truncate, Figures& figures) {
    using Clock = std::chrono::steady_clock;
    std::vector<Clock::time_point> ends;
    encoders::TrainOptions options;
    options.progress = [&](const encoders::EpochReport&) { ends.push_back(Clock::now()); };
    const auto result = orDie(encoders::train(config(truncate), events_, options));
    const std::size_t events = result.trainingEvents / kBatch * kBatch;
    for (std::size_t e = 1; e < ends.size(); ++e) {
      const std::chrono::duration<double> seconds = ends[e] - ends[e - 1];
      figures.rates.push_back(static_cast<double>(events) / seconds.count());
    }
    figures.losses.clear();
    for (const encoders::EpochReport& epoch : result.epochs) {
      figures.losses.push_back(epoch.trainLoss);
    }
    if (!truncate) codec_ = result.codec;
  }

  [[nodiscard]] ordered python(int threads, std::vector<std::string> more) const {
    std::vector<std::string> command = {
        settings_.python, AEGEN_SOURCE_DIR "/bench/train_torch.py",
        "--network",      (settings_.work / "network.json").string(),
        "--events",       (settings_.work / "events.i32").string()};
    command.insert(command.end(), more.begin(), more.end());
    command.insert(command.end(), {"--threads", std::to_string(threads)});
    core::ProcessOptions options;
    options.environment = {{"OMP_NUM_THREADS", std::to_string(threads)},
                           {"OPENBLAS_NUM_THREADS", std::to_string(threads)}};
    const auto result = orDie(core::runProcess(command, options));
    const auto parsed = ordered::parse(result.output, nullptr, false);
    if (!result.ok() || parsed.is_discarded()) {
      die(core::badInput("bench.torch", "PyTorch's side failed: " + result.ending(),
                         settings_.python, {result.output, "the package is python3-torch"}));
    }
    return parsed;
  }

  void trainTorch(int threads, std::uint64_t seed, Figures& figures) {
    const ordered result =
        python(threads,
               {"--epochs", std::to_string(settings_.epochs), "--batch", std::to_string(kBatch),
                "--learning-rate", std::to_string(kLearningRate), "--seed", std::to_string(seed)});
    const auto seconds = result["seconds"].get<std::vector<double>>();
    for (std::size_t e = 1; e < seconds.size(); ++e) {
      figures.rates.push_back(result["events"].get<double>() / seconds[e]);
    }
    figures.losses = result["losses"].get<std::vector<double>>();
    torchVersion_ = result["torch"];
  }

  void writeNetwork(const encoders::Codec* codec) const {
    ordered network{
        {"grid", gridWithZeros()}, {"hidden", {kHidden}}, {"groups", telescopeGroups()}};
    if (codec != nullptr) network["weights"] = weightsOf(*codec);
    orDie(core::writeFile(settings_.work / "network.json", network.dump()));
  }

  // The trained weights on the same events on both sides: latents must be the same integers,
  // charges within what fixed point may cost, losses nearly the same.
  ordered forwardCheck() {
    writeNetwork(&codec_);
    const fs::path out = settings_.work / "torch";
    const ordered torch = python(1, {"--out", out.string()});
    const auto latents = readNumbers<std::int32_t>(out.string() + ".latents");
    const auto charges = readNumbers<float>(out.string() + ".charges");
    const auto board = orDie(encoders::reconstruct(codec_, events_));
    double bound = 0;
    for (const auto& interval : orDie(encoders::decoderErrorBound(codec_.decoder))) {
      bound = std::max(bound, interval.magnitude());
    }
    std::size_t differing = 0;
    for (std::size_t k = 0; k < latents.size(); ++k) {
      const std::size_t l = k % encoders::econ_t::kLatents;
      differing += latents[k] != board.latents.at(l, k / encoders::econ_t::kLatents) ? 1 : 0;
    }
    const core::FixedFormat format = codec_.decoder.output().format;
    const double most = static_cast<double>(format.maxRaw()) * format.lsb();
    double largest = 0;
    double loss = 0;
    for (std::size_t e = 0; e < events_.size(); ++e) {
      const double scale = std::ldexp(1.0, -std::ilogb(static_cast<double>(events_[e].sum())));
      encoders::ChargeArray truth{};
      for (std::size_t c = 0; c < truth.size(); ++c) {
        truth[c] = static_cast<double>(events_[e].charge[c]);
        const double theirs = static_cast<double>(charges[e * truth.size() + c]);
        largest = std::max(largest, std::abs(board.charges[e][c] * scale - std::min(theirs, most)));
      }
      loss += encoders::telescopeMse(truth, board.charges[e]).value_or(0);
    }
    loss /= static_cast<double>(events_.size());
    const double theirs = torch["loss"];
    const bool agrees = latents.size() == events_.size() * encoders::econ_t::kLatents &&
                        differing == 0 && largest <= bound + 1e-5 &&
                        std::abs(loss - theirs) < 0.02 * theirs;
    return {{"agrees", agrees},
            {"latents_compared", latents.size()},
            {"latents_that_differ", differing},
            {"largest_difference_of_a_charge", largest},
            {"bound_of_that", bound},
            {"loss_of_the_frozen_codec", loss},
            {"loss_in_torch_with_its_weights", theirs}};
  }

  const TrainSettings& settings_;
  std::vector<data::Event> events_;
  encoders::Codec codec_;  // of the last run with exact sums
  std::string torchVersion_;
};

}  // namespace

int main(int argc, char** argv) {
  TrainSettings settings;
  settings.work = "work_bench/train";
  CLI::App app("Times training against PyTorch");
  addRunOptions(app, settings);
  app.add_option("--work", settings.work, "Folder for what both sides exchange");
  app.add_option("--python", settings.python, "One that has torch")->capture_default_str();
  app.add_option("--events", settings.events, "Half of them sparse, half dense")
      ->capture_default_str()
      ->check(CLI::Range(1000, 10'000'000));
  app.add_option("--epochs", settings.epochs, "Of each run; the first is not timed")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000));
  CLI11_PARSE(app, argc, argv);
  const ordered results = TrainBench(settings).run();
  fmt::print("{}\n", results.dump(2));
  if (!settings.json.empty()) orDie(core::writeFile(settings.json, results.dump(2) + "\n"));
  return results["correct"].get<bool>() ? 0 : 1;
}
