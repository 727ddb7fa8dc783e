// aegen compare: encoders side by side on the same events.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "aegen/flows/compare.hpp"
#include "cli.hpp"

namespace aegen::tools {
namespace {

constexpr std::uint64_t kMostEvents = 1'000'000;
constexpr std::uint64_t kUsualEvents = 5000;

struct Arguments {
  std::vector<std::string> designs;
  std::vector<std::string> events;
  std::vector<std::string> highDensityEvents;
  std::vector<std::string> regimes;
  std::string etx = "1-13";
  std::optional<std::uint64_t> count;
  std::string truth = "seen";
  std::string input = "codes";
  bool noArea = false;
  std::string json;
  flows::CompareOptions options;
};

// "4" or "1-13".
core::Result<std::pair<int, int>> linksOf(const std::string& text) {
  const auto wrong = [&] {
    return core::badInput("compare.etx", "'" + text + "' is no number of links", "--etx",
                          {"1 to 15, or a range such as 1-13"});
  };
  const auto number = [](std::string_view digits) {
    int value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, problem] = std::from_chars(digits.data(), end, value);
    return problem == std::errc{} && stop == end ? value : 0;
  };
  const std::size_t dash = text.find('-');
  const int first = number(std::string_view(text).substr(0, dash));
  const int last =
      dash == std::string::npos ? first : number(std::string_view(text).substr(dash + 1));
  if (first < 1 || last < first || last > 15) return wrong();
  return std::pair{first, last};
}

// A file of charges or of ePortRX words, told apart by its header.
core::Result<flows::CompareSample> sampleOf(const std::string& file, std::uint64_t count) {
  flows::CompareSample out;
  out.name = std::filesystem::path(file).stem().string();
  out.source.file = file;
  out.source.crossings = count;
  auto isRx = data::holdsRxWords(file);
  if (!isRx) return isRx.error();
  out.source.kind = *isRx ? flows::EventSource::Kind::RxFile : flows::EventSource::Kind::CalqFile;
  return out;
}

core::Result<std::vector<flows::CompareSample>> samplesOf(const Arguments& arguments) {
  std::vector<flows::CompareSample> out;
  const std::uint64_t most = arguments.count.value_or(kMostEvents);
  const auto add = [&](flows::CompareSample sample) {
    const auto taken = [&](const std::string& name) {
      return std::ranges::find(out, name, &flows::CompareSample::name) != out.end();
    };
    const std::string plain = sample.name;
    for (int n = 2; taken(sample.name); ++n) sample.name = fmt::format("{}_{}", plain, n);
    out.push_back(std::move(sample));
  };
  for (const std::string& file : arguments.events) {
    auto sample = sampleOf(file, most);
    if (!sample) return sample.error();
    add(std::move(*sample));
  }
  for (const std::string& file : arguments.highDensityEvents) {
    auto sample = sampleOf(file, most);
    if (!sample) return sample.error();
    sample->highDensity = true;
    add(std::move(*sample));
  }
  std::vector<std::string> regimes = arguments.regimes;
  if (regimes.empty() && out.empty()) regimes = {"sparse", "dense"};
  for (const std::string& regime : regimes) {
    flows::CompareSample sample;
    sample.name = "generated_" + regime;
    sample.source.regime = regime;
    sample.source.crossings = arguments.count.value_or(kUsualEvents);
    // Modules where every cell fires have high density.
    if (regime == "dense") sample.highDensity = true;
    add(std::move(sample));
  }
  return out;
}

// Mean EMD, marked where it does not stand for all events.
std::string cell(const flows::CompareRow& row) {
  if (row.all.emd.events == 0) return "none";
  const char* const mark = row.lostShare() < flows::kLostThatCounts ? "" : "*";
  return fmt::format("{:.{}f}{}", row.all.emd.mean, *mark == 0 ? 3 : 2, mark);
}

void print(const flows::Comparison& comparison) {
  for (std::size_t s = 0; s < comparison.samples.size(); ++s) {
    fmt::print("\n{} ({})\nmean EMD by eTX\n", comparison.samples[s], comparison.descriptions[s]);
    std::vector<int> links;
    for (const auto& row : comparison.rows) {
      if (row.sample == s) links.push_back(row.etx);
    }
    std::ranges::sort(links);
    links.erase(std::unique(links.begin(), links.end()), links.end());
    fmt::print("{:<34}", "");
    for (const int etx : links) fmt::print(" {:>6}", etx);
    fmt::print("\n");
    for (std::size_t v = 0; v < comparison.variants.size(); ++v) {
      fmt::print("{:<34}", comparison.variants[v].name);
      for (const int etx : links) {
        const auto* const row = comparison.find(s, v, etx);
        fmt::print(" {:>6}", row == nullptr ? "" : cell(*row));
      }
      fmt::print("\n");
    }
  }
  const auto lossy = [](const flows::CompareRow& row) {
    return row.lostShare() >= flows::kLostThatCounts;
  };
  if (std::ranges::any_of(comparison.rows, lossy)) {
    fmt::print("\n* without the events of which no pattern came back: {:.0f} % of them or more\n",
               100 * flows::kLostThatCounts);
  }
  fmt::print("\n");
  for (const std::string& remark : comparison.remarks) fmt::print("{}\n", remark);
}

int run(const Arguments& arguments) {
  ProgressLine progress;
  flows::CompareOptions options = arguments.options;
  options.designs.assign(arguments.designs.begin(), arguments.designs.end());
  options.area = !arguments.noArea;
  options.truthAsGiven = arguments.truth == "given";
  options.frontEnd = arguments.input == "codes";
  const auto links = linksOf(arguments.etx);
  if (!links) return fail(links.error());
  std::tie(options.firstEtx, options.lastEtx) = *links;
  auto samples = samplesOf(arguments);
  if (!samples) return fail(samples.error());
  options.samples = std::move(*samples);
  options.progress = [&](std::string_view step, std::uint64_t done, std::uint64_t total) {
    progress.show(step, done, total);
  };
  const auto comparison = flows::compare(options);
  progress.clear();
  if (!comparison) return fail(comparison.error());
  if (const auto written = flows::writeComparison(*comparison, options.out); !written) {
    return fail(written.error());
  }
  if (arguments.json != "-") {
    print(*comparison);
    fmt::print("{}\n", (options.out / "compare.md").string());
  }
  const int written = writeJson(arguments.json, flows::comparisonJson(*comparison));
  if (written != kDone) return written;
  return comparison->passed() ? kDone : static_cast<int>(core::Failure::CheckFailed);
}

}  // namespace

void addCompareCommand(CLI::App& app, int& exitCode) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "compare", "Encoders side by side: RTL, link and board decoder on the same events");
  command->add_option("DESIGN", arguments->designs, "design.yaml files (docs/design_file.md)")
      ->required();
  command
      ->add_option("--events", arguments->events,
                   "Calibrated charges or ePortRX words (CSV; repeatable)")
      ->allow_extra_args(false);
  command
      ->add_option("--high-density-events", arguments->highDensityEvents,
                   "The same, of a high-density module whatever the design says (repeatable)")
      ->allow_extra_args(false);
  command
      ->add_option("--generate", arguments->regimes,
                   "Shower events (repeatable): sparse, dense; default without --events: both")
      ->allow_extra_args(false)
      ->delimiter(',')
      ->check(CLI::IsMember(std::vector<std::string>{"sparse", "dense"}));
  command
      ->add_option("--count", arguments->count,
                   "Events to generate (default 5000), and of each file at most (default all)")
      ->check(CLI::Range(std::uint64_t{1}, kMostEvents));
  command
      ->add_option("--truth", arguments->truth,
                   "What reconstruction is compared with: seen: the charges the chip makes of its "
                   "input codes, which the encoders see; given: those of the file or generator, "
                   "before the front end codes them")
      ->check(CLI::IsMember(std::vector<std::string>{"seen", "given"}))
      ->capture_default_str();
  command
      ->add_option("--input", arguments->input,
                   "What goes into the chips: codes, as on ePortRX; charges: chips without front "
                   "end get the charges of file or generator, which are the truth then")
      ->check(CLI::IsMember(std::vector<std::string>{"codes", "charges"}))
      ->capture_default_str();
  command->add_option("--etx", arguments->etx, "Numbers of links: 4, or 1-13")
      ->capture_default_str();
  command->add_option("-o,--out", arguments->options.out, "Output folder")->capture_default_str();
  command->add_flag("--no-area", arguments->noArea, "Do not synthesise the designs");
  command->add_option("--liberty", arguments->options.liberty,
                      "Liberty file; default: the designs'");
  command
      ->add_option("--seed", arguments->options.seed,
                   "Of generated events and of what flip-flops hold before reset")
      ->capture_default_str();
  command->add_option("-j,--jobs", arguments->options.jobs,
                      "Processes at a time; default: all processors");
  command->add_option("--json", arguments->json, "Write the figures as JSON; - is standard output");
  command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

}  // namespace aegen::tools
