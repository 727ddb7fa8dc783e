#include "step_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace aegen::sim {

namespace fs = std::filesystem;
using core::Result;

StepFolder::StepFolder(const fs::path& folder)
    : final_(fs::absolute(folder)),
      // A name of its own even so: not every network file system has locks.
      temporary_(final_.string() + ".tmp" + std::to_string(::getpid())) {}

StepFolder::~StepFolder() {
  unlock();
}

Result<bool> StepFolder::begin() {
  if (fs::exists(final_)) return false;
  std::error_code error;
  fs::create_directories(final_.parent_path(), error);
  const std::string file = final_.string() + ".lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ < 0) return core::badInput("sim.io", std::strerror(errno), file);
  // Where there are no locks, both make the step and the first to finish is taken.
  while (::flock(lock_, LOCK_EX) != 0 && errno == EINTR) {
  }
  if (fs::exists(final_)) {
    unlock();
    return false;
  }
  fs::remove_all(temporary_, error);
  fs::create_directories(temporary_, error);
  if (error) return core::badInput("sim.io", error.message(), temporary_.string());
  return true;
}

Result<void> StepFolder::finish() {
  std::error_code error;
  fs::rename(temporary_, final_, error);
  const std::string why = error.message();
  const bool renamed = !error;
  if (!renamed) fs::remove_all(temporary_, error);
  unlock();
  if (!renamed && !fs::exists(final_)) return core::badInput("sim.io", why, final_.string());
  return {};
}

void StepFolder::unlock() {
  if (lock_ < 0) return;
  ::flock(lock_, LOCK_UN);  // not by closing alone: a forked child may still hold a copy
  ::close(lock_);
  lock_ = -1;
}

}  // namespace aegen::sim
