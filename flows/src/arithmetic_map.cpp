#include <fmt/format.h>

#include "aegen/flows/synthesis.hpp"

namespace aegen::flows {

namespace {

/// Yosys techmap rules. @FULL_ADDER@ stands for how one bit with three unknown inputs is added.
constexpr std::string_view kRules = R"verilog((* techmap_celltype = "$add $sub" *)
module aegen_add_sub (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CELLTYPE_ = "";
  parameter [A_WIDTH-1:0] _TECHMAP_CONSTMSK_A_ = 0;
  parameter [A_WIDTH-1:0] _TECHMAP_CONSTVAL_A_ = 0;
  parameter [B_WIDTH-1:0] _TECHMAP_CONSTMSK_B_ = 0;
  parameter [B_WIDTH-1:0] _TECHMAP_CONSTVAL_B_ = 0;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;

  localparam SUB = _TECHMAP_CELLTYPE_ == "$sub";
  localparam SIGNED = A_SIGNED && B_SIGNED;

  // Bit i of an operand is its sign bit or zero past its end. For each bit: known at all, known zero.
  function integer at;
    input integer i, width;
    at = i < width ? i : width - 1;
  endfunction
  function known_a;
    input integer i;
    known_a = i < A_WIDTH || SIGNED ? _TECHMAP_CONSTMSK_A_[at(i, A_WIDTH)] : 1'b1;
  endfunction
  function known_b;
    input integer i;
    known_b = i < B_WIDTH || SIGNED ? _TECHMAP_CONSTMSK_B_[at(i, B_WIDTH)] : 1'b1;
  endfunction
  function zero_a;
    input integer i;
    zero_a = known_a(i) && !((i < A_WIDTH || SIGNED) && _TECHMAP_CONSTVAL_A_[at(i, A_WIDTH)]);
  endfunction
  function zero_b;
    input integer i;
    zero_b = known_b(i) && !((i < B_WIDTH || SIGNED) && _TECHMAP_CONSTVAL_B_[at(i, B_WIDTH)]);
  endfunction
  // The carry keeps its first value (0, or 1 of a subtraction) where an operand adds nothing.
  function passes;
    input integer i;
    passes = SUB ? zero_b(i) : (zero_a(i) || zero_b(i));
  endfunction
  function known_carry;
    input integer i;
    integer j;
    begin
      known_carry = 1'b1;
      for (j = 0; j < i; j = j + 1)
        known_carry = known_carry && passes(j);
    end
  endfunction

  wire [Y_WIDTH:0] c;
  assign c[0] = SUB ? 1'b1 : 1'b0;
  genvar i;
  generate
    for (i = 0; i < Y_WIDTH; i = i + 1) begin : bits
      wire a, b, plain_b;
      if (i < A_WIDTH || SIGNED)
        assign a = A[at(i, A_WIDTH)];
      else
        assign a = 1'b0;
      if (i < B_WIDTH || SIGNED)
        assign plain_b = B[at(i, B_WIDTH)];
      else
        assign plain_b = 1'b0;
      assign b = SUB ? ~plain_b : plain_b;
      if (known_carry(i) && passes(i)) begin
        assign Y[i] = SUB ? a : (zero_a(i) ? b : a);
        assign c[i+1] = SUB ? 1'b1 : 1'b0;
      end else if (i < Y_WIDTH - 1 && !known_a(i) && !known_b(i) && !known_carry(i)) begin
        @FULL_ADDER@
      end else begin
        assign Y[i] = a ^ b ^ c[i];
        assign c[i+1] = (a & b) | (c[i] & (a | b));
      end
    end
  endgenerate
endmodule

(* techmap_celltype = "$neg" *)
module aegen_neg (A, Y);
  parameter A_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter Y_WIDTH = 1;
  input [A_WIDTH-1:0] A;
  output [Y_WIDTH-1:0] Y;
  \$sub #(.A_SIGNED(A_SIGNED), .B_SIGNED(A_SIGNED), .A_WIDTH(1), .B_WIDTH(A_WIDTH),
          .Y_WIDTH(Y_WIDTH)) _TECHMAP_REPLACE_ (.A(1'b0), .B(A), .Y(Y));
endmodule

(* techmap_celltype = "$mul" *)
module aegen_mul (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter [A_WIDTH-1:0] _TECHMAP_CONSTMSK_A_ = 0;
  parameter [A_WIDTH-1:0] _TECHMAP_CONSTVAL_A_ = 0;
  parameter [B_WIDTH-1:0] _TECHMAP_CONSTMSK_B_ = 0;
  parameter [B_WIDTH-1:0] _TECHMAP_CONSTVAL_B_ = 0;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;

  localparam SIGNED = A_SIGNED && B_SIGNED;
  localparam KNOWN_A = &_TECHMAP_CONSTMSK_A_;
  localparam KNOWN_B = &_TECHMAP_CONSTMSK_B_;
  // Leading known zeros are cut; an operand that has one is never negative.
  function integer zeros_a;
    input integer unused;
    integer i;
    reg run;
    begin
      zeros_a = 0;
      run = 1'b1;
      for (i = A_WIDTH - 1; i > 0; i = i - 1) begin
        run = run && _TECHMAP_CONSTMSK_A_[i] && !_TECHMAP_CONSTVAL_A_[i];
        if (run) zeros_a = zeros_a + 1;
      end
    end
  endfunction
  function integer zeros_b;
    input integer unused;
    integer i;
    reg run;
    begin
      zeros_b = 0;
      run = 1'b1;
      for (i = B_WIDTH - 1; i > 0; i = i - 1) begin
        run = run && _TECHMAP_CONSTMSK_B_[i] && !_TECHMAP_CONSTVAL_B_[i];
        if (run) zeros_b = zeros_b + 1;
      end
    end
  endfunction
  localparam AW = A_WIDTH - zeros_a(0);
  localparam BW = B_WIDTH - zeros_b(0);
  localparam AS = SIGNED && zeros_a(0) == 0;
  localparam BS = SIGNED && zeros_b(0) == 0;

  wire [AW+BW-1:0] p;
  generate
    if (KNOWN_B)
      \$__aegen_mul_const #(.AW(AW), .BW(BW), .AS(AS), .BS(BS),
                            .K(_TECHMAP_CONSTVAL_B_[BW-1:0])) m (.A(A[AW-1:0]), .P(p));
    else if (KNOWN_A)
      \$__aegen_mul_const #(.AW(BW), .BW(AW), .AS(BS), .BS(AS),
                            .K(_TECHMAP_CONSTVAL_A_[AW-1:0])) m (.A(B[BW-1:0]), .P(p));
    else if (BW <= AW)
      \$__aegen_mul_rows #(.AW(AW), .BW(BW), .AS(AS), .BS(BS))
          m (.A(A[AW-1:0]), .B(B[BW-1:0]), .P(p));
    else
      \$__aegen_mul_rows #(.AW(BW), .BW(AW), .AS(BS), .BS(AS))
          m (.A(B[BW-1:0]), .B(A[AW-1:0]), .P(p));
    if (Y_WIDTH <= AW + BW)
      assign Y = p[Y_WIDTH-1:0];
    else
      assign Y = {{(Y_WIDTH-AW-BW){AS || BS ? p[AW+BW-1] : 1'b0}}, p};
  endgenerate
endmodule

// One row for each bit of B, added to the sum so far; a signed B's last row is subtracted.
module \$__aegen_mul_rows (A, B, P);
  parameter AW = 2;
  parameter BW = 2;
  parameter AS = 0;
  parameter BS = 0;
  input [AW-1:0] A;
  input [BW-1:0] B;
  output [AW+BW-1:0] P;
  genvar j;
  generate
    for (j = 0; j < BW; j = j + 1) begin : rows
      wire [AW-1:0] row = A & {AW{B[j]}};
      wire [AW:0] sum;
      if (j == BW - 1 && BS) begin
        if (j == 0)
          \$sub #(.A_SIGNED(AS), .B_SIGNED(AS), .A_WIDTH(1), .B_WIDTH(AW), .Y_WIDTH(AW+1))
              add (.A(1'b0), .B(row), .Y(sum));
        else
          \$sub #(.A_SIGNED(AS), .B_SIGNED(AS), .A_WIDTH(AW), .B_WIDTH(AW), .Y_WIDTH(AW+1))
              add (.A(rows[j-1].sum[AW:1]), .B(row), .Y(sum));
      end else if (j == 0)
        assign sum = {AS ? row[AW-1] : 1'b0, row};
      else if (j == 1 && !AS && AW > 1)
        \$add #(.A_SIGNED(0), .B_SIGNED(0), .A_WIDTH(AW-1), .B_WIDTH(AW), .Y_WIDTH(AW+1))
            add (.A(rows[0].row[AW-1:1]), .B(row), .Y(sum));
      else
        \$add #(.A_SIGNED(AS), .B_SIGNED(AS), .A_WIDTH(AW), .B_WIDTH(AW), .Y_WIDTH(AW+1))
            add (.A(rows[j-1].sum[AW:1]), .B(row), .Y(sum));
      if (j < BW - 1)
        assign P[j] = sum[0];
      else
        assign P[AW+BW-1:BW-1] = sum;
    end
  endgenerate
endmodule

// Multiplication by K: its canonical signed digits, lowest first, each an addition or subtraction.
module \$__aegen_mul_const (A, P);
  parameter AW = 2;
  parameter BW = 2;
  parameter AS = 0;
  parameter BS = 0;
  parameter [BW-1:0] K = 0;
  input [AW-1:0] A;
  output [AW+BW-1:0] P;
  localparam W = AW + BW;

  // Digit `index`: 0, 1, or 2 which stands for -1.
  function [1:0] digit;
    input integer index;
    integer i;
    reg [BW+1:0] rest;
    begin
      rest = {{2{BS ? K[BW-1] : 1'b0}}, K};
      digit = 0;
      for (i = 0; i <= index; i = i + 1) begin
        digit = !rest[0] ? 0 : (rest[1] ? 2 : 1);
        if (rest[0]) rest = rest[1] ? rest + 1 : rest - 1;
        rest = {rest[BW+1], rest[BW+1:1]};
      end
    end
  endfunction
  function any_below;
    input integer index;
    integer i;
    begin
      any_below = 1'b0;
      for (i = 0; i < index; i = i + 1)
        any_below = any_below || digit(i) != 0;
    end
  endfunction

  wire [AW:0] wide = {AS ? A[AW-1] : 1'b0, A};
  genvar i;
  generate
    for (i = 0; i <= BW; i = i + 1) begin : steps
      localparam [1:0] DIGIT = digit(i);
      // Signed, like everything here: the sum before this step, the new term, the sum after.
      localparam BEFORE = AW + i + 1 < W ? AW + i + 1 : W;
      localparam TERM = AW + i + 1 < W ? AW + i + 1 : W;
      localparam AFTER = AW + i + 2 < W ? AW + i + 2 : W;
      wire [TERM-1:0] term;
      wire [AFTER-1:0] sum;
      if (i == 0)
        assign term = wide;
      else
        assign term = {wide, {i{1'b0}}};
      if (DIGIT == 0) begin
        if (i == 0)
          assign sum = 0;
        else
          assign sum = {{2{steps[i-1].sum[BEFORE-1]}}, steps[i-1].sum};
      end else if (!any_below(i)) begin
        if (DIGIT == 1)
          assign sum = {{2{term[TERM-1]}}, term};
        else
          \$sub #(.A_SIGNED(1), .B_SIGNED(1), .A_WIDTH(1), .B_WIDTH(TERM), .Y_WIDTH(AFTER))
              add (.A(1'b0), .B(term), .Y(sum));
      end else if (DIGIT == 1)
        \$add #(.A_SIGNED(1), .B_SIGNED(1), .A_WIDTH(BEFORE), .B_WIDTH(TERM), .Y_WIDTH(AFTER))
            add (.A(steps[i-1].sum), .B(term), .Y(sum));
      else
        \$sub #(.A_SIGNED(1), .B_SIGNED(1), .A_WIDTH(BEFORE), .B_WIDTH(TERM), .Y_WIDTH(AFTER))
            add (.A(steps[i-1].sum), .B(term), .Y(sum));
    end
    assign P = steps[BW].sum;
  endgenerate
endmodule
)verilog";

constexpr std::string_view kPlaceholder = "@FULL_ADDER@";
constexpr std::string_view kLogicAdder =
    "assign Y[i] = a ^ b ^ c[i]; assign c[i+1] = (a & b) | (c[i] & (a | b));";

}  // namespace

std::string arithmeticMap(const std::optional<AdderCell>& adder) {
  std::string bit(kLogicAdder);
  if (adder) {
    bit =
        fmt::format("{} add_bit (.{}(a), .{}(b), .{}(c[i]), .{}(Y[i]), .{}(c[i+1]));", adder->cell,
                    adder->inputs[0], adder->inputs[1], adder->inputs[2], adder->sum, adder->carry);
  }
  std::string rules(kRules);
  rules.replace(rules.find(kPlaceholder), kPlaceholder.size(), bit);
  return rules;
}

}  // namespace aegen::flows
