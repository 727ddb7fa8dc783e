#include "aegen/data/events.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

namespace aegen::data {
namespace {

namespace fs = std::filesystem;

/// A folder of its own for each test, removed afterwards.
class EventFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(AEGEN_BUILD_DIR) / "test_files" / (std::string("events_") + info->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path write(const std::string& text) const {
    const fs::path file = folder_ / "file.csv";
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }

  fs::path folder_;
};

std::string header(const std::string& name, int columns) {
  std::string line;
  for (int k = 0; k < columns; ++k) line += (k ? "," : "") + name + std::to_string(k);
  return line + "\n";
}

std::string row(int columns, const std::string& value) {
  std::string line;
  for (int k = 0; k < columns; ++k) line += (k ? "," : "") + value;
  return line + "\n";
}

const std::string kRxHeader = header("RX_DATA_", 12);
const std::string kGoodRow = row(12, "a0000000");

std::vector<Event> randomEvents(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<Event> events(count);
  for (Event& event : events) {
    for (auto& charge : event.charge) {
      charge = static_cast<std::int64_t>(random() >> 42) >> (random() % 22);
    }
  }
  return events;
}

TEST_F(EventFiles, ChargesComeBackAsWritten) {
  const auto events = randomEvents(3, 40);
  const fs::path file = folder_ / "calq.csv";
  ASSERT_TRUE(writeCalqCsv(events, file).ok());
  const auto back = readCalqCsv(file);
  ASSERT_TRUE(back.ok()) << back.error().text();
  EXPECT_EQ(*back, events);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1)
      << "a temporary stayed behind";
}

TEST_F(EventFiles, ChargeColumnsFollowTheTriggerCellOrder) {
  std::string line = "0";
  for (int k = 1; k < 48; ++k) line.append(",").append(std::to_string(k));
  const auto events = readCalqCsv(write(header("CALQ_", 48) + line + "\n"));
  ASSERT_TRUE(events.ok()) << events.error().text();
  ASSERT_EQ(events->size(), 1U);
  for (const TriggerCell& cell : triggerCells()) {
    EXPECT_EQ((*events)[0].charge[static_cast<std::size_t>(cell.channel)], cell.order);
  }
}

TEST_F(EventFiles, WordsComeBackAsWritten) {
  std::mt19937 random(4);
  std::vector<RxCrossing> rx(20);
  std::vector<TxCrossing> tx(20);
  for (auto& crossing : rx) {
    for (auto& word : crossing) word = static_cast<std::uint32_t>(random());
  }
  for (auto& crossing : tx) {
    for (auto& word : crossing) word = static_cast<std::uint32_t>(random());
  }
  ASSERT_TRUE(writeRxCsv(rx, folder_ / "rx.csv").ok());
  ASSERT_TRUE(writeTxCsv(tx, folder_ / "tx.csv").ok());
  EXPECT_EQ(*readRxCsv(folder_ / "rx.csv"), rx);
  EXPECT_EQ(*readTxCsv(folder_ / "tx.csv"), tx);
}

TEST_F(EventFiles, SharedVectorsAndSampleAreReadWhole) {
  const fs::path shared = AEGEN_SOURCE_DIR "/../shared/econt";
  const auto rx = readRxCsv(shared / "vectors/input_mcDataset.csv");
  ASSERT_TRUE(rx.ok()) << rx.error().text();
  EXPECT_EQ(rx->size(), 1782U);
  EXPECT_EQ((*rx)[0][0], 0x9145cb96U);
  const auto tx = readTxCsv(shared / "vectors/AE/expected_tx.csv");
  ASSERT_TRUE(tx.ok()) << tx.error().text();
  EXPECT_EQ(tx->size(), 1782U);
  EXPECT_EQ((*tx)[0][0], 0xfaa850bfU);
  const auto events = readCalqCsv(shared / "calq_sample.csv");
  ASSERT_TRUE(events.ok()) << events.error().text();
  EXPECT_EQ(events->size(), 3025U);
  // Written again, the words are the same file.
  ASSERT_TRUE(writeRxCsv(*rx, folder_ / "again.csv").ok());
  const auto text = [](const fs::path& file) {
    std::ostringstream out;
    out << std::ifstream(file, std::ios::binary).rdbuf();
    return out.str();
  };
  EXPECT_EQ(text(folder_ / "again.csv"), text(shared / "vectors/input_mcDataset.csv"));
}

struct BadFile {
  std::string name;
  std::string text;
  std::string code;
  std::string where;  ///< what the place ends with
};

TEST_F(EventFiles, BadWordFilesAreNamedWithLineAndColumn) {
  const std::vector<BadFile> cases = {
      {"empty", "", "vectors.empty", "file.csv"},
      {"only a header", kRxHeader, "vectors.empty", "file.csv"},
      {"no header", kGoodRow, "vectors.header", "file.csv:1"},
      {"header of another table", header("TX_DATA_", 13) + kGoodRow, "vectors.header",
       "file.csv:1"},
      {"one word too few", kRxHeader + kGoodRow + row(11, "a0000000") + kGoodRow, "vectors.columns",
       "file.csv:3"},
      {"one word too many", kRxHeader + row(13, "a0000000"), "vectors.columns", "file.csv:2"},
      {"a blank line", kRxHeader + kGoodRow + "\n" + kGoodRow, "vectors.columns", "file.csv:3"},
      {"not hexadecimal",
       kRxHeader + kGoodRow + "a0000000,a00g0000" + row(11, "a0000000").substr(8),
       "vectors.malformed-word", "file.csv:3:10"},
      {"too few digits", kRxHeader + "a000000" + row(12, "a0000000").substr(8),
       "vectors.malformed-word", "file.csv:2:1"},
      {"too many digits", kRxHeader + "a00000000" + row(12, "a0000000").substr(8),
       "vectors.malformed-word", "file.csv:2:1"},
      {"a sign", kRxHeader + "-0000000" + row(12, "a0000000").substr(8), "vectors.malformed-word",
       "file.csv:2:1"},
      {"a bad last word without line end", kRxHeader + kGoodRow.substr(0, 99) + "xyz",
       "vectors.malformed-word", "file.csv:2:100"},
      {"cut between words", kRxHeader + kGoodRow + kGoodRow.substr(0, 44), "vectors.truncated",
       "file.csv:3"},
      {"cut within the last word", kRxHeader + kGoodRow + kGoodRow.substr(0, 12 * 9 - 4),
       "vectors.truncated", "file.csv:3"},
  };
  for (const BadFile& bad : cases) {
    SCOPED_TRACE(bad.name);
    const auto result = readRxCsv(write(bad.text));
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, bad.code) << result.error().text();
    EXPECT_TRUE(result.error().where.ends_with(bad.where)) << result.error().text();
    EXPECT_EQ(result.error().failure, core::Failure::BadInput);
    EXPECT_FALSE(result.error().message.empty());
  }
}

TEST_F(EventFiles, BadChargeFilesAreNamedWithLineAndColumn) {
  const std::string head = header("CALQ_", 48);
  const std::string rest = row(48, "0").substr(1);
  const std::vector<BadFile> cases = {
      {"not a number", head + "1x" + rest, "events.malformed-charge", "file.csv:2:1"},
      {"empty field", head + rest, "events.malformed-charge", "file.csv:2:1"},
      {"a fraction", head + "1.5" + rest, "events.malformed-charge", "file.csv:2:1"},
      {"negative", head + "-1" + rest, "events.charge-range", "file.csv:2:1"},
      {"23 bits", head + "4194304" + rest, "events.charge-range", "file.csv:2:1"},
      {"beyond 64 bits", head + "99999999999999999999" + rest, "events.charge-range",
       "file.csv:2:1"},
      {"too few", head + row(47, "0"), "events.columns", "file.csv:2"},
      {"cut off", head + row(20, "0").substr(0, 30), "events.truncated", "file.csv:2"},
  };
  for (const BadFile& bad : cases) {
    SCOPED_TRACE(bad.name);
    const auto result = readCalqCsv(write(bad.text));
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, bad.code) << result.error().text();
    EXPECT_TRUE(result.error().where.ends_with(bad.where)) << result.error().text();
  }
}

TEST_F(EventFiles, OtherColumnsComeBackAsWrittenAndAreLeftOutWhereChargesAreAskedFor) {
  EventTable table{randomEvents(5, 12), {{"eta", {}}, {"layer", {}}}};
  std::mt19937 random(6);
  for (std::size_t i = 0; i < table.events.size(); ++i) {
    table.columns[0].values.push_back(static_cast<double>(random()) / 1e9 - 2);
    table.columns[1].values.push_back(static_cast<double>(i));
  }
  const fs::path file = folder_ / "table.csv";
  ASSERT_TRUE(writeCalqTable(table, file).ok());
  const auto back = readCalqTable(file);
  ASSERT_TRUE(back.ok()) << back.error().text();
  EXPECT_EQ(*back, table);
  EXPECT_EQ(*readEvents(file, InputSettings::plain()), table);
  EXPECT_EQ(*readCalqCsv(file), table.events);
}

TEST_F(EventFiles, WordsAreEventsOfTheChargesTheChipMakesOfThem) {
  const auto words = encodeRx(randomEvents(7, 9), InputSettings::plain());
  ASSERT_TRUE(words.ok());
  ASSERT_TRUE(writeRxCsv(*words, folder_ / "rx.csv").ok());
  for (const bool high : {true, false}) {
    InputSettings settings = InputSettings::plain();
    settings.highDensity = high;
    const auto table = readEvents(folder_ / "rx.csv", settings);
    ASSERT_TRUE(table.ok()) << table.error().text();
    EXPECT_EQ(table->events, *decodeRx(*words, settings));
    EXPECT_TRUE(table->columns.empty());
  }
}

TEST_F(EventFiles, BadOtherColumnsAreNamedWithLineAndColumn) {
  const std::string calq = header("CALQ_", 48);
  const std::string head = calq.substr(0, calq.size() - 1);
  const std::string charges = row(48, "0").substr(0, 48 * 2 - 1);
  const std::vector<BadFile> cases = {
      {"no name", head + ",\n" + charges + ",1\n", "events.header", "file.csv:1"},
      {"a name twice", head + ",eta,eta\n" + charges + ",1,1\n", "events.header", "file.csv:1"},
      {"one charge more", head + ",CALQ_48\n" + charges + ",1\n", "events.header", "file.csv:1"},
      {"no value", head + ",eta\n" + charges + "\n", "events.columns", "file.csv:2"},
      {"a text", head + ",eta\n" + charges + ",far\n", "events.malformed-number", "file.csv:2:97"},
      {"not finite", head + ",eta\n" + charges + ",inf\n", "events.malformed-number",
       "file.csv:2:97"},
      {"cut off", head + ",eta\n" + charges + ",", "events.truncated", "file.csv:2"},
  };
  for (const BadFile& bad : cases) {
    SCOPED_TRACE(bad.name);
    const auto result = readCalqTable(write(bad.text));
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, bad.code) << result.error().text();
    EXPECT_TRUE(result.error().where.ends_with(bad.where)) << result.error().text();
  }
}

TEST_F(EventFiles, MissingFilesAndFoldersAreNamed) {
  const auto missing = readTxCsv(folder_ / "nothing.csv");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, "vectors.missing-file");
  EXPECT_TRUE(missing.error().where.ends_with("nothing.csv"));
  EXPECT_EQ(readCalqCsv(folder_).error().code, "events.missing-file");
  std::ofstream(folder_ / "a_file") << "text";
  const auto written = writeRxCsv({}, folder_ / "a_file" / "file.csv");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, "file.unwritable");
}

TEST_F(EventFiles, LineEndsOfEitherKindAndAMissingLastOneAreAccepted) {
  std::string text = kRxHeader + kGoodRow;
  text.pop_back();
  EXPECT_TRUE(readRxCsv(write(text)).ok());
  std::string windows;
  for (const char c : kRxHeader + kGoodRow + kGoodRow)
    windows += c == '\n' ? "\r\n" : std::string(1, c);
  const auto result = readRxCsv(write(windows));
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_EQ(result->size(), 2U);
}

TEST(ChargeCode, DecodesTheMiddleOfEachCodesRange) {
  EXPECT_EQ(decodeCharge(0, true), 4);
  EXPECT_EQ(decodeCharge(0, false), 1);
  EXPECT_EQ(decodeCharge(7, true), 60);
  EXPECT_EQ(decodeCharge(8, true), 68);
  EXPECT_EQ(decodeCharge(127, true), (15 << 17) + (1 << 16));
  for (const bool highDensity : {false, true}) {
    for (int code = 1; code < 128; ++code) {
      EXPECT_GT(decodeCharge(code, highDensity), decodeCharge(code - 1, highDensity));
    }
  }
}

TEST(ChargeCode, EncodingIsTheNearestOfAllCodes) {
  std::mt19937_64 random(9);
  for (const bool highDensity : {false, true}) {
    for (int round = 0; round < 20000; ++round) {
      const auto charge = static_cast<std::int64_t>(random() >> 42) >> (random() % 22);
      int nearest = 0;
      for (int code = 1; code < 128; ++code) {
        if (std::abs(decodeCharge(code, highDensity) - charge) <
            std::abs(decodeCharge(nearest, highDensity) - charge)) {
          nearest = code;
        }
      }
      ASSERT_EQ(encodeCharge(charge, highDensity), nearest) << charge;
    }
    for (int code = 0; code < 128; ++code) {
      EXPECT_EQ(encodeCharge(decodeCharge(code, highDensity), highDensity), code);
    }
  }
}

InputSettings shuffled(std::uint64_t seed) {
  InputSettings settings = InputSettings::plain();
  std::mt19937_64 random(seed);
  std::shuffle(settings.mux.begin(), settings.mux.end(), random);
  return settings;
}

TEST(EncodeRx, ChipDecodesTheNearestCodeOfEveryCharge) {
  for (const bool highDensity : {false, true}) {
    InputSettings settings = shuffled(21);
    settings.highDensity = highDensity;
    const auto events = randomEvents(22, 50);
    const auto decoded = decodeRx(*encodeRx(events, settings), settings);
    ASSERT_TRUE(decoded.ok());
    for (std::size_t k = 0; k < events.size(); ++k) {
      for (std::size_t c = 0; c < 48; ++c) {
        EXPECT_EQ((*decoded)[k].charge[c],
                  decodeCharge(encodeCharge(events[k].charge[c], highDensity), highDensity));
      }
    }
  }
}

TEST(EncodeRx, MarksTheFirstCrossingOfEveryOrbit) {
  const std::vector<Event> events(2 * kCrossingsPerOrbit);
  const auto crossings = encodeRx(events, InputSettings::plain(), 3560);
  ASSERT_TRUE(crossings.ok());
  for (std::size_t k = 0; k < crossings->size(); ++k) {
    const std::uint32_t expected = (k + 3560) % 3564 == 0 ? 9 : 10;
    for (const std::uint32_t word : (*crossings)[k]) ASSERT_EQ(word >> 28, expected) << k;
  }
}

TEST(EncodeRx, UndoesTheCalibration) {
  InputSettings settings = shuffled(31);
  for (std::size_t c = 0; c < 48; ++c) settings.calibration[c] = 1024 + static_cast<int>(64 * c);
  Event event;
  event.charge.fill(10000);
  const auto decoded = decodeRx(*encodeRx(std::span(&event, 1), settings), settings);
  for (const std::int64_t charge : (*decoded)[0].charge) {
    EXPECT_NEAR(static_cast<double>(charge), 10000, 10000.0 / 16);
  }
}

TEST(EncodeRx, RefusesAMuxThatIsNoPermutationAndGainsThatCannotBeUndone) {
  InputSettings settings = InputSettings::plain();
  settings.mux[5] = 6;
  EXPECT_EQ(encodeRx({}, settings).error().code, "events.mux");
  settings.mux[5] = 48;
  EXPECT_EQ(encodeRx({}, settings).error().code, "events.mux");
  EXPECT_EQ(decodeRx({}, settings).error().code, "events.mux");
  settings = InputSettings::plain();
  settings.calibration[7] = 0;
  EXPECT_EQ(encodeRx({}, settings).error().code, "events.calibration");
}

TEST(DecodeRx, IsTheInverseOfEncodingOnTheSharedVectors) {
  // Re-encoding what the chip decoded gives the input words again.
  const auto rx = readRxCsv(AEGEN_SOURCE_DIR "/../shared/econt/vectors/input_mcDataset.csv");
  ASSERT_TRUE(rx.ok());
  const InputSettings settings = shuffled(41);
  EXPECT_EQ(*encodeRx(*decodeRx(*rx, settings), settings), *rx);
}

}  // namespace
}  // namespace aegen::data
