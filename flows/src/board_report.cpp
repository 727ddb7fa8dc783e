#include <nlohmann/json.hpp>

#include <algorithm>

#include "aegen/flows/board_run.hpp"
#include "board_account.hpp"

namespace aegen::flows {
namespace {

using aegen_bench::CrossingStatus;
using encoders::econ_t::StringStatus;
using ordered = nlohmann::ordered_json;

constexpr std::string_view kStandIn = "stand-in: the encoder's weights transposed";

ordered recoveryJson(const RecoveryTimes& times) {
  ordered out{
      {"injected", times.injected}, {"seen", times.seen()}, {"not_recovered", times.notRecovered}};
  const bool some = times.recovered() > 0;
  out["least"] = some ? ordered(times.least) : ordered();
  out["median"] = some ? ordered(times.median) : ordered();
  out["most"] = some ? ordered(times.most) : ordered();
  return out;
}

ordered moduleJson(const ModuleReport& module, const BoardReport& report) {
  ordered out{{"name", module.name}, {"algorithm", module.algorithm}};
  if (module.problem) {
    out["problem"] = {{"code", module.problem->code},
                      {"message", module.problem->message},
                      {"where", module.problem->where}};
    return out;
  }
  out["passed"] = passed(module, report.errors.empty());
  out["status"] = module.nothingSent ? "nothing_sent" : "on_board";
  if (module.standIn) {
    out["decoder_network"] = kStandIn;
  } else if (module.algorithm == text(encoders::econ_t::Algorithm::Autoencoder)) {
    out["decoder_network"] = report.decoder;
  }
  out["crossings"] = module.crossings;
  ordered& account = out["account"];
  account = {
      {"decoded", module.decoded}, {"truncated", module.truncated}, {"refused", module.refused}};
  for (std::size_t s = static_cast<std::size_t>(CrossingStatus::BadType);
       s < module.received.size(); ++s) {
    account[std::string(text(static_cast<CrossingStatus>(s)))] = module.received[s];
  }
  account["unfinished"] = module.unfinished;
  for (std::size_t s = 0; s < module.received.size(); ++s) {
    out["receiver"][std::string(text(static_cast<CrossingStatus>(s)))] = module.received[s];
  }
  for (std::size_t s = 0; s < module.strings.size(); ++s) {
    out["decoder"][std::string(text(static_cast<StringStatus>(s)))] = module.strings[s];
  }
  for (const RecoveryTimes& r : module.recovery) {
    out["recovery"][std::string(text(r.error))] = recoveryJson(r);
  }
  out["undetected_payload"] = module.damaged;
  out["mistimed"] = module.mistimed;
  out["mistimed_longest"] = module.mistimedLongest;
  out["garbage"] = module.garbage;
  out["withheld"] = module.withheld;
  out["mismatches"] = module.mismatches ? ordered(*module.mismatches) : ordered();
  return out;
}

// What the records were held against, over all modules.
ordered checkJson(const BoardReport& report) {
  ordered out;
  for (const ModuleReport& module : report.modules) {
    if (!module.mismatches) continue;
    if (out.is_null()) {
      out = {{"against", "receivers and interpreter"},
             {"compared", "every record and every decoder output"},
             {"modules", 0},
             {"mismatches", 0}};
    }
    out["modules"] = out["modules"].get<std::uint64_t>() + 1;
    out["mismatches"] = out["mismatches"].get<std::uint64_t>() + *module.mismatches;
  }
  return out;
}

}  // namespace

std::string_view text(LinkError error) {
  switch (error) {
    case LinkError::Flip:
      return "flip";
    case LinkError::Burst:
      return "burst";
    case LinkError::DropWord:
      return "drop";
    case LinkError::RepeatWord:
      return "repeat";
    case LinkError::DropCrossing:
      return "drop-crossing";
    case LinkError::RepeatCrossing:
      return "repeat-crossing";
    case LinkError::Orbit:
      return "orbit";
  }
  return {};
}

std::string_view text(CrossingStatus status) {
  switch (status) {
    case CrossingStatus::Good:
      return "good";
    case CrossingStatus::TruncatedFull:
      return "truncated_full";
    case CrossingStatus::TruncatedLate:
      return "truncated_late";
    case CrossingStatus::BadType:
      return "bad_type";
    case CrossingStatus::HeaderMismatch:
      return "header_mismatch";
    case CrossingStatus::Unconfirmed:
      return "unconfirmed";
    case CrossingStatus::Unphased:
      return "unphased";
    case CrossingStatus::Lost:
      return "lost";
  }
  return {};
}

std::int64_t ModuleReport::accounted() const {
  std::uint64_t sum = decoded + truncated + refused;
  for (auto s = static_cast<std::size_t>(CrossingStatus::BadType); s < received.size(); ++s) {
    sum += received[s];
  }
  return static_cast<std::int64_t>(sum) + unfinished;
}

std::string boardJson(const BoardReport& report) {
  ordered modules = ordered::array();
  std::uint64_t garbage = 0;
  for (const ModuleReport& module : report.modules) {
    modules.push_back(moduleJson(module, report));
    garbage += module.garbage;
  }
  ordered errors = ordered::array();
  for (const LinkError error : report.errors) errors.push_back(text(error));
  const bool shared = report.spread == encoders::econ_t::Spread::Shared;
  const ordered out{{"aegen", report.version},
                    {"revision", report.revision},
                    {"executor", report.executor},
                    {"seed", report.seed},
                    {"errors", errors},
                    {"count", report.count},
                    {"spread", shared ? "shared" : "concentrated"},
                    {"confirm", report.receiver.confirm},
                    {"lock", report.receiver.lock},
                    {"latency_crossings", report.receiver.confirm + aegen_bench::kBoardLatency},
                    {"seconds", report.seconds},
                    {"check", checkJson(report)},
                    {"modules", modules},
                    {"garbage", garbage}};
  return out.dump(2) + "\n";
}

bool passed(const ModuleReport& module, bool cleanLinks) {
  if (module.problem || module.garbage > 0 || module.mismatches.value_or(0) > 0) return false;
  if (cleanLinks) return module.withheld == 0;
  return std::ranges::all_of(module.recovery,
                             [](const RecoveryTimes& r) { return r.notRecovered == 0; });
}

int boardExitCode(const BoardReport& report) {
  int code = 0;
  for (const ModuleReport& module : report.modules) {
    if (module.problem) {
      code = std::max(code, static_cast<int>(module.problem->failure));
    } else if (!passed(module, report.errors.empty())) {
      code = std::max(code, 1);
    }
  }
  return code;
}

}  // namespace aegen::flows
