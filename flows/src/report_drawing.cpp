#include "report_drawing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace aegen::flows {

namespace {

struct Colour {
  double red, green, blue;
};

// From an empty cell's grey-violet to a bright yellow; lightness grows steadily, so that it reads
// in grey as well.
constexpr auto kScale = std::to_array<Colour>({{34, 31, 58},
                                               {52, 62, 124},
                                               {40, 106, 142},
                                               {34, 150, 138},
                                               {92, 192, 104},
                                               {178, 216, 60},
                                               {253, 231, 70}});

// Square root of the share: small charges stay visible beside a shower's core.
double shade(double charge, double largest) {
  return largest <= 0 ? 0 : std::sqrt(std::clamp(charge / largest, 0.0, 1.0));
}

std::string colourAt(double share) {
  const double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(kScale.size() - 1);
  const std::size_t index = std::min(static_cast<std::size_t>(place), kScale.size() - 2);
  const double rest = place - static_cast<double>(index);
  const Colour& a = kScale[index];
  const Colour& b = kScale[index + 1];
  const auto mix = [rest](double from, double to) {
    return static_cast<int>(std::lround(from + (to - from) * rest));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(a.red, b.red), mix(a.green, b.green),
                     mix(a.blue, b.blue));
}

// Three significant digits without an exponent for what charges are.
std::string chargeText(double charge) {
  return charge >= 100 || charge == 0 ? fmt::format("{:.0f}", charge)
                                      : fmt::format("{:.3g}", charge);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string barChart(const std::vector<Bar>& bars, std::string_view description) {
  constexpr int kRow = 26;
  constexpr int kLabels = 210;
  constexpr int kBars = 400;
  constexpr int kWidth = 760;
  double largest = 0;
  for (const Bar& bar : bars) {
    largest = std::max(largest, bar.value);
  }
  std::string svg =
      fmt::format("<svg class=\"chart\" role=\"img\" viewBox=\"0 0 {} {}\" aria-label=\"{}\">\n",
                  kWidth, kRow * static_cast<int>(bars.size()) + 4, escaped(description));
  int y = 2;
  for (const Bar& bar : bars) {
    const double length = largest <= 0 ? 0 : bar.value / largest * kBars;
    svg += fmt::format("<text class=\"label\" x=\"{}\" y=\"{}\">{}</text>", kLabels - 10, y + 17,
                       escaped(bar.label));
    svg += fmt::format(
        "<rect class=\"bar\" x=\"{}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" rx=\"2\" />", kLabels,
        y + 4, std::max(length, 1.0), kRow - 8);
    svg += fmt::format("<text class=\"value\" x=\"{:.1f}\" y=\"{}\">{}</text>\n",
                       kLabels + length + 8, y + 17, escaped(bar.text));
    y += kRow;
  }
  return svg + "</svg>\n";
}

std::string wafer(const std::vector<std::vector<ReportPoint>>& cells,
                  const std::vector<double>& charges, double largest,
                  std::string_view description) {
  double left = 0, right = 0, bottom = 0, top = 0;
  bool first = true;
  for (const auto& corners : cells) {
    for (const ReportPoint& corner : corners) {
      left = first ? corner.x : std::min(left, corner.x);
      right = first ? corner.x : std::max(right, corner.x);
      bottom = first ? corner.y : std::min(bottom, corner.y);
      top = first ? corner.y : std::max(top, corner.y);
      first = false;
    }
  }
  constexpr double kMargin = 0.3;
  std::string svg = fmt::format(
      "<svg class=\"wafer\" role=\"img\" viewBox=\"{:.2f} {:.2f} {:.2f} {:.2f}\" "
      "aria-label=\"{}\">\n",
      left - kMargin, -top - kMargin, right - left + 2 * kMargin, top - bottom + 2 * kMargin,
      escaped(description));
  for (std::size_t i = 0; i < std::min(cells.size(), charges.size()); ++i) {
    std::string points;
    for (const ReportPoint& corner : cells[i]) {
      points += fmt::format("{}{:.2f},{:.2f}", points.empty() ? "" : " ", corner.x, -corner.y);
    }
    svg += fmt::format("<polygon points=\"{}\" fill=\"{}\"><title>cell {}: {}</title></polygon>\n",
                       points, colourAt(shade(charges[i], largest)), i, chargeText(charges[i]));
  }
  return svg + "</svg>\n";
}

std::string colourScale(double largest) {
  constexpr int kSteps = 48;
  constexpr int kStep = 6;
  constexpr int kWidth = kSteps * kStep;
  std::string svg = fmt::format(
      "<svg class=\"scale\" role=\"img\" viewBox=\"0 0 {} 34\" aria-label=\"colour scale from 0 to "
      "{}\">\n",
      kWidth, chargeText(largest));
  for (int i = 0; i < kSteps; ++i) {
    const double share = static_cast<double>(i) / (kSteps - 1);
    svg += fmt::format("<rect x=\"{}\" y=\"0\" width=\"{}\" height=\"14\" fill=\"{}\" />",
                       i * kStep, kStep + 1, colourAt(share));
  }
  // Half way along the scale stands a quarter of the charge.
  svg += fmt::format(
      "<text class=\"start\" x=\"0\" y=\"30\">0</text><text class=\"middle\" x=\"{}\" "
      "y=\"30\">{}</text><text class=\"end\" x=\"{}\" y=\"30\">{}</text>\n",
      kWidth / 2, chargeText(largest / 4), kWidth, chargeText(largest));
  return svg + "</svg>\n";
}

}  // namespace aegen::flows
