#pragma once
/// What a module's records say, held against what was sent.

#include <string>
#include <vector>

#include "aegen/core/program.hpp"
#include "board_stream.hpp"

namespace aegen::flows {

/// Fills in the account of a module: where each crossing went, what was given out wrongly, and the
/// recovery from each kind of `errors`.
void account(const ModuleStream& stream, const aegen_bench::LinkFormat& format,
             const std::vector<LinkError>& errors, const sim::ModuleResult& result,
             ModuleReport& report);

/// Records that differ, in themselves or in the decoder's outputs, or are missing on one side.
[[nodiscard]] std::uint64_t differences(const sim::ModuleResult& got,
                                        const sim::ModuleResult& expected);

/// A line a record: bx (-1: not known), status (the decoder's where there is a string to decode,
/// else the receiver's) and the charges in channel order, zeros where none was decoded.
[[nodiscard]] std::string chargesCsv(const core::Function& decoder,
                                     const sim::ModuleResult& result);

/// "good", "truncated_full", ..., "lost".
[[nodiscard]] std::string_view text(aegen_bench::CrossingStatus status);

}  // namespace aegen::flows
