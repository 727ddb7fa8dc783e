#pragma once
/// ONNX Runtime for tests: models and their inputs in, outputs out.

#include <string>
#include <vector>

#include "aegen/core/diagnostic.hpp"

namespace aegen::test {

/// A tensor of real numbers, row-major.
struct RealValues {
  std::string name;
  std::vector<int> dims;
  std::vector<double> values;
};

/// A model and what it is given.
struct OnnxJob {
  std::string model;  ///< the file's bytes
  std::vector<RealValues> inputs;
};

/// The first output of each job, in order, by one process. Installs the runtime of
/// tests/onnx/package-lock.json into the build folder when it is not there. Every failure is a
/// diagnostic: no network for the first installation, a model the runtime refuses.
[[nodiscard]] core::Result<std::vector<RealValues>> runInOnnxRuntime(
    const std::vector<OnnxJob>& jobs);

}  // namespace aegen::test
