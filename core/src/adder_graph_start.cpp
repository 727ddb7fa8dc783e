#include "adder_graph_start.hpp"

#include <algorithm>
#include <bit>
#include <map>

#include "adder_graph_digits.hpp"

namespace aegen::core {
namespace {

using Form = std::vector<std::int64_t>;

// Columns related over more multiplications than this are not compared with each other.
constexpr std::size_t kMostComparisons = 400'000'000;
// Shifts of one column beside another that are tried.
constexpr int kShifts = 3;

std::uint64_t kraftOf(const Form& form, std::span<const int> depths) {
  std::uint64_t kraft = 0;
  for (std::size_t r = 0; r < form.size(); ++r) {
    kraft += static_cast<std::uint64_t>(fewestDigits(form[r])) << (depths.empty() ? 0 : depths[r]);
  }
  return kraft;
}

std::uint64_t digitsOf(const Form& form) {
  return kraftOf(form, {});
}

// How a column is written: as another one, shifted and perhaps negated, and a rest.
struct Relation {
  std::optional<std::size_t> to;
  int shift = 0;
  bool negated = false;
  double cost = 0;
};

Form restOf(const Form& form, const Form& other, const Relation& relation) {
  Form rest(form.size());
  for (std::size_t r = 0; r < form.size(); ++r) {
    const std::int64_t part = other[r] << relation.shift;
    rest[r] = form[r] - (relation.negated ? -part : part);
  }
  return rest;
}

// A tree over the columns, grown by the cheapest relation each time (Prim).
class Relations {
 public:
  Relations(const std::vector<Form>& forms, double factor) : forms_(forms), factor_(factor) {
    for (const Form& form : forms_) best_.push_back({{}, 0, false, double(digitsOf(form))});
    done_.assign(forms_.size(), false);
  }

  // Columns in an order in which what they relate to comes first.
  std::vector<std::size_t> grow() {
    std::vector<std::size_t> order;
    while (order.size() < forms_.size()) {
      std::size_t next = forms_.size();
      for (std::size_t c = 0; c < forms_.size(); ++c) {
        if (!done_[c] && (next == forms_.size() || best_[c].cost < best_[next].cost)) next = c;
      }
      done_[next] = true;
      order.push_back(next);
      if (factor_ > 0) relateOthersTo(next);
    }
    return order;
  }
  [[nodiscard]] const Relation& of(std::size_t column) const { return best_[column]; }

 private:
  void relateOthersTo(std::size_t column) {
    for (std::size_t c = 0; c < forms_.size(); ++c) {
      if (done_[c]) continue;
      for (int shift = 0; shift < kShifts; ++shift) {
        for (const bool negated : {false, true}) relate(c, {column, shift, negated, 0});
      }
    }
  }
  void relate(std::size_t column, Relation relation) {
    const Form& form = forms_[column];
    const Form& other = forms_[*relation.to];
    std::uint64_t digits = 1;
    for (std::size_t r = 0; r < form.size(); ++r) {
      const std::int64_t part = other[r] << relation.shift;
      digits +=
          static_cast<std::uint64_t>(fewestDigits(form[r] - (relation.negated ? -part : part)));
    }
    relation.cost = factor_ * static_cast<double>(digits);
    if (relation.cost < best_[column].cost) best_[column] = relation;
  }

  const std::vector<Form>& forms_;
  double factor_;
  std::vector<Relation> best_;
  std::vector<bool> done_;
};

}  // namespace

DistinctColumns::DistinctColumns(const ConstantMatrix& matrix) {
  std::map<Form, std::size_t> known;
  for (std::size_t c = 0; c < matrix.columns; ++c) {
    Form form;
    std::uint64_t any = 0;
    for (std::size_t r = 0; r < matrix.rows; ++r) {
      form.push_back(matrix.at(r, c));
      any |= static_cast<std::uint64_t>(form.back());
    }
    if (any == 0) {
      uses.push_back({});
      continue;
    }
    const int zeros = std::countr_zero(any);
    bool negated = false;
    for (std::int64_t& value : form) value >>= zeros;
    if (*std::ranges::find_if(form, [](std::int64_t v) { return v != 0; }) < 0) {
      negated = true;
      for (std::int64_t& value : form) value = -value;
    }
    const auto [place, isNew] = known.try_emplace(form, forms.size());
    if (isNew) forms.push_back(form);
    uses.push_back({place->second, zeros, negated});
  }
}

int shallowest(const DistinctColumns& columns, std::span<const int> inputDepths) {
  int depth = 0;
  for (const Form& form : columns.forms) {
    const std::uint64_t kraft = kraftOf(form, inputDepths);
    depth = std::max(depth, kraft <= 1 ? 0 : static_cast<int>(std::bit_width(kraft - 1)));
  }
  return depth;
}

std::uint64_t digitsOf(const DistinctColumns& columns) {
  std::uint64_t digits = 0;
  for (const Form& form : columns.forms) digits += digitsOf(form);
  return digits;
}

SumNetwork startNetwork(const DistinctColumns& columns, std::span<const Interval> inputs,
                        std::span<const int> inputDepths, int limit, const StartOptions& options) {
  const std::vector<Form>& forms = columns.forms;
  SumNetwork network(inputs, inputDepths, limit);
  Dice dice(options.seed);
  const auto higher = [&] { return !options.randomDigits || dice.next() % 2 == 0; };
  const bool compare =
      forms.size() * forms.size() * inputs.size() * 2 * kShifts <= kMostComparisons;
  Relations relations(forms, compare ? options.relation : 0);
  std::vector<SumOutput> sums(forms.size());
  for (const std::size_t c : relations.grow()) {
    std::vector<Term> terms;
    const auto appendDigits = [&](const Form& form) {
      for (std::size_t r = 0; r < form.size(); ++r) {
        minimalDigits(
            form[r],
            [&](int shift, bool negated) {
              terms.push_back(
                  {static_cast<std::uint32_t>(r), static_cast<std::int16_t>(shift), negated});
            },
            higher);
      }
    };
    const Relation& relation = relations.of(c);
    bool related = false;
    if (relation.to) {
      const SumOutput& other = sums[*relation.to];
      const Form rest = restOf(forms[c], forms[*relation.to], relation);
      const std::uint64_t kraft =
          kraftOf(rest, inputDepths) + (std::uint64_t{1} << network.facts(*other.node).depth);
      related = kraft <= std::uint64_t{1} << limit;
      if (related) {
        terms.push_back({*other.node, static_cast<std::int16_t>(relation.shift + other.shift),
                         relation.negated != other.negated});
        appendDigits(rest);
      }
    }
    if (!related) appendDigits(forms[c]);
    if (terms.size() == 1) {
      sums[c] = {terms[0].node, terms[0].shift, terms[0].negated};
    } else {
      sums[c] = network.addSum(forms[c], terms);
    }
  }
  for (const DistinctColumns::Use& use : columns.uses) {
    if (!use.form) {
      network.addOutput({});
      continue;
    }
    const SumOutput& sum = sums[*use.form];
    network.addOutput({sum.node, sum.shift + use.shift, sum.negated != use.negated});
  }
  return network;
}

}  // namespace aegen::core
