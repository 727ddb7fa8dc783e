#pragma once
/// LinearNetwork: a function read as linear forms of what is not linear in it.

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "linear_forms.hpp"

namespace aegen::core {

/// A value that no other values make linearly.
struct NetworkLeaf {
  enum class Kind : std::uint8_t {
    Input,        ///< element `source` of the function's inputs
    Kept,         ///< result `result` of kept instruction `source`
    Cut,          ///< floor(form `source` / 2^bits)
    LowBitsZero,  ///< 1 where the low `bits` of form `source` are 0
  };
  Kind kind = Kind::Input;
  std::uint32_t source = 0;
  std::uint32_t result = 0;
  int bits = 0;
  Interval range;
  FixedFormat format;
  int level = 0;
};

/// A form as an instruction or an output reads it.
struct FormUse {
  std::uint32_t form = 0;
  FixedFormat format;        ///< of the value that had this form
  bool exactFormat = false;  ///< nothing but this format will do
};

/// An instruction that stays, its operands as forms.
struct KeptInstruction {
  const Instruction* instruction = nullptr;
  std::vector<FormUse> operands;
  std::vector<std::uint32_t> leaves;  ///< of its results
  int level = 0;
};

class LinearNetwork {
 public:
  /// `function` must outlive the network.
  explicit LinearNetwork(const Function& function);

  [[nodiscard]] const std::vector<NetworkLeaf>& leaves() const { return leaves_; }
  [[nodiscard]] const std::vector<Interval>& leafRanges() const { return ranges_; }
  [[nodiscard]] const std::vector<KeptInstruction>& kept() const { return kept_; }
  [[nodiscard]] const LinearForm& form(std::uint32_t id) const { return forms_[id]; }
  [[nodiscard]] std::size_t formCount() const { return forms_.size(); }
  [[nodiscard]] const std::vector<FormUse>& outputs() const { return outputs_; }
  /// Everything a form can be.
  [[nodiscard]] Interval range(const LinearForm& form) const;
  /// Additions away from the inputs: a form's leaves are never made of forms of its own level.
  [[nodiscard]] int level(const LinearForm& form) const;
  /// A name of a value that has this form; empty: there is none.
  [[nodiscard]] const std::string& name(std::uint32_t form) const { return names_[form]; }
  [[nodiscard]] std::string nameOf(const LinearForm& form) const;
  /// Whether a value is read on the way to an output.
  [[nodiscard]] bool leafLive(std::uint32_t leaf) const { return leafLive_[leaf]; }
  [[nodiscard]] bool formLive(std::uint32_t form) const { return formLive_[form]; }

 private:
  std::uint32_t intern(const LinearForm& form);
  std::uint32_t addLeaf(NetworkLeaf leaf);
  std::uint32_t cutLeaf(NetworkLeaf::Kind kind, std::uint32_t form, int bits, const Interval& range,
                        const FixedFormat& format);
  [[nodiscard]] LinearForm leafForm(std::uint32_t leaf) const;
  void read(const Instruction& instruction);
  bool readLinear(const Instruction& instruction);
  bool readCut(const Instruction& instruction);
  void readKept(const Instruction& instruction);
  [[nodiscard]] Interval keptRange(const Instruction& instruction) const;
  [[nodiscard]] FormUse use(ValueId value, bool exactFormat);
  [[nodiscard]] int levelBehind(const LinearForm& form) const;
  void findLive();

  const Function& function_;
  std::vector<NetworkLeaf> leaves_;
  std::vector<Interval> ranges_;
  std::vector<KeptInstruction> kept_;
  std::vector<LinearForm> forms_;
  std::vector<std::string> names_;
  std::map<LinearForm, std::uint32_t> formIds_;
  std::map<std::tuple<NetworkLeaf::Kind, std::uint32_t, int>, std::uint32_t> cutLeaves_;
  std::map<std::string, std::uint32_t> keptIds_;
  std::vector<LinearForm> meanings_;
  std::vector<FormUse> outputs_;
  std::vector<bool> leafLive_;
  std::vector<bool> formLive_;
};

/// A constant, or one leaf times a positive power of two: wires.
[[nodiscard]] bool isWiring(const LinearForm& form);

}  // namespace aegen::core
