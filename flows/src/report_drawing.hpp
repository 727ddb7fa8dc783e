#pragma once
/// Inline SVG of the report: bar charts and wafers.

#include <string>
#include <string_view>
#include <vector>

#include "aegen/flows/report.hpp"

namespace aegen::flows {

/// Text made safe for HTML content and attribute values.
[[nodiscard]] std::string escaped(std::string_view text);

struct Bar {
  std::string label;
  double value = 0;
  std::string text;  ///< written at the bar's end
};

/// Horizontal bars on a common scale that starts at 0; `description` for those who cannot see it.
[[nodiscard]] std::string barChart(const std::vector<Bar>& bars, std::string_view description);

/// One wafer: each cell filled by its charge on a scale from 0 to `largest`.
[[nodiscard]] std::string wafer(const std::vector<std::vector<ReportPoint>>& cells,
                                const std::vector<double>& charges, double largest,
                                std::string_view description);

/// The colour scale of wafer(), with its ends and middle labelled.
[[nodiscard]] std::string colourScale(double largest);

}  // namespace aegen::flows
