#include "aegen/encoders/model_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "aegen/encoders/decoder_error_bound.hpp"
#include "aegen/encoders/metrics.hpp"
#include "decoder_inputs.hpp"
#include "element_ranges.hpp"
#include "layer_unit.hpp"
#include "model_check_chip.hpp"
#include "path_formats.hpp"
#include "table_error.hpp"

namespace aegen::encoders {
namespace {

using core::Interval;

core::Result<void> checkShape(const Codec& codec, std::span<const data::Event> events) {
  const auto input = [](const Graph& graph, std::size_t elements) {
    return !graph.nodes.empty() && graph.nodes.front().kind == NodeKind::Input &&
           elementCount(graph.nodes.front().shape) == elements;
  };
  if (events.empty()) {
    return core::badInput("check.events", "there are no events to check on", codec.name);
  }
  const bool fits =
      input(codec.encoder, data::kTriggerCells) &&
      codec.encoder.nodes.front().format == core::FixedFormat{false, econ_t::kChargeBits, 0} &&
      std::ranges::count(codec.encoder.nodes, NodeKind::Input, &Node::kind) == 1 &&
      input(codec.decoder, elementCount(codec.encoder.output().shape)) &&
      codec.decoder.nodes.front().format == codec.encoder.output().format &&
      codec.link.keep.size() ==
          static_cast<std::size_t>(econ_t::withLatents({}, codec.encoder.output()).patternBits());
  if (fits) return checkConditions(codec.decoder, codec.conditions);
  return core::badInput("check.shape",
                        "the model does not take 48 charges u22 to latents and back, with a mask "
                        "of all latent bits",
                        codec.name, {"docs/model_file.md says what a model holds"});
}

// What is found in the nodes of either graph.
class GraphCheck {
 public:
  GraphCheck(const Graph& graph, const char* side, const TensorStatistics& statistics,
             std::size_t events, const CheckLimits& limits, std::vector<Finding>& findings)
      : graph_(graph),
        side_(side),
        statistics_(statistics),
        events_(static_cast<double>(events)),
        limits_(limits),
        findings_(findings),
        ranges_(elementRanges(graph)) {}

  void run() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      if (hasWeights(node.kind)) {
        checkNeurons(lastOf(i));
        checkWeightWidth(node, node.kernel);
        checkWeightWidth(node, node.bias);
      }
      if (node.kind == NodeKind::Requantize) checkSaturation(i);
      if (node.kind == NodeKind::Requantize || node.kind == NodeKind::Lookup) checkWidth(i);
      if (node.kind == NodeKind::Lookup && !node.function.empty()) checkTable(node);
    }
  }

 private:
  [[nodiscard]] bool isEncoder() const { return side_ == "encoder"; }

  void found(Severity severity, const char* code, const Node& node, double number, const char* unit,
             std::string message, std::string advice, std::vector<std::size_t> elements = {}) {
    findings_.push_back({severity, code, side_ + ", node " + node.name, number, unit,
                         std::move(message), std::move(advice), std::move(elements)});
  }

  // The last node of a layer's chain of elementwise nodes: what others see of it.
  [[nodiscard]] std::size_t lastOf(std::size_t at) const {
    for (int next = readerOf(graph_, at); next >= 0; next = readerOf(graph_, at)) {
      if (!isElementwise(graph_.nodes[static_cast<std::size_t>(next)].kind)) break;
      at = static_cast<std::size_t>(next);
    }
    return at;
  }

  void checkNeurons(std::size_t at) {
    const Node& node = graph_.nodes[at];
    const auto& seen = statistics_.node(at);
    std::vector<std::size_t> proven;
    std::vector<std::size_t> dead;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (ranges_[at][i].low == ranges_[at][i].high) {
        proven.push_back(i);
      } else if (seen[i].least == seen[i].most) {
        dead.push_back(i);
      }
    }
    const std::size_t all = seen.size();
    if (!proven.empty()) {
      found(Severity::Note, "check.constant-neuron", node, static_cast<double>(proven.size()),
            "elements",
            fmt::format("{} of {} elements are constants whatever the event", proven.size(), all),
            "what they multiply further on acts as a bias: fold it, or arrange the cells so that "
            "no window is empty",
            proven);
    }
    if (!dead.empty()) {
      found(isEncoder() ? Severity::Warning : Severity::Note, "check.dead-neuron", node,
            static_cast<double>(dead.size()), "elements",
            fmt::format("{} of {} elements never change on these events", dead.size(), all),
            "restart them in training or leave them out", dead);
    }
  }

  void checkWeightWidth(const Node& node, const Weights& weights) {
    const auto [low, high] = std::ranges::minmax(weights.values);
    const core::FixedFormat needed = core::FixedFormat::holding(
        {std::min<std::int64_t>(low, weights.format.isSigned ? -1 : 0), high},
        weights.format.fraction);
    if (weights.loadable || needed.width >= weights.format.width) return;
    const int bits = weights.format.width - needed.width;
    found(Severity::Note, "check.weights-too-wide", node, bits, "bits",
          fmt::format("{} is {}, its values need {}", weights.name, weights.format.text(),
                      needed.text()),
          fmt::format("{} bits a weight less hold the same values, or scale the weights up", bits));
  }

  void checkSaturation(std::size_t at) {
    const Node& node = graph_.nodes[at];
    const bool output = at + 1 == graph_.nodes.size();
    const double limit = output && isEncoder() ? limits_.latentSaturation : limits_.layerSaturation;
    double most = 0;
    std::vector<std::size_t> elements;
    const auto& seen = statistics_.node(at);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      const double share = static_cast<double>(seen[i].saturated) / events_;
      most = std::max(most, share);
      if (share > limit) elements.push_back(i);
    }
    if (elements.empty()) return;
    const char* const code = !output       ? "check.layer-saturates"
                             : isEncoder() ? "check.latent-saturates"
                                           : "check.decoder-saturates";
    found(Severity::Warning, code, node, most, "share of events",
          fmt::format("{} of {} elements leave {} in more than {:.2g} of the events, one in {:.2g}",
                      elements.size(), seen.size(), node.format.text(), limit, most),
          "give the format another integer bit, or train with smaller weights", elements);
  }

  void checkWidth(std::size_t at) {
    const Node& node = graph_.nodes[at];
    Interval seen{0, 0};
    for (const ElementStatistics& one : statistics_.node(at)) {
      seen = seen.join({one.least, one.most});
    }
    Interval possible{0, 0};
    for (const Interval& range : ranges_[at]) possible = possible.join(range);
    const int needed = widthIn(node.format, seen);
    if (needed >= node.format.width) return;
    const bool proven = widthIn(node.format, possible) < node.format.width;
    const int bits = node.format.width - needed;
    found(Severity::Note, "check.too-wide", node, bits, "bits",
          fmt::format("{} where {} bits hold every value on these events{}", node.format.text(),
                      needed, proven ? "; top bits are never used, whatever the event" : ""),
          fmt::format("{} top bits can go", bits));
  }

  // Bits for a range, keeping the sign bit a signed format has.
  static int widthIn(const core::FixedFormat& format, Interval range) {
    if (format.isSigned) range.low = std::min<std::int64_t>(range.low, -1);
    return core::FixedFormat::holding(range, format.fraction).width;
  }

  void checkTable(const Node& node) {
    const core::FixedFormat& from = graph_.nodes[static_cast<std::size_t>(node.inputs[0])].format;
    const RealFunction function(node, from);
    double most = 0;
    for (std::size_t i = 0; i < node.table.size(); ++i) {
      const double x = static_cast<double>(from.minRaw() + static_cast<std::int64_t>(i));
      const double y = function(x * from.lsb());
      const double end =
          std::clamp(y / node.format.lsb(), static_cast<double>(node.format.minRaw()),
                     static_cast<double>(node.format.maxRaw()));
      most = std::max(most, std::abs(static_cast<double>(node.table[i]) - end));
    }
    if (most <= 1) return;
    found(Severity::Warning, "check.table", node, most, "steps",
          fmt::format("the table is up to {:.3g} steps off its function {}", most, node.function),
          "write the table from the function again");
  }

  const Graph& graph_;
  std::string side_;
  const TensorStatistics& statistics_;
  double events_;
  const CheckLimits& limits_;
  std::vector<Finding>& findings_;
  std::vector<std::vector<Interval>> ranges_;
};

// What the link carries of the latents; `received` become the values behind it.
class LinkCheck {
 public:
  LinkCheck(const Codec& codec, const CheckLimits& limits, std::vector<Finding>& findings)
      : codec_(codec), limits_(limits), findings_(findings) {}

  void run(core::Columns& received) {
    const econ_t::PathShape shape = econ_t::withLatents({}, codec_.encoder.output());
    const std::vector<std::int64_t> sent = sentBits(codec_.link, shape);
    checkBits(shape, sent);
    checkContents(sent, received);
  }

 private:
  void found(Severity severity, const char* code, double number, const char* unit,
             std::string message, std::string advice, std::vector<std::size_t> elements = {}) {
    findings_.push_back({severity, code, "link", number, unit, std::move(message),
                         std::move(advice), std::move(elements)});
  }

  void checkBits(const econ_t::PathShape& shape, const std::vector<std::int64_t>& sent) {
    const auto kept = static_cast<int>(std::ranges::count(codec_.link.keep, true));
    const int room = econ_t::sentLatentBits(codec_.link.activeEtx, shape);
    if (kept > room) {
      found(Severity::Warning, "check.unsent-bits", kept - room, "bits",
            fmt::format("the mask keeps {} latent bits, {} eTX carry {}", kept,
                        codec_.link.activeEtx, room),
            "keep fewer bits or use more links");
    }
    if (room - kept >= shape.latents && kept < shape.patternBits()) {
      found(Severity::Note, "check.unused-link", room - kept, "bits",
            fmt::format("{} eTX carry {} latent bits, {} are sent", codec_.link.activeEtx, room,
                        kept),
            "another bit of every latent fits");
    }
    std::vector<std::size_t> none;
    for (std::size_t l = 0; l < sent.size(); ++l) {
      if (sent[l] == 0) none.push_back(l);
    }
    if (none.empty()) return;
    found(Severity::Warning, "check.unsent-latent", static_cast<double>(none.size()), "latents",
          fmt::format("of {} of {} latents no bit is sent", none.size(), sent.size()),
          "leave them out of the network or keep bits of them", none);
  }

  void checkContents(const std::vector<std::int64_t>& sent, core::Columns& received) {
    LatentHistograms histograms(sent.size());
    std::vector<std::int64_t> one(sent.size());
    std::vector<std::int64_t> changes(sent.size(), 0);
    for (std::size_t e = 0; e < received.events(); ++e) {
      for (std::size_t l = 0; l < sent.size(); ++l) {
        changes[l] |= (received.at(l, e) ^ received.at(l, 0)) & sent[l];
        one[l] = received.at(l, e) =
            core::wrap(received.at(l, e) & sent[l], codec_.encoder.output().format);
      }
      histograms.add(one);
    }
    int constant = 0;
    double unused = 0;
    std::vector<std::size_t> low;
    for (std::size_t l = 0; l < sent.size(); ++l) {
      const int bits = std::popcount(static_cast<std::uint64_t>(sent[l]));
      constant += bits - std::popcount(static_cast<std::uint64_t>(changes[l]));
      const double entropy = histograms.entropy(l);
      if (bits == 0 || entropy >= limits_.entropyShare * bits) continue;
      unused += bits - entropy;
      low.push_back(l);
    }
    if (constant > 0) {
      found(Severity::Note, "check.constant-bits", constant, "bits",
            fmt::format("{} bits that are sent never change on these events", constant),
            "drop them from the mask and send lower bits in their place");
    }
    if (low.empty()) return;
    found(Severity::Note, "check.low-entropy", unused, "bits",
          fmt::format("{} latents carry less than {:.2g} of the bits they are sent in: {:.1f} bits "
                      "a crossing are wasted",
                      low.size(), limits_.entropyShare, unused),
          "send fewer bits of them, or train for entropy", low);
  }

  const Codec& codec_;
  const CheckLimits& limits_;
  std::vector<Finding>& findings_;
};

void checkBound(const Graph& decoder, const CheckLimits& limits, std::vector<Finding>& findings) {
  const std::string where = "decoder, node " + decoder.output().name;
  const auto bound = decoderErrorBound(decoder);
  if (!bound) {
    if (bound.error().code != "bound.wraps") return;  // no float counterpart, no bound
    findings.push_back({Severity::Warning,
                        "check.decoder-wraps",
                        bound.error().where,
                        1,
                        "nodes",
                        bound.error().message,
                        "widen the format or saturate",
                        {}});
    return;
  }
  double most = 0;
  for (const ErrorInterval& error : *bound) most = std::max(most, error.magnitude());
  if (most <= limits.decoderError) return;
  findings.push_back({Severity::Warning,
                      "check.decoder-error",
                      where,
                      most,
                      "units of the output",
                      fmt::format("the fixed-point decoder can be {:.3g} away from the float "
                                  "decoder",
                                  most),
                      "give weights or activations more fractional bits",
                      {}});
}

}  // namespace

std::string_view text(Severity severity) {
  switch (severity) {
    case Severity::Note:
      return "note";
    case Severity::Warning:
      return "warning";
  }
  return {};
}

core::Result<std::vector<Finding>> checkModel(const Codec& codec,
                                              std::span<const data::Event> events,
                                              const CheckLimits& limits) {
  if (auto good = checkShape(codec, events); !good) return good.error();
  core::Columns charges(data::kTriggerCells, events.size());
  for (std::size_t e = 0; e < events.size(); ++e) {
    for (std::size_t c = 0; c < data::kTriggerCells; ++c) charges.at(c, e) = events[e].charge[c];
  }
  std::vector<Finding> findings;
  const auto encoder = TensorStatistics::of(codec.encoder, charges);
  if (!encoder) return encoder.error();
  if (std::ranges::count(codec.encoder.nodes, NodeKind::Normalize, &Node::kind) == 1) {
    auto good = checkAgainstChip(codec.encoder, charges, *encoder, findings);
    if (!good) return good.error();
  }
  GraphCheck(codec.encoder, "encoder", *encoder, events.size(), limits, findings).run();
  core::Columns received = encoder->output();
  LinkCheck(codec, limits, findings).run(received);
  const auto decoder =
      TensorStatistics::of(codec.decoder, decoderInputs(codec, received, events, {}));
  if (!decoder) return decoder.error();
  GraphCheck(codec.decoder, "decoder", *decoder, events.size(), limits, findings).run();
  checkBound(codec.decoder, limits, findings);
  return findings;
}

}  // namespace aegen::encoders
