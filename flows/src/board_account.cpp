#include "board_account.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "decoder_outputs.hpp"

namespace aegen::flows {
namespace {

using aegen_bench::CrossingStatus;
using encoders::econ_t::StringStatus;

constexpr std::size_t kStatusRow = 1;  // of a decoder's outputs: header, status, module_sum, ...

struct Verdict {
  std::size_t at = 0;  // word
  bool given = false;  // out, as good or truncated
};

bool isTruncated(CrossingStatus status) {
  return status == CrossingStatus::TruncatedFull || status == CrossingStatus::TruncatedLate;
}

class Account {
 public:
  Account(const ModuleStream& stream, const aegen_bench::LinkFormat& format, ModuleReport& report)
      : stream_(stream), format_(format), report_(report) {}

  void take(const sim::ModuleResult& result) {
    report_.crossings = stream_.words.size() / format_.words;
    for (const sim::BoardRecord& record : result.records) take(record, result.outputs);
    report_.unfinished = static_cast<std::int64_t>(report_.crossings) -
                         static_cast<std::int64_t>(result.records.size());
    std::size_t waiting = 0;
    for (auto record = result.records.rbegin(); record != result.records.rend(); ++record) {
      if (record->received.status != CrossingStatus::Unconfirmed) break;
      ++waiting;
    }
    const auto notGiven =
        static_cast<std::size_t>(std::ranges::count(verdicts_, false, &Verdict::given));
    report_.withheld = notGiven - waiting;
  }

  [[nodiscard]] RecoveryTimes recovery(LinkError kind) const {
    RecoveryTimes out;
    out.error = kind;
    std::vector<std::uint32_t> times;
    const std::size_t w = format_.words;
    const std::size_t margin = 12 * std::max<std::size_t>(w, 26);
    const std::vector<InjectedError>& errors = stream_.errors;
    for (std::size_t e = 0; e < errors.size(); ++e) {
      if (errors[e].kind != kind) continue;
      ++out.injected;
      const std::size_t begin = errors[e].at > margin ? errors[e].at - margin : 0;
      const std::size_t next = e + 1 < errors.size() ? errors[e + 1].at : stream_.words.size();
      const auto from = std::ranges::lower_bound(verdicts_, begin, {}, &Verdict::at);
      const auto to = std::ranges::lower_bound(verdicts_, next - margin, {}, &Verdict::at);
      auto good = to;  // the first of those that are all given out
      while (good != from && std::prev(good)->given) --good;
      if (good == from) {
        ++out.unseen;
      } else if (good == to) {
        ++out.notRecovered;
      } else {
        const std::size_t at = std::max(good->at, errors[e].at);
        times.push_back(static_cast<std::uint32_t>((at - errors[e].at + w - 1) / w));
      }
    }
    std::ranges::sort(times);
    if (!times.empty()) {
      out.least = times.front();
      out.median = times[times.size() / 2];
      out.most = times.back();
    }
    return out;
  }

 private:
  void take(const sim::BoardRecord& record, const core::Columns& outputs) {
    const aegen_bench::Received& received = record.received;
    ++report_.received[static_cast<std::size_t>(received.status)];
    Verdict verdict{verdicts_.empty() ? 0 : verdicts_.back().at, false};
    if (received.words > 0) verdict.at = received.start;
    if (record.decoded >= 0) {
      const auto status = outputs.at(kStatusRow, static_cast<std::size_t>(record.decoded));
      ++report_.strings[static_cast<std::size_t>(status)];
      verdict.given = status < static_cast<int>(StringStatus::BadType);
      report_.decoded += status == 0;
      report_.truncated += verdict.given && status != 0;
      report_.refused += !verdict.given;
      if (verdict.given) judge(received);
    } else if (isTruncated(received.status)) {
      verdict = {std::max<std::size_t>(verdict.at, received.start), true};
      ++report_.truncated;
    }
    verdicts_.push_back(verdict);
  }

  // Holds what was given out against what was sent.
  void judge(const aegen_bench::Received& received) {
    const std::vector<LinkWord>& words = stream_.words;
    const LinkWord& first = words[received.start];
    const std::size_t end = received.start + received.words;
    const bool whole = first.bx >= 0 && first.position == 0 &&
                       (end >= words.size() || words[end].bx < 0 ||
                        (words[end].position == 0 && words[end].crossing > first.crossing));
    bool same = true;
    for (std::size_t i = received.start; i < end; ++i) {
      same = same && !words[i].flipped && words[i].crossing == first.crossing &&
             words[i].position == i - received.start;
    }
    const bool timed = first.bx == received.bx;
    report_.garbage += !whole;
    report_.mistimed += whole && !timed;
    report_.damaged += whole && timed && !same;
    if (!whole) return;
    mistimedRun_ = timed ? 0 : mistimedRun_ + 1;
    report_.mistimedLongest = std::max(report_.mistimedLongest, mistimedRun_);
  }

  const ModuleStream& stream_;
  const aegen_bench::LinkFormat& format_;
  ModuleReport& report_;
  std::vector<Verdict> verdicts_;
  std::uint64_t mistimedRun_ = 0;
};

}  // namespace

void account(const ModuleStream& stream, const aegen_bench::LinkFormat& format,
             const std::vector<LinkError>& errors, const sim::ModuleResult& result,
             ModuleReport& report) {
  Account account(stream, format, report);
  account.take(result);
  for (const LinkError kind : errors) report.recovery.push_back(account.recovery(kind));
}

std::uint64_t differences(const sim::ModuleResult& got, const sim::ModuleResult& expected) {
  const std::size_t fewer = std::min(got.records.size(), expected.records.size());
  const std::size_t more = std::max(got.records.size(), expected.records.size());
  std::uint64_t out = more - fewer;
  for (std::size_t k = 0; k < fewer; ++k) {
    const sim::BoardRecord& a = got.records[k];
    bool same = a == expected.records[k];
    if (same && a.decoded >= 0) {
      const auto column = static_cast<std::size_t>(a.decoded);
      same = got.outputs.elements() == expected.outputs.elements();
      for (std::size_t i = 0; same && i < got.outputs.elements(); ++i) {
        same = got.outputs.at(i, column) == expected.outputs.at(i, column);
      }
    }
    out += !same;
  }
  return out;
}

std::string chargesCsv(const core::Function& decoder, const sim::ModuleResult& result) {
  const std::size_t charge = outputAt(decoder, "charge");
  const auto port = std::ranges::find(decoder.outputs, "charge", &core::Port::name);
  const std::size_t channels = port == decoder.outputs.end() ? 0 : port->count;
  std::string out = "bx,status";
  for (std::size_t c = 0; c < channels; ++c) fmt::format_to(std::back_inserter(out), ",CH_{}", c);
  out += '\n';
  for (const sim::BoardRecord& record : result.records) {
    const bool decoded = record.decoded >= 0;
    const auto column = static_cast<std::size_t>(decoded ? record.decoded : 0);
    const std::string_view status =
        decoded ? text(static_cast<StringStatus>(result.outputs.at(kStatusRow, column)))
                : text(record.received.status);
    fmt::format_to(std::back_inserter(out), "{},{}", record.received.bx, status);
    for (std::size_t c = 0; c < channels; ++c) {
      const std::int64_t value = decoded ? result.outputs.at(charge + c, column) : 0;
      fmt::format_to(std::back_inserter(out), ",{}", value);
    }
    out += '\n';
  }
  return out;
}

}  // namespace aegen::flows
