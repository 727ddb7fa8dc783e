#include "aegen/core/workers.hpp"

#include <algorithm>
#include <utility>

namespace aegen::core {
namespace {

// Some ten microseconds: about what waking a thread costs.
constexpr int kGlances = 400;

template <typename Ready>
void glance(Ready&& ready) {
  for (int i = 0; i < kGlances && !ready(); ++i) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  }
}

}  // namespace

Workers::Workers(unsigned count) {
  if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
  try {
    for (unsigned worker = 1; worker < count; ++worker) {
      threads_.emplace_back([this, worker] { serve(worker); });
    }
  } catch (...) {
    stop();
    throw;
  }
}

Workers::~Workers() {
  stop();
}

void Workers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::run(const std::function<void(unsigned)>& work) {
  work_ = &work;
  if (!threads_.empty()) {
    const std::lock_guard lock(mutex_);
    active_ = threads_.size();
    ++round_;
  }
  wake_.notify_all();
  attempt(0);
  glance([this] { return active_ == 0; });
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return active_ == 0; });
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
}

// The others still use what `work_` refers to when one throws: nobody leaves before all are done.
void Workers::attempt(unsigned worker) {
  try {
    (*work_)(worker);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!thrown_) thrown_ = std::current_exception();
  }
}

void Workers::serve(unsigned worker) {
  std::size_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    lock.unlock();
    glance([&] { return stop_ || round_ != seen; });
    lock.lock();
    wake_.wait(lock, [&] { return stop_ || round_ != seen; });
    if (stop_) return;
    seen = round_;
    lock.unlock();
    attempt(worker);
    lock.lock();
    if (--active_ == 0) done_.notify_one();
  }
}

}  // namespace aegen::core
