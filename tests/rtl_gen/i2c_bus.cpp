#include "i2c_bus.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "aegen/core/process.hpp"

namespace aegen::rtl_gen::testing {

namespace {

// Commands of the bench's script.
enum Code : int {
  kStart,
  kStop,
  kWrite,
  kReadAck,
  kReadNack,
  kWait,
  kSpeed,
  kBits,
  kSpikes,
  kScl,
  kSda,
  kPort,
  kPortWait,
  kOutputs,
  kChange,
  kSlow,
  kReset
};

std::string hex(std::uint32_t value, int digits) {
  std::ostringstream out;
  out << std::hex;
  out.width(digits);
  out.fill('0');
  out << value;
  return out.str();
}

std::string vector(int width) {
  return "[" + std::to_string(width - 1) + ":0] ";
}

// The part of the bench that does not depend on the design.
constexpr const char* kMaster = R"(
  // Times of the mode in nanoseconds: low, high, set-up and hold of START, data set-up, set-up of
  // STOP, bus free.
  integer tLow, tHigh, tSuSta, tHdSta, tSuDat, tSuSto, tBuf, change;
  task speed(input integer mode);
    case (mode)
      0: begin tLow = 5300; tHigh = 4700; tSuSta = 4700; tHdSta = 4000; tSuDat = 250;
               tSuSto = 4000; tBuf = 4700; end
      1: begin tLow = 1300; tHigh = 1200; tSuSta = 600; tHdSta = 600; tSuDat = 100;
               tSuSto = 600; tBuf = 1300; end
      default: begin tLow = 740; tHigh = 260; tSuSta = 260; tHdSta = 260; tSuDat = 50;
               tSuSto = 260; tBuf = 500; end
    endcase
  endtask
  // SCL has just fallen: SDA takes `level` during the low time, at whose end SCL rises.
  task low(input level);
    begin
      case (change)
        0: begin sda = level; #(tLow); end
        1: begin #(tLow / 2); sda = level; #(tLow - tLow / 2); end
        default: begin #(tLow - tSuDat); sda = level; #(tSuDat); end
      endcase
      scl = 1;
    end
  endtask
  task high(output level);
    begin #(tHigh - 1); level = sda_bus; #1; scl = 0; end
  endtask
  task start;
    begin
      if (scl) #(tBuf);
      else begin low(1'b1); #(tSuSta); end
      sda = 0; #(tHdSta); scl = 0;
    end
  endtask
  task stop;
    begin low(1'b0); #(tSuSto); sda = 1; #(tBuf); end
  endtask
  reg level;
  reg [7:0] octet;
  task bits(input [7:0] value, input integer count);
    integer i;
    for (i = 7; i > 7 - count; i = i - 1) begin low(value[i]); high(level); end
  endtask
  task receive(input ack);
    integer i;
    begin
      for (i = 7; i >= 0; i = i - 1) begin low(1'b1); high(octet[i]); end
      low(!ack); high(level);
    end
  endtask
  // Spikes, at random moments of their own.
  integer spike, seed;
  initial begin
    spike = 0; scl_spike = 0; sda_spike = 0;
    #3;
    forever begin
      #(300 + $unsigned($random(seed)) % 900);
      if (spike > 0) begin
        if ($random(seed) & 1) scl_spike = 1; else sda_spike = 1;
        #(spike) scl_spike = 0; sda_spike = 0;
      end
    end
  end
  // A slow fall of SCL reaches the slave late.
  integer slow;
  initial begin slow = 0; scl_in = 1; end
  always @(scl) if (scl) scl_in <= 1; else scl_in <= #(slow) 0;
  // The slave changes SDA only while SCL is low.
  always @(sda_low) if (scl === 1'b1 && rst_n) $fdisplay(file, "moved %0t", $time);
  integer script, code, argument, got;
  initial begin
    seed = SEED;
    scl = 1; sda = 1; speed(1); change = 1;
    file = $fopen("bus.txt", "w");
    script = $fopen("script.txt", "r");
    rst_n = 0; #(110) rst_n = 1; #(13);
    got = $fscanf(script, "%h %h", code, argument);
    while (got == 2) begin
      case (code)
        0: start;
        1: stop;
        2: begin
          bits(argument[7:0], 8); low(1'b1); high(level); $fdisplay(file, "ack %b", !level);
        end
        3: begin receive(1'b1); $fdisplay(file, "byte %h", octet); end
        4: begin receive(1'b0); $fdisplay(file, "byte %h", octet); end
        5: #(argument);
        6: speed(argument);
        7: bits(argument[7:0], argument[11:8]);
        8: spike = argument;
        9: scl = argument[0];
        10: sda = argument[0];
        11: begin port_end = port_end + argument; end
        12: wait (port_next == port_end);
        13: begin #(1000); $fdisplay(file, "out %b", out); end
        14: change = argument;
        15: slow = argument;
        16: begin rst_n = 0; #(argument) rst_n = 1; end
      endcase
      got = $fscanf(script, "%h %h", code, argument);
    end
    #(2000) $fdisplay(file, "sda %b", sda_bus);
    $fclose(file); $fclose(samples); $finish;
  end
endmodule
)";

std::string benchText(const ModuleManifest& manifest, std::size_t portClocks, int straps,
                      std::uint64_t seed) {
  const int address = manifest.configAddressWidth;
  const int data = manifest.configDataWidth;
  std::ostringstream text;
  text << "`timescale 1ns/1ps\nmodule bench;\n  localparam port_count = " << portClocks
       << ";\n  localparam SEED = " << (seed & 0x7fffffff)
       << ";\n  reg clk, rst_n, scl, sda, scl_in, scl_spike, sda_spike;\n  wire sda_low;\n"
       << "  wire sda_bus = sda & !sda_low;\n  integer file, samples, port_next, port_end;\n"
       << "  reg " << vector(1 + address + data) << "port [0:" << portClocks << "];\n"
       << "  reg cfg_write;\n  reg " << vector(address) << "cfg_address;\n  reg " << vector(data)
       << "cfg_wdata;\n  wire " << vector(data) << "cfg_rdata;\n  wire cfg_ready;\n";
  std::string outs;
  std::string pins;
  int width = 0;
  for (const ManifestPort& port : manifest.ports) {
    if (port.purpose != "signal") continue;
    if (port.isInput) {
      pins += "    ." + port.name + "(" + std::to_string(port.width) + "'d0),\n";
    } else {
      text << "  wire " << vector(port.width) << "o_" << port.name << ";\n";
      outs += (outs.empty() ? "o_" : ", o_") + port.name;
      pins += "    ." + port.name + "(o_" + port.name + "),\n";
      width += port.width;
    }
  }
  const int addressPins = manifest.serial->addressPins;
  if (addressPins > 0) {
    pins +=
        "    .i2c_address(" + std::to_string(addressPins) + "'d" + std::to_string(straps) + "),\n";
  }
  text << "  wire " << vector(width) << "out = {" << outs << "};\n  " << manifest.top
       << " dut (\n    .clk(clk), .rst_n(rst_n), .link_reset(1'b0), .cfg_write(cfg_write),\n"
       << "    .cfg_address(cfg_address), .cfg_wdata(cfg_wdata), .cfg_rdata(cfg_rdata),\n"
       << "    .cfg_ready(cfg_ready),\n"
       << pins
       << "    .i2c_scl(scl_in ^ scl_spike), .i2c_sda(sda_bus ^ sda_spike), "
          ".i2c_sda_low(sda_low));\n"
       << R"(  initial begin
    samples = $fopen("port.txt", "w");
    if (port_count > 0) $readmemh("port_in.txt", port);
    cfg_write = 0; cfg_address = 0; cfg_wdata = 0; port_next = 0; port_end = 0;
    clk = 0;
    forever begin
      #12;
      if (port_next < port_end) begin
        {cfg_write, cfg_address, cfg_wdata} = port[port_next];
        port_next = port_next + 1;
        #0.4 $fdisplay(samples, "%h %h", cfg_rdata, cfg_ready);
        #0.1;
      end else begin cfg_write = 0; #0.5; end
      clk = 1; #12.45 clk = 0;  // 24.95 ns: the LHC's clock, in no fixed phase to the bus
    end
  end
)" << kMaster;
  return text.str();
}

std::vector<std::string> linesOf(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool execute(const std::vector<std::string>& command, const std::filesystem::path& directory) {
  core::ProcessOptions options;
  options.workingDirectory = directory;
  options.timeoutSeconds = 150;
  const auto result = core::runProcess(command, options);
  const bool good = result.ok() && result.value().ok();
  EXPECT_TRUE(good) << command[0] << ":\n"
                    << (result.ok() ? result.value().output : result.error().text());
  return good;
}

}  // namespace

void BusScript::command(int code, std::uint32_t argument) {
  commands_.push_back(hex(static_cast<std::uint32_t>(code), 1) + " " + hex(argument, 1));
}

void BusScript::timing(BusSpeed speed, DataChange change) {
  command(kSpeed, static_cast<std::uint32_t>(speed));
  command(kChange, static_cast<std::uint32_t>(change));
}
void BusScript::start() {
  command(kStart);
}
void BusScript::stop() {
  command(kStop);
}
void BusScript::write(int byte, bool acknowledged) {
  command(kWrite, static_cast<std::uint32_t>(byte));
  expected_.push_back(acknowledged ? "ack 1" : "ack 0");
}
void BusScript::read(int expected, bool acknowledge) {
  command(acknowledge ? kReadAck : kReadNack);
  expected_.push_back("byte " + hex(static_cast<std::uint32_t>(expected), 2));
}
void BusScript::bits(int byte, int count) {
  command(kBits, static_cast<std::uint32_t>(count << 8 | byte));
}
void BusScript::lines(bool scl, bool sda) {
  command(kScl, scl ? 1 : 0);
  command(kWait, 2000);
  command(kSda, sda ? 1 : 0);
  command(kWait, 2000);
}
void BusScript::wait(int nanoseconds) {
  command(kWait, static_cast<std::uint32_t>(nanoseconds));
}
void BusScript::spikes(int nanoseconds) {
  command(kSpikes, static_cast<std::uint32_t>(nanoseconds));
}
void BusScript::reset(int nanoseconds) {
  command(kReset, static_cast<std::uint32_t>(nanoseconds));
}
void BusScript::slowFall(int nanoseconds) {
  command(kSlow, static_cast<std::uint32_t>(nanoseconds));
}
void BusScript::port(const std::vector<PortClock>& clocks) {
  port_.insert(port_.end(), clocks.begin(), clocks.end());
  command(kPort, static_cast<std::uint32_t>(clocks.size()));
}
void BusScript::waitForPort() {
  command(kPortWait);
}
void BusScript::outputs(const std::string& bits) {
  command(kOutputs);
  expected_.push_back("out " + bits);
}

void BusScript::openWrite(std::uint32_t address) {
  start();
  write(device_ << 1);
  write(static_cast<int>(address >> 8));
  write(static_cast<int>(address & 0xff));
}

void BusScript::openRead(std::uint32_t address) {
  openWrite(address);
  start();
  write(device_ << 1 | 1);
}

void BusScript::writeValue(std::uint32_t value, bool acknowledged) {
  for (int low = manifest_.configDataWidth - 8; low >= 0; low -= 8) {
    write(static_cast<int>(value >> low & 0xff), acknowledged || low > 0);
  }
}

void BusScript::readValue(std::uint32_t expected, bool last) {
  for (int low = manifest_.configDataWidth - 8; low >= 0; low -= 8) {
    read(static_cast<int>(expected >> low & 0xff), !(last && low == 0));
  }
}

std::vector<PortSample> BusScript::run(const GeneratedRtl& rtl,
                                       const std::filesystem::path& directory,
                                       std::uint64_t seed) const {
  const core::SerialPort& serial = *manifest_.serial;
  const int straps = 0x25 & ((1 << serial.addressPins) - 1);
  EXPECT_TRUE(writeRtl(rtl, directory).ok());
  std::ofstream(directory / "bench.v") << benchText(manifest_, port_.size(), straps, seed);
  {
    std::ofstream script(directory / "script.txt");
    for (const std::string& line : commands_) script << line << '\n';
    std::ofstream port(directory / "port_in.txt");
    const int address = manifest_.configAddressWidth;
    const int data = manifest_.configDataWidth;
    for (const PortClock& clock : port_) {
      std::uint64_t word = clock.write ? 1 : 0;
      word = word << address | clock.address;
      port << std::hex << (word << data | clock.data) << '\n';
    }
  }
  std::vector<std::string> build{"iverilog", "-g2005", "-o", "bench.vvp", "bench.v"};
  build.insert(build.end(), rtl.manifest.files.begin(), rtl.manifest.files.end());
  if (!execute(build, directory) || !execute({"vvp", "-n", "bench.vvp"}, directory)) return {};
  std::vector<std::string> expected = expected_;
  expected.emplace_back("sda 1");
  const std::vector<std::string> got = linesOf(directory / "bus.txt");
  const auto [answer, wanted] = std::ranges::mismatch(got, expected);
  EXPECT_TRUE(answer == got.end() && wanted == expected.end())
      << "answer " << answer - got.begin() << " of " << expected.size() << " is '"
      << (answer == got.end() ? "missing" : *answer) << "', expected '"
      << (wanted == expected.end() ? "nothing" : *wanted) << "'; see " << directory;
  std::vector<PortSample> samples;
  for (const std::string& line : linesOf(directory / "port.txt")) {
    PortSample sample;
    int ready = 0;
    std::istringstream(line) >> std::hex >> sample.readData >> ready;
    sample.ready = ready == 1;
    if (samples.size() < port_.size()) sample.given = port_[samples.size()];
    samples.push_back(sample);
  }
  EXPECT_EQ(samples.size(), port_.size());
  return samples;
}

}  // namespace aegen::rtl_gen::testing
