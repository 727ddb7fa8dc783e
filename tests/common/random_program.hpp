#pragma once
/// Seeded random programs over every op of the IR, with arbitrary formats, so that results wrap and
/// saturate on purpose; and random events and configurations to run them on.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/core/program.hpp"

namespace aegen::test_common {

/// Steele, Lea and Flood's SplitMix64: the same numbers on every platform.
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();
  /// A number of low..high, both included; any int64 range.
  std::int64_t between(std::int64_t low, std::int64_t high);
  int between(int low, int high) {
    return static_cast<int>(between(std::int64_t{low}, std::int64_t{high}));
  }
  std::size_t below(std::size_t count) {
    return static_cast<std::size_t>(next() % static_cast<std::uint64_t>(count));
  }
  /// True in one of `n` cases.
  bool oneIn(std::size_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

struct RandomProgramOptions {
  int functions = 3;      ///< the last one is the top; each may call those before it
  int instructions = 30;  ///< random steps a function; a step is an op and the conversions it needs
  int maxWidth = 40;      ///< of any value, at most core::kMaxWidth
  int minFraction = -4;   ///< of ports and converted values (products sum theirs, then convert)
  int maxFraction = 10;
  bool everyOp = true;  ///< the top has, besides the random steps, one step of each op
  bool config = true;   ///< functions may have configuration ports
  bool calls = true;
};

/// Name of the top function, the last of the program.
inline constexpr const char* kTop = "top";

/// A program that core::verify() accepts. Ports of up to four elements, several outputs, of which
/// some are inputs, constants or depend on configuration alone.
[[nodiscard]] core::Program randomProgram(std::uint64_t seed,
                                          const RandomProgramOptions& options = {});

/// A raw integer of `format`: often an end of its range or near zero, where errors live.
[[nodiscard]] std::int64_t randomRaw(SplitMix64& random, const core::FixedFormat& format);

/// Random rows for the event ports of `function`, in port order.
[[nodiscard]] core::Columns randomEvents(SplitMix64& random, const core::Function& function,
                                         std::size_t events);

/// Random values of every config port of `function` by port name.
using ConfigByPort = std::map<std::string, std::vector<std::int64_t>>;
[[nodiscard]] ConfigByPort randomConfig(SplitMix64& random, const core::Function& function);

/// All input elements of one event in port order, as core::evaluate() takes them: config ports from
/// `config`, event ports from column `event` of `events`.
[[nodiscard]] std::vector<std::int64_t> inputsOf(const core::Function& function,
                                                 const ConfigByPort& config,
                                                 const core::Columns& events, std::size_t event);

}  // namespace aegen::test_common
