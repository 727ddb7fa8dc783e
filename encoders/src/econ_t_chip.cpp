// The trigger path as a Design: front end, encoders, formatter and buffer.

#include <algorithm>
#include <array>
#include <set>

#include "aegen/core/fold.hpp"
#include "aegen/core/function_builder.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/lowering.hpp"
#include "aegen/encoders/trigger_encoders.hpp"
#include "chip_checks.hpp"
#include "chip_settings.hpp"
#include "econ_t_path.hpp"
#include "pipeline.hpp"
#include "shared_neurons.hpp"

namespace aegen::encoders::econ_t {
namespace {

using core::Block;
using core::BlockKind;
using core::FixedFormat;
using core::Result;
using core::Wire;

constexpr int kSortParts = 3;  // pieces of the sorting network between which registers may go

Block functionBlock(const std::string& function, std::vector<Wire> inputs,
                    std::vector<Wire> outputs) {
  return {BlockKind::Function, "u_" + function, function, std::move(inputs),
          std::move(outputs),  false,           {}};
}

// Ports tied to signals of the same names.
std::vector<Wire> sameNames(std::initializer_list<const char*> names) {
  std::vector<Wire> out;
  for (const char* name : names) out.push_back({name, name});
  return out;
}

class ChipAssembly {
 public:
  ChipAssembly(const Graph* autoencoder, const ChipSettings& reset, const ChipOptions& options)
      : graph_(autoencoder),
        reset_(reset),
        options_(options),
        shape_(options.shape),
        held_(options.encoders) {
    const bool known = options.encoders.empty() || held_(reset_.algorithm);
    if (!known) reset_.algorithm = options.encoders.front();
  }

  Result<core::Design> run() {
    if (auto good = check(); !good) return good.error();
    frontEnd();
    encoders();
    formatter();
    buffer();
    if (auto good = placeRegisters(); !good) return good.error();
    return finish();
  }

 private:
  using Chain = std::vector<std::size_t>;  // blocks one after the other

  [[nodiscard]] bool several() const { return options_.encoders.size() > 1; }

  Result<void> check() {
    const std::set<Algorithm> distinct(options_.encoders.begin(), options_.encoders.end());
    if (distinct.empty() || distinct.size() != options_.encoders.size()) {
      return core::badInput(
          "econ_t.encoders",
          distinct.empty() ? "the chip holds no encoder" : "the chip holds an encoder twice",
          options_.name);
    }
    if (held_(Algorithm::Autoencoder) != (graph_ != nullptr)) {
      return core::badInput("econ_t.encoders",
                            graph_ == nullptr
                                ? "the chip's autoencoder has no model"
                                : "a model is given but the chip holds no autoencoder",
                            options_.name);
    }
    if (auto good = checkShape(shape_, held_); !good) return good;
    const auto n = static_cast<std::size_t>(shape_.channels);
    if (reset_.mux.size() != n || reset_.calibration.size() != n || reset_.threshold.size() != n) {
      return core::badInput("econ_t.shape",
                            "mux, calibration and threshold need a value for each of the " +
                                std::to_string(n) + " channels",
                            options_.name);
    }
    if (graph_ == nullptr) return {};
    LoweringOptions lowering = options_.lowering;
    lowering.sharedNeurons = worthSharing(*graph_, options_.reuse);
    auto lowered = lower(*graph_, "", lowering);
    if (!lowered) return lowered.error();
    if (auto good = checkEncoder(*graph_, *lowered, shape_); !good) return good;
    if (reset_.keep.size() != static_cast<std::size_t>(shape_.patternBits())) {
      return core::badInput("model.link",
                            std::to_string(reset_.keep.size()) + " latent mask bits, " +
                                std::to_string(shape_.patternBits()) + " are needed",
                            graph_->name);
    }
    network_ = std::move(*lowered);
    return {};
  }

  std::size_t add(const std::string& function, std::vector<Wire> inputs,
                  std::vector<Wire> outputs) {
    blocks_.push_back(functionBlock(function, std::move(inputs), std::move(outputs)));
    return blocks_.size() - 1;
  }
  std::vector<Wire> charges() const { return {{"calq", calq()}}; }
  [[nodiscard]] std::string calq() const {
    return graph_ == nullptr ? "calq" : network_.inputs[0].name;
  }
  static std::vector<Wire> join(std::vector<Wire> left, const std::vector<Wire>& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
  }

  void frontEnd() {
    addUnpack(path_, shape_);
    addLinkHeader(path_);
    std::vector<Wire> unpacked = sameNames({"rx_header"});
    if (options_.frontEnd) unpacked.push_back({"codes", "codes"});
    add(kUnpack, sameNames({"rx_words"}), std::move(unpacked));
    Block counter;
    counter.kind = BlockKind::BxCounter;
    counter.name = "u_bx_counter";
    counter.inputs = sameNames({"rx_header"});
    counter.outputs = sameNames({"bx"});
    blocks_.push_back(counter);
    add(kLinkHeader, sameNames({"bx"}), sameNames({"header"}));
    if (!options_.frontEnd) return;
    addChannelMux(path_, shape_);
    addCalibrate(path_, shape_);
    front_ = {add(kChannelMux, sameNames({"codes", "mux"}), sameNames({"channel_codes"}))};
    front_.push_back(add(kCalibrate, sameNames({"channel_codes", "high_density", "calibration"}),
                         {{"calq", calq()}}));
  }

  void encoders() {
    if (held_.cells()) {
      addCellCodes(path_, shape_);
      cellCodes_ =
          add("cell_codes", join(charges(), sameNames({"drop_lsb"})), sameNames({"cell_code"}));
      chain(Algorithm::Repeater) = {cellCodes_};
    }
    if (held_(Algorithm::ThresholdSum)) {
      addThresholdSum(path_, shape_);
      chain(Algorithm::ThresholdSum) = {add("threshold_sum",
                                            join(charges(), sameNames({"threshold", "use_sum"})),
                                            sameNames({"ts_kept", "ts_sum", "ts_all"}))};
    }
    if (held_(Algorithm::SuperTriggerCell)) {
      addSuperTriggerCells(path_, shape_);
      chain(Algorithm::SuperTriggerCell) = {
          add("super_trigger_cells", join(charges(), sameNames({"drop_lsb"})), stcWires())};
    }
    if (held_(Algorithm::BestChoice)) bestChoice();
    if (held_(Algorithm::Autoencoder)) autoencoder();
  }

  std::vector<Wire> stcWires() const {
    std::vector<Wire> wires;
    for (const core::Port& port : stcPorts(shape_)) wires.push_back({port.name, port.name});
    return wires;
  }

  void bestChoice() {
    const auto functions = addBestChoice(path_, shape_, kSortParts);
    Chain& out = chain(Algorithm::BestChoice);
    out.push_back(
        add(functions.front(), join(charges(), sameNames({"drop_lsb"})), sameNames({"bc_value"})));
    std::string values = "bc_value";
    std::vector<Wire> swaps;
    for (std::size_t k = 1; k + 1 < functions.size(); ++k) {
      const std::string number = std::to_string(k - 1);
      out.push_back(add(functions[k], {{"value", values}},
                        {{"sorted", "bc_sorted_" + number}, {"swapped", "bc_swapped_" + number}}));
      values = "bc_sorted_" + number;
      swaps.push_back({"swapped_" + number, "bc_swapped_" + number});
    }
    out.push_back(add(functions.back(),
                      join(join({{"sorted", values}}, swaps), sameNames({"active_etx", "use_sum"})),
                      sameNames({"bc_kept", "bc_sum"})));
  }

  void autoencoder() {
    for (const LoweredLayer& layer : network_.layers) {
      const std::size_t at = add(layer.function, layer.inputs, layer.outputs);
      chain(Algorithm::Autoencoder).push_back(at);
      for (Wire& wire : blocks_[at].outputs) {  // the normaliser's sum is the module sum
        if (wire.signal == layer.sumSignal) wire.signal = "module_sum";
      }
    }
  }

  void formatter() {
    const bool listed = held_(Algorithm::ThresholdSum) || held_(Algorithm::BestChoice);
    if (listed) closeUpCells();
    if (held_(Algorithm::ThresholdSum)) {
      addFormatThresholdSum(path_, shape_);
      format(Algorithm::ThresholdSum, "format_threshold_sum",
             join({{"kept", kept_}}, sameNames({"header", "kept_count", "kept_address", "kept_code",
                                                "ts_sum", "ts_all", "sync_word"})));
    }
    if (held_(Algorithm::SuperTriggerCell)) {
      addFormatSuperTriggerCells(path_, shape_);
      format(Algorithm::SuperTriggerCell, "format_super_trigger_cells",
             join(stcWires(), sameNames({"header", "stc_type", "active_etx"})));
    }
    if (held_(Algorithm::BestChoice)) {
      addFormatBestChoice(path_, shape_);
      format(Algorithm::BestChoice, "format_best_choice",
             join({{"kept", kept_}},
                  sameNames({"header", "kept_address", "kept_code", "bc_sum", "active_etx"})));
    }
    if (held_(Algorithm::Repeater)) {
      addFormatRepeater(path_, shape_);
      format(Algorithm::Repeater, "format_repeater",
             sameNames({"header", "cell_code", "active_etx"}));
    }
    if (held_(Algorithm::Autoencoder)) formatLatents();
    if (!several()) return;
    addSelectWords(path_, shape_, options_.encoders);
    std::vector<Wire> wires = sameNames({"algorithm"});
    for (const Algorithm algorithm : options_.encoders) wires = join(wires, wordWires(algorithm));
    for (Wire& wire : wires) wire.port = wire.signal;
    last_ = add("select_words", std::move(wires),
                sameNames({"words", "count", "truncated_word", "fill_word"}));
  }

  void formatLatents() {
    addCodeSum(path_);
    add(kCodeSum, sameNames({"module_sum"}), sameNames({"sum_code"}));
    std::vector<Wire> inputs{{"latent", network_.output.name}};
    int kept = shape_.patternBits();
    if (options_.maskLoadable) {
      addCloseUp(path_, shape_, network_.output.format);
      inputs.push_back({"ae_mask", "ae_mask"});
    } else {
      addWiredCloseUp(path_, shape_, network_.output.format, reset_.keep);
      kept = std::max(1, static_cast<int>(std::ranges::count(reset_.keep, true)));
    }
    addFormat(path_, shape_, kept);
    closeUps_.push_back(add(kCloseUp, std::move(inputs), sameNames({"kept_bits"})));
    format(Algorithm::Autoencoder, kFormat,
           sameNames({"header", "sum_code", "kept_bits", "active_etx"}));
  }

  void closeUpCells() {
    kept_ = held_(Algorithm::ThresholdSum) ? "ts_kept" : "bc_kept";
    if (held_(Algorithm::ThresholdSum) && held_(Algorithm::BestChoice)) {
      addSelectCells(path_, shape_);
      add("select_cells", sameNames({"ts_kept", "bc_kept", "algorithm"}), sameNames({"kept"}));
      kept_ = "kept";
    }
    addCloseUpCells(path_, shape_);
    std::vector<Wire> outputs = sameNames({"kept_address", "kept_code"});
    if (held_(Algorithm::ThresholdSum)) outputs.push_back({"kept_count", "kept_count"});
    closeUps_.push_back(
        add("close_up_cells", {{"kept", kept_}, {"cell_code", "cell_code"}}, std::move(outputs)));
  }

  // What a format function's outputs are called.
  std::vector<Wire> wordWires(Algorithm algorithm) const {
    if (!several()) return sameNames({"words", "count", "truncated_word", "fill_word"});
    const std::string name = shortName(algorithm);
    return {{"words", name + "_words"},
            {"count", name + "_count"},
            {"truncated_word", name + "_truncated"},
            {"fill_word", name + "_fill"}};
  }

  void format(Algorithm algorithm, const std::string& function, std::vector<Wire> inputs) {
    last_ = add(function, std::move(inputs), wordWires(algorithm));
    formats_.push_back(last_);
  }

  void buffer() {
    Block block;
    block.kind = BlockKind::OutputBuffer;
    block.name = "u_output_buffer";
    block.inputs = sameNames({"words", "count", "truncated_word", "fill_word", "overflow_t1",
                              "overflow_t2", "overflow_t3", "active_etx"});
    block.outputs = sameNames({"tx"});
    block.registered = true;
    block.buffer = {static_cast<std::uint32_t>(shape_.bufferWords),
                    static_cast<std::uint32_t>(wordsWritten(shape_)),
                    static_cast<std::uint32_t>(shape_.etx)};
    blocks_.push_back(block);
  }

  int levels(std::size_t block) const {
    const std::string& function = blocks_[block].function;
    const bool own = path_.find(function) != nullptr;
    return logicLevels(own ? path_ : network_.program, function);
  }

  // What folding the block alone would save, in gates.
  double saved(std::size_t block) const {
    const std::string& function = blocks_[block].function;
    const bool own = path_.find(function) != nullptr;
    const core::Program& program = own ? path_ : network_.program;
    const auto plan = core::planFold(program, *program.find(function), options_.reuse);
    return plan ? plan->saved() : 0;
  }

  static Result<int> latency(const std::optional<int>& asked, int usual, int most,
                             const char* key) {
    const int chosen = asked.value_or(std::min(usual, most));
    if (chosen >= 1 && chosen <= most) return chosen;
    return core::badInput(
        "design.latency",
        std::to_string(chosen) + " crossings asked for, 1.." + std::to_string(most) + " can be had",
        key);
  }

  // Registers behind the blocks that split each encoder most evenly; the last block of an encoder
  // always has one. A chip of one encoder may have them in its front end too; in one of several,
  // where those would delay all alike, each encoder counts the front end as part of its own start.
  Result<void> placeRegisters() {
    std::vector<Algorithm> chains = options_.encoders;
    if (several()) std::erase(chains, Algorithm::Repeater);
    if (chains.empty()) chains = {Algorithm::Repeater};
    std::size_t longest = 0;
    for (const Algorithm algorithm : chains) {
      longest = std::max(longest, chain(algorithm).size() + (several() ? 0 : front_.size()));
    }
    const auto usual = defaultLatency(options_.encoders, options_.reuse);
    const auto encoder =
        latency(options_.encoderLatency, usual.first, static_cast<int>(longest), "latency.encoder");
    if (!encoder) return encoder.error();
    encoderLatency_ = *encoder;
    if (held_.cells()) blocks_[cellCodes_].registered = true;
    for (const Algorithm algorithm : chains) cut(algorithm);
    if (auto good = placeFormatter(usual.second); !good) return good;
    return {};
  }

  void cut(Algorithm algorithm) {
    Chain stages = chain(algorithm);
    int before = 0;
    if (several()) {
      for (const std::size_t block : front_) before += levels(block);
    } else {
      stages.insert(stages.begin(), front_.begin(), front_.end());
    }
    std::vector<int> each;
    for (const std::size_t block : stages) each.push_back(levels(block));
    each.front() += before;
    const auto registers = std::min(stages.size(), static_cast<std::size_t>(encoderLatency_));
    std::vector<double> gains;
    for (const std::size_t block : stages) gains.push_back(saved(block));
    for (const std::size_t at : evenCuts(each, registers, gains))
      blocks_[stages[at]].registered = true;
    taken_[static_cast<std::size_t>(algorithm)] = static_cast<int>(registers);
  }

  // The buffer is the last register; in front of it the words, before those what is closed up.
  Result<void> placeFormatter(int usual) {
    const std::vector<std::size_t>& early = !closeUps_.empty() ? closeUps_ : formats_;
    const bool deep = !closeUps_.empty() || several();
    const auto chosen =
        latency(options_.formatterLatency, usual, deep ? 3 : 2, "latency.formatter");
    if (!chosen) return chosen.error();
    formatterLatency_ = *chosen;
    if (formatterLatency_ > 1) blocks_[last_].registered = true;
    if (formatterLatency_ > 2) {
      for (const std::size_t block : early) blocks_[block].registered = true;
    }
    return {};
  }

  // The first signal that says what an algorithm found.
  std::string result(Algorithm algorithm) const {
    switch (algorithm) {
      case Algorithm::ThresholdSum:
        return "ts_kept";
      case Algorithm::SuperTriggerCell:
        return stcPorts(shape_).front().name;
      case Algorithm::BestChoice:
        return "bc_kept";
      case Algorithm::Repeater:
        return "cell_code";
      case Algorithm::Autoencoder:
        return network_.output.name;
    }
    return {};
  }

  // Everything the path around the network is called.
  std::set<std::string> pathNames(const std::vector<core::ConfigField>& fields) const {
    std::set<std::string> names{"tx", "module_sum"};
    for (const core::Function& function : path_.functions) names.insert(function.name);
    for (const Block& block : blocks_) {
      if (network_.program.find(block.function) != nullptr) continue;
      for (const auto* wires : {&block.inputs, &block.outputs}) {
        for (const Wire& wire : *wires) {
          // The network's own input and output, whatever it calls them.
          if (wire.port != "calq" && wire.port != "latent") names.insert(wire.signal);
        }
      }
    }
    for (const core::ConfigField& field : fields) names.insert(field.name);
    return names;
  }

  Result<core::Design> finish() {
    core::Design design;
    design.name = options_.name;
    design.comment = "trigger path: ePortRX words to eTX words through ";
    for (const Algorithm algorithm : options_.encoders) {
      if (algorithm != options_.encoders.front()) design.comment += ", ";
      design.comment += algorithm == Algorithm::Autoencoder ? graph_->name : text(algorithm);
    }
    auto settings = settingFields(reset_, options_);
    if (graph_ != nullptr) {
      if (auto good = checkNames(network_, pathNames(settings)); !good) return good.error();
    }
    design.program = network_.program;
    design.program.merge(path_);
    design.config = network_.fields;
    for (core::ConfigField& field : settings) design.config.push_back(std::move(field));
    design.inputs = {
        {"rx_words", {false, 32, 0}, static_cast<std::uint32_t>(shape_.channels / kPortCodes)}};
    if (!options_.frontEnd) {
      design.inputs.push_back(
          {calq(), bits(kChargeBits), static_cast<std::uint32_t>(shape_.channels)});
    }
    design.outputs = {"tx"};
    design.serial = options_.serial;
    design.clocksPerCrossing = options_.reuse;
    design.blocks = std::move(blocks_);
    const Algorithm chosen = several() ? reset_.algorithm : options_.encoders.front();
    // A repeater beside others has one register, behind its codes.
    const int own = std::max(1, taken_[static_cast<std::size_t>(chosen)]);
    design.milestones = {{"encoder", result(chosen), own},
                         {"formatter", "tx", encoderLatency_ + formatterLatency_}};
    return design;
  }

  Chain& chain(Algorithm algorithm) { return chains_[static_cast<std::size_t>(algorithm)]; }

  const Graph* graph_;
  ChipSettings reset_;
  const ChipOptions& options_;
  const PathShape& shape_;
  Held held_;
  Lowering network_;
  core::Program path_;
  std::vector<Block> blocks_;
  Chain front_;
  std::array<Chain, kAlgorithms.size()> chains_;
  std::array<int, kAlgorithms.size()> taken_{};  // registers of each encoder
  std::size_t cellCodes_ = 0;
  std::string kept_;
  std::vector<std::size_t> closeUps_;
  std::vector<std::size_t> formats_;
  std::size_t last_ = 0;  // the block that gives the words
  int encoderLatency_ = 1;
  int formatterLatency_ = 1;
};

}  // namespace

std::pair<int, int> defaultLatency(const std::vector<Algorithm>& encoders, int reuse) {
  std::pair<int, int> out{1, 1};
  const auto atLeast = [&](int encoder, int formatter) {
    out = {std::max(out.first, encoder), std::max(out.second, formatter)};
  };
  for (const Algorithm algorithm : encoders) {
    switch (algorithm) {
      case Algorithm::ThresholdSum:
      case Algorithm::SuperTriggerCell:
      case Algorithm::Repeater:
        break;
      case Algorithm::BestChoice:
        atLeast(2, 3);
        break;
      case Algorithm::Autoencoder:
        atLeast(reuse > 1 ? 3 : 2, 2);
        break;
    }
  }
  return out;
}

Result<core::Design> chip(const Graph& autoencoder, const ChipSettings& reset,
                          const ChipOptions& options) {
  return ChipAssembly(&autoencoder, reset, options).run();
}

Result<core::Design> chip(const ChipSettings& reset, const ChipOptions& options) {
  return ChipAssembly(nullptr, reset, options).run();
}

Result<core::Design> encoderOnly(const Graph& encoder, const std::string& name,
                                 const LoweringOptions& options) {
  auto lowered = lower(encoder, "", options);
  if (!lowered) return lowered.error();
  if (lowered->inputs.size() != 1) {
    return core::badInput("econ_t.encoder-shape", "the encoder must have one input", encoder.name);
  }
  const std::string takeUp = "take_up";
  if (auto good = checkNames(*lowered, {takeUp, lowered->inputs[0].name + "_in"}); !good) {
    return good.error();
  }
  core::Design design;
  design.name = name;
  design.comment = "the encoder alone between registers: " + encoder.name;
  design.program = lowered->program;
  const core::Signal charges = lowered->inputs[0];
  const core::Signal pins{charges.name + "_in", charges.format, charges.count};
  design.inputs = {pins};
  design.outputs = {lowered->output.name};
  design.config = lowered->fields;
  // Charges are taken up by a register, as they come out of one in the chip.
  core::FunctionBuilder b(design.program, takeUp, "charges as they come");
  b.output(charges.name, charges.format, b.input(pins.name, pins.format, pins.count));
  design.program.functions.push_back(std::move(b).finish());
  design.blocks.push_back(
      functionBlock(takeUp, {{pins.name, pins.name}}, {{charges.name, charges.name}}));
  design.blocks.back().registered = true;
  for (const LoweredLayer& layer : lowered->layers) {
    design.blocks.push_back(functionBlock(layer.function, layer.inputs, layer.outputs));
    auto& wires = design.blocks.back().outputs;  // nobody reads the module sum here
    std::erase_if(wires, [&](const Wire& wire) { return wire.signal == layer.sumSignal; });
  }
  design.blocks.back().registered = true;
  design.milestones = {{"encoder", lowered->output.name, 2}};
  return design;
}

}  // namespace aegen::encoders::econ_t
