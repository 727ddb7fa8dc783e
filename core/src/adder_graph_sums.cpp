#include "adder_graph_sums.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

#include "adder_graph_cost.hpp"

namespace aegen::core {
namespace {

std::uint64_t mixed(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

// Sums of n terms of depths d can be done within the logarithm of the sum of 2^d, and not faster.
int depthOfKraft(std::uint64_t kraft) {
  return kraft <= 1 ? 0 : static_cast<int>(std::bit_width(kraft - 1));
}

std::uint64_t power(int depth) {
  return std::uint64_t{1} << depth;
}

bool narrowerNegated(const Interval& range) {
  return widthOf({-range.high, -range.low}) < widthOf(range);
}

// The key under which a form and its negative are found.
std::uint64_t formKey(std::uint64_t hash) {
  return std::max<std::uint64_t>(std::min(hash, 0 - hash), 1);
}

template <typename T>
void eraseUnordered(std::vector<T>& list, std::size_t index) {
  list[index] = list.back();
  list.pop_back();
}

}  // namespace

SumNetwork::SumNetwork(std::span<const Interval> inputs, std::span<const int> inputDepths,
                       int limit)
    : rows_(inputs.size()), inputs_(inputs.begin(), inputs.end()), limit_(limit) {
  std::vector<std::int64_t> unit(rows_, 0);
  for (std::size_t r = 0; r < rows_; ++r) {
    rowHash_.push_back(mixed(r + 1) | 1);
    unit[r] = 1;
    const std::uint32_t node = create(unit, rowHash_[r]);
    facts_[node].depth = inputDepths.empty() ? 0 : inputDepths[r];
    unit[r] = 0;
  }
}

Interval SumNetwork::rangeOf(std::span<const std::int64_t> form) const {
  Interval range;
  for (std::size_t r = 0; r < rows_; ++r) {
    const std::int64_t c = form[r];
    const Interval& input = inputs_[r];
    range.low += c * (c >= 0 ? input.low : input.high);
    range.high += c * (c >= 0 ? input.high : input.low);
  }
  return range;
}

std::uint32_t SumNetwork::create(std::span<const std::int64_t> form, std::uint64_t hash) {
  std::uint32_t node = 0;
  if (spare_.empty()) {
    node = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
    facts_.emplace_back();
    forms_.resize(forms_.size() + rows_);
    changedIn_.push_back(0);
    seen_.push_back(0);
  } else {
    node = spare_.back();
    spare_.pop_back();
  }
  std::ranges::copy(form, forms_.begin() + static_cast<std::ptrdiff_t>(node * rows_));
  Node& made = nodes_[node];
  assert(made.terms.empty() && made.users.empty());
  made.hash = hash;
  made.kraft = 0;
  made.outputs = 0;
  made.alive = true;
  const Interval range = rangeOf(form);
  facts_[node] = {range, magnitudeBits(range), 0, range.low < 0};
  list(node);
  if (journaling_) journal_.push_back({Change::Create, node, {}, 0, {}});
  touch(node);
  return node;
}

void SumNetwork::list(std::uint32_t node) {
  FlatCounts::Slot& slot = byForm_.at(formKey(nodes_[node].hash));
  nodes_[node].listed = slot.count == 0;
  if (slot.count == 0) slot.count = static_cast<std::int32_t>(node + 1);
}

void SumNetwork::unlist(std::uint32_t node) {
  if (!nodes_[node].listed) return;
  byForm_.at(formKey(nodes_[node].hash)).count = 0;
  nodes_[node].listed = false;
}

void SumNetwork::release(std::uint32_t node) {
  Node& dead = nodes_[node];
  assert(dead.users.empty() && dead.outputs == 0);
  while (!dead.terms.empty()) rawRemove(node, dead.terms.size() - 1);
  unlist(node);
  dead.alive = false;
  touch(node);
  if (journaling_) {
    journal_.push_back({Change::Free, node, {}, 0, {}});
    freed_.push_back(node);
  } else {
    spare_.push_back(node);
  }
}

void SumNetwork::touch(std::uint32_t node) {
  if (!journaling_ || changedIn_[node] == round_) return;
  changedIn_[node] = round_;
  changed_.push_back(node);
}

void SumNetwork::rawAdd(std::uint32_t node, const Term& term) {
  Node& sum = nodes_[node];
  work_ += sum.terms.size() + 1;
  for (const Term& other : sum.terms) {
    const std::uint64_t key = Pattern::keyOf(term, other);
    FlatCounts::Slot& slot = counts_.at(key);
    ++slot.count;
    if (collect_ && slot.count > slot.queued && slot.queued == 0) {
      slot.queued = 1;
      raised_.push_back(key);
    }
  }
  sum.terms.push_back(term);
  sum.kraft += power(facts_[term.node].depth);
  nodes_[term.node].users.push_back(node);
  if (journaling_) journal_.push_back({Change::Add, node, term, 0, {}});
  touch(node);
}

void SumNetwork::rawRemove(std::uint32_t node, std::size_t index) {
  Node& sum = nodes_[node];
  const Term term = sum.terms[index];
  eraseUnordered(sum.terms, index);
  work_ += sum.terms.size() + 1;
  for (const Term& other : sum.terms) --counts_.at(Pattern::keyOf(term, other)).count;
  sum.kraft -= power(facts_[term.node].depth);
  std::vector<std::uint32_t>& users = nodes_[term.node].users;
  eraseUnordered(users, static_cast<std::size_t>(std::ranges::find(users, node) - users.begin()));
  if (journaling_) journal_.push_back({Change::Remove, node, term, 0, {}});
  touch(node);
  untidy_.push_back(term.node);
}

std::optional<std::size_t> SumNetwork::indexOf(std::uint32_t node, const Term& term) const {
  const std::vector<Term>& terms = nodes_[node].terms;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (terms[i] == term) return i;
  }
  return std::nullopt;
}

// Two equal terms are one with the next shift, opposite ones nothing.
void SumNetwork::add(std::uint32_t node, Term term) {
  for (;;) {
    const std::vector<Term>& terms = nodes_[node].terms;
    const auto same = std::ranges::find_if(terms, [&](const Term& other) {
      return other.node == term.node && other.shift == term.shift;
    });
    if (same == terms.end()) break;
    const bool cancels = same->negated != term.negated;
    rawRemove(node, static_cast<std::size_t>(same - terms.begin()));
    if (cancels) return;
    ++term.shift;
  }
  rawAdd(node, term);
}

void SumNetwork::remove(std::uint32_t node, const Term& term) {
  const std::optional<std::size_t> index = indexOf(node, term);
  assert(index);
  rawRemove(node, *index);
}

void SumNetwork::setDepth(std::uint32_t node, int depth) {
  const int old = facts_[node].depth;
  if (journaling_) journal_.push_back({Change::Depth, node, {}, old, {}});
  facts_[node].depth = depth;
  for (const std::uint32_t user : nodes_[node].users) {
    nodes_[user].kraft += power(depth) - power(old);
  }
}

void SumNetwork::settle(std::uint32_t node) {
  const int depth = depthOfKraft(nodes_[node].kraft);
  if (depth == facts_[node].depth) return;
  setDepth(node, depth);
  // By index: what settles further up changes no list of users.
  for (std::size_t u = 0; u < nodes_[node].users.size(); ++u) settle(nodes_[node].users[u]);
}

// May the sum's Kraft sum grow by `extra` without an output getting too deep?
bool SumNetwork::fits(std::uint32_t node, std::int64_t extra) {
  if (extra <= 0) return true;
  struct Growth {
    std::uint32_t node;
    std::uint64_t extra;
  };
  std::vector<Growth> growing;
  growing.push_back({node, static_cast<std::uint64_t>(extra)});
  while (!growing.empty()) {
    // The shallowest first: by then all that makes it grow has been seen.
    const auto next = std::ranges::min_element(
        growing, {}, [&](const Growth& g) { return facts_[g.node].depth; });
    const Growth growth = *next;
    eraseUnordered(growing, static_cast<std::size_t>(next - growing.begin()));
    const int old = facts_[growth.node].depth;
    const int depth = depthOfKraft(nodes_[growth.node].kraft + growth.extra);
    if (depth <= old) continue;
    if (depth > limit_) return false;
    for (const std::uint32_t user : nodes_[growth.node].users) {
      const auto known = std::ranges::find(growing, user, &Growth::node);
      const std::uint64_t more = power(depth) - power(old);
      if (known == growing.end()) {
        growing.push_back({user, more});
      } else {
        known->extra += more;
      }
    }
  }
  return true;
}

SumOutput SumNetwork::addSum(std::span<const std::int64_t> form, std::span<const Term> terms) {
  const bool negated = narrowerNegated(rangeOf(form));
  newForm_.assign(form.begin(), form.end());
  if (negated) {
    for (std::int64_t& c : newForm_) c = -c;
  }
  std::uint64_t hash = 0;
  for (std::size_t r = 0; r < rows_; ++r) {
    hash += static_cast<std::uint64_t>(newForm_[r]) * rowHash_[r];
  }
  const std::uint32_t node = create(newForm_, hash);
  for (Term term : terms) {
    term.negated = term.negated != negated;
    add(node, term);
  }
  settle(node);
  return {node, 0, negated};
}

std::size_t SumNetwork::addOutput(const SumOutput& output) {
  if (output.node) ++nodes_[*output.node].outputs;
  outputs_.push_back(output);
  return outputs_.size() - 1;
}

std::int64_t SumNetwork::weightOf(const Pattern& pattern) const {
  const NodeFacts& a = facts_[pattern.first];
  const NodeFacts& b = facts_[pattern.second];
  const int shiftA = pattern.firstShift();
  const int shiftB = pattern.secondShift();
  const int cost =
      fullAdderBits({shiftA, a.top + shiftA, a.isSigned}, {shiftB, b.top + shiftB, b.isSigned});
  const std::int64_t lowB = (pattern.opposite ? -b.range.high : b.range.low) << shiftB;
  const std::int64_t highB = (pattern.opposite ? -b.range.low : b.range.high) << shiftB;
  const Interval sum{(a.range.low << shiftA) + lowB, (a.range.high << shiftA) + highB};
  return kCostWeight * cost + kResultWeight * widthOf(sum);
}

SumNetwork::Formed SumNetwork::formOf(const Pattern& pattern) {
  newForm_.resize(rows_);
  const std::int64_t* a = forms_.data() + pattern.first * rows_;
  const std::int64_t* b = forms_.data() + pattern.second * rows_;
  std::uint64_t any = 0;
  const int shiftA = pattern.firstShift();
  const int shiftB = pattern.secondShift();
  for (std::size_t r = 0; r < rows_; ++r) {
    const std::int64_t right = b[r] << shiftB;
    newForm_[r] = (a[r] << shiftA) + (pattern.opposite ? -right : right);
    any |= static_cast<std::uint64_t>(newForm_[r]);
  }
  work_ += rows_ / 4;
  Formed formed;
  formed.zero = any == 0;
  if (formed.zero) return formed;
  formed.zeros = std::countr_zero(any);
  if (formed.zeros == 0) {
    const std::uint64_t right = nodes_[pattern.second].hash << shiftB;
    formed.hash = (nodes_[pattern.first].hash << shiftA) + (pattern.opposite ? 0 - right : right);
  } else {
    for (std::size_t r = 0; r < rows_; ++r) {
      formed.hash += static_cast<std::uint64_t>(newForm_[r] >> formed.zeros) * rowHash_[r];
    }
  }
  const FlatCounts::Slot* slot = byForm_.find(formKey(formed.hash));
  if (slot != nullptr && slot->count != 0) {
    formed.node = static_cast<std::uint32_t>(slot->count - 1);
    formed.flipped = nodes_[*formed.node].hash != formed.hash;
  }
  return formed;
}

// Occurrences that share no term, in sums where a node as deep as `depth` may stand for them.
void SumNetwork::gather(const Pattern& pattern, const std::optional<std::uint32_t>& existing,
                        int depth) {
  occurrences_.clear();
  const std::vector<std::uint32_t>& ofFirst = nodes_[pattern.first].users;
  const std::vector<std::uint32_t>& ofSecond = nodes_[pattern.second].users;
  const std::vector<std::uint32_t>& users = ofFirst.size() < ofSecond.size() ? ofFirst : ofSecond;
  const std::int64_t extra = static_cast<std::int64_t>(power(depth)) -
                             static_cast<std::int64_t>(power(facts_[pattern.first].depth)) -
                             static_cast<std::int64_t>(power(facts_[pattern.second].depth));
  ++look_;
  for (const std::uint32_t user : users) {
    if (seen_[user] == look_) continue;
    seen_[user] = look_;
    if (existing && (user == *existing || facts_[*existing].depth > facts_[user].depth)) continue;
    const std::size_t before = occurrences_.size();
    const std::vector<Term>& terms = nodes_[user].terms;
    work_ += terms.size();
    for (const Term& first : terms) {
      if (first.node != pattern.first) continue;
      const Term second{pattern.second, static_cast<std::int16_t>(first.shift + pattern.distance),
                        first.negated != pattern.opposite};
      if (std::ranges::find(terms, second) == terms.end()) continue;
      // A node with itself: a chain of occurrences overlaps.
      bool taken = false;
      if (pattern.first == pattern.second) {
        for (std::size_t o = before; o < occurrences_.size(); ++o) {
          const int gap = occurrences_[o].first.shift - first.shift;
          taken = taken || gap == pattern.distance || gap == -pattern.distance;
        }
      }
      if (!taken) occurrences_.push_back({user, first});
    }
    while (occurrences_.size() > before &&
           !fits(user, extra * static_cast<std::int64_t>(occurrences_.size() - before))) {
      occurrences_.pop_back();
    }
  }
}

bool SumNetwork::replace(const Pattern& pattern, std::uint32_t user, const Term& first,
                         const Term& by) {
  const Term second{pattern.second, static_cast<std::int16_t>(first.shift + pattern.distance),
                    first.negated != pattern.opposite};
  if (!indexOf(user, first) || !indexOf(user, second)) return false;
  const std::int64_t extra = static_cast<std::int64_t>(power(facts_[by.node].depth)) -
                             static_cast<std::int64_t>(power(facts_[pattern.first].depth)) -
                             static_cast<std::int64_t>(power(facts_[pattern.second].depth));
  if (!fits(user, extra)) return false;
  remove(user, first);
  remove(user, second);
  add(user, by);
  settle(user);
  if (nodes_[user].terms.size() < 2) untidy_.push_back(user);
  return true;
}

std::size_t SumNetwork::substitute(std::uint64_t key) {
  const Pattern pattern = Pattern::of(key);
  if (!nodes_[pattern.first].alive || !nodes_[pattern.second].alive) return 0;
  const Formed formed = formOf(pattern);
  if (formed.zero) return 0;
  const int depth = formed.node
                        ? facts_[*formed.node].depth
                        : std::max(facts_[pattern.first].depth, facts_[pattern.second].depth) + 1;
  gather(pattern, formed.node, depth);
  if (occurrences_.size() < (formed.node ? 1U : 2U)) return 0;
  std::uint32_t node = 0;
  bool flipped = formed.flipped;
  int zeros = formed.zeros;
  if (formed.node) {
    node = *formed.node;
  } else {
    // An even form has no adder that yields it halved: it keeps its zeros.
    std::uint64_t hash = formed.hash << zeros;
    zeros = 0;
    flipped = narrowerNegated(rangeOf(newForm_));
    if (flipped) {
      for (std::int64_t& c : newForm_) c = -c;
      hash = 0 - hash;
    }
    node = create(newForm_, hash);
    rawAdd(node, {pattern.first, static_cast<std::int16_t>(pattern.firstShift()), flipped});
    rawAdd(node, {pattern.second, static_cast<std::int16_t>(pattern.secondShift()),
                  flipped != pattern.opposite});
    settle(node);
  }
  std::size_t replaced = 0;
  // tidy() comes after: the list of occurrences holds.
  for (const Occurrence& o : occurrences_) {
    const int base = o.first.shift - pattern.firstShift() + zeros;
    const Term by{node, static_cast<std::int16_t>(base), o.first.negated != flipped};
    if (replace(pattern, o.user, o.first, by)) ++replaced;
  }
  untidy_.push_back(node);
  tidy();
  return replaced;
}

// Nodes without users go, nodes with one are put into it, single terms stand for themselves.
void SumNetwork::tidy() {
  while (!untidy_.empty()) {
    const std::uint32_t node = untidy_.back();
    untidy_.pop_back();
    Node& sum = nodes_[node];
    if (isInput(node) || !sum.alive) continue;
    if (sum.outputs == 0 && sum.users.empty()) {
      release(node);
    } else if (sum.terms.size() == 1) {
      replaceByTerm(node);
    } else if (sum.outputs == 0 && sum.users.size() == 1) {
      inlineInto(sum.users.front(), node);
    }
  }
}

void SumNetwork::inlineInto(std::uint32_t user, std::uint32_t node) {
  for (;;) {
    const std::vector<Term>& terms = nodes_[user].terms;
    const auto use = std::ranges::find(terms, node, &Term::node);
    if (use == terms.end()) break;
    const Term term = *use;
    rawRemove(user, static_cast<std::size_t>(use - terms.begin()));
    for (const Term& part : nodes_[node].terms) {
      add(user, {part.node, static_cast<std::int16_t>(part.shift + term.shift),
                 part.negated != term.negated});
    }
  }
  settle(user);
  if (nodes_[user].terms.size() < 2) untidy_.push_back(user);
}

void SumNetwork::replaceByTerm(std::uint32_t node) {
  const Term by = nodes_[node].terms.front();
  while (!nodes_[node].users.empty()) {
    const std::uint32_t user = nodes_[node].users.front();
    const std::vector<Term>& terms = nodes_[user].terms;
    const auto use = std::ranges::find(terms, node, &Term::node);
    const Term term = *use;
    rawRemove(user, static_cast<std::size_t>(use - terms.begin()));
    add(user,
        {by.node, static_cast<std::int16_t>(by.shift + term.shift), by.negated != term.negated});
    settle(user);
    if (nodes_[user].terms.size() < 2) untidy_.push_back(user);
  }
  for (std::size_t o = 0; nodes_[node].outputs > 0 && o < outputs_.size(); ++o) {
    SumOutput& output = outputs_[o];
    if (output.node != node) continue;
    if (journaling_) {
      journal_.push_back({Change::Output, static_cast<std::uint32_t>(o), {}, 0, output});
    }
    output = {by.node, output.shift + by.shift, output.negated != by.negated};
    --nodes_[node].outputs;
    ++nodes_[by.node].outputs;
  }
  untidy_.push_back(node);
}

void SumNetwork::dissolve(std::uint32_t node) {
  if (isInput(node) || !nodes_[node].alive) return;
  while (!nodes_[node].users.empty()) inlineInto(nodes_[node].users.front(), node);
  untidy_.push_back(node);
  tidy();
}

bool SumNetwork::rewrite(std::uint32_t node, std::span<const Term> terms) {
  std::uint64_t kraft = 0;
  for (const Term& term : terms) kraft += power(facts_[term.node].depth);
  if (!fits(node, static_cast<std::int64_t>(kraft - nodes_[node].kraft))) return false;
  while (!nodes_[node].terms.empty()) rawRemove(node, nodes_[node].terms.size() - 1);
  for (const Term& term : terms) add(node, term);
  settle(node);
  if (nodes_[node].terms.size() < 2) untidy_.push_back(node);
  tidy();
  return true;
}

void SumNetwork::begin() {
  journaling_ = true;
  ++round_;
  journal_.clear();
  changed_.clear();
  freed_.clear();
}

void SumNetwork::keep() {
  journaling_ = false;
  spare_.insert(spare_.end(), freed_.begin(), freed_.end());
}

void SumNetwork::undo() {
  journaling_ = false;
  const bool collected = collect_;
  collect_ = false;
  while (!journal_.empty()) {
    const Entry entry = journal_.back();
    journal_.pop_back();
    switch (entry.change) {
      case Change::Add:
        remove(entry.node, entry.term);
        break;
      case Change::Remove:
        rawAdd(entry.node, entry.term);
        break;
      case Change::Create:
        unlist(entry.node);
        nodes_[entry.node].alive = false;
        spare_.push_back(entry.node);
        break;
      case Change::Free:
        nodes_[entry.node].alive = true;
        list(entry.node);
        break;
      case Change::Depth:
        setDepth(entry.node, entry.old);
        break;
      case Change::Output:
        --nodes_[*outputs_[entry.node].node].outputs;
        ++nodes_[*entry.output.node].outputs;
        outputs_[entry.node] = entry.output;
        break;
    }
  }
  untidy_.clear();
  collect_ = collected;
}

}  // namespace aegen::core
