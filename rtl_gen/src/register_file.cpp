#include "register_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "aegen/rtl_gen/emit_function.hpp"
#include "aegen/rtl_gen/register_map.hpp"
#include "aegen/rtl_gen/state_blocks.hpp"
#include "module_builder.hpp"

namespace aegen::rtl_gen {

using namespace verilog;
using core::FixedFormat;

namespace {

constexpr std::uint32_t kBankValues = 64;  // one read multiplexer; synthesised once a shape

std::string formatName(const FixedFormat& format) {
  return fmt::format("{}{}", format.isSigned ? 's' : 'u', format.width);
}

std::string bankName(const FixedFormat& format, std::uint32_t count) {
  return fmt::format("config_bank_{}x{}", count, formatName(format));
}

// `count` values of `format`: shadow and active copy, write decoder, read multiplexer.
class BankBuilder {
 public:
  BankBuilder(const FixedFormat& format, std::uint32_t count, int dataBits)
      : count_(static_cast<int>(count)),
        width_(format.width),
        dataBits_(dataBits),
        isSigned_(format.isSigned),
        b_(bankName(format, count), ModuleKind::Registers,
           {fmt::format("{}: {} configuration values of {} bits", bankName(format, count), count,
                        format.width),
            "Writes go to the shadow copy; `commit` makes the whole of it active at once."}) {}

  Module run() {
    b_.input("clk", 1);
    resetN_ = b_.input("rst_n", 1, "synchronous, active low");
    resetValues_ = b_.input("reset_values", count_ * width_, "constant");
    selected_ = b_.input("selected", 1, "the address is in this bank");
    if (count_ > 1) {
      offset_ =
          b_.input("offset", indexWidth(static_cast<std::uint64_t>(count_)), "value in the bank");
    }
    write_ = b_.input("write", 1);
    value_ = b_.input("write_value", width_);
    commit_ = b_.input("commit", 1);
    const ExprPtr readData =
        b_.output("read_data", dataBits_, "the shadow copy's value, 0 if not selected");
    const ExprPtr active =
        b_.outputReg("active", count_ * width_, {resetValues_, {}}, "value 0 in the lowest bits");
    shadow_ = b_.reg("shadow", count_ * width_, {resetValues_, {}});
    b_.add(AlwaysFf{"clk",
                    {ifElse(logicalNot(resetN_), {nonBlocking(shadow_, resetValues_)},
                            {ifElse(logicalAnd(selected_, write_), {store()})})},
                    {}});
    b_.add(AlwaysFf{"clk",
                    {ifElse(logicalNot(resetN_), {nonBlocking(active, resetValues_)},
                            {ifElse(commit_, {nonBlocking(active, shadow_)})})},
                    {}});
    const ExprPtr read = b_.net("read_value", chosen());
    b_.assign(readData,
              conditional(selected_, resize(read, dataBits_, isSigned_), literal(0, dataBits_)));
    return std::move(b_).finish();
  }

 private:
  [[nodiscard]] ExprPtr valueAt(int index) const {
    return slice(shadow_, index * width_ + width_ - 1, index * width_);
  }

  Statement store() {
    if (count_ == 1) {
      return nonBlocking(shadow_, value_);
    }
    std::vector<CaseArm> arms;
    for (int i = 0; i < count_; ++i) {
      arms.push_back({{literal(i, offset_->width)}, {nonBlocking(valueAt(i), value_)}});
    }
    if (count_ < (1 << offset_->width)) {
      arms.push_back({{}, {nonBlocking(shadow_, shadow_)}});
    }
    return caseOf(offset_, std::move(arms));
  }

  ExprPtr chosen() {
    if (count_ == 1) {
      return shadow_;
    }
    std::vector<ExprPtr> values;
    for (int i = 0; i < count_; ++i) {
      values.push_back(valueAt(i));
    }
    return selectTree(b_, "read_tree", offset_, std::move(values));
  }

  int count_;
  int width_;
  int dataBits_;
  bool isSigned_;
  ModuleBuilder b_;
  ExprPtr resetN_, resetValues_, selected_, offset_, write_, value_, commit_, shadow_;
};

class RegisterFileBuilder {
 public:
  RegisterFileBuilder(const core::Design& design, const RegisterMap& map)
      : map_(map),
        paced_(map.paced),
        b_(design.name + "_registers", ModuleKind::Registers,
           {fmt::format("{}_registers: configuration registers, one value an address", design.name),
            "Values are written to a shadow copy. Bit 0 written to the control address commits it: "
            "the next crossing on the inputs is the first to see the new values, and "
            "every field switches when that crossing reaches the place of its use, so that no "
            "crossing sees old and new values mixed.",
            "While a commit is under way cfg_ready is low and writes are ignored. cfg_rdata is "
            "the shadow copy's value at the address of the clock before, sign-extended; at the "
            "control address bit 0 says that a commit is under way."}) {}

  Module run() {
    ports();
    if (map_.serial) {
      arbitrate();
    }
    commitChain();
    for (const RegisterMap::Field& field : map_.fields) {
      banks(field);
    }
    readBack();
    return std::move(b_).finish();
  }

 private:
  void ports() {
    b_.input("clk", 1);
    b_.input("rst_n", 1, "synchronous, active low");
    write_ = b_.input("cfg_write", 1);
    address_ = b_.input("cfg_address", map_.addressBits);
    data_ = b_.input("cfg_wdata", map_.dataBits);
    if (paced_) {
      moves_ = b_.input(kCrossingEnd, 1, "the crossing's last clock: what is due switches");
    }
    readData_ = b_.outputReg("cfg_rdata", map_.dataBits, {literal(0, map_.dataBits), {}},
                             "value at the address of the clock before");
    ready_ = b_.outputReg("cfg_ready", 1, {literal(1, 1), {}}, "low while a commit is under way");
    if (map_.serial) {
      requestWrite_ = b_.input("serial_write", 1, "the serial port: held until granted");
      requestRead_ = b_.input("serial_read", 1);
      requestAddress_ = b_.input("serial_address", map_.addressBits);
      requestData_ = b_.input("serial_wdata", map_.dataBits);
      granted_ = b_.output("serial_granted", 1, "served in this clock");
      serialData_ = b_.output("serial_rdata", map_.dataBits, "at serial_address, when granted");
    }
    for (const RegisterMap::Field& field : map_.fields) {
      const int width = field.field->format.width * static_cast<int>(field.field->count);
      const std::string remark = describeFormat(field.field->format, field.field->count);
      active_.push_back(b_.output(configNet(field, field.firstUse), width, remark));
      for (int time = field.firstUse + 1; time <= field.lastUse; ++time) {
        b_.outputReg(configNet(field, time), width,
                     {nullptr, "follows the active copy, which has one"},
                     fmt::format("the same, {} {} later", time - field.firstUse,
                                 paced_ ? "crossings" : "clocks"));
      }
    }
  }

  // Both ports share the banks' address. The serial port gets it in clocks in which cfg_rdata can
  // stay as it is: the address, what is there and cfg_ready are those of the clock before.
  void arbitrate() {
    const RegisterInfo zero{literal(0, map_.addressBits), {}};
    const RegisterInfo one{literal(1, 1), {}};
    const ExprPtr before = b_.reg("address_before", map_.addressBits, zero, "a clock ago");
    b_.clocked(before, zero, address_);
    const ExprPtr readyBefore = b_.reg("ready_before", 1, one);
    b_.clocked(readyBefore, one, ready_);
    written_ = b_.reg("written", 1, one, "a register has just changed");
    const ExprPtr same = logicalAnd(binary(Operator::Equal, address_, before),
                                    binary(Operator::Equal, ready_, readyBefore));
    const ExprPtr quiet =
        b_.net("quiet", logicalAnd(same, logicalNot(logicalOr(write_, written_))));
    ExprPtr asked = logicalOr(logicalAnd(requestWrite_, ready_), requestRead_);
    if (paced_) {
      asked = logicalAnd(asked, moves_);  // the serial port's own step
    }
    b_.assign(granted_, logicalAnd(quiet, asked));
    address_ = b_.net("address", conditional(granted_, requestAddress_, address_));
    data_ = b_.net("write_data", conditional(granted_, requestData_, data_));
    write_ = b_.net("write", logicalOr(write_, logicalAnd(granted_, requestWrite_)));
  }

  // commit_k is the commit k clocks ago: fields first used at time k switch on it.
  void commitChain() {
    int last = 0;
    for (const RegisterMap::Field& field : map_.fields) {
      last = std::max(last, field.firstUse);
    }
    control_ = b_.net("control_selected", binary(Operator::Equal, address_,
                                                 literal(map_.controlAddress, map_.addressBits)));
    std::vector<ExprPtr> later;
    for (int k = 1; k <= last; ++k) {
      later.push_back(b_.reg(fmt::format("commit_{}", k), 1, {literal(0, 1), {}}));
    }
    // The port is a register: low from the clock after a commit until its last field has switched.
    accepted_ = b_.net("write_accepted", logicalAnd(write_, ready_));
    const ExprPtr asked = logicalAnd(logicalAnd(accepted_, control_), bit(data_, 0));
    const RegisterInfo idle{literal(0, 1), {}};
    std::vector<ExprPtr> underWay;  // after this clock
    if (paced_) {
      const ExprPtr waits = b_.reg("commit_waits", 1, idle, "for the end of its crossing");
      commits_.push_back(b_.net("commit_0", logicalOr(asked, waits)));
      underWay.push_back(b_.net("commit_waits_on", logicalAnd(commits_[0], logicalNot(moves_))));
      b_.clocked(waits, idle, underWay[0]);
    } else {
      commits_.push_back(b_.net("commit_0", asked));
    }
    for (std::size_t k = 0; k < later.size(); ++k) {
      const ExprPtr next = !paced_ ? commits_[k]
                                   : b_.net(fmt::format("commit_{}_next", k + 1),
                                            conditional(moves_, commits_[k], later[k]));
      underWay.push_back(next);
      b_.clocked(later[k], idle, next);
      commits_.push_back(later[k]);
    }
    b_.clocked(
        ready_, {literal(1, 1), {}},
        underWay.empty() ? literal(1, 1) : logicalNot(unary(Operator::ReduceOr, concat(underWay))));
    if (paced_) {
      for (ExprPtr& commit : commits_) {
        commit = b_.net("commit_now", logicalAnd(commit, moves_));
      }
    }
    const ExprPtr busy = logicalNot(ready_);
    reads_.push_back(
        conditional(control_, resize(busy, map_.dataBits, false), literal(0, map_.dataBits)));
  }

  void banks(const RegisterMap::Field& field) {
    const FixedFormat& format = field.field->format;
    b_.comment(fmt::format("{}: {}", field.field->name,
                           field.field->comment.empty() ? describeFormat(format, field.field->count)
                                                        : field.field->comment));
    std::vector<ExprPtr> parts;
    for (std::uint32_t first = 0; first < field.field->count; first += kBankValues) {
      const std::uint32_t count = std::min(kBankValues, field.field->count - first);
      parts.insert(parts.begin(), bank(field, first, count));
    }
    const auto at = static_cast<std::size_t>(&field - map_.fields.data());
    b_.assign(active_[at], concat(std::move(parts)));
    for (int time = field.firstUse + 1; time <= field.lastUse; ++time) {
      const int width = format.width * static_cast<int>(field.field->count);
      b_.clocked(reference(configNet(field, time), width), {},
                 reference(configNet(field, time - 1), width), moves_);
    }
  }

  ExprPtr bank(const RegisterMap::Field& field, std::uint32_t first, std::uint32_t count) {
    const FixedFormat& format = field.field->format;
    const int width = format.width;
    const std::string name = fmt::format("{}_{}", field.field->name, first);
    const int bits = map_.addressBits;
    const std::uint32_t base = field.firstAddress + first;
    const ExprPtr offset =
        base == 0 ? address_
                  : b_.net(name + "_offset", binary(Operator::Sub, address_, literal(base, bits)));
    const ExprPtr selected = b_.net(
        name + "_selected", count == 1 ? binary(Operator::Equal, address_, literal(base, bits))
                                       : binary(Operator::Less, offset, literal(count, bits)));
    std::vector<ExprPtr> resets;
    for (std::uint32_t i = count; i-- > 0;) {
      resets.push_back(literal(field.field->reset[first + i], width, format.isSigned));
    }
    const ExprPtr active = b_.wire(name + "_active", width * static_cast<int>(count));
    const ExprPtr read = b_.wire(name + "_read", map_.dataBits);
    std::vector<Connection> connections{{"clk", reference("clk", 1)},
                                        {"rst_n", reference("rst_n", 1)},
                                        {"reset_values", concat(std::move(resets))},
                                        {"selected", selected}};
    if (count > 1) {
      connections.push_back({"offset", slice(offset, indexWidth(count) - 1, 0)});
    }
    connections.insert(connections.end(),
                       {{"write", accepted_},
                        {"write_value", slice(data_, width - 1, 0)},
                        {"commit", commits_[static_cast<std::size_t>(field.firstUse)]},
                        {"read_data", read, true},
                        {"active", active, true}});
    b_.instance(bankName(format, count), name + "_bank", std::move(connections));
    reads_.push_back(read);
    return active;
  }

  void readBack() {
    std::vector<ExprPtr> level = reads_;
    while (level.size() > 1) {
      std::vector<ExprPtr> next;
      for (std::size_t i = 0; i < level.size(); i += 2) {
        next.push_back(i + 1 == level.size()
                           ? level[i]
                           : b_.net("read_or", binary(Operator::Or, level[i], level[i + 1])));
      }
      level = std::move(next);
    }
    const RegisterInfo zero{literal(0, map_.dataBits), {}};
    if (!map_.serial) {
      b_.clocked(readData_, zero, level[0]);
      return;
    }
    b_.assign(serialData_, level[0]);
    b_.clocked(readData_, zero, conditional(granted_, readData_, serialData_));
    b_.clocked(written_, {literal(1, 1), {}}, accepted_);
  }

  const RegisterMap& map_;
  bool paced_;  // several clocks a crossing
  ModuleBuilder b_;
  ExprPtr moves_;  // null when every clock is a crossing
  ExprPtr write_, address_, data_, readData_, ready_, control_, accepted_;
  ExprPtr requestWrite_, requestRead_, requestAddress_, requestData_, granted_, serialData_;
  ExprPtr written_;
  std::vector<ExprPtr> active_, commits_, reads_;
};

}  // namespace

const RegisterMap::Field* RegisterMap::find(std::string_view field) const {
  const auto found =
      std::ranges::find_if(fields, [&](const Field& entry) { return entry.field->name == field; });
  return found == fields.end() ? nullptr : &*found;
}

RegisterMap mapRegisters(const core::Design& design, const core::DesignTiming& timing) {
  RegisterMap map;
  std::uint32_t address = 0;
  for (const core::ConfigField& field : design.config) {
    const auto use = timing.config.find(field.name);
    const auto [first, last] = use == timing.config.end() ? std::pair{0, 0} : use->second;
    map.fields.push_back({&field, address, first, last});
    address += field.count;
  }
  map.controlAddress = address;
  map.dataBits = design.configDataBits();
  map.serial = design.serial.has_value();
  map.paced = design.clocksPerCrossing > 1;
  map.addressBits = indexWidth(std::uint64_t{address} + 1);
  return map;
}

std::string configNet(const RegisterMap::Field& field, int time) {
  const std::string& name = field.field->name;
  return time == field.firstUse ? name : fmt::format("{}_d{}", name, time - field.firstUse);
}

std::vector<Module> registerModules(const core::Design& design, const RegisterMap& map) {
  std::vector<Module> modules;
  std::set<std::string> shapes;
  for (const RegisterMap::Field& field : map.fields) {
    for (std::uint32_t first = 0; first < field.field->count; first += kBankValues) {
      const std::uint32_t count = std::min(kBankValues, field.field->count - first);
      if (shapes.insert(bankName(field.field->format, count)).second) {
        modules.push_back(BankBuilder(field.field->format, count, map.dataBits).run());
      }
    }
  }
  modules.push_back(RegisterFileBuilder(design, map).run());
  return modules;
}

std::vector<std::string> bankModules(const ManifestRegister& reg) {
  std::vector<std::string> out;
  for (std::uint32_t first = 0; first < reg.count; first += kBankValues) {
    out.push_back(bankName(reg.format, std::min(kBankValues, reg.count - first)));
  }
  return out;
}

}  // namespace aegen::rtl_gen
