#pragma once
/// Which thread computes what next when chunks of crossings pass through a series of steps, some of
/// which hold state and must see the chunks in order.

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace aegen::core {

class ChunkPipeline {
 public:
  struct Task {
    std::size_t chunk;
    std::size_t step;
  };

  /// `inOrder`: for each step, whether it takes the chunks one at a time and in order.
  ChunkPipeline(std::size_t chunks, std::vector<bool> inOrder)
      : inOrder_(std::move(inOrder)), turn_(inOrder_.size(), 0), chunks_(chunks) {}

  /// Calls compute(const Task&) on the calling thread for what it gets to do, of the earliest chunk
  /// that has any, and waits while others must finish something first. Returns when all is taken
  /// that ever will be. When a call throws, all threads end their work here.
  template <typename Compute>
  void work(Compute compute) {
    while (const std::optional<Task> task = take()) {
      try {
        compute(*task);
      } catch (...) {
        abandon();
        throw;
      }
      finish(*task);
    }
  }

 private:
  struct Chunk {
    std::size_t step = 0;  ///< its next
    bool busy = false;
  };

  std::optional<Task> take() {
    std::unique_lock lock(mutex_);
    while (first_ < chunks_.size()) {
      for (std::size_t c = first_; c < chunks_.size(); ++c) {
        Chunk& chunk = chunks_[c];
        if (chunk.busy || chunk.step == inOrder_.size()) continue;
        if (inOrder_[chunk.step] && turn_[chunk.step] != c) continue;
        chunk.busy = true;
        return Task{c, chunk.step};
      }
      changed_.wait(lock);
    }
    return std::nullopt;
  }

  void finish(const Task& task) {
    {
      const std::lock_guard lock(mutex_);
      Chunk& chunk = chunks_[task.chunk];
      chunk.busy = false;
      ++chunk.step;
      if (inOrder_[task.step]) ++turn_[task.step];
      while (first_ < chunks_.size() && chunks_[first_].step == inOrder_.size()) ++first_;
    }
    changed_.notify_all();
  }

  // Nothing more is taken: the step that failed will never be finished.
  void abandon() {
    {
      const std::lock_guard lock(mutex_);
      first_ = chunks_.size();
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> inOrder_;
  std::vector<std::size_t> turn_;  ///< the chunk that an in-order step takes next
  std::vector<Chunk> chunks_;
  std::size_t first_ = 0;  ///< all before it are done
};

}  // namespace aegen::core
