// The delay model's figures from a library's tables.

#include <algorithm>
#include <cmath>

#include "aegen/flows/timing.hpp"
#include "flip_flop_map.hpp"

namespace aegen::flows {

namespace {

// Sinks of a net in mapped netlists, on average, as inputs of the smallest inverter.
constexpr double kUsualLoad = 4;
// What a two-input gate of the model is mapped to: a NAND and, every other time, an inverter.
constexpr double kInvertersPerGate = 0.5;

constexpr std::uint64_t kXor2Table = 0b0110;
constexpr std::uint64_t kXnor2Table = 0b1001;
constexpr std::uint64_t kMuxTable = 0b11001010;  // inputs a, b, select

double inputLoad(const LibertyCell& cell) {
  double most = 0;
  for (const LibertyPin& pin : cell.pins) most = std::max(most, pin.isInput ? pin.capacitance : 0);
  return most;
}

/// Delay and output transition of a cell.
struct CellDelay {
  double delay = 0;
  double slew = 0;
};

/// Reads cells' tables at one slew and load after the other.
class TableReader {
 public:
  explicit TableReader(const Liberty& library)
      : load_(kUsualLoad * inputLoad(*library.inverter())), slew_(settledSlew(library)) {}

  [[nodiscard]] double load() const { return load_; }
  [[nodiscard]] double slew() const { return slew_; }

  // Mean over both edges, longest over the inputs, of the arcs to `output` (empty: any).
  [[nodiscard]] CellDelay of(const LibertyCell& cell, const std::string& output, double load,
                             double slew) const {
    CellDelay out;
    for (const LibertyPin& pin : cell.pins) {
      if (pin.isInput || (!output.empty() && pin.name != output)) continue;
      for (const TimingArc& arc : pin.arcs) {
        if (arc.isConstraint() || arc.rise.empty() || arc.fall.empty()) continue;
        const double delay = (arc.rise.at(slew, load) + arc.fall.at(slew, load)) / 2;
        if (delay <= out.delay) continue;
        out.delay = delay;
        if (!arc.riseTransition.empty() && !arc.fallTransition.empty()) {
          out.slew = (arc.riseTransition.at(slew, load) + arc.fallTransition.at(slew, load)) / 2;
        }
      }
    }
    return out;
  }
  [[nodiscard]] double usual(const LibertyCell& cell, const std::string& output = {}) const {
    return of(cell, output, load_, slew_).delay;
  }

 private:
  // The transition that a chain of NANDs with the usual load comes to.
  double settledSlew(const Liberty& library) const {
    double slew = 0;
    for (int k = 0; k < 10; ++k) slew = of(library.nand2(), {}, load_, slew).slew;
    return slew;
  }

  double load_;
  double slew_;
};

// The constraint of `type` at a flip-flop's data pin, the larger of both edges.
double setupOf(const LibertyCell& cell, const std::string& data, double slew) {
  double out = 0;
  const LibertyPin* const pin = cell.findPin(data);
  if (pin == nullptr) return 0;
  for (const TimingArc& arc : pin->arcs) {
    if (!arc.type.starts_with("setup")) continue;
    // An ideal clock has no transition time.
    for (const TimingTable* table : {&arc.rise, &arc.fall}) {
      if (!table->empty()) out = std::max(out, table->at(0, slew));
    }
  }
  return out;
}

}  // namespace

core::Result<core::DelayModel> fitDelayModel(const Liberty& library) {
  if (auto good = library.checkTiming(); !good) return good.error();
  const TableReader tables(library);
  const double nand = tables.usual(library.nand2());
  const double inverter = tables.usual(*library.inverter());
  core::DelayModel out;
  out.source = library.name();
  out.gate = nand + kInvertersPerGate * inverter;
  const auto cellOr = [&](std::initializer_list<const LibertyCell*> cells, double otherwise) {
    double best = 0;
    for (const LibertyCell* cell : cells) {
      const double delay = cell == nullptr ? 0 : tables.usual(*cell);
      if (delay > 0 && (best == 0 || delay < best)) best = delay;
    }
    return best > 0 ? best : otherwise;
  };
  // Two levels of NANDs and an inverted input where there is no cell.
  const double twoLevels = 2 * nand + inverter;
  out.parity = cellOr({library.smallestGate(2, kXor2Table), library.smallestGate(2, kXnor2Table)},
                      twoLevels);
  out.mux = cellOr({library.smallestGate(3, kMuxTable)}, twoLevels);
  if (const auto adder = library.fullAdder()) {
    const LibertyCell& cell = *library.find(adder->cell);
    // In a ripple the carry drives the next adder's input alone.
    const double next = inputLoad(cell);
    double slew = tables.slew();
    for (int k = 0; k < 10; ++k) slew = tables.of(cell, adder->carry, next, slew).slew;
    out.carry = tables.of(cell, adder->carry, next, slew).delay;
    out.sum = tables.of(cell, adder->sum, tables.load(), slew).delay;
  } else {
    out.carry = twoLevels;
    out.sum = 2 * out.parity;
  }
  // A buffer, or two inverters, for four times as many sinks.
  const auto buffers = library.buffers();
  const double four = 4 * tables.load();
  out.fanout = buffers.empty() ? 2 * tables.of(*library.inverter(), {}, four, tables.slew()).delay
                               : tables.of(*buffers.front(), {}, four, tables.slew()).delay;
  out.fanout /= 2;  // the first few sinks are in every gate's own load
  for (const FlipFlopCell& each : flipFlopCells(library)) {
    if (each.type.text() != "$_DFF_P_" && each.type.text() != "$_DFF_N_") continue;
    const LibertyCell& cell = *library.find(each.cell);
    out.flipFlop =
        tables.of(cell, each.output, tables.load(), 0).delay + (each.outputInverted ? inverter : 0);
    out.setup = setupOf(cell, each.data, tables.slew()) + (each.dataInverted ? inverter : 0);
    if (each.type.risingEdge) break;
  }
  return out;
}

}  // namespace aegen::flows
