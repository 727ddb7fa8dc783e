#pragma once
/// What every pass must keep: the bits at the top's outputs, for random programs and events.

#include <cstdint>
#include <functional>
#include <string>

#include "aegen/core/design.hpp"
#include "aegen/core/passes/unit.hpp"
#include "random_program.hpp"

namespace aegen::core::passes {

/// The first seed of random tests: AEGEN_SEED of the environment, else 1.
[[nodiscard]] std::uint64_t firstSeed();

/// A program of its text form, verified.
[[nodiscard]] Program parsed(const std::string& text);

/// The text form of the functions of `text` after `pass`, its last function being the top.
[[nodiscard]] std::string after(const std::string& text, void (*pass)(Unit&));

/// Runs both on random events, ends of ranges among them, under several configurations; fails with
/// the first difference.
void expectSameBits(const Program& before, const Program& after, const std::string& top,
                    std::uint64_t seed, std::size_t events = 400);

/// The same of designs, whose outputs are compared crossing by crossing.
void expectSameBits(const Design& before, const Design& after, std::uint64_t seed,
                    std::size_t crossings = 400);

/// Small programs with every op and calls of calls, by seed.
[[nodiscard]] Program randomSubject(std::uint64_t seed);

/// A design of randomSubject()'s functions as blocks: wired at random, some of them registered,
/// with unread outputs, functions used twice, a BX counter and fields.
[[nodiscard]] Design randomDesign(std::uint64_t seed);

/// That `pass` keeps the bits of random programs and designs, leaves them valid and, run again,
/// changes nothing.
void checkPass(const std::string& name);

}  // namespace aegen::core::passes
