#pragma once
/// Fields of the trigger path's register file.

#include <array>
#include <vector>

#include "aegen/encoders/econ_t.hpp"

namespace aegen::encoders::econ_t {

/// Which algorithms a chip holds.
class Held {
 public:
  explicit Held(const std::vector<Algorithm>& encoders);
  [[nodiscard]] bool operator()(Algorithm algorithm) const {
    return at_[static_cast<std::size_t>(algorithm)];
  }
  /// An algorithm that sends single cells.
  [[nodiscard]] bool cells() const {
    return (*this)(Algorithm::ThresholdSum) || (*this)(Algorithm::BestChoice) ||
           (*this)(Algorithm::Repeater);
  }

 private:
  std::array<bool, kAlgorithms.size()> at_{};
};

/// The registers that hold a mask: ae_mask's words, lowest first; keep[0] is the highest bit.
[[nodiscard]] std::vector<std::int64_t> maskValues(const std::vector<bool>& keep);

/// The settings that a chip with these encoders has, with `settings` as reset values.
[[nodiscard]] std::vector<core::ConfigField> settingFields(const ChipSettings& settings,
                                                           const ChipOptions& options);

}  // namespace aegen::encoders::econ_t
