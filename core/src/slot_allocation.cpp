#include "slot_allocation.hpp"

#include <algorithm>

namespace aegen::core::tape {
namespace {

// Calls f on every register that the step reads.
template <typename F>
void forEachRead(Step& step, int reads, F f) {
  std::uint32_t* const fields[] = {&step.a, &step.b, &step.c};
  for (int i = 0; i < reads; ++i) f(*fields[i]);
  for (std::uint32_t& r : step.slots) f(r);
  for (std::uint32_t& r : step.negative) f(r);
  for (Product& product : step.products) f(product.slot);
  for (Product& product : step.highHalves) f(product.slot);
}

class SlotAllocator {
 public:
  SlotAllocator(Tape& tape, std::span<const Register> registers, std::span<const int> reads)
      : tape_(tape),
        registers_(registers),
        reads_(reads),
        slot_(registers.size(), 0),
        lastRead_(registers.size(), 0) {}

  void run() {
    for (std::size_t i = 0; i < tape_.steps.size(); ++i) {
      forEachRead(tape_.steps[i], reads_[i], [&](std::uint32_t r) { lastRead_[r] = i; });
    }
    for (const TapePort& output : tape_.outputs) lastRead_[output.slot] = tape_.steps.size();
    for (Step& splat : tape_.splats) splat.result = take(splat.result);
    for (TapePort& input : tape_.inputs) input.slot = take(input.slot);
    for (std::size_t i = 0; i < tape_.steps.size(); ++i) place(tape_.steps[i], i);
    for (TapePort& output : tape_.outputs) output.slot = slot_[output.slot];
    tape_.slots = used_;
  }

 private:
  void place(Step& step, std::size_t at) {
    // The result gets its slot before the operands give theirs back: kernels read and write in
    // separate passes over the lanes.
    step.result = take(step.result);
    dying_.clear();
    forEachRead(step, reads_[at], [&](std::uint32_t& r) {
      if (!registers_[r].persistent && lastRead_[r] == at) dying_.push_back(r);
      r = slot_[r];
    });
    std::ranges::sort(dying_);
    dying_.erase(std::ranges::unique(dying_).begin(), dying_.end());
    for (const std::uint32_t r : dying_) free_[index(registers_[r].lane)].push_back(slot_[r]);
  }

  std::uint32_t take(std::uint32_t r) {
    const std::size_t lane = index(registers_[r].lane);
    if (free_[lane].empty()) return slot_[r] = used_[lane]++;
    slot_[r] = free_[lane].back();
    free_[lane].pop_back();
    return slot_[r];
  }

  Tape& tape_;
  std::span<const Register> registers_;
  std::span<const int> reads_;
  std::vector<std::uint32_t> slot_;    ///< of each register
  std::vector<std::size_t> lastRead_;  ///< the step that reads a register last
  std::vector<std::uint32_t> dying_;
  ByLane<std::vector<std::uint32_t>> free_;
  ByLane<std::uint32_t> used_{};
};

}  // namespace

void allocateSlots(Tape& tape, std::span<const Register> registers, std::span<const int> reads) {
  SlotAllocator(tape, registers, reads).run();
}

}  // namespace aegen::core::tape
