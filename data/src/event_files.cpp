#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

#include "aegen/core/files.hpp"
#include "aegen/core/text_tools.hpp"
#include "aegen/data/events.hpp"

namespace aegen::data {
namespace {

/// A kind of table: how its columns are named and its diagnostics coded.
struct TableKind {
  std::string_view subsystem;  ///< of the diagnostics' codes
  std::string_view column;     ///< header names are this followed by 0, 1, ...
  std::size_t columns;
  std::string_view rows;     ///< what a row is, for messages
  bool moreColumns = false;  ///< columns of numbers may stand behind those
};
constexpr TableKind kCalqTable{"events", "CALQ_", kTriggerCells, "an event of 48 charges", true};
constexpr TableKind kRxTable{"vectors", "RX_DATA_", kRxWords, "a crossing of 12 words"};
constexpr TableKind kTxTable{"vectors", "TX_DATA_", kTxWords, "a crossing of 13 words"};

constexpr std::size_t kHexDigits = 8;

std::string code(const TableKind& kind, std::string_view name) {
  return fmt::format("{}.{}", kind.subsystem, name);
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t comma = line.find(',');
    fields.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

/// Whether `field` could be the beginning of a word or number.
bool isCutWord(std::string_view field) {
  return field.size() < kHexDigits &&
         field.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

core::Result<std::string> readText(const TableKind& kind, const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    return core::badInput(code(kind, "missing-file"), "there is no such file", file.string());
  }
  if (std::filesystem::is_directory(file, error)) {
    return core::badInput(code(kind, "missing-file"), "this is a folder, not a file",
                          file.string());
  }
  return core::readFile(file);
}

/// The columns a header names behind those of its kind, where the kind may have any.
core::Result<std::vector<Column>> readHeader(const TableKind& kind, std::string_view line,
                                             const std::string& file) {
  const auto names = split(line);
  bool good = kind.moreColumns ? names.size() >= kind.columns : names.size() == kind.columns;
  for (std::size_t k = 0; good && k < kind.columns; ++k) {
    good = names[k] == fmt::format("{}{}", kind.column, k);
  }
  std::vector<Column> more;
  for (std::size_t k = kind.columns; good && k < names.size(); ++k) {
    good = core::isIdentifier(names[k]) && !names[k].starts_with(kind.column) &&
           std::ranges::find(more, names[k], &Column::name) == more.end();
    more.push_back({std::string(names[k]), {}});
  }
  if (good) return more;
  std::vector<std::string> notes{fmt::format("each line below it is {}", kind.rows)};
  if (kind.moreColumns) notes.emplace_back("columns of other names, once each, may follow");
  return core::badInput(
      code(kind, "header"),
      fmt::format("the header must be {0}0,...,{0}{1}", kind.column, kind.columns - 1), file + ":1",
      std::move(notes));
}

core::Result<double> parseNumber(std::string_view field) {
  double number = 0;
  const char* const end = field.data() + field.size();
  const auto [stop, error] = std::from_chars(field.data(), end, number);
  if (error == std::errc{} && stop == end && std::isfinite(number)) return number;
  return core::badInput("events.malformed-number",
                        fmt::format("'{}' is not a finite number", field.substr(0, 40)));
}

/// Rows and the columns behind theirs.
template <typename Rows>
struct Table {
  Rows rows;
  std::vector<Column> more;
};

/// Walks over a table's rows; `parse(field)` gives a cell's value or a diagnostic without a place,
/// `store(row, column, value)` keeps it.
template <typename Cell, typename Rows, typename Parse, typename Store>
core::Result<Table<Rows>> readTable(const TableKind& kind, const std::filesystem::path& path,
                                    Parse parse, Store store) {
  const std::string file = path.string();
  auto text = readText(kind, path);
  if (!text) return text.error();
  std::string_view rest = *text;
  if (rest.empty()) return core::badInput(code(kind, "empty"), "the file is empty", file);
  Table<Rows> table;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    const bool complete = end != std::string_view::npos;
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(complete ? end + 1 : rest.size());
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (number == 1) {
      auto more = readHeader(kind, line, file);
      if (!more) return more.error();
      table.more = std::move(*more);
      continue;
    }
    const std::string where = fmt::format("{}:{}", file, number);
    const auto fields = split(line);
    // A line without its end that lacks something was cut off; that says more than what it lacks.
    const auto truncated = [&] {
      return core::badInput(code(kind, "truncated"),
                            fmt::format("the file ends in the middle of {}", kind.rows), where,
                            {"copy or write the file again"});
    };
    const std::size_t columns = kind.columns + table.more.size();
    if (fields.size() != columns) {
      if (!complete && fields.size() < columns) return truncated();
      return core::badInput(
          code(kind, "columns"),
          table.more.empty()
              ? fmt::format("{} values where {} has {}", fields.size(), kind.rows, columns)
              : fmt::format("{} values where the header names {}", fields.size(), columns),
          where);
    }
    table.rows.emplace_back();
    const auto take = [&](std::size_t column) -> core::Result<void> {
      if (column >= kind.columns) {
        const auto value = parseNumber(fields[column]);
        if (!value) return value.error();
        table.more[column - kind.columns].values.push_back(*value);
        return {};
      }
      const core::Result<Cell> cell = parse(fields[column]);
      if (!cell) return cell.error();
      store(table.rows.back(), column, *cell);
      return {};
    };
    for (std::size_t column = 0; column < fields.size(); ++column) {
      const auto taken = take(column);
      if (taken) continue;
      const bool last = column + 1 == fields.size();
      if (!complete && last && isCutWord(fields[column])) return truncated();
      core::Diagnostic diagnostic = taken.error();
      diagnostic.where = fmt::format("{}:{}", where, fields[column].data() - line.data() + 1);
      return diagnostic;
    }
  }
  if (table.rows.empty()) {
    return core::badInput(code(kind, "empty"), "the file has a header but no rows", file);
  }
  return table;
}

core::Result<std::uint32_t> parseWord(std::string_view field) {
  std::uint32_t word = 0;
  const char* const end = field.data() + field.size();
  const auto [stop, error] = std::from_chars(field.data(), end, word, 16);
  if (field.size() != kHexDigits || error != std::errc{} || stop != end) {
    return core::badInput("vectors.malformed-word",
                          fmt::format("'{}' is not a word of {} hexadecimal digits",
                                      field.substr(0, 40), kHexDigits));
  }
  return word;
}

core::Result<std::int64_t> parseCharge(std::string_view field) {
  std::int64_t charge = 0;
  const char* const end = field.data() + field.size();
  const auto [stop, error] = std::from_chars(field.data(), end, charge);
  if (error == std::errc::invalid_argument || stop != end) {
    return core::badInput("events.malformed-charge",
                          fmt::format("'{}' is not a whole number", field.substr(0, 40)));
  }
  if (error != std::errc{} || charge < 0 || charge > kMaxCharge) {
    return core::badInput("events.charge-range", fmt::format("{} is not a charge of 22 bits, 0..{}",
                                                             field.substr(0, 40), kMaxCharge));
  }
  return charge;
}

template <typename Crossing>
core::Result<std::vector<Crossing>> readWords(const TableKind& kind,
                                              const std::filesystem::path& file) {
  auto table = readTable<std::uint32_t, std::vector<Crossing>>(
      kind, file, parseWord,
      [](Crossing& row, std::size_t column, std::uint32_t word) { row[column] = word; });
  if (!table) return table.error();
  return std::move(table->rows);
}

/// `appendCell(row, column, text)` appends one value; `more` are columns behind.
template <typename Rows, typename AppendCell>
core::Result<void> writeTable(const TableKind& kind, const Rows& rows,
                              const std::filesystem::path& file, AppendCell appendCell,
                              std::span<const Column> more = {}) {
  fmt::memory_buffer text;
  const auto end = std::back_inserter(text);
  for (std::size_t k = 0; k < kind.columns; ++k) {
    fmt::format_to(end, "{}{}{}", k == 0 ? "" : ",", kind.column, k);
  }
  for (const Column& column : more) fmt::format_to(end, ",{}", column.name);
  text.push_back('\n');
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t k = 0; k < kind.columns; ++k) {
      if (k != 0) text.push_back(',');
      appendCell(rows[i], k, text);
    }
    for (const Column& column : more) fmt::format_to(end, ",{}", column.values[i]);
    text.push_back('\n');
  }
  return core::writeFile(file, {text.data(), text.size()});
}

template <typename Crossing>
core::Result<void> writeWords(const TableKind& kind, std::span<const Crossing> crossings,
                              const std::filesystem::path& file) {
  return writeTable(kind, crossings, file,
                    [](const Crossing& row, std::size_t k, fmt::memory_buffer& text) {
                      fmt::format_to(std::back_inserter(text), "{:08x}", row[k]);
                    });
}

}  // namespace

core::Result<EventTable> readCalqTable(const std::filesystem::path& file) {
  const auto& channels = tcOrderToChannel();
  auto table = readTable<std::int64_t, std::vector<Event>>(
      kCalqTable, file, parseCharge, [&](Event& event, std::size_t order, std::int64_t charge) {
        event.charge[static_cast<std::size_t>(channels[order])] = charge;
      });
  if (!table) return table.error();
  return EventTable{std::move(table->rows), std::move(table->more)};
}

core::Result<std::vector<Event>> readCalqCsv(const std::filesystem::path& file) {
  auto table = readCalqTable(file);
  if (!table) return table.error();
  return std::move(table->events);
}

core::Result<void> writeCalqTable(const EventTable& table, const std::filesystem::path& file) {
  const auto& channels = tcOrderToChannel();
  return writeTable(
      kCalqTable, table.events, file,
      [&](const Event& event, std::size_t order, fmt::memory_buffer& text) {
        fmt::format_to(std::back_inserter(text), "{}",
                       event.charge[static_cast<std::size_t>(channels[order])]);
      },
      table.columns);
}

core::Result<void> writeCalqCsv(std::span<const Event> events, const std::filesystem::path& file) {
  return writeCalqTable({{events.begin(), events.end()}, {}}, file);
}

core::Result<bool> holdsRxWords(const std::filesystem::path& file) {
  const auto text = readText(kCalqTable, file);
  if (!text) return text.error();
  return text->starts_with(kRxTable.column);
}

core::Result<EventTable> readEvents(const std::filesystem::path& file,
                                    const InputSettings& settings) {
  const auto isRx = holdsRxWords(file);
  if (!isRx) return isRx.error();
  if (!*isRx) return readCalqTable(file);
  const auto words = readRxCsv(file);
  if (!words) return words.error();
  auto events = decodeRx(*words, settings);
  if (!events) return events.error();
  return EventTable{std::move(*events), {}};
}

core::Result<std::vector<RxCrossing>> readRxCsv(const std::filesystem::path& file) {
  return readWords<RxCrossing>(kRxTable, file);
}

core::Result<void> writeRxCsv(std::span<const RxCrossing> crossings,
                              const std::filesystem::path& file) {
  return writeWords(kRxTable, crossings, file);
}

core::Result<std::vector<TxCrossing>> readTxCsv(const std::filesystem::path& file) {
  return readWords<TxCrossing>(kTxTable, file);
}

core::Result<void> writeTxCsv(std::span<const TxCrossing> crossings,
                              const std::filesystem::path& file) {
  return writeWords(kTxTable, crossings, file);
}

}  // namespace aegen::data
