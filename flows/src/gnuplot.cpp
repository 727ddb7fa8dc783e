#include "gnuplot.hpp"

#include <system_error>

#include "aegen/core/process.hpp"

namespace aegen::flows {

namespace fs = std::filesystem;

std::string plotText(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

core::Result<void> drawPlot(const fs::path& folder, const std::string& stem) {
  core::ProcessOptions options;
  options.workingDirectory = folder;
  const auto drawn = core::runProcess({"gnuplot", stem + ".gp"}, options);
  if (!drawn) {
    return drawn.error().code == "process.not-found" ? core::Result<void>{} : drawn.error();
  }
  if (drawn->ok()) {
    std::error_code error;
    fs::rename(folder / (stem + ".svg.tmp"), folder / (stem + ".svg"), error);
    if (!error) return {};
    return core::badInput("file.unwritable", error.message(), (folder / (stem + ".svg")).string());
  }
  return core::checkFailed("plot.gnuplot", "gnuplot: " + drawn->ending() + " " + drawn->output,
                           (folder / (stem + ".gp")).string());
}

}  // namespace aegen::flows
