#pragma once
/// GateModule: a function or a module as the parts synthesis would build it of, bit by bit:
/// constants known, equal parts shared, what nobody observes left out. Not a netlist: the raw
/// material of the cost model (cost_model.hpp).

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aegen/core/program.hpp"

namespace aegen::core {

/// A wire: a node's number times two, plus one when inverted. Inverters cost nothing but in front
/// of adder cells.
using GateWire = std::uint32_t;
inline constexpr GateWire kZero = 0;
inline constexpr GateWire kOne = 1;
/// Bits of a value, lowest first.
using GateWires = std::vector<GateWire>;

enum class GateKind : std::uint8_t {
  Constant,    ///< node 0
  Input,       ///< a bit of a port
  CallOutput,  ///< a bit that an instance drives
  Register,    ///< what a flip-flop holds
  And,
  Xor,
  Mux,        ///< in[0] ? in[1] : in[2]
  FullSum,    ///< of a full adder; the node behind it is its FullCarry
  FullCarry,  ///< majority of three
};

/// What a gate is there for: the same gate fares differently in logic optimisation by its place.
enum class GateUse : std::uint8_t { Adder, Multiplier, Product, Compare, Logic, Table };

struct GateNode {
  GateKind kind = GateKind::Constant;
  GateUse use = GateUse::Logic;
  std::array<GateWire, 3> in{};
};

/// An instance of another module of the same list.
struct GateCall {
  std::uint32_t callee = 0;       ///< its place in the list
  GateWires inputs;               ///< bits of its inputs in port order
  std::uint32_t firstOutput = 0;  ///< node of its first output bit; the others follow
};

struct GateRegister {
  std::uint32_t node = 0;
  GateWire next = kZero;
};

struct GateModule {
  std::string name;
  std::vector<GateNode> nodes;
  std::vector<std::uint32_t> inputs;  ///< nodes of the input bits in port order
  std::vector<bool> steadyInputs;     ///< by input bit: a setting that holds over crossings
  GateWires outputs;                  ///< bits of the outputs in port order
  std::vector<GateCall> calls;
  std::vector<GateRegister> registers;
  /// Live nodes and calls so that each comes after what it reads: a node's number, or
  /// kCallStep plus a call's. Loops through instances are cut somewhere.
  std::vector<std::uint32_t> order;
};
inline constexpr std::uint32_t kCallStep = 0x80000000U;

/// Builds the gates of one module. Arithmetic is built as flows/src/arithmetic_map.cpp and Yosys'
/// techmap do: ripple adders, array multipliers, signed digits of constant factors, comparison by a
/// tree of generate and propagate.
class GateBuilder {
 public:
  explicit GateBuilder(std::string name);

  [[nodiscard]] GateWires input(int width, bool steady = false);
  /// An instance; its outputs are wires of which all inputs may be told later (setInputs()).
  [[nodiscard]] std::size_t call(std::uint32_t callee, int outputBits);
  void setInputs(std::size_t call, GateWires inputs);
  [[nodiscard]] GateWires outputsOf(std::size_t call, int outputBits) const;
  [[nodiscard]] GateWires registers(int width);
  void setNext(GateWire reg, GateWire next);

  /// What the gates built from here on are for.
  void use(GateUse use) { use_ = use; }

  GateWire andOf(GateWire a, GateWire b);
  GateWire orOf(GateWire a, GateWire b) { return andOf(a ^ 1U, b ^ 1U) ^ 1U; }
  GateWire xorOf(GateWire a, GateWire b);
  GateWire muxOf(GateWire condition, GateWire ifOne, GateWire ifZero);

  /// Both as wide as the other.
  GateWires bitwise(GateKind kind, const GateWires& a, const GateWires& b);
  GateWires mux(GateWire condition, const GateWires& ifOne, const GateWires& ifZero);
  /// a + b or a - b modulo 2^width, a and b as wide as the result.
  GateWires add(const GateWires& a, const GateWires& b, bool subtract);
  /// The product's low `width` bits.
  GateWires multiply(const GateWires& a, bool aSigned, const GateWires& b, bool bSigned, int width);
  /// a < b, equally wide.
  GateWire less(const GateWires& a, const GateWires& b, bool isSigned);
  GateWire equal(const GateWires& a, const GateWires& b);
  GateWire anyOf(const GateWires& a);
  GateWire allOf(const GateWires& a);
  GateWire parity(const GateWires& a);
  GateWires shiftLeft(const GateWires& a, const GateWires& amount);
  /// What moves in is the highest bit of a signed `a`, else 0.
  GateWires shiftRight(const GateWires& a, const GateWires& amount, bool isSigned);
  /// entries[index], 0 past the end.
  GateWires choose(const GateWires& index, const std::vector<GateWires>& entries, int width);

  void output(const GateWires& bits);
  /// Leaves out what no output, call or live register reads, and sorts the rest.
  [[nodiscard]] GateModule finish() &&;

 private:
  struct Key {
    std::array<GateWire, 3> in;
    std::uint16_t tag;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  GateWire node(GateKind kind, const std::array<GateWire, 3>& in);
  std::uint32_t append(GateKind kind);
  /// Sum and carry of three bits; `cell` false: gates even where all three vary.
  std::pair<GateWire, GateWire> addBit(GateWire a, GateWire b, GateWire c, bool cell);
  GateWires multiplyRows(const GateWires& a, bool aSigned, const GateWires& b, bool bSigned);
  GateWires multiplyConstant(const GateWires& a, bool aSigned, std::int64_t factor, int width);

  GateModule module_;
  GateUse use_ = GateUse::Logic;
  std::unordered_map<Key, std::uint32_t, KeyHash> known_;
  std::unordered_map<std::uint32_t, std::size_t> registerAt_;
};

/// `bits` brought to `width`: cut, or extended with the sign or zero.
[[nodiscard]] GateWires resized(GateWires bits, int width, bool isSigned);
[[nodiscard]] GateWires constantWires(std::int64_t value, int width);

/// The gates of a verified program's functions that `top` reaches, callees first, `top` last.
[[nodiscard]] std::vector<GateModule> gatesOf(const Program& program, std::string_view top);
/// The same for one function; `place` says where each function it calls stands.
[[nodiscard]] GateModule gatesOf(const Function& function,
                                 const std::unordered_map<std::string, std::uint32_t>& place,
                                 const Program& program);

}  // namespace aegen::core
