#pragma once
/// GraphPen: writes a Graph node by node, each with its format known before the next is added.

#include <set>
#include <string>
#include <vector>

#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

class GraphPen {
 public:
  /// `taken`: identifiers that nodes and weights must not have.
  GraphPen(Graph& graph, std::set<std::string> taken) : graph_(graph), used_(std::move(taken)) {}

  /// Adds a node, its name made an identifier that is new, its inputs set; its index. `where`
  /// places the diagnostics of Graph::infer(), thrown as ImportProblem.
  int add(Node node, const std::string& where);
  [[nodiscard]] const Node& node(int index) const;
  [[nodiscard]] const Graph& graph() const { return graph_; }
  /// `wanted` as an identifier that no node or weight has; it is taken from now on.
  [[nodiscard]] std::string identifier(const std::string& wanted);

  int requantize(int input, const core::FixedFormat& format, core::Rounding rounding,
                 core::Overflow overflow, const std::string& name, const std::string& where);
  int reinterpret(int input, int fraction, const std::string& name, const std::string& where);
  int arrange(int input, Shape shape, std::vector<int> indices, const std::string& name,
              const std::string& where);
  int reshape(int input, Shape shape, const std::string& name, const std::string& where);
  /// An elementwise table: `entry(raw)` for every raw value of the input's format.
  template <typename Entry>
  int lookup(int input, const core::FixedFormat& format, const std::string& function, Entry entry,
             const std::string& name, const std::string& where) {
    Node node = next(NodeKind::Lookup, {input}, name);
    node.format = format;
    node.function = function;
    const core::Interval range = this->node(input).format.range();
    for (std::int64_t raw = range.low; raw <= range.high; ++raw) node.table.push_back(entry(raw));
    return add(std::move(node), where);
  }

  /// A node to fill in and add.
  [[nodiscard]] static Node next(NodeKind kind, std::vector<int> inputs, const std::string& name);

 private:
  Graph& graph_;
  std::set<std::string> used_;
};

/// Drops what the node `output` does not need and makes it the last. Input nodes stay.
void keepWhatIsUsed(Graph& graph, int output);

}  // namespace aegen::encoders
