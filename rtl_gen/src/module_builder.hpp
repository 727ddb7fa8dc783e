#pragma once
/// ModuleBuilder: assembles one Verilog module; keeps names unique and legal and, at the end, ties
/// what nothing reads to a sink so that lint sees that it is meant.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "aegen/rtl_gen/verilog_ast.hpp"
#include "aegen/rtl_gen/verilog_build.hpp"

namespace aegen::rtl_gen {

/// `name`, or with `_v` behind it when it is a reserved word: what ports and modules are called.
[[nodiscard]] std::string legalName(const std::string& name);

class ModuleBuilder {
 public:
  ModuleBuilder(std::string name, verilog::ModuleKind kind, std::vector<std::string> comment);

  /// `hint`, or something like it that is neither taken nor reserved; taken from now on.
  std::string unique(const std::string& hint);
  /// Takes `name` without returning another: for names that must come out as they are.
  void reserve(const std::string& name) { names_.insert(name); }

  /// Ports keep their names. Output registers are assigned in an always block by the caller.
  verilog::ExprPtr input(const std::string& name, int width, std::string comment = {},
                         bool isSigned = false);
  verilog::ExprPtr output(const std::string& name, int width, std::string comment = {},
                          bool isSigned = false);
  verilog::ExprPtr outputReg(const std::string& name, int width, verilog::RegisterInfo info,
                             std::string comment = {}, bool isSigned = false);

  /// A wire with a driver.
  verilog::ExprPtr net(const std::string& hint, verilog::ExprPtr value, bool isSigned = false,
                       std::string comment = {});
  /// A wire that an instance drives.
  verilog::ExprPtr wire(const std::string& hint, int width, std::string comment = {},
                        bool isSigned = false);
  verilog::ExprPtr reg(const std::string& hint, int width, verilog::RegisterInfo info,
                       std::string comment = {});
  /// `expr` itself when its bits can be selected, else a wire that carries it.
  verilog::ExprPtr sliceable(const std::string& hint, const verilog::ExprPtr& expr);

  void assign(verilog::ExprPtr target, verilog::ExprPtr value);
  /// `always @(posedge clk)`: `target` takes `next` each clock (in which `enable`, if given, is 1),
  /// or its reset value while rst_n is low.
  void clocked(const verilog::ExprPtr& target, const verilog::RegisterInfo& info,
               verilog::ExprPtr next, const verilog::ExprPtr& enable = nullptr);
  void add(verilog::Item item) { module_.items.push_back(std::move(item)); }
  void instance(std::string module, const std::string& name,
                std::vector<verilog::Connection> connections, std::string comment = {});
  void comment(std::string text) { add(verilog::Comment{std::move(text)}); }

  [[nodiscard]] verilog::Module finish() &&;

 private:
  verilog::Module module_;
  std::set<std::string, std::less<>> names_;
  std::map<std::string, int> copies_;  ///< of a hint, numbered from 1
};

/// The element that `index` points at, 0 past the end: a tree of two-way selections on the bits of
/// `index`. Elements are equally wide and must be sliceable or literals.
[[nodiscard]] verilog::ExprPtr selectTree(ModuleBuilder& builder, const std::string& hint,
                                          const verilog::ExprPtr& index,
                                          std::vector<verilog::ExprPtr> elements);

}  // namespace aegen::rtl_gen
