#pragma once
/// A Liberty library small enough to read: what the tests' areas are counted with.

#include <string>

namespace aegen::flows::testing {

inline std::string inverterCell() {
  return R"lib(  cell (INV) { area : 2; pin (A) { direction : input; }
    pin (Y) { direction : output; function : "!A"; } }
)lib";
}
inline std::string nandCells() {
  return R"lib(  cell (NAND_BIG) { area : 7; pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Y) { direction : output; function : "(A B)'"; } }
  cell (NAND) { area : 3; pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Y) { direction : output; function : "!A + !B";
      internal_power () { related_pin : "A"; rise_power (template) { values ("1, 2", \
        "3, 4"); } } } }
)lib";
}
inline std::string flipFlopCell() {
  return R"lib(  cell (DFF) { area : 10;
    ff (IQ, IQN) { next_state : "D"; clocked_on : "CK"; }
    pin (D) { direction : input; } pin (CK) { direction : input; clock : true; }
    pin (Q) { direction : output; function : "IQ"; } }
)lib";
}
inline std::string fullAdderCell() {
  return R"lib(  cell (ADD3) { area : 12; pin (X) { direction : input; } pin (Y) { direction : input; }
    pin (Z) { direction : input; } pin (CO) { direction : output; function : "X&Y | Z&(X|Y)"; }
    pin (S) { direction : output; function : "X ^ Y ^ Z"; } }
)lib";
}
inline std::string libraryOf(const std::string& cells) {
  return "/* made for a test */\nlibrary (small) {\n  time_unit : \"1ns\";\n"
         "  lu_table_template (template) { variable_1 : x; index_1 (\"1, 2\"); }\n" +
         cells + "}\n";
}
inline std::string smallLibrary() {
  return libraryOf(inverterCell() + nandCells() + flipFlopCell() + fullAdderCell());
}

}  // namespace aegen::flows::testing
