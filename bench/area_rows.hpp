#pragma once
// The rows of docs/area.md: what is built for each, and what was measured of it.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "aegen/core/diagnostic.hpp"

namespace aegen::bench {

// A design of the table: a shipped design.yaml with other values for some keys.
struct AreaRow {
  std::string id;     // also the name of its folder
  std::string title;  // a line of the table
  std::string group;  // rows of a group stand together
  std::string base;   // below examples/
  // YAML of keys that replace the base's.
  std::string keys;
  // YAML of keys that replace the base's where this aegen knows them: what a naive design switches
  // off.
  std::string keysIfKnown;
  bool exactSums = false;  // of the autoencoder's products, else each is truncated first
  bool naive = false;      // + and * as Yosys itself builds them
};
std::vector<AreaRow> areaRows();

// Figures of a row. What no tool delivered is empty: "not measured" in the table.
struct AreaFigures {
  std::string digest;  // of what they were measured on
  std::string revision;
  std::string problem;  // why there are none
  std::string library;
  std::string tool;
  std::optional<double> area;  // um2
  std::optional<double> nand2;
  std::optional<std::uint64_t> flipFlops;
  std::optional<int> depth;        // cells
  std::optional<double> clockMhz;  // the highest
  std::optional<double> energyPj;  // a crossing
  std::optional<double> seconds;   // of the synthesis, as it went
  std::optional<double> estimate;  // um2, before synthesis
  std::optional<double> estimateDepth;
  std::optional<double> estimateSeconds;
};

struct AreaRun {
  std::filesystem::path liberty;
  std::filesystem::path work;
  unsigned jobs = 2;
};

// Builds and synthesises a row in `run.work`/id, which is laid out as an output folder of `aegen
// build`; nothing is done again that has been done on the same RTL with the same library and rules.
AreaFigures measureRow(const AreaRow& row, const AreaRun& run);

// Relative spread (largest - smallest) / mean of the area of a small design whose statements stand
// in another order each time.
struct AreaNoise {
  std::string design;
  int orders = 0;
  double spread = 0;
  double depthSpread = 0;
};
AreaNoise measureNoise(const AreaRun& run, int orders, std::uint64_t seed);

}  // namespace aegen::bench
