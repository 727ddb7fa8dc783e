#include "graph_pen.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "imported_network.hpp"

namespace aegen::encoders {

std::string GraphPen::identifier(const std::string& wanted) {
  std::string base;
  for (const char c : wanted) {
    base += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    if (base.size() == 64) break;
  }
  if (base.empty() || std::isalpha(static_cast<unsigned char>(base[0])) == 0) base = "n" + base;
  std::string name = base;
  for (int i = 2; used_.contains(name); ++i) name = base + "_" + std::to_string(i);
  used_.insert(name);
  return name;
}

const Node& GraphPen::node(int index) const {
  return graph_.nodes[static_cast<std::size_t>(index)];
}

Node GraphPen::next(NodeKind kind, std::vector<int> inputs, const std::string& name) {
  Node node;
  node.kind = kind;
  node.inputs = std::move(inputs);
  node.name = name;
  return node;
}

int GraphPen::add(Node node, const std::string& where) {
  node.name = identifier(node.name);
  // The node and stand-ins of its inputs are enough to infer its format.
  Graph alone;
  alone.name = "alone";
  const std::vector<int> inputs = std::exchange(node.inputs, {});
  for (const int input : inputs) {
    Node stand = next(NodeKind::Input, {}, "in" + std::to_string(alone.nodes.size()));
    stand.shape = this->node(input).shape;
    stand.format = this->node(input).format;
    node.inputs.push_back(static_cast<int>(alone.nodes.size()));
    alone.nodes.push_back(std::move(stand));
  }
  const std::string name = std::exchange(node.name, "itself");
  alone.nodes.push_back(std::move(node));
  if (const auto inferred = alone.infer(); !inferred) {
    core::Diagnostic problem = inferred.error();
    problem.where = where;
    throw ImportProblem{std::move(problem)};
  }
  alone.nodes.back().name = name;
  alone.nodes.back().inputs = inputs;
  graph_.nodes.push_back(std::move(alone.nodes.back()));
  return static_cast<int>(graph_.nodes.size()) - 1;
}

int GraphPen::requantize(int input, const core::FixedFormat& format, core::Rounding rounding,
                         core::Overflow overflow, const std::string& name,
                         const std::string& where) {
  Node node = next(NodeKind::Requantize, {input}, name);
  node.format = format;
  node.rounding = rounding;
  node.overflow = overflow;
  return add(std::move(node), where);
}

int GraphPen::reinterpret(int input, int fraction, const std::string& name,
                          const std::string& where) {
  if (this->node(input).kind == NodeKind::Reinterpret) input = this->node(input).inputs[0];
  if (this->node(input).format.fraction == fraction) return input;
  Node node = next(NodeKind::Reinterpret, {input}, name);
  node.format = this->node(input).format;
  node.format.fraction = fraction;
  return add(std::move(node), where);
}

int GraphPen::arrange(int input, Shape shape, std::vector<int> indices, const std::string& name,
                      const std::string& where) {
  Node node = next(NodeKind::Arrange, {input}, name);
  node.shape = std::move(shape);
  node.indices = std::move(indices);
  return add(std::move(node), where);
}

int GraphPen::reshape(int input, Shape shape, const std::string& name, const std::string& where) {
  if (node(input).shape == shape) return input;
  Node node = next(NodeKind::Reshape, {input}, name);
  node.shape = std::move(shape);
  return add(std::move(node), where);
}

void keepWhatIsUsed(Graph& graph, int output) {
  std::vector<char> used(graph.nodes.size(), 0);
  used[static_cast<std::size_t>(output)] = 1;
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    if (graph.nodes[i].kind == NodeKind::Input) used[i] = 1;
    if (used[i] == 0) continue;
    for (const int input : graph.nodes[i].inputs) used[static_cast<std::size_t>(input)] = 1;
  }
  std::vector<int> place(graph.nodes.size(), -1);
  std::vector<Node> kept;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (used[i] == 0) continue;
    place[i] = static_cast<int>(kept.size());
    Node& node = graph.nodes[i];
    for (int& input : node.inputs) input = place[static_cast<std::size_t>(input)];
    kept.push_back(std::move(node));
  }
  graph.nodes = std::move(kept);
}

}  // namespace aegen::encoders
