#include "stored_weights.hpp"

#include <hdf5.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "imported_network.hpp"

namespace aegen::encoders {
namespace {

namespace fs = std::filesystem;
using core::Result;

constexpr std::size_t kMostLayers = 4096;
constexpr std::size_t kMostText = std::size_t{1} << 24;     // of an attribute
constexpr std::size_t kMostWeights = std::size_t{1} << 24;  // of a tensor and of the file

// An HDF5 identifier and how it is closed.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&&) = delete;
  [[nodiscard]] bool good() const { return id_ >= 0; }
  [[nodiscard]] hid_t id() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  StoredWeights read() {
    const Handle file(H5Fopen(file_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    if (!file.good()) {
      fail("is no HDF5 file, or a damaged one", "", {"weights of Keras 2 end in .hdf5 or .h5"});
    }
    StoredWeights out;
    out.file = file_;
    if (H5Aexists(file.id(), "model_config") > 0) {
      const auto config = strings(file, "model_config");
      if (!config.empty()) out.architecture = config[0];
    }
    const bool whole = H5Lexists(file.id(), "model_weights", H5P_DEFAULT) > 0;
    const Handle root(H5Gopen2(file.id(), whole ? "model_weights" : "/", H5P_DEFAULT), H5Gclose);
    if (!root.good()) fail("its weights cannot be opened", "model_weights");
    if (H5Aexists(root.id(), "keras_version") > 0) {
      const auto version = strings(root, "keras_version");
      if (!version.empty()) out.kerasVersion = version[0];
    }
    if (H5Aexists(root.id(), "layer_names") <= 0) {
      fail("has no attribute 'layer_names'", "",
           {"it is HDF5, but not as Keras 2 saves weights (save_weights or save)",
            "Keras 3 writes another layout: save with tf_keras"});
    }
    for (const std::string& name : strings(root, "layer_names"))
      out.layers.push_back(layer(root, name));
    return out;
  }

 private:
  [[noreturn]] void fail(std::string message, const std::string& where,
                         std::vector<std::string> notes = {}) const {
    importFails("hdf5", std::move(message), where.empty() ? file_ : file_ + ": " + where,
                std::move(notes));
  }
  [[noreturn]] void tooLarge(const std::string& where) const {
    importFails("size", "holds more than a front-end network can have", file_ + ": " + where,
                {"at most " + std::to_string(kMostWeights) + " weights and " +
                 std::to_string(kMostLayers) + " layers"});
  }

  StoredLayer layer(const Handle& root, const std::string& name) {
    const Handle group(H5Gopen2(root.id(), name.c_str(), H5P_DEFAULT), H5Gclose);
    if (!group.good()) fail("layer '" + name + "' is listed but not there", name);
    StoredLayer out;
    out.name = name;
    if (H5Aexists(group.id(), "weight_names") <= 0) return out;
    for (const std::string& weight : strings(group, "weight_names")) {
      out.tensors.push_back(tensor(group, name, weight));
    }
    return out;
  }

  StoredTensor tensor(const Handle& group, const std::string& layer, const std::string& name) {
    const std::string where = layer + "/" + name;
    const Handle data(H5Dopen2(group.id(), name.c_str(), H5P_DEFAULT), H5Dclose);
    if (!data.good()) fail("weights are listed but not there", where);
    const Handle space(H5Dget_space(data.id()), H5Sclose);
    StoredTensor out;
    out.name = name.substr(name.rfind('/') + 1);
    const std::size_t count = extent(space, where, &out.shape);
    const Handle type(H5Dget_type(data.id()), H5Tclose);
    if (!type.good() ||
        (H5Tget_class(type.id()) != H5T_FLOAT && H5Tget_class(type.id()) != H5T_INTEGER)) {
      fail("weights are not numbers", where);
    }
    total_ += count;
    if (total_ > kMostWeights) tooLarge(where);
    out.values.resize(count);
    if (count > 0 && H5Dread(data.id(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                             out.values.data()) < 0) {
      fail("weights cannot be read", where, {"the file may be cut short"});
    }
    return out;
  }

  // Number of elements of a simple space, its sizes in `shape`.
  std::size_t extent(const Handle& space, const std::string& where, Shape* shape) const {
    constexpr int kMostAxes = 8;
    hsize_t sizes[kMostAxes] = {};
    const int axes = space.good() ? H5Sget_simple_extent_ndims(space.id()) : -1;
    if (axes < 0 || axes > kMostAxes || H5Sget_simple_extent_dims(space.id(), sizes, nullptr) < 0) {
      fail("sizes cannot be read", where);
    }
    std::size_t count = 1;
    for (int i = 0; i < axes; ++i) {
      if (sizes[i] > kMostWeights) tooLarge(where);
      count *= static_cast<std::size_t>(sizes[i]);
      if (count > kMostWeights) tooLarge(where);
      if (shape != nullptr) shape->push_back(static_cast<int>(sizes[i]));
    }
    return count;
  }

  // A list of texts; Keras writes an empty one as a list of no numbers.
  std::vector<std::string> strings(const Handle& object, const char* name) const {
    const Handle attribute(H5Aopen(object.id(), name, H5P_DEFAULT), H5Aclose);
    if (!attribute.good()) fail("attribute cannot be opened", name);
    const Handle space(H5Aget_space(attribute.id()), H5Sclose);
    const std::size_t count = extent(space, name, nullptr);
    if (count == 0) return {};
    if (count > kMostLayers) tooLarge(name);
    const Handle type(H5Aget_type(attribute.id()), H5Tclose);
    if (!type.good() || H5Tget_class(type.id()) != H5T_STRING) fail("attribute is no text", name);
    return H5Tis_variable_str(type.id()) > 0 ? variable(attribute, type, space, count, name)
                                             : fixed(attribute, type, count, name);
  }

  std::vector<std::string> variable(const Handle& attribute, const Handle& type,
                                    const Handle& space, std::size_t count,
                                    const char* name) const {
    std::vector<char*> texts(count, nullptr);
    if (H5Aread(attribute.id(), type.id(), texts.data()) < 0) fail("cannot be read", name);
    std::vector<std::string> out;
    bool tooLong = false;
    for (const char* text : texts) {
      const std::size_t length = text == nullptr ? 0 : strnlen(text, kMostText + 1);
      tooLong = tooLong || length > kMostText;
      out.emplace_back(text == nullptr ? "" : text, std::min(length, kMostText));
    }
    H5Dvlen_reclaim(type.id(), space.id(), H5P_DEFAULT, texts.data());
    if (tooLong) tooLarge(name);
    return out;
  }

  std::vector<std::string> fixed(const Handle& attribute, const Handle& type, std::size_t count,
                                 const char* name) const {
    const std::size_t size = H5Tget_size(type.id());
    if (size == 0 || size > kMostText || size * count > kMostText) tooLarge(name);
    std::string text(size * count, '\0');
    if (H5Aread(attribute.id(), type.id(), text.data()) < 0) fail("cannot be read", name);
    std::vector<std::string> out;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string piece = text.substr(i * size, size);
      out.push_back(piece.substr(0, piece.find('\0')));
    }
    return out;
  }

  std::string file_;
  std::size_t total_ = 0;
};

}  // namespace

Result<StoredWeights> readStoredWeightsHere(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    return core::badInput("import.no-file", "cannot be read", file.string());
  }
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // what it would print is in our diagnostics
  try {
    return Reader(file.string()).read();
  } catch (const ImportProblem& problem) {
    return problem.diagnostic;
  }
}

}  // namespace aegen::encoders
