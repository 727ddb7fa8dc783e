#pragma once
/// A few threads that wait between one piece of work and the next: starting threads anew for each
/// batch of events would cost as much as a small batch. They watch for some microseconds before
/// they sleep, because the next piece often follows at once.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace aegen::core {

class Workers {
 public:
  /// `count` of them, the thread that calls run() being one; 0: as many as processors. Throws what
  /// std::thread throws when the system has no more.
  explicit Workers(unsigned count = 1);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  [[nodiscard]] unsigned count() const { return static_cast<unsigned>(threads_.size()) + 1; }
  /// Calls work(0) .. work(count() - 1), each on a thread of its own, and returns when all have.
  /// What one of them throws (memory that ran out) is thrown here then, the first of several.
  void run(const std::function<void(unsigned worker)>& work);

 private:
  void serve(unsigned worker);
  void attempt(unsigned worker);
  void stop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const std::function<void(unsigned)>* work_ = nullptr;
  std::atomic<std::size_t> round_ = 0;   ///< counts the calls of run()
  std::atomic<std::size_t> active_ = 0;  ///< threads still at this round's work
  std::exception_ptr thrown_;            ///< in this round
  std::atomic<bool> stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace aegen::core
