#pragma once
/// What the solver works on: a network of sums of terms, where a term is an input or another sum,
/// shifted and perhaps negated. A sum of n terms stands for n - 1 adders of an order left open.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "adder_graph_pairs.hpp"
#include "aegen/core/adder_graph.hpp"

namespace aegen::core {

// What a full-adder bit and a bit of a result's width weigh in what is minimised.
inline constexpr std::int64_t kCostWeight = 2;
inline constexpr std::int64_t kResultWeight = 1;

// Of a node with its own sign and scale; its sum may change, this does not.
struct NodeFacts {
  Interval range;
  int top = 0;  // bits of the magnitude
  int depth = 0;
  bool isSigned = false;
};

struct SumOutput {
  std::optional<std::uint32_t> node;
  int shift = 0;
  bool negated = false;
  bool operator==(const SumOutput&) const = default;
};

class SumNetwork {
 public:
  // `limit`: adders on the longest path.
  SumNetwork(std::span<const Interval> inputs, std::span<const int> inputDepths, int limit);

  // A sum with the coefficients `form` (one of them odd) of the inputs, as the terms given. The
  // node, which may be the negative of the form.
  SumOutput addSum(std::span<const std::int64_t> form, std::span<const Term> terms);
  std::size_t addOutput(const SumOutput& output);

  // Replaces each occurrence of a pattern that depth permits by a node of its own, or by one that
  // has this form already. Returns how many went.
  std::size_t substitute(std::uint64_t key);
  // Puts the node's terms wherever the node is used.
  void dissolve(std::uint32_t node);
  // Puts other terms of the same form in a sum's place; not when depth forbids it.
  bool rewrite(std::uint32_t node, std::span<const Term> terms);

  // Weight of a pattern's adder.
  [[nodiscard]] std::int64_t weightOf(const Pattern& pattern) const;

  // Patterns whose count rose since they were last taken.
  std::vector<std::uint64_t>& raised() { return raised_; }
  void collectRaised(bool on) { collect_ = on; }
  FlatCounts& counts() { return counts_; }

  // From here all that changes can be undone, or kept, once.
  void begin();
  void undo();
  void keep();
  // Sums changed since begin(), dead ones among them.
  [[nodiscard]] std::span<const std::uint32_t> changed() const { return changed_; }

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t nodeCount() const { return nodes_.size(); }
  [[nodiscard]] int limit() const { return limit_; }
  [[nodiscard]] bool isAlive(std::uint32_t node) const { return nodes_[node].alive; }
  [[nodiscard]] bool isInput(std::uint32_t node) const { return node < rows_; }
  [[nodiscard]] const std::vector<Term>& terms(std::uint32_t node) const {
    return nodes_[node].terms;
  }
  // With each use of it.
  [[nodiscard]] const std::vector<std::uint32_t>& users(std::uint32_t node) const {
    return nodes_[node].users;
  }
  [[nodiscard]] const NodeFacts& facts(std::uint32_t node) const { return facts_[node]; }
  [[nodiscard]] std::span<const std::int64_t> form(std::uint32_t node) const {
    return {forms_.data() + node * rows_, rows_};
  }
  [[nodiscard]] std::span<const Interval> inputs() const { return inputs_; }
  [[nodiscard]] const std::vector<SumOutput>& outputs() const { return outputs_; }
  [[nodiscard]] bool isOutput(std::uint32_t node) const { return nodes_[node].outputs > 0; }
  // How deep the sum may be without making anything else deeper.
  [[nodiscard]] int depthAllowed(std::uint32_t node) const {
    return nodes_[node].users.empty() ? limit_ : facts_[node].depth;
  }
  // Steps done, for budgets of work.
  [[nodiscard]] std::uint64_t work() const { return work_; }
  void spend(std::uint64_t work) { work_ += work; }

 private:
  struct Node {
    std::vector<Term> terms;
    std::vector<std::uint32_t> users;
    std::uint64_t hash = 0;
    std::uint64_t kraft = 0;  // sum of 2^depth of the terms: its logarithm is the sum's depth
    int outputs = 0;
    bool alive = false;
    bool listed = false;  // is the node that byForm_ gives for its form
  };
  enum class Change : std::uint8_t { Add, Remove, Create, Free, Depth, Output };
  struct Entry {
    Change change;
    std::uint32_t node;
    Term term;
    int old = 0;
    SumOutput output;
  };
  struct Formed {
    std::uint64_t hash = 0;
    int zeros = 0;  // trailing zeros that all coefficients share
    bool zero = false;
    std::optional<std::uint32_t> node;
    bool flipped = false;  // the node is the negative of the pattern
  };

  std::uint32_t create(std::span<const std::int64_t> form, std::uint64_t hash);
  void release(std::uint32_t node);
  void list(std::uint32_t node);
  void unlist(std::uint32_t node);
  void rawAdd(std::uint32_t node, const Term& term);
  void rawRemove(std::uint32_t node, std::size_t index);
  void add(std::uint32_t node, Term term);
  void remove(std::uint32_t node, const Term& term);
  void inlineInto(std::uint32_t user, std::uint32_t node);
  void replaceByTerm(std::uint32_t node);
  void tidy();
  void setDepth(std::uint32_t node, int depth);
  void settle(std::uint32_t node);
  [[nodiscard]] bool fits(std::uint32_t node, std::int64_t extra);
  [[nodiscard]] Formed formOf(const Pattern& pattern);
  void gather(const Pattern& pattern, const std::optional<std::uint32_t>& existing, int depth);
  [[nodiscard]] bool replace(const Pattern& pattern, std::uint32_t user, const Term& first,
                             const Term& by);
  void touch(std::uint32_t node);
  [[nodiscard]] std::optional<std::size_t> indexOf(std::uint32_t node, const Term& term) const;
  [[nodiscard]] Interval rangeOf(std::span<const std::int64_t> form) const;

  std::size_t rows_;
  std::vector<Interval> inputs_;
  int limit_;
  std::vector<Node> nodes_;
  std::vector<NodeFacts> facts_;
  std::vector<std::int64_t> forms_;
  std::vector<std::uint64_t> rowHash_;
  std::vector<SumOutput> outputs_;
  std::vector<std::uint32_t> spare_;
  FlatCounts counts_;
  FlatCounts byForm_;
  std::vector<std::uint64_t> raised_;
  bool collect_ = false;
  bool journaling_ = false;
  std::vector<Entry> journal_;
  std::vector<std::uint32_t> changed_;
  std::vector<std::uint64_t> changedIn_;
  std::uint64_t round_ = 0;
  std::vector<std::uint32_t> untidy_;
  std::vector<std::uint32_t> freed_;
  std::uint64_t work_ = 0;
  // Scratch.
  std::vector<std::int64_t> newForm_;
  struct Occurrence {
    std::uint32_t user;
    Term first;
  };
  std::vector<Occurrence> occurrences_;
  std::vector<std::uint64_t> seen_;
  std::uint64_t look_ = 0;
};

}  // namespace aegen::core
