#pragma once
/// The Verilog AST: modules of nets, registers, processes and instances, every expression with its
/// width and signedness. It is legal by construction (verilog_build.hpp), checked by checkModule(),
/// read by lint's own rules and turned into text by verilog_printer.hpp, which decides nothing.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace aegen::rtl_gen::verilog {

enum class ExprKind : std::uint8_t {
  Reference,    ///< a net, register or port, whole
  Literal,      ///< a sized number, at most 64 bits
  Slice,        ///< bits high..low of a net, register or port
  Element,      ///< word operands[0] of a memory
  Lookup,       ///< entry operands[0] of a Table
  Concat,       ///< operands side by side, the first in the highest bits
  Repeat,       ///< operands[0] `count` times
  SignCast,     ///< $signed(operands[0])
  Unary,        ///< `op` on operands[0]
  Binary,       ///< operands[0] `op` operands[1]
  Conditional,  ///< operands[0] ? operands[1] : operands[2]
};

/// Operators by what they do; operator text is the printer's table.
enum class Operator : std::uint8_t {
  None,
  Not,
  ReduceAnd,
  ReduceOr,
  ReduceXor,
  Add,
  Sub,
  Mul,
  ShiftLeft,
  ShiftRight,
  ShiftRightSigned,
  And,
  Or,
  Xor,
  Equal,
  NotEqual,
  Less,
  LessEqual,
};

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

/// One expression node. Widths obey strict rules (see checkModule): operands of arithmetic, bitwise
/// and comparison operators and arms of conditionals are exactly as wide as each other, so no
/// implicit extension or truncation ever takes place.
struct Expr {
  ExprKind kind = ExprKind::Literal;
  int width = 1;           ///< bits of the result
  bool isSigned = false;   ///< as Verilog sees it: slices and concatenations never are
  std::string name;        ///< Reference, Slice, Element, Lookup
  std::uint64_t bits = 0;  ///< Literal: the low `width` bits
  int high = 0;            ///< Slice
  int low = 0;             ///< Slice
  int count = 0;           ///< Repeat
  Operator op = Operator::None;
  std::vector<ExprPtr> operands;
};

/// How a register comes to hold a known value.
struct RegisterInfo {
  ExprPtr reset;         ///< value taken while `rst_n` is low; null for a datapath register
  std::string datapath;  ///< why there is no reset, when there is none
};

enum class Direction : std::uint8_t { Input, Output };

struct Port {
  std::string name;
  Direction direction = Direction::Input;
  int width = 1;
  bool isSigned = false;
  std::optional<RegisterInfo> reg;  ///< an output that is a register itself
  std::string comment;
};

/// `wire`, with its one driver when `value` is given, else driven by an instance or an Assign.
struct Net {
  std::string name;
  int width = 1;
  bool isSigned = false;
  ExprPtr value;
  std::string comment;
};

/// `reg` assigned in an AlwaysFf.
struct Register {
  std::string name;
  int width = 1;
  bool isSigned = false;
  RegisterInfo info;
  std::string comment;
};

/// A constant table, printed as a Verilog function with a case statement (an `always @*` would
/// never run for a constant index). Past its end it gives 0.
struct Table {
  std::string name;
  int indexWidth = 1;
  int width = 1;
  bool isSigned = false;
  std::vector<ExprPtr> entries;  ///< literals, at most 2^indexWidth
};

/// `reg [width-1:0] name [0:depth-1]`.
struct Memory {
  std::string name;
  int width = 1;
  int depth = 2;
  std::string datapath;  ///< why it needs no reset
  std::string comment;
};

struct Assign {
  ExprPtr target;
  ExprPtr value;
};

enum class StatementKind : std::uint8_t { NonBlocking, If, Case };

struct Statement;

/// One arm; without labels it is the default arm.
struct CaseArm {
  std::vector<ExprPtr> labels;
  std::vector<Statement> body;
};

struct Statement {
  StatementKind kind = StatementKind::NonBlocking;
  ExprPtr target;  ///< NonBlocking: Reference, Slice or Element
  ExprPtr value;   ///< NonBlocking; condition of If; subject of Case
  std::vector<Statement> thenBody;
  std::vector<Statement> elseBody;
  std::vector<CaseArm> arms;
};

/// `always @(posedge clk)`; every register is synchronous to the rising edge of `clock`.
struct AlwaysFf {
  std::string clock;
  std::vector<Statement> body;
  std::string comment;
};

struct Connection {
  std::string port;
  ExprPtr value;
  bool isOutput = false;  ///< the instance drives `value`
};

struct Instance {
  std::string module;
  std::string name;
  std::vector<Connection> connections;
  std::string comment;
};

struct Comment {
  std::string text;
};

using Item = std::variant<Net, Register, Table, Memory, Assign, AlwaysFf, Instance, Comment>;

/// What a module is for; the manifest's `kind`.
enum class ModuleKind : std::uint8_t { Function, FoldedFunction, State, Registers, Top };
[[nodiscard]] std::string_view text(ModuleKind kind);

struct Module {
  std::string name;
  ModuleKind kind = ModuleKind::Function;
  std::vector<std::string> comment;  ///< lines above the module
  std::vector<Port> ports;
  std::vector<Item> items;

  [[nodiscard]] const Port* findPort(std::string_view port) const;
};

/// Problems of a module as sentences, empty when it is well formed: every name declared once and
/// before use, every expression's width rule kept, every assignment exactly as wide as its target,
/// slices inside their nets, instance connections as wide as the ports of `library`'s modules.
[[nodiscard]] std::vector<std::string> checkModule(const Module& module,
                                                   const std::vector<Module>& library);

/// True for words a generated identifier must avoid: keywords of Verilog-2005 and SystemVerilog,
/// and words that a C++ model of the design could not use.
[[nodiscard]] bool isReserved(std::string_view word);

}  // namespace aegen::rtl_gen::verilog
