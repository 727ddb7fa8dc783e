#include "checkpoint.hpp"

#include <cstring>
#include <string>
#include <type_traits>

#include "aegen/core/files.hpp"

namespace aegen::encoders::training {
namespace {

constexpr std::string_view kMagic = "aegen-checkpoint-1\n";

// One order of the fields for both directions.
template <typename Stream, typename Fields>
void visit(Stream& stream, Fields& c) {
  stream.value(c.run);
  stream.value(c.random);
  stream.value(c.steps);
  stream.value(c.seen);
  stream.value(c.revived);
  stream.value(c.bestLoss);
  stream.value(c.bestEpoch);
  stream.list(c.order);
  stream.list(c.parameters);
  stream.list(c.best);
  stream.list(c.moments.mean);
  stream.list(c.moments.square);
  stream.value(c.moments.power1);
  stream.value(c.moments.power2);
  stream.list(c.alive);
  std::uint64_t epochs = c.epochs.size();
  stream.value(epochs);
  stream.resize(c.epochs, epochs);
  for (auto& epoch : c.epochs) {
    stream.value(epoch.epoch);
    stream.value(epoch.trainLoss);
    stream.value(epoch.validationLoss);
    stream.value(epoch.learningRate);
    stream.value(epoch.best);
  }
}

class Writer {
 public:
  std::string text{kMagic};

  template <typename T>
  void value(const T& value) {
    text.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  template <typename T>
  void list(const std::vector<T>& values) {
    value(std::uint64_t{values.size()});
    text.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }
  template <typename T>
  void resize(const std::vector<T>& /*values*/, std::uint64_t /*size*/) {}
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool good = true;

  template <typename T>
  void value(T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (!has(sizeof(T))) return;
    if constexpr (std::is_same_v<T, bool>) {
      value = text_.front() != 0;
    } else {
      std::memcpy(&value, text_.data(), sizeof(T));
    }
    text_.remove_prefix(sizeof(T));
  }
  template <typename T>
  void list(std::vector<T>& values) {
    std::uint64_t size = 0;
    value(size);
    if (!has(size, sizeof(T))) return;
    values.resize(size);
    if (size > 0) std::memcpy(values.data(), text_.data(), size * sizeof(T));
    text_.remove_prefix(size * sizeof(T));
  }
  template <typename T>
  void resize(std::vector<T>& values, std::uint64_t size) {
    if (has(size)) values.resize(size);
  }
  [[nodiscard]] bool atEnd() const { return text_.empty(); }

 private:
  bool has(std::uint64_t count, std::size_t size = 1) {
    good = good && count <= text_.size() / size;
    return good;
  }
  std::string_view text_;
};

}  // namespace

std::uint64_t hashOf(std::string_view bytes, std::uint64_t start) {
  for (const char byte : bytes) {
    start = (start ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
  }
  return start;
}

core::Result<void> save(const Checkpoint& checkpoint, const std::filesystem::path& file) {
  Writer writer;
  visit(writer, checkpoint);
  writer.value(hashOf(writer.text));
  return core::writeFile(file, writer.text);
}

core::Result<Checkpoint> load(const std::filesystem::path& file, std::uint64_t run) {
  const auto text = core::readFile(file);
  if (!text) return text.error();
  const auto problem = [&](const char* message, const char* note) {
    return core::badInput("train.checkpoint", message, file.string(), {note});
  };
  constexpr const char* kAnew = "start anew without resuming";
  std::uint64_t hash = 0;
  if (text->size() < kMagic.size() + sizeof(hash) || !text->starts_with(kMagic)) {
    return problem("is not a checkpoint", kAnew);
  }
  const std::string_view body = std::string_view(*text).substr(0, text->size() - sizeof(hash));
  std::memcpy(&hash, text->data() + body.size(), sizeof(hash));
  if (hashOf(body) != hash) return problem("is damaged", kAnew);
  Reader reader(body.substr(kMagic.size()));
  Checkpoint checkpoint;
  visit(reader, checkpoint);
  if (!reader.good || !reader.atEnd()) return problem("is damaged", kAnew);
  if (checkpoint.run != run) {
    return problem("is of another configuration or other events",
                   "resume with what the run was started with, or start anew");
  }
  return checkpoint;
}

}  // namespace aegen::encoders::training
