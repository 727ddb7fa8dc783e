#pragma once
/// Who declares, drives and reads each bit of a module: what the RTL rules are written on.

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/rtl_gen/verilog_ast.hpp"

namespace aegen::lint {

enum class NameKind : std::uint8_t { Input, Output, Net, Register, Table, Memory };

/// One declared name. Bits of a memory are those of one word, of a table those of an entry.
struct NameFacts {
  NameKind kind = NameKind::Net;
  int width = 1;
  const rtl_gen::verilog::RegisterInfo* reg = nullptr;  ///< registers and registered outputs
  std::string datapath;                                 ///< memories: why there is no reset
  /// By bit: how many assignments, processes or instances drive it; inputs and tables count one.
  std::vector<int> drivers;
  std::vector<bool> isRead;
  std::vector<bool> isReset;  ///< assigned in the branch of its process that `rst_n` low takes
};

/// An assignment or connection: what must be as wide as what.
struct WidthPair {
  std::string name;  ///< target, or instance.port
  int target = 0;
  int value = 0;
};

/// Something that drives an output or net outside processes.
struct Driver {
  rtl_gen::verilog::ExprPtr target;
  rtl_gen::verilog::ExprPtr value;  ///< of an assign; null for an instance
  const rtl_gen::verilog::Instance* instance = nullptr;
  std::string port;  ///< of the instance
};

struct ModuleFacts {
  const rtl_gen::verilog::Module* module = nullptr;
  std::map<std::string, NameFacts, std::less<>> names;
  std::vector<std::string> order;  ///< names as declared
  std::vector<WidthPair> widths;
  std::vector<Driver> drivers;
  std::set<std::string> clears;  ///< inputs and nets that are 1 whenever `rst_n` is low
  /// By instantiated module: inputs that all its instances here tie to such a value.
  std::map<std::string, std::set<std::string>> clearingPorts;
};

/// Walks all modules of a design (callees first, the top last); facts are in the same order.
[[nodiscard]] std::vector<ModuleFacts> factsOf(std::span<const rtl_gen::verilog::Module> modules);

/// `name[high:low]` of the bits of `flags` that are set, e.g. "x[7:4], x[0]"; the name alone when
/// all are. Empty when none is.
[[nodiscard]] std::string describeBits(std::string_view name, const std::vector<bool>& flags);

}  // namespace aegen::lint
