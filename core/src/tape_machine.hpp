#pragma once
/// A compiled function and the memory it runs in: what Interpreter and DesignInterpreter share.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tape_compiler.hpp"

namespace aegen::core::tape {

/// Slots of one thread. Whole cache lines, so that no access of a vector straddles two.
class Workspace {
 private:
  friend class Machine;
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  void prepare(const Tape& tape);

  ByLane<std::vector<Line>> slots_;
  Frame frame_;
  std::uint64_t configuration_ = 0;  ///< of the machine, that the slots are laid out for
};

class Machine {
 public:
  Machine(const Program& program, std::string_view function, const KernelSet& kernels);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  [[nodiscard]] const FlatFunction& function() const { return function_; }
  /// Of a config port that exists, as many values as it has; wrapped into its format.
  void setConfig(std::string_view port, std::span<const std::int64_t> values);
  /// The tape for the configuration as it is: compiled anew when it has changed. Needed before
  /// run() after every setConfig().
  const Tape& settle();

  /// Events first .. first + count of the columns that `inputs` and `outputs` point to. Several
  /// threads may run at a time, each in its own workspace.
  void run(Workspace& workspace, std::span<const std::int64_t* const> inputs,
           std::span<std::int64_t* const> outputs, std::size_t first, std::size_t count) const;

 private:
  Program program_;  ///< function and tape point into it
  const KernelSet& kernels_;
  FlatFunction function_;
  std::vector<std::int64_t> uniforms_;  ///< values that depend on configuration alone, by node
  Tape tape_;
  std::uint64_t configuration_ = 0;  ///< counts the compilations
  bool settled_ = false;
};

}  // namespace aegen::core::tape
