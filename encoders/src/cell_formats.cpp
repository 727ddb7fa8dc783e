// From chosen cells to the words of threshold sum, best choice and repeater, and the choice between
// algorithms.

#include <algorithm>
#include <array>
#include <optional>

#include "aegen/encoders/trigger_encoders.hpp"
#include "bit_vector.hpp"
#include "path_formats.hpp"
#include "word_string.hpp"

namespace aegen::encoders::econ_t {
namespace {

using core::FunctionBuilder;
using core::Role;
using core::ValueId;

constexpr int kWord = WordString::kWord;

int wordsFor(int stringBits) {
  return (stringBits + kWord - 1) / kWord;
}

ValueId zeros(FunctionBuilder& b, int width) {
  return b.reinterpret(b.constant(0), bits(width));
}

ValueId literal(FunctionBuilder& b, int value, int width) {
  return b.reinterpret(b.constant(value), bits(width));
}

// The four outputs every format function has.
void outputs(FunctionBuilder& b, const PathShape& shape, std::vector<ValueId> words, ValueId count,
             ValueId truncated, ValueId fill) {
  words.resize(static_cast<std::size_t>(wordsWritten(shape)), zeros(b, kWord));
  b.output("words", bits(kWord), words);
  b.output("count", bits(kCountBits), count);
  b.output("truncated_word", bits(kWord), truncated);
  b.output("fill_word", bits(kWord), fill);
}

// A crossing's words: the first `count` of the string's, fill words behind them. `fewest` is the
// smallest count.
std::vector<ValueId> filledUp(FunctionBuilder& b, std::vector<ValueId> words, ValueId count,
                              std::int64_t fewest, ValueId fill) {
  for (auto i = static_cast<std::size_t>(fewest); i < words.size(); ++i) {
    const ValueId belongs = b.less(b.constant(static_cast<std::int64_t>(i)), count);
    words[i] = b.select(belongs, words[i], fill);
  }
  return words;
}

// The kept cells in ascending order, as addCloseUpCells() gives them.
struct ClosedUp {
  std::vector<ValueId> kept;       ///< all channels
  std::vector<ValueId> addresses;  ///< of the first cells
  std::vector<ValueId> codes;
};
ClosedUp closedUpInputs(FunctionBuilder& b, const PathShape& shape) {
  const auto n = static_cast<std::uint32_t>(shape.channels);
  ClosedUp out;
  out.kept = b.input("kept", bits(1), n);
  const auto listed = static_cast<std::uint32_t>(std::min(shape.mostListed(), shape.channels));
  out.addresses = b.input("kept_address", bits(shape.addressBits()), listed);
  out.codes = b.input("kept_code", bits(shape.charge.width()), n);
  return out;
}

// Header without its second bit.
std::array<ValueId, 2> shortHeader(FunctionBuilder& b, ValueId header) {
  return {b.slice(header, kShortHeader, 1), b.slice(header, 0, kShortHeader - 1)};
}

// Adds where the cells are, as a list of `cells` addresses or as a map, and their charges.
void putCells(WordString& out, const FunctionBuilder& b, const ClosedUp& cells,
              const PathShape& shape, int count) {
  if (count <= shape.mostListed()) {
    const auto listed = static_cast<std::size_t>(count);
    out.put(b, std::span(cells.addresses).first(listed));
    out.put(b, std::span(cells.codes).first(listed));
  } else {
    out.put(b, cells.kept).put(b, cells.codes);
  }
}

}  // namespace

void addSelectCells(core::Program& program, const PathShape& shape) {
  FunctionBuilder b(program, "select_cells", "the cells that threshold sum or best choice keeps");
  const auto n = static_cast<std::uint32_t>(shape.channels);
  const auto ts = b.input("ts_kept", bits(1), n);
  const auto bc = b.input("bc_kept", bits(1), n);
  const ValueId algorithm = b.input("algorithm", bits(kAlgorithmBits), 1, Role::Config)[0];
  const ValueId isBest =
      b.equal(algorithm, b.constant(static_cast<std::int64_t>(Algorithm::BestChoice)));
  std::vector<ValueId> kept;
  for (std::size_t c = 0; c < n; ++c) kept.push_back(b.select(isBest, bc[c], ts[c]));
  b.output("kept", bits(1), kept);
  program.functions.push_back(std::move(b).finish());
}

void addCloseUpCells(core::Program& program, const PathShape& shape) {
  FunctionBuilder b(program, "close_up_cells",
                    "number, addresses and codes of the kept cells, in order");
  const auto n = static_cast<std::size_t>(shape.channels);
  const auto kept = b.input("kept", bits(1), static_cast<std::uint32_t>(n));
  const auto codes =
      b.input("cell_code", bits(shape.charge.width()), static_cast<std::uint32_t>(n));
  const ValueId nothing = zeros(b, shape.charge.width());
  const auto listed = static_cast<std::size_t>(std::min(shape.mostListed(), shape.channels));

  std::vector<ValueId> code;
  std::vector<ValueId> address;
  for (std::size_t c = 0; c < n; ++c) {
    code.push_back(b.select(kept[c], codes[c], nothing));
    address.push_back(literal(b, static_cast<int>(c), shape.addressBits()));
  }
  for (const CloseUpStep& step : closeUpSteps(b, BitVector::join(b, kept))) {
    const auto places = static_cast<std::size_t>(step.places);
    std::vector<ValueId> moves;
    for (std::size_t c = 0; c < n; ++c) {
      moves.push_back(step.move.slice(b, static_cast<int>(c), 1));
    }
    // A cell's place is taken by the one that moves there; one that has left holds nothing.
    for (std::size_t c = 0; c < n; ++c) {
      const ValueId own = b.select(moves[c], nothing, code[c]);
      if (c + places >= n) {
        code[c] = own;
        continue;
      }
      code[c] = b.select(moves[c + places], code[c + places], own);
      address[c] = b.select(moves[c + places], address[c + places], address[c]);
    }
  }
  address.resize(listed);
  b.output("kept_count", bits(bitsFor(n)), b.sum(kept));
  b.output("kept_address", bits(shape.addressBits()), address);
  b.output("kept_code", bits(shape.charge.width()), code);
  program.functions.push_back(std::move(b).finish());
}

void addFormatThresholdSum(core::Program& program, const PathShape& shape) {
  FunctionBuilder b(program, "format_threshold_sum",
                    "header, type, module sum and the kept cells in words");
  const ValueId header = b.input("header", bits(kHeaderBits))[0];
  const ClosedUp cells = closedUpInputs(b, shape);
  const ValueId count =
      b.input("kept_count", bits(bitsFor(static_cast<std::uint64_t>(shape.channels))))[0];
  const ValueId sum = b.input("ts_sum", bits(shape.sum.width()))[0];
  const ValueId all = b.input("ts_all", bits(shape.sum.width()))[0];
  const ValueId sync = b.input("sync_word", bits(kSyncBits), 1, Role::Config)[0];

  // Strings by number of cells; all with a map are laid out alike.
  const int listed = std::min(shape.mostListed(), shape.channels);
  std::vector<WordString> strings;
  for (int k = 0; k <= listed; ++k) {
    WordString& string = strings.emplace_back();
    string.put(b, header).put(b, literal(b, k == 0 ? kTypeNone : kTypeList, kTypeBits));
    string.put(b, sum);
    if (k == 0) continue;
    string.put(b, literal(b, k, shape.countBits));
    putCells(string, b, cells, shape, k);
  }
  if (shape.channels > listed) {
    WordString& string = strings.emplace_back();
    string.put(b, header).put(b, literal(b, kTypeMap, kTypeBits)).put(b, sum);
    putCells(string, b, cells, shape, shape.channels);
  }
  const ValueId index =
      b.name(b.min(count, b.constant(static_cast<std::int64_t>(strings.size()) - 1)), "string");
  std::vector<std::int64_t> lengths;
  for (int k = 0; k <= shape.channels; ++k) lengths.push_back(wordsFor(thresholdSumBits(shape, k)));
  WordString truncated;
  truncated.put(b, header).put(b, literal(b, kTypeFull, kTypeBits)).put(b, all);
  const ValueId fill = b.concat(std::array{header, sync});
  const auto [fewest, longest] = std::ranges::minmax(lengths);
  const ValueId length = b.lookup(count, lengths);
  auto words =
      filledUp(b, chooseWords(b, index, strings, static_cast<int>(longest)), length, fewest, fill);
  words.resize(static_cast<std::size_t>(wordsWritten(shape)), fill);
  outputs(b, shape, words, length, truncated.words(b, 1)[0], fill);
  program.functions.push_back(std::move(b).finish());
}

void addFormatBestChoice(core::Program& program, const PathShape& shape) {
  FunctionBuilder b(program, "format_best_choice",
                    "header, module sum and the largest cells in words");
  const ValueId header = b.input("header", bits(kHeaderBits))[0];
  const ClosedUp cells = closedUpInputs(b, shape);
  const ValueId sum = b.input("bc_sum", bits(shape.sum.width()))[0];
  const ValueId activeEtx = b.input("active_etx", bits(kEtxBits), 1, Role::Config)[0];
  const auto head = shortHeader(b, header);

  // One string for each list length that occurs; strings with a map are laid out alike.
  std::vector<WordString> strings;
  std::vector<std::int64_t> which(static_cast<std::size_t>(shape.etx) + 1, 0);
  int last = -1;
  int longest = 0;
  for (int etx = 1; etx <= shape.etx; ++etx) {
    const int sent = bestChoiceCells(shape, etx);
    const int layout = std::min(sent, shape.mostListed() + 1);
    if (layout != last) {
      WordString& string = strings.emplace_back();
      string.put(b, head).put(b, sum);
      putCells(string, b, cells, shape, layout > shape.mostListed() ? shape.channels : sent);
    }
    last = layout;
    which[static_cast<std::size_t>(etx)] = static_cast<std::int64_t>(strings.size()) - 1;
    longest = std::max(longest, wordsFor(bestChoiceBits(shape, sent)));
  }
  const ValueId index =
      b.name(byActiveEtx(b, activeEtx, shape,
                         [&](int etx) { return which[static_cast<std::size_t>(etx)]; }),
             "string");
  const ValueId count = byActiveEtx(b, activeEtx, shape, [&](int etx) {
    return wordsFor(bestChoiceBits(shape, bestChoiceCells(shape, etx)));
  });
  outputs(b, shape, chooseWords(b, index, strings, longest), count, zeros(b, kWord),
          zeros(b, kWord));
  program.functions.push_back(std::move(b).finish());
}

void addFormatRepeater(core::Program& program, const PathShape& shape) {
  FunctionBuilder b(program, "format_repeater", "header and every cell in words");
  const ValueId header = b.input("header", bits(kHeaderBits))[0];
  const auto codes =
      b.input("cell_code", bits(shape.charge.width()), static_cast<std::uint32_t>(shape.channels));
  const ValueId activeEtx = b.input("active_etx", bits(kEtxBits), 1, Role::Config)[0];
  WordString string;
  string.put(b, header).put(b, codes);
  const ValueId count = byActiveEtx(b, activeEtx, shape, [](int etx) { return 2 * etx; });
  // What does not fit the links is not written.
  const ValueId fill = zeros(b, kWord);
  const auto words = filledUp(b, string.words(b, wordsFor(repeaterBits(shape))), count, 2, fill);
  outputs(b, shape, words, count, zeros(b, kWord), fill);
  program.functions.push_back(std::move(b).finish());
}

void addSelectWords(core::Program& program, const PathShape& shape,
                    const std::vector<Algorithm>& held) {
  FunctionBuilder b(program, "select_words", "the words of the chosen algorithm");
  struct Source {
    std::vector<ValueId> words;
    ValueId count, truncated, fill;
  };
  std::vector<std::optional<Source>> sources(kAlgorithms.size());
  const auto n = static_cast<std::uint32_t>(wordsWritten(shape));
  for (const Algorithm algorithm : held) {
    const std::string name = shortName(algorithm);
    sources[static_cast<std::size_t>(algorithm)] = Source{
        b.input(name + "_words", bits(kWord), n), b.input(name + "_count", bits(kCountBits))[0],
        b.input(name + "_truncated", bits(kWord))[0], b.input(name + "_fill", bits(kWord))[0]};
  }
  const ValueId algorithm = b.input("algorithm", bits(kAlgorithmBits), 1, Role::Config)[0];
  const auto choose = [&](int width, auto member) {
    std::vector<ValueId> choices;
    for (const auto& source : sources) {
      choices.push_back(source ? member(*source) : zeros(b, width));
    }
    const ValueId chosen = b.pick(algorithm, choices);
    return b.format(chosen).width == width ? chosen : b.reinterpret(chosen, bits(width));
  };
  std::vector<ValueId> words;
  for (std::uint32_t i = 0; i < n; ++i) {
    words.push_back(choose(kWord, [&](const Source& s) { return s.words[i]; }));
  }
  const ValueId count = choose(kCountBits, [](const Source& s) { return s.count; });
  const ValueId truncated = choose(kWord, [](const Source& s) { return s.truncated; });
  const ValueId fill = choose(kWord, [](const Source& s) { return s.fill; });
  outputs(b, shape, words, count, truncated, fill);
  program.functions.push_back(std::move(b).finish());
}

}  // namespace aegen::encoders::econ_t
