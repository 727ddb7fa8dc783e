#include <fmt/format.h>

#include <algorithm>

#include "aegen/rtl_gen/state_blocks.hpp"
#include "module_builder.hpp"

namespace aegen::rtl_gen {

using namespace verilog;

namespace {

constexpr int kWordBits = core::kBufferWordBits;
constexpr int kLateBit = core::kTruncatedLateBit;
constexpr int kWaitingBits = core::kBufferWaitingBits;
constexpr int kCountBits = core::kBufferCountBits;
constexpr int kThresholdBits = core::kBufferThresholdBits;
constexpr int kEtxBits = core::kBufferEtxBits;

// Sizes that follow from those asked for.
struct Geometry {
  explicit Geometry(const core::BufferSizes& sizes)
      : maxWords(static_cast<int>(sizes.maxWords)),
        etx(static_cast<int>(sizes.etx)),
        depth(static_cast<int>(sizes.depth)) {
    while (banks < std::max(maxWords, 2 * etx)) {
      banks *= 2;
    }
    rows = std::max(2, (depth + banks - 1) / banks);
    bankBits = indexWidth(static_cast<std::uint64_t>(banks));
    rowBits = indexWidth(static_cast<std::uint64_t>(rows));
  }
  int maxWords, etx, depth;
  int banks = 2;
  int rows = 2;
  int bankBits = 1;
  int rowBits = 1;
};

// out[(i + amount) mod banks] = in[i], for elements of `width` bits.
Module rotatorModule(const std::string& name, const Geometry& g, int width) {
  ModuleBuilder b(name, ModuleKind::State,
                  {fmt::format("{}: rotates {} elements of {} bits to higher places by `amount`",
                               name, g.banks, width)});
  const int total = g.banks * width;
  const ExprPtr amount = b.input("amount", g.bankBits);
  ExprPtr value = b.input("elements", total, "element 0 in the lowest bits");
  const ExprPtr out = b.output("rotated", total);
  for (int stage = 0; stage < g.bankBits; ++stage) {
    const int step = (1 << stage) * width;
    const ExprPtr moved =
        concat({slice(value, total - step - 1, 0), slice(value, total - 1, total - step)});
    value = b.net(fmt::format("by_{}", (1 << (stage + 1)) - 1),
                  conditional(bit(amount, stage), moved, value));
  }
  b.assign(out, value);
  return std::move(b).finish();
}

// One word a row, with a bit a row that says whether it has been written since it last left.
Module bankModule(const std::string& name, const Geometry& g, Pace pace) {
  ModuleBuilder b(
      name, ModuleKind::State,
      {fmt::format("{}: {} words of the output buffer, one written and one read a clock", name,
                   g.rows),
       "A word is read in the very clock it is written; an unwritten one reads 0."});
  b.input("clk", 1);
  const ExprPtr clear = b.input("clear", 1, "forget every word");
  const ExprPtr write = b.input("write", 1);
  const ExprPtr writeRow = b.input("write_row", g.rowBits);
  const ExprPtr writeWord = b.input("write_word", kWordBits);
  const ExprPtr readRow = b.input("read_row", g.rowBits);
  const ExprPtr leave = b.input("leave", 1, "the word read leaves the buffer");
  const ExprPtr readWord = b.output("read_word", kWordBits);
  const bool paced = pace == Pace::SeveralClocks;
  const ExprPtr moves = paced ? b.input(kCrossingEnd, 1, "the crossing's last clock") : nullptr;
  b.add(Memory{"store", kWordBits, g.rows, "read only where `written` says so", {}});
  b.reserve("store");
  const ExprPtr written =
      b.reg("written", g.rows, {repeat(literal(0, 1), g.rows), {}}, "one bit a row");
  const auto oneHot = [&](const ExprPtr& enable, const ExprPtr& row) {
    std::vector<ExprPtr> bits;
    for (int i = g.rows - 1; i >= 0; --i) {
      bits.push_back(logicalAnd(enable, binary(Operator::Equal, row, literal(i, g.rowBits))));
    }
    return concat(std::move(bits));
  };
  const ExprPtr setRow = b.net("set_row", oneHot(write, writeRow));
  const ExprPtr leaveRow = b.net("leave_row", oneHot(leave, readRow));
  const ExprPtr readMask = b.net("read_mask", oneHot(literal(1, 1), readRow));
  const ExprPtr bypass =
      b.net("bypass", logicalAnd(write, binary(Operator::Equal, writeRow, readRow)));
  const ExprPtr valid =
      b.net("valid", unary(Operator::ReduceOr, binary(Operator::And, written, readMask)));
  b.assign(readWord, conditional(bypass, writeWord,
                                 conditional(valid, element("store", kWordBits, readRow),
                                             literal(0, kWordBits))));
  const ExprPtr kept =
      binary(Operator::And, binary(Operator::Or, written, setRow), unary(Operator::Not, leaveRow));
  const std::vector<Statement> keep{nonBlocking(written, kept)};
  b.add(AlwaysFf{"clk",
                 {ifElse(clear, {nonBlocking(written, repeat(literal(0, 1), g.rows))},
                         paced ? std::vector{ifElse(moves, keep)} : keep)},
                 {}});
  b.add(AlwaysFf{"clk",
                 {ifElse(paced ? logicalAnd(write, moves) : write,
                         {nonBlocking(element("store", kWordBits, writeRow), writeWord)})},
                 {}});
  return std::move(b).finish();
}

// Builds the buffer itself step by step; members are nets that later steps need.
class BufferBuilder {
 public:
  BufferBuilder(const std::string& name, const Geometry& geometry, Pace pace)
      : name_(name),
        g_(geometry),
        pace_(pace),
        b_(name, ModuleKind::State,
           {fmt::format("{}: the link's queue of up to {} words of 16 bits", name, g_.depth),
            fmt::format("{} words are written at the end of the queue each crossing, of which "
                        "`count` wait and the rest fill; up to {} leave, two to an eTX.",
                        g_.maxWords, 2 * g_.etx),
            fmt::format("Circular store of {} banks by {} rows. Position 0, the next word to "
                        "leave, is at the read pointer.",
                        g_.banks, g_.rows)}) {}

  Module run() {
    ports();
    decide();
    pointers();
    writeSide();
    readSide();
    return std::move(b_).finish();
  }

 private:
  void ports() {
    b_.input("clk", 1);
    resetN_ = b_.input("rst_n", 1, "synchronous, active low");
    linkReset_ = b_.input("link_reset", 1, "empties the buffer; this crossing is dropped");
    words_ = b_.input("words", g_.maxWords * kWordBits, "the crossing's words, first in low bits");
    count_ = b_.input("count", kCountBits, "how many of them are to wait");
    truncated_ = b_.input("truncated_word", kWordBits, "stored instead when there is no room");
    fill_ = b_.input("fill_word", kWordBits, "written behind a truncated word");
    t1_ = b_.input("overflow_t1", kThresholdBits);
    t2_ = b_.input("overflow_t2", kThresholdBits);
    t3_ = b_.input("overflow_t3", kThresholdBits);
    activeEtx_ = b_.input("active_etx", kEtxBits, "eTX in use");
    tx_ = b_.outputReg("tx", g_.etx * 32, {repeat(literal(0, 1), g_.etx * 32), {}},
                       "what leaves; of a pair the first word in the upper half");
    if (pace_ == Pace::SeveralClocks) {
      moves_ = b_.input(kCrossingEnd, 1, "the crossing's last clock");
    }
    clear_ = b_.net("clear", logicalOr(logicalNot(resetN_),
                                       moves_ ? logicalAnd(linkReset_, moves_) : linkReset_));
  }

  // Rules 1 to 3: what is stored this crossing and how many words then wait.
  void decide() {
    b_.comment("What is stored: the crossing's words or the truncated word.");
    const int sumBits = kWaitingBits + 1;
    const RegisterInfo toZero{literal(0, kWaitingBits), {}};
    waiting_ = b_.reg("waiting", kWaitingBits, toZero, "words in the queue");
    const ExprPtr filled = b_.net(
        "waiting_with_crossing",
        binary(Operator::Add, resize(waiting_, sumBits, false), resize(count_, sumBits, false)));
    const ExprPtr full =
        b_.net("is_full", binary(Operator::Less, resize(t1_, sumBits, false), filled));
    const ExprPtr late =
        b_.net("is_late",
               logicalAnd(binary(Operator::Less, resize(t2_, kWaitingBits, false), waiting_),
                          binary(Operator::LessEqual, resize(count_, kThresholdBits, false), t3_)));
    truncate_ = b_.net("truncate", logicalOr(full, late));
    truncatedWord_ = b_.net("truncated_word_sent",
                            concat({slice(truncated_, kWordBits - 1, kLateBit + 1),
                                    logicalNot(full), slice(truncated_, kLateBit - 1, 0)}));
    const ExprPtr stored = b_.net(
        "waiting_stored",
        conditional(truncate_,
                    binary(Operator::Add, resize(waiting_, sumBits, false), literal(1, sumBits)),
                    filled));
    const ExprPtr etx =
        b_.net("links", conditional(binary(Operator::Less, literal(g_.etx, kEtxBits), activeEtx_),
                                    literal(g_.etx, kEtxBits), activeEtx_));
    leaving_ = b_.net("leaving", concat({etx, literal(0, 1)}), false, "words that leave");
    const ExprPtr rest =
        b_.net("waiting_rest", binary(Operator::Sub, resize(stored, sumBits + 1, false),
                                      resize(leaving_, sumBits + 1, false)));
    const ExprPtr capped = conditional(bit(rest, kWaitingBits), literal(-1, kWaitingBits),
                                       slice(rest, kWaitingBits - 1, 0));
    const ExprPtr next =
        b_.net("waiting_next", conditional(bit(rest, sumBits), literal(0, kWaitingBits), capped));
    clocked(waiting_, literal(0, kWaitingBits), next);
  }

  void clocked(const ExprPtr& target, const ExprPtr& cleared, const ExprPtr& next) {
    std::vector<Statement> step{nonBlocking(target, next)};
    if (moves_) {
      step = {ifElse(moves_, std::move(step))};
    }
    b_.add(AlwaysFf{"clk", {ifElse(clear_, {nonBlocking(target, cleared)}, std::move(step))}, {}});
  }

  // A row brought back below g_.rows; it is at most one lap ahead.
  ExprPtr wrapped(const std::string& hint, const ExprPtr& row) {
    const ExprPtr named = b_.sliceable(hint + "_ahead", row);
    const ExprPtr rows = literal(g_.rows, named->width);
    const ExprPtr back = b_.net(hint + "_back", binary(Operator::Sub, named, rows));
    const ExprPtr chosen = conditional(binary(Operator::Less, named, rows), named, back);
    return slice(b_.net(hint + "_wrapped", chosen), g_.rowBits - 1, 0);
  }

  void pointers() {
    b_.comment("Read pointer and write pointer as bank and row.");
    readBank_ = b_.reg("read_bank", g_.bankBits, {literal(0, g_.bankBits), {}});
    readRow_ = b_.reg("read_row", g_.rowBits, {literal(0, g_.rowBits), {}});
    const int bankSum = std::max(g_.bankBits, kEtxBits + 1) + 1;
    const ExprPtr bank = b_.net(
        "read_bank_ahead",
        binary(Operator::Add, resize(readBank_, bankSum, false), resize(leaving_, bankSum, false)));
    const ExprPtr carry = unary(Operator::ReduceOr, slice(bank, bankSum - 1, g_.bankBits));
    const int rowSum = g_.rowBits + 1;
    const ExprPtr row =
        b_.net("read_row_sum", binary(Operator::Add, resize(readRow_, rowSum, false),
                                      resize(b_.net("read_carry", carry), rowSum, false)));
    const ExprPtr nextRow = wrapped("read_row_next", row);
    clocked(readBank_, literal(0, g_.bankBits), slice(bank, g_.bankBits - 1, 0));
    clocked(readRow_, literal(0, g_.rowBits), nextRow);

    // Writes past the depth are dropped, so the row offset of any that happens is below g_.rows.
    const int end = kWaitingBits - 1;
    const ExprPtr bankOffset = g_.bankBits > end ? resize(waiting_, g_.bankBits, false)
                                                 : slice(waiting_, g_.bankBits - 1, 0);
    const ExprPtr rowOffset = g_.bankBits > end
                                  ? literal(0, g_.rowBits)
                                  : resize(slice(waiting_, end, g_.bankBits), g_.rowBits, false);
    const ExprPtr sum =
        b_.net("write_bank_sum", binary(Operator::Add, resize(readBank_, g_.bankBits + 1, false),
                                        resize(bankOffset, g_.bankBits + 1, false)));
    writeBank_ = slice(sum, g_.bankBits - 1, 0);
    const int wideRow = g_.rowBits + 2;
    const ExprPtr rows = binary(
        Operator::Add,
        binary(Operator::Add, resize(readRow_, wideRow, false), resize(rowOffset, wideRow, false)),
        resize(bit(sum, g_.bankBits), wideRow, false));
    writeRow_ = wrapped("write_row", b_.net("write_row_sum", rows));
  }

  // The row after `row`, for banks below the pointer's.
  ExprPtr after(const std::string& hint, const ExprPtr& row) {
    const ExprPtr last = binary(Operator::Equal, row, literal(g_.rows - 1, g_.rowBits));
    return b_.net(hint, conditional(last, literal(0, g_.rowBits),
                                    binary(Operator::Add, row, literal(1, g_.rowBits))));
  }

  // Which of the crossing's words are written, from the truncation and the space left.
  ExprPtr enables() {
    std::vector<ExprPtr> bits;
    for (int i = g_.banks - 1; i >= 0; --i) {
      if (i >= g_.maxWords) {
        bits.push_back(literal(0, 1));
        continue;
      }
      const ExprPtr inside =
          i < g_.depth
              ? binary(Operator::Less, waiting_,
                       literal(std::min(g_.depth - i, (1 << kWaitingBits) - 1), kWaitingBits))
              : literal(0, 1);
      bits.push_back(i < 2 ? inside : logicalAnd(logicalNot(truncate_), inside));
    }
    return concat(std::move(bits));
  }

  void writeSide() {
    b_.comment("Rotate the words, each with its write enable, to the banks they fall in.");
    const ExprPtr enable = b_.net("write_enable", enables());
    std::vector<ExprPtr> elements;
    for (int i = g_.banks - 1; i >= 0; --i) {
      ExprPtr word = literal(0, kWordBits);
      if (i < g_.maxWords) {
        word = slice(words_, i * kWordBits + kWordBits - 1, i * kWordBits);
        word = i == 0   ? conditional(truncate_, truncatedWord_, word)
               : i == 1 ? conditional(truncate_, fill_, word)
                        : word;
      }
      elements.push_back(bit(enable, i));
      elements.push_back(word);
    }
    const ExprPtr packed = b_.net("write_elements", concat(std::move(elements)));
    toBanks_ = b_.wire("write_rotated", packed->width);
    b_.instance(name_ + "_rotate_write", "rotate_write",
                {{"amount", writeBank_}, {"elements", packed}, {"rotated", toBanks_, true}});
    std::vector<ExprPtr> leave;
    for (int i = g_.banks - 1; i >= 0; --i) {
      leave.push_back(i < 2 * g_.etx ? binary(Operator::Less, literal(i, leaving_->width), leaving_)
                                     : literal(0, 1));
    }
    leave_ = b_.net("leave", concat(std::move(leave)), false, "by position");
    leaveBanks_ = b_.wire("leave_rotated", g_.banks);
    b_.instance(name_ + "_rotate_leave", "rotate_leave",
                {{"amount", readBank_}, {"elements", leave_}, {"rotated", leaveBanks_, true}});
  }

  void readSide() {
    const ExprPtr writeRowAfter = after("write_row_after", writeRow_);
    const ExprPtr readRowAfter = after("read_row_after", readRow_);
    const int element = kWordBits + 1;
    std::vector<ExprPtr> read;
    for (int i = 0; i < g_.banks; ++i) {
      const ExprPtr here = literal(i, g_.bankBits);
      const ExprPtr word = b_.wire(fmt::format("bank_{}_word", i), kWordBits);
      const auto row = [&](const ExprPtr& bank, const ExprPtr& same, const ExprPtr& next) {
        return i + 1 == g_.banks ? same
                                 : conditional(binary(Operator::Less, here, bank), next, same);
      };
      std::vector<Connection> connections{
          {"clk", reference("clk", 1)},
          {"clear", clear_},
          {"write", bit(toBanks_, i * element + kWordBits)},
          {"write_row", row(writeBank_, writeRow_, writeRowAfter)},
          {"write_word", slice(toBanks_, i * element + kWordBits - 1, i * element)},
          {"read_row", row(readBank_, readRow_, readRowAfter)},
          {"leave", bit(leaveBanks_, i)},
          {"read_word", word, true}};
      if (moves_) {
        connections.push_back({kCrossingEnd, moves_});
      }
      b_.instance(name_ + "_bank", fmt::format("bank_{}", i), std::move(connections));
      read.insert(read.begin(), word);
    }
    b_.comment("Rotate what is read back to positions and send what leaves.");
    const ExprPtr packed = b_.net("read_elements", concat(std::move(read)));
    const ExprPtr back =
        b_.net("read_rotation", binary(Operator::Sub, literal(0, g_.bankBits), readBank_));
    const ExprPtr queue = b_.wire("queue_front", packed->width, "positions 0 and up");
    b_.instance(name_ + "_rotate_read", "rotate_read",
                {{"amount", back}, {"elements", packed}, {"rotated", queue, true}});
    std::vector<ExprPtr> out;
    for (int k = g_.etx - 1; k >= 0; --k) {
      for (const int position : {2 * k, 2 * k + 1}) {
        out.push_back(
            conditional(bit(leave_, position),
                        slice(queue, position * kWordBits + kWordBits - 1, position * kWordBits),
                        literal(0, kWordBits)));
      }
    }
    const ExprPtr sent = b_.net("tx_next", concat(std::move(out)));
    clocked(tx_, repeat(literal(0, 1), sent->width), sent);
  }

  std::string name_;
  Geometry g_;
  Pace pace_;
  ModuleBuilder b_;
  ExprPtr resetN_, linkReset_, clear_;
  ExprPtr moves_;  // null when every clock is a crossing
  ExprPtr words_, count_, truncated_, fill_, t1_, t2_, t3_, activeEtx_, tx_;
  ExprPtr waiting_, truncate_, truncatedWord_, leaving_, leave_;
  ExprPtr readBank_, readRow_, writeBank_, writeRow_;
  ExprPtr toBanks_, leaveBanks_;
};

}  // namespace

std::vector<Module> outputBufferModules(const std::string& name, const core::BufferSizes& sizes,
                                        Pace pace) {
  const Geometry geometry(sizes);
  std::vector<Module> modules;
  modules.push_back(rotatorModule(name + "_rotate_write", geometry, kWordBits + 1));
  modules.push_back(rotatorModule(name + "_rotate_leave", geometry, 1));
  modules.push_back(rotatorModule(name + "_rotate_read", geometry, kWordBits));
  modules.push_back(bankModule(name + "_bank", geometry, pace));
  modules.push_back(BufferBuilder(name, geometry, pace).run());
  return modules;
}

}  // namespace aegen::rtl_gen
