#pragma once
/// What a Keras 2 or QKeras model computes, in double precision, written from the definitions of
/// its layers: shares nothing with the importer.

#include <map>
#include <string>
#include <vector>

#include "keras_files.hpp"

namespace aegen::test {

/// Values of the model's last layer for one event; `inputs` in the order of the input layers.
/// Aborts at a layer it does not know.
[[nodiscard]] std::vector<double> evaluateKeras(const KerasModel& model,
                                                const std::vector<std::vector<double>>& inputs);

}  // namespace aegen::test
