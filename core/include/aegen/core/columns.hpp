#pragma once
/// Columns: values of several elements over many events, element-major; and Executor, anything that
/// turns columns of inputs into columns of outputs.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "aegen/core/diagnostic.hpp"

namespace aegen::core {

/// elements x events raw integers; one element's events are contiguous.
class Columns {
 public:
  Columns() = default;
  Columns(std::size_t elements, std::size_t events)
      : elements_(elements), events_(events), data_(elements * events, 0) {}

  [[nodiscard]] std::size_t elements() const { return elements_; }
  [[nodiscard]] std::size_t events() const { return events_; }
  [[nodiscard]] std::span<std::int64_t> column(std::size_t element) {
    return {data_.data() + element * events_, events_};
  }
  [[nodiscard]] std::span<const std::int64_t> column(std::size_t element) const {
    return {data_.data() + element * events_, events_};
  }
  [[nodiscard]] std::int64_t& at(std::size_t element, std::size_t event) {
    return data_[element * events_ + event];
  }
  [[nodiscard]] std::int64_t at(std::size_t element, std::size_t event) const {
    return data_[element * events_ + event];
  }
  bool operator==(const Columns&) const = default;

 private:
  std::size_t elements_ = 0;
  std::size_t events_ = 0;
  std::vector<std::int64_t> data_;
};

/// One way of computing a function or a design: interpreter, verilated RTL, SystemC decoder.
/// The conformance suite runs the same events through all of them and demands equal columns.
class Executor {
 public:
  virtual ~Executor() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  /// Rows of `inputs` are the input elements in port order; events are in time order.
  [[nodiscard]] virtual Result<Columns> run(const Columns& inputs) = 0;
};

}  // namespace aegen::core
