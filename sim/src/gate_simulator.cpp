#include "aegen/sim/gate_simulator.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <random>

#include "gate_engine.hpp"

namespace aegen::sim {

namespace {

std::size_t wordsFor(unsigned lanes) {
  if (lanes <= 64) return 1;
  return lanes <= 256 ? 4 : 8;
}

using Words = std::array<std::uint64_t, 8>;

}  // namespace

GateSimulator::GateSimulator(std::shared_ptr<const GateProgram> program,
                             const GateSimulatorOptions& options)
    : program_(std::move(program)) {
  const std::size_t words = wordsFor(options.lanes);
#ifdef AEGEN_X86_KERNELS
  if (options.set != core::InstructionSet::Generic) {
    engine_ = makeAvx2Engine(program_->impl(), words);
    return;
  }
#endif
  engine_ = makeGenericEngine(program_->impl(), words);
}

GateSimulator::~GateSimulator() = default;
GateSimulator::GateSimulator(GateSimulator&&) noexcept = default;
GateSimulator& GateSimulator::operator=(GateSimulator&&) noexcept = default;

const GateProgram& GateSimulator::program() const {
  return *program_;
}
std::size_t GateSimulator::words() const {
  return engine_->words();
}
void GateSimulator::useSettling(Settling settling) {
  engine_->useSettling(settling);
}

void GateSimulator::drive(NetId input, bool value) {
  Words lanes;
  lanes.fill(value ? ~std::uint64_t{0} : 0);
  engine_->drive(input, lanes);
}

void GateSimulator::drive(NetId input, std::span<const std::uint64_t> lanes) {
  assert(lanes.size() == words());
  engine_->drive(input, lanes);
}

std::span<const std::uint64_t> GateSimulator::value(NetId net) const {
  return engine_->value(net);
}
void GateSimulator::settle() {
  engine_->settle();
}
void GateSimulator::edge() {
  engine_->edge();
}

void GateSimulator::randomiseStorage(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Words lanes{};
  for (const Storage& storage : program_->netlist().storages) {
    for (std::size_t w = 0; w < words(); ++w) lanes[w] = random();
    engine_->store(storage.output, lanes);
  }
}

std::vector<bool> GateSimulator::storage(unsigned lane) const {
  std::vector<bool> contents;
  contents.reserve(program_->netlist().storages.size());
  for (const Storage& storage : program_->netlist().storages) {
    contents.push_back((value(storage.output)[lane / 64] >> (lane % 64) & 1) != 0);
  }
  return contents;
}

void GateSimulator::setStorage(const std::vector<bool>& contents) {
  const auto& storages = program_->netlist().storages;
  assert(contents.size() == storages.size());
  Words lanes;
  for (std::size_t i = 0; i < storages.size(); ++i) {
    lanes.fill(contents[i] ? ~std::uint64_t{0} : 0);
    engine_->store(storages[i].output, lanes);
  }
}

void GateSimulator::countToggles(unsigned counted) {
  Words mask{};
  for (unsigned lane = 0; lane < std::min(counted, lanes()); ++lane) {
    mask[lane / 64] |= std::uint64_t{1} << (lane % 64);
  }
  engine_->countToggles(counted == 0 ? std::span<const std::uint64_t>()
                                     : std::span<const std::uint64_t>(mask));
}

void GateSimulator::clearToggles() {
  engine_->clearToggles();
}

std::vector<std::uint64_t> GateSimulator::toggles() const {
  std::vector<std::uint64_t> counts = engine_->toggles();
  counts.resize(program_->netlist().netCount, 0);
  return counts;
}

std::vector<std::uint64_t> GateSimulator::onesBeforeEdge() const {
  std::vector<std::uint64_t> counts = engine_->ones();
  counts.resize(program_->netlist().netCount, 0);
  return counts;
}

}  // namespace aegen::sim
