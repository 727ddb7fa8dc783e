#include "onnx_runtime.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "aegen/core/files.hpp"
#include "aegen/core/process.hpp"
#include "onnx.pb.h"

namespace aegen::test {
namespace {

namespace fs = std::filesystem;
using core::Result;
using nlohmann::json;

// Held while the runtime is installed: ctest runs the cases side by side.
class FileLock {
 public:
  explicit FileLock(const fs::path& file)
      : descriptor_(::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)) {
    if (descriptor_ >= 0) ::flock(descriptor_, LOCK_EX);
  }
  ~FileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_;
};

// The folder in which run_models.js finds the runtime.
Result<fs::path> installed() {
  const fs::path source = fs::path(AEGEN_SOURCE_DIR) / "tests" / "onnx";
  const fs::path folder = fs::path(AEGEN_BUILD_DIR) / "onnx_runtime";
  fs::create_directories(folder);
  const FileLock lock(folder / "lock");
  const auto wanted = core::readFile(source / "package-lock.json");
  if (!wanted) return wanted.error();
  const fs::path stamp = folder / "installed.json";
  for (const char* const file : {"package.json", "package-lock.json", "run_models.js"}) {
    fs::copy_file(source / file, folder / file, fs::copy_options::overwrite_existing);
  }
  if (const auto have = core::readFile(stamp); have && *have == *wanted) return folder;
  core::ProcessOptions options;
  options.workingDirectory = folder;
  options.timeoutSeconds = 300;
  const auto done = core::runProcess(
      {"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"}, options);
  if (!done) return done.error();
  if (!done->ok()) {
    return core::missingTool("test.onnx-runtime",
                             "npm could not install ONNX Runtime: " + done->ending(),
                             folder.string(), {core::lastLines(done->output, 10)});
  }
  if (const auto written = core::writeFile(stamp, *wanted); !written) return written.error();
  return folder;
}

// "float32" or "float64", as the model's first input is.
const char* typeOf(const std::string& bytes) {
  onnx::ModelProto model;
  model.ParseFromString(bytes);
  return model.graph().input(0).type().tensor_type().elem_type() == onnx::TensorProto::DOUBLE
             ? "float64"
             : "float32";
}

}  // namespace

Result<std::vector<RealValues>> runInOnnxRuntime(const std::vector<OnnxJob>& jobs) {
  const auto runtime = installed();
  if (!runtime) return runtime.error();
  const fs::path folder = *runtime / ("run_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  json list = json::array();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const fs::path model = folder / (std::to_string(i) + ".onnx");
    if (const auto done = core::writeFile(model, jobs[i].model); !done) return done.error();
    json inputs = json::object();
    for (const RealValues& input : jobs[i].inputs) {
      inputs[input.name] = {{"dims", input.dims}, {"values", input.values}};
    }
    list.push_back(
        {{"model", model.string()}, {"type", typeOf(jobs[i].model)}, {"inputs", inputs}});
  }
  const fs::path request = folder / "jobs.json";
  const fs::path answer = folder / "results.json";
  if (const auto done = core::writeFile(request, list.dump()); !done) return done.error();
  core::ProcessOptions options;
  options.timeoutSeconds = 300;
  const auto ran = core::runProcess(
      {"node", (*runtime / "run_models.js").string(), request.string(), answer.string()}, options);
  if (!ran) return ran.error();
  if (!ran->ok()) {
    return core::missingTool("test.onnx-runtime", "node failed: " + ran->ending(), folder.string(),
                             {core::lastLines(ran->output, 10)});
  }
  const auto text = core::readFile(answer);
  if (!text) return text.error();
  std::vector<RealValues> out;
  for (const json& result : json::parse(*text)) {
    if (result.contains("error")) {
      return core::internalError("test.onnx-model", result["error"].get<std::string>(),
                                 "job " + std::to_string(out.size()) + " in " + folder.string());
    }
    out.push_back({result["output"], result["dims"], result["values"]});
  }
  fs::remove_all(folder);
  return out;
}

}  // namespace aegen::test
