#pragma once
/// What travels between aegen and the board's bench: plain integers over its standard input and
/// output, in the machine's byte order. C++17.

#include <cstdint>

#include "link_receiver.hpp"

namespace aegen_bench {

constexpr std::uint32_t kBoardMagic = 0x41454262;  ///< "AEBb": changes with this file

/// parent: first, once; `modules` ModuleFrames follow, each with its config elements (int64).
/// Answer: BoardHello.
struct SetupFrame {
  std::uint32_t magic;
  std::uint32_t modules;
};
struct ModuleFrame {
  std::uint32_t kind;
  std::uint32_t configElements;
  LinkFormat format;
  ReceiverOptions receiver;
};
struct BoardHello {
  std::uint32_t magic;
  std::uint32_t kinds;
};

/// parent: a block of crossings. For each module in order its crossings in this block and, from the
/// first to the last, their 16-bit words. `last`: nothing follows; receivers say what they still
/// hold. Answer: AnswerFrame with `records` RecordFrames, each with its decoder's outputs (int64)
/// when `outputs` is not 0.
struct BlockFrame {
  std::uint32_t crossings;
  std::uint32_t last;
};
struct AnswerFrame {
  std::uint32_t magic;
  std::uint32_t records;
};
struct RecordFrame {
  std::uint32_t module;
  std::uint32_t outputs;
  std::uint64_t crossing;  ///< of the board when the result left it
  Received received;
};

/// Crossings from the receiver's verdict to the board's output: decoder and collector, one each.
constexpr std::uint32_t kBoardLatency = 2;

/// Whether a crossing's string goes to the decoder.
inline bool isDecoded(const Received& received) {
  return received.words > 0 && (received.status == CrossingStatus::Good ||
                                received.status == CrossingStatus::TruncatedFull ||
                                received.status == CrossingStatus::TruncatedLate);
}

}  // namespace aegen_bench
