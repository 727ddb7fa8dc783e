#pragma once
/// The folder of one build step: made by one process at a time, and there only when it is complete.

#include <filesystem>
#include <string>

#include "aegen/core/diagnostic.hpp"

namespace aegen::sim {

/// Filled under a temporary name and renamed when complete. Who begins a step that another process
/// or thread is making waits for it, and then finds it complete or makes it itself. The lock is the
/// file `<folder>.lock`, which stays; the system releases it when its holder ends, however it ends.
class StepFolder {
 public:
  explicit StepFolder(const std::filesystem::path& folder);
  StepFolder(const StepFolder&) = delete;
  StepFolder& operator=(const StepFolder&) = delete;
  ~StepFolder();

  /// Where the step's result is.
  [[nodiscard]] const std::filesystem::path& path() const { return final_; }
  /// Where to make it, between begin() and finish().
  [[nodiscard]] const std::filesystem::path& work() const { return temporary_; }

  /// True when the step is to be made now, in an empty work(); false when it is complete.
  /// Error: sim.io.
  [[nodiscard]] core::Result<bool> begin();
  /// Gives the folder its name and lets others go on. Error: sim.io.
  [[nodiscard]] core::Result<void> finish();

 private:
  void unlock();

  std::filesystem::path final_;
  std::filesystem::path temporary_;
  int lock_ = -1;
};

}  // namespace aegen::sim
