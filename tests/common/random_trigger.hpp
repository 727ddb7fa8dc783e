#pragma once
/// Random trigger paths for the tests of every executor: shapes, settings with their extremes, and
/// port words in which equal charges are frequent.

#include <cstdint>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/encoders/econ_t.hpp"

namespace aegen::test {

class RandomTrigger {
 public:
  explicit RandomTrigger(std::uint64_t seed) : state_(seed * 0xd1342543de82ef95ULL + 1) {}

  std::int64_t between(std::int64_t low, std::int64_t high);
  bool oneIn(int n) { return between(1, n) == 1; }

  /// A shape that every encoder but the autoencoder can have.
  encoders::econ_t::PathShape shape(int mostChannels = 124, int mostEtx = 15);
  /// Every setting; the mux need not be a permutation.
  encoders::econ_t::ChipSettings settings(const encoders::econ_t::PathShape& shape,
                                          encoders::econ_t::Algorithm algorithm);
  encoders::econ_t::AutoencoderWeights weights();
  /// Port words of `crossings` crossings; orbits start here and there.
  core::Columns words(const encoders::econ_t::PathShape& shape, std::size_t crossings);

 private:
  std::uint64_t next();
  encoders::FloatCode code(int mostExponent, int mostMantissa);
  std::vector<std::int64_t> codes(std::size_t count);
  std::vector<std::int64_t> list(std::size_t count, std::int64_t low, std::int64_t high);

  std::uint64_t state_;
};

}  // namespace aegen::test
