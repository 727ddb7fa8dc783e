/// The back-end board in one SystemC kernel: a receiver a module, a decoder an encoder kind that
/// serves all modules of that kind with their own settings and weights, and a collector.

#include <systemc.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "board_decoders.hpp"
#include "board_frames.hpp"
#include "session.hpp"

namespace aegen_bench {
namespace {

/// A crossing of a module on its way through the board.
struct Ticket {
  std::uint32_t module = 0;
  Received received;
  std::vector<std::uint16_t> string;
  std::vector<std::int64_t> outputs;
};

/// Carries any number of tickets a crossing: those written in one are read in the next.
class TicketChannel : public sc_prim_channel {
 public:
  void write(Ticket&& ticket) {
    next_.push_back(std::move(ticket));
    request_update();
  }
  std::vector<Ticket> take() { return std::exchange(ready_, {}); }

 private:
  void update() override {
    for (Ticket& ticket : next_) ready_.push_back(std::move(ticket));
    next_.clear();
  }
  std::vector<Ticket> next_;
  std::vector<Ticket> ready_;
};

struct ModuleSetup {
  ModuleFrame frame{};
  std::vector<std::uint64_t> config;  ///< the decoder's config elements in port order
};

/// The module's side of the board: its links' words, kept in step.
SC_MODULE(ModuleLink) {
  sc_in<bool> clk;

  SC_HAS_PROCESS(ModuleLink);
  ModuleLink(sc_module_name name, std::uint32_t module, const ModuleFrame& frame,
             TicketChannel& out)
      : sc_module(name),
        clk("clk"),
        module_(module),
        words_(frame.format.words),
        receiver_(frame.format, frame.receiver),
        out_(out) {
    SC_METHOD(step);
    sensitive << clk.pos();
    dont_initialize();
  }

  void begin(std::vector<std::uint16_t> words, const BlockFrame& block) {
    stream_ = std::move(words);
    next_ = 0;
    edges_ = 0;
    finishAt_ = block.last != 0 ? block.crossings : ~0U;
  }

 private:
  void step() {
    const auto sink = [this](const Received& received, const std::uint16_t* string) {
      Ticket ticket;
      ticket.module = module_;
      ticket.received = received;
      if (isDecoded(received)) ticket.string.assign(string, string + received.words);
      out_.write(std::move(ticket));
    };
    if (next_ < stream_.size()) {
      receiver_.crossing(stream_.data() + next_, sink);
      next_ += words_;
    } else if (edges_ == finishAt_) {
      receiver_.finish(sink);  // when every module's stream has ended
    }
    ++edges_;
  }

  std::uint32_t module_;
  std::uint32_t words_;
  LinkReceiver receiver_;
  TicketChannel& out_;
  std::vector<std::uint16_t> stream_;
  std::size_t next_ = 0;
  std::uint32_t edges_ = 0;  ///< of this block
  std::uint32_t finishAt_ = ~0U;
};

/// One encoder kind: the generated arithmetic, and the settings of each module beside it.
SC_MODULE(KindDecoder) {
  sc_in<bool> clk;

  SC_HAS_PROCESS(KindDecoder);
  KindDecoder(sc_module_name name, const DecoderEntry& entry,
              const std::vector<ModuleSetup>& modules, TicketChannel& in, TicketChannel& out)
      : sc_module(name),
        clk("clk"),
        entry_(entry),
        modules_(modules),
        in_(in),
        out_(out),
        inputs_(entry.inputs) {
    SC_METHOD(step);
    sensitive << clk.pos();
    dont_initialize();
  }

 private:
  void step() {
    for (Ticket& ticket : in_.take()) {
      if (isDecoded(ticket.received)) decode(ticket);
      out_.write(std::move(ticket));
    }
  }

  void decode(Ticket & ticket) {
    const std::vector<std::uint64_t>& config = modules_[ticket.module].config;
    if (loaded_ != ticket.module) {
      std::copy(config.begin(), config.end(), inputs_.begin() + entry_.words);
      loaded_ = ticket.module;
    }
    std::fill(inputs_.begin(), inputs_.begin() + entry_.words, 0);
    for (std::size_t i = 0; i < ticket.string.size() && i / 2 < entry_.words; ++i) {
      inputs_[i / 2] |= std::uint64_t{ticket.string[i]} << (i % 2 == 0 ? 16 : 0);
    }
    ticket.outputs.resize(entry_.outputs);
    entry_.compute(inputs_.data(), ticket.outputs.data());
  }

  const DecoderEntry& entry_;
  const std::vector<ModuleSetup>& modules_;
  TicketChannel& in_;
  TicketChannel& out_;
  std::vector<std::uint64_t> inputs_;
  std::uint32_t loaded_ = ~0U;
};

/// Where results leave the board.
SC_MODULE(Collector) {
  sc_in<bool> clk;

  SC_HAS_PROCESS(Collector);
  Collector(sc_module_name name, std::vector<std::unique_ptr<TicketChannel>> & in)
      : sc_module(name), clk("clk"), in_(in) {
    SC_METHOD(step);
    sensitive << clk.pos();
    dont_initialize();
  }

  std::uint32_t records() const {
    return records_;
  }
  std::vector<char> takeAnswer() {
    records_ = 0;
    return std::exchange(answer_, {});
  }

 private:
  void step() {
    for (auto& channel : in_) {
      for (const Ticket& ticket : channel->take()) {
        const RecordFrame frame{ticket.module, static_cast<std::uint32_t>(ticket.outputs.size()),
                                crossing_, ticket.received};
        append(&frame, sizeof frame);
        append(ticket.outputs.data(), ticket.outputs.size() * sizeof(std::int64_t));
        ++records_;
      }
    }
    ++crossing_;
  }

  void append(const void* data, std::size_t bytes) {
    const char* const first = static_cast<const char*>(data);
    answer_.insert(answer_.end(), first, first + bytes);
  }

  std::vector<std::unique_ptr<TicketChannel>>& in_;
  std::uint64_t crossing_ = 0;
  std::uint32_t records_ = 0;
  std::vector<char> answer_;
};

class Board {
 public:
  explicit Board(std::vector<ModuleSetup> modules)
      : modules_(std::move(modules)),
        clock_("clk", period_, 0.5, period_ * 0.5, true),
        collector_("collector", decoded_) {
    collector_.clk(clock_);
    for (std::size_t k = 0; k < kDecoderCount; ++k) {
      received_.push_back(std::make_unique<TicketChannel>());
      decoded_.push_back(std::make_unique<TicketChannel>());
      const std::string name = "decoder_" + std::to_string(k);
      decoders_.push_back(std::make_unique<KindDecoder>(name.c_str(), kDecoders[k], modules_,
                                                        *received_[k], *decoded_[k]));
      decoders_.back()->clk(clock_);
    }
    for (std::size_t m = 0; m < modules_.size(); ++m) {
      const std::string name = "module_" + std::to_string(m);
      links_.push_back(std::make_unique<ModuleLink>(name.c_str(), static_cast<std::uint32_t>(m),
                                                    modules_[m].frame,
                                                    *received_[modules_[m].frame.kind]));
      links_.back()->clk(clock_);
    }
  }

  bool block(const BlockFrame& block, int answers) {
    std::vector<std::uint16_t> words;
    for (std::size_t m = 0; m < links_.size(); ++m) {
      std::uint32_t crossings = 0;
      if (!readExactly(&crossings, sizeof crossings)) return false;
      words.resize(std::size_t{crossings} * modules_[m].frame.format.words);
      if (!readExactly(words.data(), words.size() * sizeof words[0])) return false;
      links_[m]->begin(std::move(words), block);
      words.clear();
    }
    // Behind the last block an edge for the receivers' last words and two for what is on its way.
    const std::uint32_t edges = block.crossings + (block.last != 0 ? 1 + kBoardLatency : 0);
    if (edges > 0) sc_start(period_ * static_cast<double>(edges));
    const AnswerFrame head{kBoardMagic, collector_.records()};
    const std::vector<char> answer = collector_.takeAnswer();
    return writeExactly(answers, &head, sizeof head) &&
           writeExactly(answers, answer.data(), answer.size());
  }

 private:
  const sc_time period_{25, SC_NS};  ///< one bunch crossing
  std::vector<ModuleSetup> modules_;
  sc_clock clock_;
  std::vector<std::unique_ptr<TicketChannel>> received_;
  std::vector<std::unique_ptr<TicketChannel>> decoded_;
  std::vector<std::unique_ptr<KindDecoder>> decoders_;
  std::vector<std::unique_ptr<ModuleLink>> links_;
  Collector collector_;
};

bool readSetup(std::vector<ModuleSetup>& modules) {
  SetupFrame setup{};
  if (!readExactly(&setup, sizeof setup) || setup.magic != kBoardMagic) return false;
  modules.resize(setup.modules);
  for (ModuleSetup& module : modules) {
    if (!readExactly(&module.frame, sizeof module.frame)) return false;
    if (module.frame.kind >= kDecoderCount) return false;
    const DecoderEntry& entry = kDecoders[module.frame.kind];
    if (module.frame.configElements + entry.words != entry.inputs) return false;
    module.config.resize(module.frame.configElements);
    if (!readExactly(module.config.data(), module.config.size() * sizeof(std::uint64_t))) {
      return false;
    }
  }
  return true;
}

}  // namespace
}  // namespace aegen_bench

int sc_main(int, char**) {
  using namespace aegen_bench;
  const int answers = takeStandardOutput();
  std::vector<ModuleSetup> modules;
  if (!readSetup(modules)) return 2;
  Board board(std::move(modules));
  const BoardHello hello{kBoardMagic, static_cast<std::uint32_t>(kDecoderCount)};
  if (!writeExactly(answers, &hello, sizeof hello)) return 2;
  BlockFrame block{};
  while (readExactly(&block, sizeof block)) {
    if (!board.block(block, answers)) return 2;
  }
  return 0;
}
