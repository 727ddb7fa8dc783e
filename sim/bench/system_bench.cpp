/// The whole path in one SystemC kernel: verilated chip, link, decoder, and the probe that
/// captures.

#include <systemc.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <ostream>
#include <string>
#include <vector>

#include "chip_model.hpp"
#include "decoder_model.hpp"
#include "session.hpp"

namespace aegen_bench {

/// Words that travel together on one signal.
template <std::size_t Words>
struct Row {
  std::array<std::uint32_t, Words> words{};
  bool operator==(const Row& o) const { return words == o.words; }
};
template <std::size_t Words>
std::ostream& operator<<(std::ostream& out, const Row<Words>& row) {
  for (const std::uint32_t word : row.words) out << word << ' ';
  return out;
}
template <std::size_t Words>
void sc_trace(sc_trace_file*, const Row<Words>&, const std::string&) {}

namespace {

using InputRow = Row<ChipModel::kInputWords>;
using LinkRow = Row<ChipModel::kOutputWords>;

constexpr std::uint32_t kReceivedAt = ChipModel::kCaptureWords;
constexpr std::uint32_t kDecodedAt = kReceivedAt + ChipModel::kOutputWords;
constexpr std::uint32_t kCaptureWords = kDecodedAt + DecoderModel::kCaptureWords;

/// What the kernel's processes share with the world outside it. It changes only between runs, while
/// the kernel stands still; each process counts the rows of a run for itself.
struct Stage {
  Pins pins;
  const std::uint32_t* inputs = nullptr;  ///< rows, or null for zeros
  std::uint32_t* captures = nullptr;      ///< rows, or null
  FaultList faults;
  std::uint64_t clock = 0;  ///< of the first row of this run
};

/// The front-end chip: takes a row at each rising edge and gives its output words behind it.
SC_MODULE(Chip) {
  sc_in<bool> clk;
  sc_out<LinkRow> tx;

  SC_HAS_PROCESS(Chip);
  Chip(sc_module_name name, Stage & stage) : sc_module(name), clk("clk"), tx("tx"), stage_(stage) {
    SC_METHOD(step);
    sensitive << clk.pos();
    dont_initialize();
  }

  void begin() {
    next_ = 0;
    model.drivePins(stage_.pins);
  }

  ChipModel model;

 private:
  void step() {
    static const InputRow idle;
    const std::uint32_t row = next_++;
    model.driveSignals(stage_.inputs != nullptr
                           ? stage_.inputs + std::size_t{row} * ChipModel::kInputWords
                           : idle.words.data());
    model.settle();
    if (stage_.captures != nullptr) {
      model.capture(stage_.captures + std::size_t{row} * kCaptureWords);
    }
    model.edge();
    LinkRow out;
    model.outputs(out.words.data());
    // What is written behind this edge is what the link and a capture see at the next one.
    stage_.faults.apply(FaultPlace::Link, stage_.clock + row + 1, out.words.data());
    tx.write(out);
  }

  Stage& stage_;
  std::uint32_t next_ = 0;
};

/// The optical link: words arrive `latency` crossings after they were sent.
SC_MODULE(Link) {
  sc_in<bool> clk;
  sc_in<LinkRow> in;
  sc_out<LinkRow> out;

  SC_HAS_PROCESS(Link);
  Link(sc_module_name name, unsigned latency)
      : sc_module(name), clk("clk"), in("in"), out("out"), fibre_(latency > 1 ? latency - 1 : 0) {
    if (latency == 0) {
      SC_METHOD(pass);
      sensitive << in;
    } else {
      SC_METHOD(step);
      sensitive << clk.pos();
      dont_initialize();
    }
  }

 private:
  void pass() {
    out.write(in.read());
  }

  /// What is written at an edge is seen at the next one: the first crossing of delay needs no
  /// store.
  void step() {
    if (fibre_.empty()) {
      out.write(in.read());
      return;
    }
    out.write(fibre_[head_]);
    fibre_[head_] = in.read();
    head_ = head_ + 1 == fibre_.size() ? 0 : head_ + 1;
  }

  std::vector<LinkRow> fibre_;
  std::size_t head_ = 0;
};

/// Feeds the decoder's word ports from the link and captures both ends of the decoder.
SC_MODULE(Receiver) {
  sc_in<bool> clk;
  sc_in<LinkRow> in;
  DecoderModel decoder;

  SC_HAS_PROCESS(Receiver);
  Receiver(sc_module_name name, Stage & stage)
      : sc_module(name), clk("clk"), in("in"), stage_(stage) {
    decoder.module.clk(clk);
    decoder.module.rst_n(resetN_);
    SC_METHOD(spread);
    sensitive << in;
    SC_METHOD(probe);
    sensitive << clk.pos();
    dont_initialize();
  }

  void begin() {
    next_ = 0;
    resetN_.write(stage_.pins.resetN);
  }

 private:
  void spread() {
    decoder.drive(in.read().words.data());
  }

  void probe() {
    const std::uint32_t row = next_++;
    if (stage_.captures == nullptr) return;
    std::uint32_t* const words = stage_.captures + std::size_t{row} * kCaptureWords;
    std::memcpy(words + kReceivedAt, in.read().words.data(), sizeof(LinkRow));
    decoder.capture(words + kDecodedAt);
  }

  Stage& stage_;
  std::uint32_t next_ = 0;
  sc_signal<bool> resetN_{"rst_n"};
};

class SystemSimulation final : public Simulation {
 public:
  explicit SystemSimulation(unsigned linkLatency)
      : clock_("clk", period_, 0.5, period_ * 0.5, true),
        chip_("chip", stage_),
        link_("link", linkLatency),
        receiver_("receiver", stage_) {
    chip_.clk(clock_);
    link_.clk(clock_);
    receiver_.clk(clock_);
    chip_.tx(sent_);
    link_.in(sent_);
    link_.out(received_);
    receiver_.in(received_);
  }

  std::uint32_t inputWords() const override { return ChipModel::kInputWords; }
  std::uint32_t captureWords() const override { return kCaptureWords; }

  void run(const Pins& pins, std::uint32_t clocks, const std::uint32_t* inputs,
           std::uint32_t* captures) override {
    if (clocks == 0) return;
    stage_.pins = pins;
    stage_.inputs = inputs;
    stage_.captures = captures;
    chip_.begin();
    receiver_.begin();
    // Edges come half a period after the whole ones at which runs end: none is ever in doubt.
    sc_start(period_ * static_cast<double>(clocks));
    if (captures != nullptr) {
      for (std::uint32_t t = 0; t < clocks; ++t) {
        stage_.faults.apply(FaultPlace::Capture, stage_.clock + t,
                            captures + std::size_t{t} * kCaptureWords);
      }
    }
    stage_.clock += clocks;
  }

  std::uint32_t configRead() const override { return chip_.model.configRead(); }
  bool serialLow() const override { return chip_.model.serialLow(); }
  void restart() override {
    stage_.clock = 0;
    stage_.faults.clear();
  }
  void fault(const FaultFrame& fault) override { stage_.faults.add(fault); }
  bool trace(const std::string& file) override { return chip_.model.trace(file); }

 private:
  const sc_time period_{25, SC_NS};  ///< one bunch crossing
  Stage stage_;
  sc_clock clock_;
  sc_signal<LinkRow> sent_{"sent"};
  sc_signal<LinkRow> received_{"received"};
  Chip chip_;
  Link link_;
  Receiver receiver_;
};

}  // namespace
}  // namespace aegen_bench

int sc_main(int argc, char** argv) {
  const int answers = aegen_bench::takeStandardOutput();
  aegen_bench::ChipModel::begin(argc, argv);
  unsigned linkLatency = 0;
  for (int i = 1; i < argc; ++i) {
    static const std::string option = "--link=";
    const std::string argument = argv[i];
    if (argument.compare(0, option.size(), option) == 0) {
      linkLatency = static_cast<unsigned>(std::stoul(argument.substr(option.size())));
    }
  }
  aegen_bench::SystemSimulation simulation(linkLatency);
  return aegen_bench::Session(simulation, answers).serve();
}
