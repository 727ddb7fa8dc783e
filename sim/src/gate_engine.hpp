#pragma once
/// The simulator's inner part, compiled once for each instruction set and width of a word.

#include <memory>

#include "gate_program.hpp"

namespace aegen::sim {

class GateSimulator::Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  [[nodiscard]] virtual std::size_t words() const = 0;
  virtual void useSettling(Settling settling) = 0;
  virtual void drive(NetId net, std::span<const std::uint64_t> lanes) = 0;
  [[nodiscard]] virtual std::span<const std::uint64_t> value(NetId net) const = 0;
  /// A storage's output, whatever the clock; everything that depends on it is to be settled anew.
  virtual void store(NetId net, std::span<const std::uint64_t> lanes) = 0;
  virtual void settle() = 0;
  virtual void edge() = 0;
  /// A bit for each lane that counts; nothing: no counting.
  virtual void countToggles(std::span<const std::uint64_t> lanes) = 0;
  virtual void clearToggles() = 0;
  [[nodiscard]] virtual const std::vector<std::uint64_t>& toggles() const = 0;
  [[nodiscard]] virtual const std::vector<std::uint64_t>& ones() const = 0;
};

/// An engine of 1, 4 or 8 words a net.
[[nodiscard]] std::unique_ptr<GateSimulator::Engine> makeGenericEngine(
    const GateProgram::Impl& program, std::size_t words);
[[nodiscard]] std::unique_ptr<GateSimulator::Engine> makeAvx2Engine(
    const GateProgram::Impl& program, std::size_t words);

}  // namespace aegen::sim
