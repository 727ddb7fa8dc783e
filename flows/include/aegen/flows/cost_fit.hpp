#pragma once
/// Fitting the cost model: the stored set of synthesised modules, one JSON file a library, and the
/// prices of parts that explain it best, with the error on modules left out of the fit.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/cost_model.hpp"
#include "aegen/core/diagnostic.hpp"

namespace aegen::flows {

/// A module as synthesised, beside what the model counts in it.
struct CostSample {
  std::string design;  ///< modules of one design are held out together
  std::string module;
  double area = 0;  ///< um2, of its own cells
  std::uint64_t flipFlops = 0;
  int depth = 0;                 ///< cells, what it calls included
  std::optional<double> energy;  ///< pJ a crossing of one instance's own cells; empty: not measured
  core::ModuleParts parts;
  core::PartValues path{};  ///< on the model's longest path
  bool operator==(const CostSample&) const = default;
};

/// What one library's modules came to. data/cost/<library>.json.
struct CostSet {
  std::string library;
  double nand2Area = 1;
  std::string tool;    ///< Yosys' version line
  std::string adders;  ///< what adders were mapped to
  std::string recipe;  ///< the command that made it
  std::vector<CostSample> samples;
  core::PartValues delay{};  ///< with which the samples' paths are the longest
  bool operator==(const CostSet&) const = default;
};

/// Below so many NAND2 equivalents, and below so many cells of depth, an error is taken relative to
/// these: what a module of a dozen gates comes to is up to chance and of no weight.
inline constexpr double kSmallestArea = 50;
inline constexpr double kSmallestDepth = 20;
/// Of so many parts of the set, each in turn is held out.
inline constexpr int kFolds = 5;

/// How far the estimates of one sample are from the truth when its design is not fitted.
struct HeldOutError {
  double area = 0;  ///< (estimate - measured) / measured
  double depth = 0;
  std::optional<double> energy;
  std::int64_t flipFlops = 0;  ///< estimate - measured
};
/// One a sample.
[[nodiscard]] std::vector<HeldOutError> heldOutErrors(const CostSet& set);

/// Prices that are not negative, fitted to all samples by least squares of relative errors; the
/// error bands are those of heldOutErrors().
[[nodiscard]] core::CostModel fitCost(const CostSet& set);

/// Mean, 90th percentile and worst of each quantity, the worst modules, the prices.
[[nodiscard]] std::string accuracyText(const CostSet& set);
[[nodiscard]] std::string accuracyJson(const CostSet& set);

[[nodiscard]] std::string costSetJson(const CostSet& set);
/// Errors: cost.malformed; `where` names the text.
[[nodiscard]] core::Result<CostSet> parseCostSet(std::string_view json, const std::string& where);
/// Errors: cost.missing and those of parseCostSet().
[[nodiscard]] core::Result<CostSet> loadCostSet(const std::filesystem::path& file);
/// The set of the default library, which is part of the program.
[[nodiscard]] const CostSet& builtInCostSet();

}  // namespace aegen::flows
