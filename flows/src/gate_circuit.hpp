#pragma once
/// A module's worth of gates and adder cells under construction, with its area: what the trees of
/// sums of products are built of before they become cells of a netlist.

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "aegen/flows/liberty.hpp"

namespace aegen::flows {

/// Areas of what a circuit is built of, in the library's unit. A function that no cell has is
/// counted as what NAND2 and inverter make of it.
struct GateCosts {
  double inverter = 0;
  double nand2 = 0;
  double and2 = 0;
  double or2 = 0;
  double xor2 = 0;
  double andOrInvert = 0;  ///< !(a b + c d)
  double majority = 0;     ///< the carry of a full adder whose sum nobody reads
  double fullAdder = 0;
  double parity3 = 0;
};

/// Costs of a library; `cells`: its full-adder cell may be used.
[[nodiscard]] GateCosts gateCosts(const Liberty& library, bool cells);

/// A bit: a net, or its complement at no cost until somebody needs it. Nets 0 and 1 are constants.
struct Signal {
  std::uint32_t net = 0;
  bool inverted = false;

  friend bool operator==(const Signal&, const Signal&) = default;
  [[nodiscard]] Signal operator!() const {
    return net < 2 ? Signal{1 - net, false} : Signal{net, !inverted};
  }
  [[nodiscard]] bool isConstant() const { return net < 2; }
};
inline constexpr Signal kZero{0, false};
inline constexpr Signal kOne{1, false};

enum class GateKind : std::uint8_t {
  Not,
  Nand,
  And,
  Or,
  Xor,
  Xnor,
  AndOrInvert,  ///< !(0 1 + 2 3), the numbers being inputs
  FullAdder,
  Parity3,   ///< a full adder whose carry nobody reads
  Majority,  ///< a full adder whose sum nobody reads
};

struct Gate {
  GateKind kind = GateKind::Not;
  std::array<std::uint32_t, 4> inputs{};  ///< nets; unused ones 0
  std::uint32_t output = 0;               ///< the sum of a full adder
  std::uint32_t carry = 0;                ///< of a full adder, else 0
};

/// Gates in topological order. Complements travel along: a full adder of three complements is the
/// complement of a full adder, so products may be NANDs throughout.
class GateCircuit {
 public:
  /// Nets up to and with `lastNet` belong to somebody else and have no driver here.
  GateCircuit(const GateCosts& costs, std::uint32_t lastNet) : costs_(costs), next_(lastNet + 1) {}

  /// A net that carries the signal itself.
  std::uint32_t plain(Signal signal) { return phased(signal, false).net; }
  Signal conjunction(Signal a, Signal b);
  Signal disjunction(Signal a, Signal b) { return !conjunction(!a, !b); }
  Signal parity(Signal a, Signal b);
  /// a b + c d.
  Signal either(Signal a, Signal b, Signal c, Signal d);
  /// The same value on a net that carries it (`inverted` false) or its complement (true): a gate's
  /// counterpart where it has one, else an inverter.
  Signal phased(Signal signal, bool inverted);
  struct Sum {
    Signal sum;
    Signal carry;
  };
  Sum add(Signal a, Signal b, Signal c);
  Sum add(Signal a, Signal b);

  /// Gate delays from the inputs, in steps of a simple gate.
  [[nodiscard]] int arrival(Signal signal) const;

  [[nodiscard]] const std::vector<Gate>& gates() const { return gates_; }
  [[nodiscard]] std::uint32_t lastNet() const { return next_ - 1; }

  /// Keeps what the nets `outputs` need; full adders half of which is read become smaller.
  void prune(const std::vector<std::uint32_t>& outputs);
  /// Area of all gates.
  [[nodiscard]] double area() const;

 private:
  std::uint32_t gate(GateKind kind, std::array<std::uint32_t, 4> inputs);
  [[nodiscard]] double areaOf(GateKind kind) const;

  GateCosts costs_;
  std::uint32_t next_;
  std::vector<Gate> gates_;
  std::map<std::array<std::uint32_t, 5>, std::uint32_t> known_;  ///< kind and inputs to output
  std::map<std::uint32_t, std::size_t> driver_;                  ///< of a net: index in gates_
  std::map<std::uint32_t, int> arrival_;
};

}  // namespace aegen::flows
