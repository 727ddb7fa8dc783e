#include "board_stream.hpp"

#include <algorithm>
#include <deque>
#include <random>

namespace aegen::flows {
namespace {

using aegen_bench::LinkFormat;

// A chip without limits to its buffer: strings leave one behind the other.
class Sender {
 public:
  Sender(const std::vector<std::vector<std::uint16_t>>& strings, const LinkFormat& format)
      : strings_(strings), format_(format) {}

  void send(std::vector<LinkWord>& out, std::size_t crossings) {
    for (std::size_t k = 0; k < crossings; ++k) {
      const std::vector<std::uint16_t>& string = strings_[next_];
      for (std::size_t i = 0; i < string.size(); ++i) {
        queue_.push_back({string[i], static_cast<std::uint16_t>(i),
                          static_cast<std::int32_t>(next_), crossing_, false});
      }
      const auto fill = static_cast<std::uint16_t>(
          (format_.headerAt(static_cast<std::uint32_t>(next_)) << 11) | format_.syncWord);
      for (std::uint32_t i = 0; i < format_.words; ++i) {
        if (queue_.empty()) {
          out.push_back({fill, 0, -1, crossing_, false});
        } else {
          out.push_back(queue_.front());
          queue_.pop_front();
        }
      }
      next_ = next_ + 1 == strings_.size() ? 0 : next_ + 1;
      ++crossing_;
    }
  }

  void jumpTo(std::size_t bx) { next_ = bx; }

 private:
  const std::vector<std::vector<std::uint16_t>>& strings_;
  const LinkFormat& format_;
  std::deque<LinkWord> queue_;
  std::size_t next_ = 0;
  std::uint64_t crossing_ = 0;
};

class Injector {
 public:
  Injector(ModuleStream& stream, Sender& sender, const LinkFormat& format, std::size_t orbit,
           std::uint64_t seed)
      : stream_(stream), sender_(sender), format_(format), orbit_(orbit), random_(seed) {}

  // Puts an error into the crossings sent last.
  void inject(LinkError kind) {
    constexpr std::size_t kCrossings = 3;
    const std::size_t w = format_.words;
    const std::size_t first = stream_.words.size() - kCrossings * w;
    std::size_t at = first + below(kCrossings * w);
    const auto place = [&](std::size_t word) {
      return stream_.words.begin() + static_cast<std::ptrdiff_t>(word);
    };
    switch (kind) {
      case LinkError::Flip:
        flip(at);
        break;
      case LinkError::Burst:
        at = first;
        for (int bit = 0; bit < 16; ++bit) flip(first + below(kCrossings * w));
        break;
      case LinkError::DropWord:
        stream_.words.erase(place(at));
        break;
      case LinkError::RepeatWord:
        stream_.words.insert(place(at), LinkWord(stream_.words[at]));
        break;
      case LinkError::DropCrossing:
        at = first;
        stream_.words.erase(place(first), place(first + w));
        break;
      case LinkError::RepeatCrossing: {
        at = first + w;
        const std::vector<LinkWord> copy(place(first), place(first + w));
        stream_.words.insert(place(at), copy.begin(), copy.end());
        break;
      }
      case LinkError::Orbit:
        at = stream_.words.size();
        sender_.jumpTo(below(orbit_));
        break;
    }
    stream_.errors.push_back({kind, at});
  }

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

 private:
  void flip(std::size_t at) {
    LinkWord& word = stream_.words[at];
    word.value = static_cast<std::uint16_t>(word.value ^ 1U << below(16));
    word.flipped = true;
  }

  ModuleStream& stream_;
  Sender& sender_;
  const LinkFormat& format_;
  std::size_t orbit_;
  std::mt19937_64 random_;
};

// Where strings begin in clean words, and how long they are.
template <typename Found>
void eachString(const std::vector<std::uint16_t>& words, const LinkFormat& format, Found found) {
  aegen_bench::ReceiverOptions options;
  options.startBx = 0;
  aegen_bench::LinkReceiver receiver(format, options);
  const auto sink = [&](const aegen_bench::Received& got, const std::uint16_t*) {
    if (got.words > 0) found(static_cast<std::size_t>(got.start), std::size_t{got.words});
  };
  for (std::size_t at = 0; at + format.words <= words.size(); at += format.words) {
    if (format.variable == 0) {
      found(at, std::size_t{format.words});
    } else {
      receiver.crossing(words.data() + at, sink);
    }
  }
}

}  // namespace

ModuleStream cleanStream(const std::vector<std::uint16_t>& words, const LinkFormat& format) {
  ModuleStream stream;
  for (const std::uint16_t word : words) stream.words.push_back({word, 0, -1, 0, false});
  std::uint64_t count = 0;
  const auto label = [&](std::size_t start, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) {
      LinkWord& word = stream.words[start + i];
      word.position = static_cast<std::uint16_t>(i);
      word.bx = static_cast<std::int32_t>(count % format.orbit);
      word.crossing = count;
    }
    ++count;
  };
  eachString(words, format, label);
  return stream;
}

std::vector<std::vector<std::uint16_t>> stringsOf(const std::vector<std::uint16_t>& words,
                                                  const LinkFormat& format) {
  std::vector<std::vector<std::uint16_t>> strings;
  eachString(words, format, [&](std::size_t start, std::size_t length) {
    const auto first = words.begin() + static_cast<std::ptrdiff_t>(start);
    strings.emplace_back(first, first + static_cast<std::ptrdiff_t>(length));
  });
  return strings;
}
ModuleStream streamOf(const std::vector<std::vector<std::uint16_t>>& strings,
                      const LinkFormat& format, const std::vector<LinkError>& errors,
                      unsigned count, std::uint64_t seed) {
  ModuleStream stream;
  Sender sender(strings, format);
  Injector injector(stream, sender, format, strings.size(), seed);
  constexpr std::size_t kSettle = 40;
  sender.send(stream.words, kSettle);
  for (unsigned n = 0; n < count; ++n) {
    for (const LinkError kind : errors) {
      sender.send(stream.words, kSettle + injector.below(kSettle));
      injector.inject(kind);
      // An orbit until the place in it is known again, and what two orbits meet in between.
      const bool brief = kind == LinkError::Flip;
      sender.send(stream.words, brief ? 4 * kSettle : 2 * strings.size() + 2 * kSettle);
    }
  }
  const std::size_t w = format.words;
  stream.words.resize(stream.words.size() / w * w);
  return stream;
}

}  // namespace aegen::flows
