#include "emd_oracle.hpp"

#include <lemon/list_graph.h>
#include <lemon/network_simplex.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace aegen::test {
namespace {

/// Masses are whole numbers that sum to exactly 2^48 and costs whole multiples of 2^-40: with
/// double costs the solver can cycle on rounding errors of its potentials.
constexpr std::int64_t kTotal = std::int64_t{1} << 48;
constexpr double kCostUnit = 1.0 / (std::int64_t{1} << 40);

std::array<std::int64_t, 48> wholeMasses(const std::array<double, 48>& charges) {
  double sum = 0;
  for (const double charge : charges) sum += charge;
  std::array<std::int64_t, 48> masses{};
  std::int64_t total = 0;
  std::size_t largest = 0;
  for (std::size_t k = 0; k < masses.size(); ++k) {
    masses[k] = std::llround(charges[k] / sum * static_cast<double>(kTotal));
    total += masses[k];
    if (masses[k] > masses[largest]) largest = k;
  }
  masses[largest] += kTotal - total;
  return masses;
}

}  // namespace

double lemonEmd(const std::array<double, 48>& a, const std::array<double, 48>& b,
                const std::array<std::array<double, 48>, 48>& distance) {
  using Graph = lemon::ListDigraph;
  const auto supplies = wholeMasses(a);
  const auto demands = wholeMasses(b);
  Graph graph;
  Graph::NodeMap<std::int64_t> supply(graph, 0);
  Graph::ArcMap<std::int64_t> cost(graph, 0);
  std::vector<Graph::Node> sinks(48);
  for (std::size_t j = 0; j < 48; ++j) {
    if (demands[j] > 0) supply[sinks[j] = graph.addNode()] = -demands[j];
  }
  for (std::size_t i = 0; i < 48; ++i) {
    if (supplies[i] == 0) continue;
    const Graph::Node source = graph.addNode();
    supply[source] = supplies[i];
    for (std::size_t j = 0; j < 48; ++j) {
      if (demands[j] == 0) continue;
      cost[graph.addArc(source, sinks[j])] = std::llround(distance[i][j] / kCostUnit);
    }
  }
  lemon::NetworkSimplex<Graph, std::int64_t, std::int64_t> simplex(graph);
  simplex.supplyMap(supply).costMap(cost);
  if (simplex.run() != decltype(simplex)::OPTIMAL) throw std::runtime_error("no optimum");
  double work = 0;
  for (Graph::ArcIt arc(graph); arc != lemon::INVALID; ++arc) {
    work += static_cast<double>(simplex.flow(arc)) * static_cast<double>(cost[arc]);
  }
  return work * kCostUnit / static_cast<double>(kTotal);
}

}  // namespace aegen::test
