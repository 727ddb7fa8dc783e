#pragma once
/// NetworkBuilder: an ImportedNetwork's layers as integer nodes of a Graph.

#include <map>
#include <string>
#include <vector>

#include "graph_pen.hpp"
#include "imported_network.hpp"

namespace aegen::encoders {

/// A layer's result in the graph.
struct BuiltValue {
  int node = -1;
  /// Bit for bit what the source computes of the same inputs; else real weights or functions were
  /// quantized on the way.
  bool exact = true;
};

/// What the source quantizes is taken over exactly: products and sums keep every bit. What it does
/// not is quantized here: real weights to `formats.weightBits`, and results that depend on them are
/// rounded to nearest at `formats.fraction` before a layer with weights uses them, in formats that
/// never saturate.
class NetworkBuilder {
 public:
  NetworkBuilder(GraphPen& pen, const ImportFormats& formats, std::vector<Decision>& decisions)
      : pen_(pen), formats_(formats), decisions_(decisions) {}

  /// Adds what `output` needs; `inputs` holds the node of each Input layer it depends on. Throws
  /// ImportProblem: `import.unsupported`, `graph.*`.
  BuiltValue build(const ImportedNetwork& network, const std::map<int, BuiltValue>& inputs,
                   int output);

  /// Rounded to `formats.fraction` where it is not exact and has more fractional bits.
  BuiltValue rounded(BuiltValue value, const std::string& name, const std::string& where);

 private:
  BuiltValue layer(const ImportedLayer& layer, const std::vector<BuiltValue>& in);
  BuiltValue quantize(const ImportedLayer& layer, BuiltValue in);
  BuiltValue weighted(const ImportedLayer& layer, BuiltValue in);
  BuiltValue denseOfLastAxis(const ImportedLayer& layer, BuiltValue in);
  BuiltValue relu(const ImportedLayer& layer, BuiltValue in);
  BuiltValue squash(const ImportedLayer& layer, BuiltValue in);
  BuiltValue scale(const ImportedLayer& layer, BuiltValue in);
  BuiltValue bound(const ImportedLayer& layer, BuiltValue in);
  BuiltValue addConstant(const ImportedLayer& layer, BuiltValue in);
  BuiltValue wholeNumbers(const ImportedLayer& layer, BuiltValue in);
  BuiltValue concat(const ImportedLayer& layer, const std::vector<BuiltValue>& in);
  BuiltValue pick(const ImportedLayer& layer, BuiltValue in);
  BuiltValue clip(const ImportedLayer& layer, BuiltValue in);
  BuiltValue wrap(const ImportedLayer& layer, BuiltValue in);
  BuiltValue lookup(const ImportedLayer& layer, BuiltValue in);
  BuiltValue normalize(const ImportedLayer& layer, BuiltValue in);
  void checkProducts(const ImportedLayer& layer, const Node& node, int input);
  BuiltValue table(const ImportedLayer& layer, BuiltValue in, double constant);

  GraphPen& pen_;
  const ImportFormats& formats_;
  std::vector<Decision>& decisions_;
};

}  // namespace aegen::encoders
