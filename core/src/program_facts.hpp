#pragma once
/// Facts of every value of a program, call site by call site from the top.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "aegen/core/program.hpp"
#include "aegen/core/value_facts.hpp"
#include "interval_transfer.hpp"
#include "linear_forms.hpp"

namespace aegen::core {

using FactList = std::vector<ValueFacts>;

/// Walks calls with the facts of each site; the same facts at another site are not walked again.
class ProgramFacts {
 public:
  /// `program` is verified and must outlive this.
  explicit ProgramFacts(const Program& program);

  /// Analyses `top` with inputs that take every value of their formats.
  void run(std::string_view top);

  /// What holds of a value at all sites; of functions never reached: what its format says.
  [[nodiscard]] ValueFacts of(std::size_t function, ValueId value) const;
  /// Of all values of a function.
  [[nodiscard]] FactList of(std::size_t function) const;
  [[nodiscard]] bool reached(std::size_t function) const {
    return !seen_[function].empty() && seen_[function].front().has_value();
  }
  [[nodiscard]] std::size_t indexOf(std::string_view function) const {
    return index_.find(function)->second;
  }

  /// Work left in a function, callees included, when its inputs are `inputs`: bits of adders,
  /// multiplexers and the like, products of widths for multipliers, nothing for constants.
  [[nodiscard]] std::uint64_t work(std::size_t function, const FactList& inputs);

  /// An operation's exact result over all sites, and whether it leaves its format at one of them.
  struct Check {
    Interval exact;
    bool overflows = false;
  };
  /// Of every operation that can in principle overflow, by function and value.
  [[nodiscard]] const std::map<std::pair<std::size_t, ValueId>, Check>& checks() const {
    return checks_;
  }

 private:
  struct Context {
    FactList outputs;
    std::uint64_t work = 0;
  };
  struct HashFacts {
    std::size_t operator()(const FactList& facts) const;
  };

  const Context& walk(std::size_t function, const FactList& inputs);
  /// Of one function's values at one call site: facts, and as a form of which values each is
  /// computed linearly, so that 4x - x is known to be 3x.
  struct Knowledge {
    FactList now;
    std::vector<Interval> ranges;
    std::vector<LinearForm> forms;
    explicit Knowledge(std::size_t values) : now(values), ranges(values), forms(values) {}
    void set(ValueId value, const ValueFacts& facts);
  };
  std::uint64_t step(std::size_t function, const Instruction& instruction, Knowledge& known);
  [[nodiscard]] std::optional<LinearForm> formOf(std::size_t function,
                                                 const Instruction& instruction,
                                                 const Knowledge& known) const;
  void check(std::size_t function, const Instruction& instruction, const WideInterval& exact);
  [[nodiscard]] WideInterval exactOf(std::size_t function, const Instruction& instruction,
                                     const FactList& now) const;
  [[nodiscard]] bool fits(std::size_t function, const Instruction& instruction,
                          const FactList& now) const;
  [[nodiscard]] ValueId origin(std::size_t function, ValueId id, const FactList& now) const;
  [[nodiscard]] bool isTermOf(std::size_t function, ValueId term, ValueId sum,
                              const FactList& now) const;
  [[nodiscard]] std::optional<Int128> normaliserBound(std::size_t function,
                                                      const Instruction& shift,
                                                      const FactList& now) const;

  const Program& program_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::vector<std::vector<std::optional<ValueFacts>>> seen_;
  std::vector<std::vector<const Instruction*>> makers_;
  std::vector<std::unordered_map<FactList, Context, HashFacts>> done_;
  std::map<std::pair<std::size_t, ValueId>, Check> checks_;
  bool recording_ = true;  ///< off while work() asks what would be
};

}  // namespace aegen::core
