#pragma once
/// The ECON-T's trigger path a second time, in plain integers and strings of bits, written from the
/// chip's page alone: it shares no arithmetic with the product. Sizes are a PathShape's.

#include <cstdint>
#include <utility>
#include <vector>

#include "aegen/encoders/econ_t.hpp"

namespace aegen::encoders::econ_t::test {

using Bits = std::vector<bool>;  ///< most significant first
using Charges = std::vector<std::int64_t>;

/// Code of an integer by the definition of section 3: unsigned, truncated, saturating.
[[nodiscard]] std::int64_t floatCode(std::int64_t value, const FloatCode& code);
/// Charge of a port code, half a step added, before calibration (section 2, step 2).
[[nodiscard]] std::int64_t chargeOfCode(int code, bool highDensity);
/// Comparators (left, right) of Knuth's Algorithm M in its order.
[[nodiscard]] std::vector<std::pair<int, int>> algorithmM(int entries);
/// Channels as best choice orders them: descending, among equals as the network leaves them.
[[nodiscard]] std::vector<int> bestChoiceOrder(Charges values);
/// 16 latents of 48 charges (section 4).
[[nodiscard]] Charges latentsOf(const AutoencoderWeights& weights, const Charges& calq);

/// The chip, a crossing at a time.
class TriggerOracle {
 public:
  explicit TriggerOracle(PathShape shape) : shape_(std::move(shape)) { reset(); }

  /// From the next crossing on.
  void configure(const ChipSettings& settings) { settings_ = settings; }
  void load(const AutoencoderWeights& weights) { weights_ = weights; }
  /// Buffer and crossing counter as after a link reset.
  void reset();

  /// Calibrated charges of a crossing's port words.
  [[nodiscard]] Charges charges(const std::vector<std::uint32_t>& rx) const;
  /// eTX words that leave after the crossing with port words `rx`.
  std::vector<std::uint32_t> step(const std::vector<std::uint32_t>& rx);
  /// What the last crossing did to the buffer.
  enum class Stored : std::uint8_t { Whole, TruncatedFull, TruncatedLate };
  [[nodiscard]] Stored stored() const { return stored_; }

 private:
  struct Crossing {
    Bits string;
    int words = 0;  ///< that count as waiting
    std::int64_t truncated = 0;
    std::int64_t fill = 0;
  };

  [[nodiscard]] int etx() const;
  [[nodiscard]] std::int64_t dropped(std::int64_t value) const;
  [[nodiscard]] int stringWords(const Bits& bits) const;
  [[nodiscard]] int mostWords() const;
  void putHeader(Bits& out, int width) const;
  void putCells(Bits& out, const std::vector<int>& cells, const Charges& values) const;
  [[nodiscard]] Crossing thresholdSum(const Charges& calq) const;
  [[nodiscard]] Crossing superTriggerCells(const Charges& calq) const;
  [[nodiscard]] Crossing bestChoice(const Charges& calq) const;
  [[nodiscard]] Crossing repeater(const Charges& calq) const;
  [[nodiscard]] Crossing autoencoder(const Charges& calq) const;
  [[nodiscard]] Crossing encode(const Charges& calq) const;
  void store(const Crossing& crossing);
  [[nodiscard]] std::vector<std::uint32_t> leave();
  void write(std::int64_t position, std::int64_t word);

  PathShape shape_;
  ChipSettings settings_;
  AutoencoderWeights weights_;
  std::vector<std::uint32_t> slots_;
  std::int64_t waiting_ = 0;
  int bx_ = 0;
  bool first_ = true;
  Stored stored_ = Stored::Whole;
};

}  // namespace aegen::encoders::econ_t::test
