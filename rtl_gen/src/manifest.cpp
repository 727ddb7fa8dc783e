#include "aegen/rtl_gen/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "aegen/core/files.hpp"
#include "serial_json.hpp"

namespace aegen::rtl_gen {

namespace {

constexpr const char* kFormatName = "aegen-manifest";
constexpr int kFormatVersion = 1;

// Reading goes through this cursor, so that a missing or mistyped key is reported with its path.
// The first problem is kept and everything after it is skipped.
class Reader {
 public:
  Reader(const Json& json, std::string path, std::optional<std::string>& problem)
      : json_(json), path_(std::move(path)), problem_(problem) {}

  template <typename T>
  void get(const char* key, T& target) const {
    if (problem_) {
      return;
    }
    const auto found = json_.is_object() ? json_.find(key) : json_.end();
    if (!json_.is_object() || found == json_.end()) {
      problem_ = path_ + key + ": missing";
      return;
    }
    try {
      target = found->template get<T>();
    } catch (const Json::exception&) {
      problem_ = path_ + key + ": wrong type";
    }
  }

  void format(const char* key, core::FixedFormat& target) const {
    std::string text;
    get(key, text);
    if (problem_) {
      return;
    }
    const auto parsed = core::FixedFormat::parse(text);
    if (!parsed) {
      problem_ = path_ + key + ": not a fixed-point format: " + text;
      return;
    }
    target = *parsed;
  }

  template <typename Element, typename ReadElement>
  void list(const char* key, std::vector<Element>& target, ReadElement readElement) const {
    Json array;
    get(key, array);
    if (problem_) {
      return;
    }
    if (!array.is_array()) {
      problem_ = path_ + key + ": not a list";
      return;
    }
    for (std::size_t i = 0; i < array.size(); ++i) {
      Element element;
      readElement(Reader(array[i], fmt::format("{}{}[{}].", path_, key, i), problem_), element);
      target.push_back(std::move(element));
    }
  }

 private:
  const Json& json_;
  std::string path_;
  std::optional<std::string>& problem_;
};

Json portJson(const ManifestPort& port) {
  return {{"name", port.name},
          {"direction", port.isInput ? "input" : "output"},
          {"width", port.width},
          {"purpose", port.purpose}};
}

Json signalJson(const ManifestSignal& signal) {
  return {{"name", signal.name},        {"format", signal.format.text()},
          {"count", signal.count},      {"latency", signal.latency},
          {"port", signal.isPort},      {"registered", signal.registered},
          {"producer", signal.producer}};
}

Json registerJson(const ManifestRegister& field) {
  return {{"field", field.field},        {"format", field.format.text()},
          {"count", field.count},        {"first_address", field.firstAddress},
          {"first_use", field.firstUse}, {"comment", field.comment},
          {"reset", field.reset}};
}

Json toJson(const ModuleManifest& manifest) {
  Json json;
  json["format"] = kFormatName;
  json["version"] = kFormatVersion;
  json["aegen_version"] = manifest.aegenVersion;
  json["design"] = manifest.design;
  json["top"] = manifest.top;
  json["clocks_per_crossing"] = manifest.clocksPerCrossing;
  json["files"] = manifest.files;
  json["config_port"] = {{"address_width", manifest.configAddressWidth},
                         {"data_width", manifest.configDataWidth},
                         {"control_address", manifest.controlAddress}};
  json["serial_port"] = serialJson(manifest.serial);
  const auto list = [&json](const char* key, const auto& elements, auto elementJson) {
    Json& array = json[key] = Json::array();
    for (const auto& element : elements) {
      array.push_back(elementJson(element));
    }
  };
  list("ports", manifest.ports, portJson);
  list("signals", manifest.signals, signalJson);
  list("registers", manifest.registers, registerJson);
  list("modules", manifest.modules, [](const ManifestModule& module) -> Json {
    return {{"name", module.name},
            {"kind", module.kind},
            {"instances", module.instances},
            {"comment", module.comment}};
  });
  list("milestones", manifest.milestones, [](const ManifestMilestone& milestone) -> Json {
    return {{"name", milestone.name},
            {"signal", milestone.signal},
            {"asked", milestone.asked},
            {"planned", milestone.planned}};
  });
  return json;
}

void readPort(const Reader& reader, ManifestPort& port) {
  std::string direction;
  reader.get("name", port.name);
  reader.get("direction", direction);
  reader.get("width", port.width);
  reader.get("purpose", port.purpose);
  port.isInput = direction == "input";
}

void readSignal(const Reader& reader, ManifestSignal& signal) {
  reader.get("name", signal.name);
  reader.format("format", signal.format);
  reader.get("count", signal.count);
  reader.get("latency", signal.latency);
  reader.get("port", signal.isPort);
  reader.get("registered", signal.registered);
  reader.get("producer", signal.producer);
}

void readRegister(const Reader& reader, ManifestRegister& field) {
  reader.get("field", field.field);
  reader.format("format", field.format);
  reader.get("count", field.count);
  reader.get("first_address", field.firstAddress);
  reader.get("first_use", field.firstUse);
  reader.get("comment", field.comment);
  reader.get("reset", field.reset);
}

void readModule(const Reader& reader, ManifestModule& module) {
  reader.get("name", module.name);
  reader.get("kind", module.kind);
  reader.get("instances", module.instances);
  reader.get("comment", module.comment);
}

void readMilestone(const Reader& reader, ManifestMilestone& milestone) {
  reader.get("name", milestone.name);
  reader.get("signal", milestone.signal);
  reader.get("asked", milestone.asked);
  reader.get("planned", milestone.planned);
}

void readSerial(const Reader& reader, core::SerialPort& serial,
                std::optional<std::string>& problem) {
  std::string kind;
  reader.get("kind", kind);
  reader.get("address_base", serial.addressBase);
  reader.get("address_pins", serial.addressPins);
  if (!problem && kind != kI2cName) {
    problem = "serial_port.kind: not '" + std::string(kI2cName) + "'";
  }
}

void readManifest(const Reader& reader, ModuleManifest& manifest) {
  reader.get("aegen_version", manifest.aegenVersion);
  reader.get("design", manifest.design);
  reader.get("top", manifest.top);
  reader.get("files", manifest.files);
  reader.list("ports", manifest.ports, readPort);
  reader.list("signals", manifest.signals, readSignal);
  reader.list("registers", manifest.registers, readRegister);
  reader.list("modules", manifest.modules, readModule);
  reader.list("milestones", manifest.milestones, readMilestone);
}

}  // namespace

const ManifestSignal* ModuleManifest::findSignal(std::string_view name) const {
  const auto found = std::ranges::find(signals, name, &ManifestSignal::name);
  return found == signals.end() ? nullptr : &*found;
}

const ManifestRegister* ModuleManifest::findRegister(std::string_view field) const {
  const auto found = std::ranges::find(registers, field, &ManifestRegister::field);
  return found == registers.end() ? nullptr : &*found;
}

core::Result<ModuleManifest> loadManifest(const std::filesystem::path& file) {
  const core::Result<std::string> text = core::readFile(file);
  if (!text) {
    return core::badInput("manifest.unreadable", "the manifest cannot be read", file.string(),
                          {"generate the design first"});
  }
  const Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return core::badInput("manifest.malformed", "the manifest is not JSON", file.string());
  }
  std::optional<std::string> problem;
  const Reader reader(json, "", problem);
  std::string format;
  int version = 0;
  reader.get("format", format);
  reader.get("version", version);
  if (!problem && (format != kFormatName || version != kFormatVersion)) {
    problem = fmt::format("version: this is {} version {}, {} version {} is needed", format,
                          version, kFormatName, kFormatVersion);
  }
  ModuleManifest manifest;
  readManifest(reader, manifest);
  Json configPort;
  reader.get("config_port", configPort);
  const Reader port(configPort, "config_port.", problem);
  port.get("address_width", manifest.configAddressWidth);
  port.get("data_width", manifest.configDataWidth);
  port.get("control_address", manifest.controlAddress);
  if (json.contains("clocks_per_crossing")) {
    reader.get("clocks_per_crossing", manifest.clocksPerCrossing);
    if (!problem && manifest.clocksPerCrossing < 1) {
      problem = "clocks_per_crossing: not 1 or more";
    }
  }
  // Manifests of this version from before there were serial ports have no such key.
  const auto serialPort = json.find("serial_port");
  if (!problem && serialPort != json.end() && !serialPort->is_null()) {
    readSerial(Reader(*serialPort, "serial_port.", problem), manifest.serial.emplace(), problem);
  }
  if (problem) {
    return core::badInput("manifest.malformed", *problem, file.string(),
                          {"generate the design again with this version of aegen"});
  }
  return manifest;
}

core::Result<void> saveManifest(const ModuleManifest& manifest, const std::filesystem::path& file) {
  const core::Result<void> written = core::writeFile(file, toJson(manifest).dump(1) + '\n');
  if (written) {
    return {};
  }
  core::Diagnostic diagnostic = written.error();
  diagnostic.code = "manifest.unwritable";
  return diagnostic;
}

}  // namespace aegen::rtl_gen
