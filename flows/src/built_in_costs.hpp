#pragma once
/// The stored set of the default library, built in from data/cost/osu018.json.

#include <string_view>

namespace aegen::flows {

[[nodiscard]] std::string_view builtInCosts();

}  // namespace aegen::flows
