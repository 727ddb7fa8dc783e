// The decoder's distance from floats, as a check of the RTL stage.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "aegen/core/interpreter.hpp"
#include "aegen/encoders/decoder_error_bound.hpp"
#include "stage_tools.hpp"

namespace aegen::flows {
namespace {

constexpr std::size_t kSamples = 200;

}  // namespace

std::optional<CheckResult> decoderBoundCheck(const DesignBundle& bundle) {
  const encoders::Graph& graph = bundle.codec.decoder;
  const bool hasFloats = std::ranges::any_of(
      graph.nodes, [](const encoders::Node& node) { return !node.kernel.real.empty(); });
  constexpr std::string_view kNetwork = "decoder_network";
  const bool decodes = bundle.decoder && bundle.decoder->find(kNetwork) != nullptr;
  if (!decodes || !hasFloats) return std::nullopt;
  CheckResult out{"decoder near its floats", false, {}};
  const auto bound = encoders::decoderErrorBound(graph);
  if (!bound) {
    out.details = {bound.error().text()};
    return out;
  }
  double widest = 0;
  for (const encoders::ErrorInterval& error : *bound) widest = std::max(widest, error.magnitude());

  std::vector<core::FixedFormat> formats;  // of each element that goes in
  for (const encoders::Node& node : graph.nodes) {
    if (node.kind != encoders::NodeKind::Input) continue;
    formats.insert(formats.end(), encoders::elementCount(node.shape), node.format);
  }
  const double outLsb = graph.output().format.lsb();
  core::Interpreter interpreter(*bundle.decoder, kNetwork);
  core::Columns in(formats.size(), kSamples);
  std::mt19937_64 random(1);  // its numbers are fixed by the standard
  for (std::size_t k = 0; k < kSamples; ++k) {
    for (std::size_t i = 0; i < formats.size(); ++i) {
      in.at(i, k) = core::wrap(static_cast<std::int64_t>(random()), formats[i]);
    }
  }
  const auto fixed = interpreter.run(in);
  double seen = 0;
  out.ok = fixed.ok();
  for (std::size_t k = 0; k < kSamples && out.ok; ++k) {
    std::vector<double> inputs;
    for (std::size_t i = 0; i < formats.size(); ++i) {
      inputs.push_back(static_cast<double>(in.at(i, k)) * formats[i].lsb());
    }
    const auto real = encoders::evaluateReal(graph, inputs);
    out.ok = real.ok();
    for (std::size_t o = 0; out.ok && o < real->size(); ++o) {
      const double error = static_cast<double>(fixed->at(o, k)) * outLsb - (*real)[o];
      seen = std::max(seen, std::abs(error));
      const encoders::ErrorInterval& allowed = (*bound)[o];
      if (error < allowed.low || error > allowed.high) out.ok = false;
    }
  }
  out.details = {
      fmt::format("fixed point is within {:.4f} of the float decoder for all latents, {:.4f} on {} "
                  "random ones, "
                  "where an event's normalised charges sum to 1..2; a charge within that times the "
                  "power of two "
                  "below the module sum, and one unit",
                  widest, seen, kSamples)};
  return out;
}

}  // namespace aegen::flows
