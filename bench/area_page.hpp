#pragma once
// docs/area.md from bench/results/area.json.

#include <string>

#include "measure.hpp"

namespace aegen::bench {

// Gates of another process, by the area of its NAND2 and the share of a row that cells fill.
inline constexpr double kNand2Of65nm = 1.44;  // um2, 65 nm low power
inline constexpr double kUtilisation = 0.7;
// The published autoencoder of the ECON-T (IEEE TNS 68 (2021) 2179): 65 nm low power.
inline constexpr double kPublishedArea = 3.6;  // mm2
inline constexpr double kPublishedPower = 95;  // mW
inline constexpr double kCrossingRate = 40e6;  // Hz

// Why a row has no figures when nothing is wrong with it.
inline constexpr const char* kNotRun = "not run yet";

// The page as Markdown.
std::string areaPage(const ordered& figures);

}  // namespace aegen::bench
