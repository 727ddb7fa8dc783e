#pragma once
/// Which events a command works on: a file's, or generated ones.

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>

#include "aegen/data/events.hpp"

namespace aegen::tools {

struct EventChoice {
  std::string file;  ///< empty: generated
  std::string density = "high";
  std::string regime = "sparse";
  std::size_t count = 5000;
  std::uint64_t seed = 99991;
};

/// Adds --events (its help ends in `more`), --density, --regime, --count and --seed.
void addEventOptions(CLI::App& command, EventChoice& choice, const std::string& more = {});

struct ChosenEvents {
  data::EventTable table;
  std::string source;  ///< for people: the file, or what was generated
};
/// Reads or generates them. Diagnostics of data::readEvents().
[[nodiscard]] core::Result<ChosenEvents> chosenEvents(const EventChoice& choice);

}  // namespace aegen::tools
