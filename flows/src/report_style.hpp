#pragma once
/// The report's style sheet: light and dark by the reader's setting, system fonts, no images.

#include <string_view>

namespace aegen::flows {

inline constexpr std::string_view kReportStyle = R"css(
:root { color-scheme: light dark;
  --ground: #fbfbfa; --panel: #ffffff; --ink: #1c2024; --faint: #667078; --line: #e3e6e8;
  --accent: #2a6f8e; --pass: #1f7a4d; --fail: #b3261e; --missing: #8a6d1a;
  --pass-tint: #e6f3ec; --fail-tint: #fbe9e7; --missing-tint: #f8f1dc; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #14171a; --panel: #1c2024; --ink: #e6e8ea; --faint: #98a2aa; --line: #30363b;
  --accent: #6ab7d6; --pass: #6fce9f; --fail: #f2857c; --missing: #dcc06a;
  --pass-tint: #17352a; --fail-tint: #3c201e; --missing-tint: #38301a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 44px 24px 80px; }
header h1 { font-size: 2.1rem; font-weight: 650; letter-spacing: -0.02em; margin: 0 0 6px; }
header .lead { font-size: 1.08rem; max-width: 48em; margin: 0 0 14px; }
.meta, .note, figcaption { color: var(--faint); font-size: 0.88rem; }
section { margin-top: 48px; }
h2 { font-size: 1.28rem; font-weight: 620; margin: 0 0 14px; padding-bottom: 6px;
  border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; font-weight: 600; margin: 26px 0 8px; }
p { margin: 0 0 12px; max-width: 60em; }
.badge { display: inline-block; padding: 1px 10px; border-radius: 10px; font-size: 0.84rem;
  font-weight: 600; white-space: nowrap; }
.pass { color: var(--pass); background: var(--pass-tint); }
.fail { color: var(--fail); background: var(--fail-tint); }
.missing { color: var(--missing); background: var(--missing-tint); }
.verdict { font-size: 0.95rem; padding: 4px 14px; border-radius: 14px; margin-right: 10px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(168px, 1fr)); gap: 12px;
  margin: 0 0 20px; }
.tile { background: var(--panel); border: 1px solid var(--line); border-radius: 10px;
  padding: 12px 16px; }
.tile .figure { font-size: 1.5rem; font-weight: 600; letter-spacing: -0.01em;
  font-variant-numeric: tabular-nums; }
.tile .unit { font-size: 0.9rem; font-weight: 400; color: var(--faint); }
.tile .name { color: var(--faint); font-size: 0.85rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--faint); font-weight: 500; font-size: 0.84rem; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code, .mono { font: 0.88em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  overflow-wrap: anywhere; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
svg text { fill: var(--ink); font-size: 13px; font-family: inherit; }
.chart { width: 100%; max-width: 760px; height: auto; display: block; }
.chart .bar { fill: var(--accent); } .chart .label { text-anchor: end; }
.chart .value { fill: var(--faint); font-variant-numeric: tabular-nums; }
.crossings { display: grid; grid-template-columns: repeat(auto-fit, minmax(400px, 1fr)); gap: 16px; }
.crossing { background: var(--panel); border: 1px solid var(--line); border-radius: 10px;
  padding: 14px 18px; margin: 0; }
.crossing .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 14px; text-align: center; }
.wafer { width: 100%; height: auto; }
.wafer polygon { stroke: var(--panel); stroke-width: 0.12; }
.scale { width: 72%; max-width: 288px; display: block; margin: 8px auto 0; }
.scale .middle { text-anchor: middle; } .scale .end { text-anchor: end; }
.scale text { fill: var(--faint); font-size: 12px; }
details summary { cursor: pointer; color: var(--accent); font-size: 0.92rem; margin: 10px 0; }
.files { columns: 3 220px; list-style: none; padding: 0; margin: 0; }
@media (max-width: 480px) { .crossings { grid-template-columns: 1fr; } }
@media print { body { background: none; } section { break-inside: avoid; } }
)css";

}  // namespace aegen::flows
