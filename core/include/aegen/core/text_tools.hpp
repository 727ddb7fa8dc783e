#pragma once
/// Small questions about texts that several layers ask: is it an identifier, is it the same as before.

#include <cstdint>
#include <string>
#include <string_view>

namespace aegen::core {

/// A letter followed by letters, digits and `_`: what Verilog, C++ and the IR all take as a name.
[[nodiscard]] bool isIdentifier(std::string_view text);

/// 64-bit FNV-1a of a text (Fowler, Noll, Vo): tells one content from another where nothing depends
/// on it being hard to forge. `seed` continues an earlier digest.
inline constexpr std::uint64_t kDigestStart = 0xcbf29ce484222325ULL;
[[nodiscard]] std::uint64_t digest(std::string_view text, std::uint64_t seed = kDigestStart);

/// digest() as sixteen hexadecimal digits.
[[nodiscard]] std::string digestText(std::string_view text);

}  // namespace aegen::core
