/// The chip alone: the verilated model driven a crossing a clock, without a simulation kernel.

#include "chip_model.hpp"
#include "session.hpp"

namespace aegen_bench {
namespace {

class ChipSimulation final : public Simulation {
 public:
  std::uint32_t inputWords() const override { return ChipModel::kInputWords; }
  std::uint32_t captureWords() const override { return ChipModel::kCaptureWords; }

  void run(const Pins& pins, std::uint32_t clocks, const std::uint32_t* inputs,
           std::uint32_t* captures) override {
    static const std::uint32_t idle[ChipModel::kInputWords + 1] = {};
    chip_.drivePins(pins);
    for (std::uint32_t t = 0; t < clocks; ++t, ++clock_) {
      chip_.driveSignals(inputs != nullptr ? inputs + std::size_t{t} * ChipModel::kInputWords
                                           : idle);
      chip_.settle();
      if (captures != nullptr) {
        std::uint32_t* const row = captures + std::size_t{t} * ChipModel::kCaptureWords;
        chip_.capture(row);
        faults_.apply(FaultPlace::Capture, clock_, row);
      }
      chip_.edge();
    }
  }

  std::uint32_t configRead() const override { return chip_.configRead(); }
  bool serialLow() const override { return chip_.serialLow(); }
  void restart() override {
    clock_ = 0;
    faults_.clear();
  }
  void fault(const FaultFrame& fault) override { faults_.add(fault); }
  bool trace(const std::string& file) override { return chip_.trace(file); }

 private:
  ChipModel chip_;
  FaultList faults_;
  std::uint64_t clock_ = 0;
};

}  // namespace
}  // namespace aegen_bench

int main(int argc, char** argv) {
  const int answers = aegen_bench::takeStandardOutput();
  aegen_bench::ChipModel::begin(argc, argv);
  aegen_bench::ChipSimulation simulation;
  return aegen_bench::Session(simulation, answers).serve();
}
