#include "i2c_slave.hpp"

#include <fmt/format.h>

#include "aegen/rtl_gen/state_blocks.hpp"
#include "module_builder.hpp"

namespace aegen::rtl_gen {

using namespace verilog;

namespace {

constexpr int kByte = 8;
constexpr int kPointerBits = 16;  // a register address on the bus
constexpr int kFilterSamples = 4;
constexpr int kFlushClocks = 8;      // until the filters show the lines and not their reset value
constexpr int kTimerBits = 3;        // a START or STOP counts after 2^3 - 1 clocks
constexpr int kAcknowledgeStep = 8;  // of the nine clocks of a byte, counted from 0

// What the byte under way is.
enum class Phase : std::uint8_t { Idle, Device, High, Low, Write, Read };
constexpr int kPhaseBits = 3;

ExprPtr is(const ExprPtr& value, std::int64_t constant) {
  return binary(Operator::Equal, value, literal(constant, value->width));
}
ExprPtr plusOne(const ExprPtr& value) {
  return binary(Operator::Add, value, literal(1, value->width));
}
ExprPtr phaseLiteral(Phase phase) {
  return literal(static_cast<int>(phase), kPhaseBits);
}
ExprPtr choose(const ExprPtr& condition, Phase ifOne, Phase ifZero) {
  return conditional(condition, phaseLiteral(ifOne), phaseLiteral(ifZero));
}

class SlaveBuilder {
 public:
  explicit SlaveBuilder(const RegisterMap& map)
      : map_(map),
        b_(kI2cSlave, ModuleKind::State,
           {fmt::format("{}: configuration over I2C, {} bytes a value", kI2cSlave,
                        map.dataBits / kByte),
            "START, device address and W, register address (2 bytes), values; the register "
            "address counts up. Repeated START, device address and R: values from there.",
            "A value is written with the acknowledge of its last byte; what cannot be taken is not "
            "acknowledged. No transfer that breaks off changes a register."}) {}

  Module run() {
    ports();
    scl_ = line("scl", sclPin_, sclBefore_);
    sda_ = line("sda", sdaPin_, sdaBefore_);
    conditions();
    state();
    events();
    decisions();
    control();
    bytes();
    requests();
    return std::move(b_).finish();
  }

 private:
  void ports() {
    b_.input("clk", 1);
    b_.input("rst_n", 1, "synchronous, active low");
    sclPin_ = b_.input("scl", 1, "the bus, in any phase to clk");
    sdaPin_ = b_.input("sda", 1);
    sdaLow_ = b_.outputReg("sda_low", 1, {literal(0, 1), {}}, "pull SDA down: open drain");
    address_ = b_.input("address", 7, "this chip's, static");
    requestWrite_ = b_.outputReg("request_write", 1, {literal(0, 1), {}});
    requestRead_ = b_.output("request_read", 1);
    requestAddress_ = b_.output("request_address", map_.addressBits);
    requestData_ =
        b_.outputReg("request_wdata", map_.dataBits, {literal(0, map_.dataBits), {}}, "to write");
    granted_ = b_.input("granted", 1, "the request is served in this clock");
    readData_ = b_.input("rdata", map_.dataBits, "at request_address");
    if (map_.paced) {
      moves_ = b_.input(kCrossingEnd, 1, "the crossing's last clock: the slave's one step");
    }
  }

  // A line as the slave believes it: synchronised, and unchanged until four samples agree.
  ExprPtr line(const std::string& name, const ExprPtr& pin, ExprPtr& previous) {
    b_.comment(
        fmt::format("{}: two flip-flops against metastability, then the spike filter", name));
    const int stages = 1 + kFilterSamples;
    const RegisterInfo high{repeat(literal(1, 1), stages), {}};
    const ExprPtr samples = b_.reg(name + "_samples", stages, high, "newest in bit 0");
    b_.clocked(samples, high, concat({slice(samples, stages - 2, 0), pin}), moves_);
    const RegisterInfo one{literal(1, 1), {}};
    const ExprPtr level = b_.reg(name + "_level", 1, one);
    const ExprPtr used = slice(samples, stages - 1, 1);
    b_.clocked(level, one,
               logicalOr(unary(Operator::ReduceAnd, used),
                         logicalAnd(level, unary(Operator::ReduceOr, used))),
               moves_);
    previous = b_.reg(name + "_before", 1, one, "a clock ago");
    b_.clocked(previous, one, level, moves_);
    return level;
  }

  void conditions() {
    b_.comment("START and STOP: SDA changes while SCL is high, and both stay for a while.");
    const RegisterInfo zeros{literal(0, kFlushClocks), {}};
    const ExprPtr flushed = b_.reg("flushed", kFlushClocks, zeros, "clocks since the reset");
    b_.clocked(flushed, zeros, concat({slice(flushed, kFlushClocks - 2, 0), literal(1, 1)}),
               moves_);
    const ExprPtr moved =
        b_.net("sda_moved", logicalAnd(logicalAnd(scl_, sclBefore_),
                                       logicalAnd(binary(Operator::NotEqual, sda_, sdaBefore_),
                                                  bit(flushed, kFlushClocks - 1))));
    const RegisterInfo none{literal(0, kTimerBits), {}};
    const ExprPtr timer = b_.reg("condition_timer", kTimerBits, none, "0: nothing to confirm");
    const ExprPtr idle = is(timer, 0);
    b_.clocked(timer, none,
               conditional(logicalNot(scl_), literal(0, kTimerBits),
                           conditional(moved, literal(1, kTimerBits),
                                       conditional(idle, timer, plusOne(timer)))),
               moves_);
    const ExprPtr confirmed =
        b_.net("condition",
               logicalAnd(logicalAnd(unary(Operator::ReduceAnd, timer), scl_), logicalNot(moved)));
    start_ = b_.net("start", logicalAnd(confirmed, logicalNot(sda_)));
    stop_ = b_.net("stop", logicalAnd(confirmed, sda_));
  }

  void state() {
    const auto reg = [&](const char* name, int width, const char* comment) {
      return b_.reg(name, width, {literal(0, width), {}}, comment);
    };
    phase_ = reg("phase", kPhaseBits,
                 "0 idle, 1 device address, 2 and 3 register address, 4 write, 5 read");
    step_ = reg("step", 4, "rising edges of SCL in this byte; the ninth is the acknowledge");
    shift_ = reg("received", kByte, "the byte under way");
    data_ = reg("data", map_.dataBits, "the value under way");
    index_ = reg("index", map_.dataBits == 32 ? 2 : 1, "its byte under way");
    pointer_ = reg("pointer", map_.addressBits, "register address");
    beyond_ = reg("beyond", 1, "the register address has passed the last one");
    fetched_ = reg("fetched", 1, "`data` holds the value at the register address");
    waitingAddress_ = reg("waiting_address", map_.addressBits, "of the value to write");
  }

  [[nodiscard]] ExprPtr in(Phase phase) const { return is(phase_, static_cast<int>(phase)); }

  void events() {
    const ExprPtr active = b_.net("active", unary(Operator::ReduceOr, phase_));
    const ExprPtr rise = logicalAnd(logicalAnd(scl_, logicalNot(sclBefore_)), active);
    rise_ = b_.net("scl_rise", rise);
    fall_ = b_.net("scl_fall", logicalAnd(logicalAnd(logicalNot(scl_), sclBefore_), active));
    const ExprPtr eighth = b_.net("byte_in", is(step_, kAcknowledgeStep));
    atAcknowledge_ = eighth;
    byteDone_ = b_.net("byte_done", logicalAnd(fall_, eighth), false, "acknowledge it or not");
    nextByte_ = b_.net("next_byte", logicalAnd(fall_, is(step_, kAcknowledgeStep + 1)));
    device_ = b_.net("in_device", in(Phase::Device));
    high_ = b_.net("in_high", in(Phase::High));
    low_ = b_.net("in_low", in(Phase::Low));
    write_ = b_.net("in_write", in(Phase::Write));
    read_ = b_.net("in_read", in(Phase::Read));
  }

  void decisions() {
    match_ = b_.net("match", binary(Operator::Equal, slice(shift_, kByte - 1, 1), address_));
    available_ = b_.net("available", logicalOr(fetched_, beyond_), false, "zeros behind the last");
    last_ = b_.net("last_byte", unary(Operator::ReduceAnd, index_));
    asked_ = b_.net("asked", concat({slice(data_, kByte - 1, 0), shift_}), false,
                    "register address when its low byte is in");
    const ExprPtr inside =
        map_.controlAddress + 1 == (1U << kPointerBits)
            ? literal(1, 1)
            : binary(Operator::LessEqual, asked_, literal(map_.controlAddress, kPointerBits));
    const ExprPtr readable = logicalAnd(available_, logicalNot(requestWrite_));
    const ExprPtr deviceTaken = logicalAnd(match_, logicalOr(logicalNot(bit(shift_, 0)), readable));
    const ExprPtr valueTaken =
        logicalAnd(logicalNot(beyond_), logicalNot(logicalAnd(last_, requestWrite_)));
    take_ = b_.net("take",
                   logicalOr(logicalOr(logicalAnd(device_, deviceTaken), high_),
                             logicalOr(logicalAnd(low_, inside), logicalAnd(write_, valueTaken))));
    store_ = b_.net("store", logicalAnd(logicalAnd(byteDone_, write_), logicalAnd(last_, take_)),
                    false, "the value is complete");
    set_ = b_.net("set_pointer", logicalAnd(logicalAnd(byteDone_, low_), take_));
    advance_ = b_.net("advance", logicalOr(store_, logicalAnd(logicalAnd(byteDone_, read_), last_)),
                      false, "to the next register");
    requestRead();
  }

  // The value to send is fetched when the read is known to be one for this chip, and then behind
  // each value, before the next byte begins.
  void requestRead() {
    const ExprPtr first =
        logicalAnd(logicalAnd(device_, atAcknowledge_), logicalAnd(match_, bit(shift_, 0)));
    const ExprPtr further = logicalAnd(read_, bit(step_, 3));
    const ExprPtr free = logicalAnd(logicalNot(available_), logicalNot(requestWrite_));
    b_.assign(requestRead_, logicalAnd(free, logicalOr(first, further)));
    b_.assign(requestAddress_, conditional(requestWrite_, waitingAddress_, pointer_));
    load_ = b_.net("load", logicalAnd(granted_, logicalNot(requestWrite_)));
  }

  void set(const ExprPtr& reg, ExprPtr next) {
    b_.clocked(reg, {literal(0, reg->width), {}}, std::move(next), moves_);
  }

  void control() {
    const ExprPtr refused = logicalAnd(logicalAnd(rise_, atAcknowledge_), logicalAnd(read_, sda_));
    const ExprPtr starved = logicalAnd(nextByte_, logicalAnd(read_, logicalNot(available_)));
    const ExprPtr ended = b_.net("ended", logicalOr(stop_, logicalOr(refused, starved)));
    const ExprPtr behind =
        b_.net("phase_behind", conditional(device_,
                                           conditional(bit(shift_, 0), phaseLiteral(Phase::Read),
                                                       phaseLiteral(Phase::High)),
                                           conditional(high_, phaseLiteral(Phase::Low),
                                                       choose(read_, Phase::Read, Phase::Write))));
    const ExprPtr stays = logicalOr(take_, read_);
    set(phase_,
        conditional(start_, phaseLiteral(Phase::Device),
                    conditional(ended, phaseLiteral(Phase::Idle),
                                conditional(byteDone_,
                                            conditional(stays, behind, phaseLiteral(Phase::Idle)),
                                            phase_))));
    set(step_, conditional(logicalOr(start_, nextByte_), literal(0, step_->width),
                           conditional(rise_, plusOne(step_), step_)));
    // A bit to send goes out behind each falling edge but that before the acknowledge.
    shiftOut_ =
        b_.net("shift_out", logicalAnd(logicalAnd(fall_, read_), logicalNot(atAcknowledge_)));
    const ExprPtr zero = logicalNot(bit(data_, map_.dataBits - 1));
    set(sdaLow_,
        conditional(logicalOr(start_, stop_), literal(0, 1),
                    conditional(byteDone_, take_,
                                conditional(shiftOut_, logicalAnd(zero, available_),
                                            conditional(nextByte_, literal(0, 1), sdaLow_)))));
  }

  void bytes() {
    const ExprPtr bitIn = logicalAnd(rise_, logicalNot(bit(step_, 3)));
    set(shift_, conditional(bitIn, concat({slice(shift_, kByte - 2, 0), sda_}), shift_));
    const int top = map_.dataBits - 1;
    const ExprPtr collected = concat({slice(data_, top - kByte, 0), shift_});
    const ExprPtr collect = logicalAnd(byteDone_, logicalOr(high_, write_));
    set(data_,
        conditional(
            start_, literal(0, map_.dataBits),
            conditional(load_, readData_,
                        conditional(collect, collected,
                                    conditional(shiftOut_,
                                                concat({slice(data_, top - 1, 0), literal(0, 1)}),
                                                data_)))));
    const ExprPtr counts = logicalAnd(byteDone_, logicalOr(read_, write_));
    set(index_, conditional(logicalOr(start_, set_), literal(0, index_->width),
                            conditional(counts, plusOne(index_), index_)));
    set(pointer_, conditional(set_, slice(asked_, map_.addressBits - 1, 0),
                              conditional(advance_, plusOne(pointer_), pointer_)));
    const ExprPtr atLast = is(pointer_, map_.controlAddress);
    set(beyond_, logicalAnd(logicalNot(set_), logicalOr(beyond_, logicalAnd(advance_, atLast))));
    set(fetched_, logicalAnd(logicalNot(logicalOr(start_, advance_)), logicalOr(fetched_, load_)));
    set(requestData_, conditional(store_, collected, requestData_));
    set(waitingAddress_, conditional(store_, pointer_, waitingAddress_));
  }

  void requests() {
    set(requestWrite_, logicalOr(store_, logicalAnd(requestWrite_, logicalNot(granted_))));
  }

  const RegisterMap& map_;
  ModuleBuilder b_;
  ExprPtr moves_;  // null when every clock is a crossing
  ExprPtr sclPin_, sdaPin_, sdaLow_, address_, granted_, readData_;
  ExprPtr requestWrite_, requestRead_, requestAddress_, requestData_;
  ExprPtr scl_, sclBefore_, sda_, sdaBefore_, start_, stop_, rise_, fall_;
  ExprPtr phase_, step_, shift_, data_, index_, pointer_, beyond_, fetched_, waitingAddress_;
  ExprPtr device_, high_, low_, write_, read_, atAcknowledge_, byteDone_, nextByte_;
  ExprPtr match_, available_, last_, asked_, take_, store_, set_, advance_, load_, shiftOut_;
};

}  // namespace

Module i2cSlaveModule(const RegisterMap& map) {
  return SlaveBuilder(map).run();
}

}  // namespace aegen::rtl_gen
