// The autoencoder's path with any number of latents of any width: chip, board and evaluation
// against strings written bit by bit.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/interpreter.hpp"
#include "aegen/core/range_analysis.hpp"
#include "aegen/core/verifier.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/evaluation.hpp"
#include "aegen/encoders/freeze.hpp"
#include "aegen/encoders/link_decoders.hpp"
#include "aegen/encoders/lowering.hpp"
#include "link_oracle.hpp"
#include "random_autoencoder.hpp"
#include "random_trigger.hpp"

namespace aegen::encoders::econ_t {
namespace {

using test_common::LinkSettings;
using test_common::randomAutoencoder;
using test_common::RandomAutoencoderOptions;
using test_common::randomLatentShape;
using test_common::receivedLatents;
using test_common::SplitMix64;

class LatentShapes : public ::testing::TestWithParam<int> {
 protected:
  LatentShapes() : seed_(firstSeed() + static_cast<std::uint64_t>(GetParam())), random_(seed_) {
    RecordProperty("seed", std::to_string(seed_));
  }
  static std::uint64_t firstSeed() {
    const char* const given = std::getenv("AEGEN_TEST_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : 20260701;
  }
  std::string describe(const PathShape& shape, const Codec& codec) const {
    return "seed " + std::to_string(seed_) + ": " + std::to_string(shape.latents) + " latents " +
           codec.encoder.output().format.text() + ", " + std::to_string(codec.link.activeEtx) +
           " of " + std::to_string(shape.etx) + " eTX";
  }
  std::uint64_t seed_;
  SplitMix64 random_;
};

void expectProven(const core::Program& program, const std::string& top) {
  for (const auto& problem : core::verify(program)) ADD_FAILURE() << problem.text();
  for (const core::OverflowRisk& risk : core::analyseRanges(program, top).risks) {
    ADD_FAILURE() << risk.function << " " << risk.valueName;
  }
}

std::vector<std::int64_t> column(const core::Columns& all, std::size_t k) {
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < all.elements(); ++i) out.push_back(all.at(i, k));
  return out;
}

// The words a crossing leaves on the links, from what stands on the chip's signals.
std::vector<std::int64_t> expectedTx(core::DesignInterpreter& chip, const LinkSettings& settings,
                                     std::size_t k) {
  const auto bx = static_cast<int>(chip.signal("bx").at(0, k));
  const auto string = test_common::stringOf(settings, bx, column(chip.signal("calq"), k), 0,
                                            column(chip.signal("latent"), k));
  return test_common::packed(string, settings.shape.etx);
}

void compareTx(core::DesignInterpreter& chip, const LinkSettings& settings,
               const core::Columns& words) {
  const auto tx = chip.run(words);
  ASSERT_TRUE(tx.ok()) << tx.error().text();
  for (std::size_t k = 0; k < words.events(); ++k) {
    ASSERT_EQ(column(*tx, k), expectedTx(chip, settings, k)) << "crossing " << k;
  }
}

TEST_P(LatentShapes, ChipSendsTheStringsOfThePage) {
  const PathShape shape = randomLatentShape(random_);
  const Codec codec = randomAutoencoder(random_, shape);
  SCOPED_TRACE(describe(shape, codec));
  test::RandomTrigger trigger(seed_);
  ChipSettings reset = ChipSettings::neutral(shape);
  reset.keep = codec.link.keep;
  reset.activeEtx = codec.link.activeEtx;
  for (const bool loadable : {true, false}) {
    SCOPED_TRACE(loadable ? "mask in registers" : "mask hard-wired");
    ChipOptions options;
    options.shape = shape;
    options.maskLoadable = loadable;
    const auto design = chip(codec.encoder, reset, options);
    ASSERT_TRUE(design.ok()) << design.error().text();
    for (const auto& problem : core::verify(design->program)) ADD_FAILURE() << problem.text();
    const auto timing = core::analyse(*design);
    ASSERT_TRUE(timing.ok()) << timing.error().text();
    EXPECT_EQ(design->findConfig("ae_mask") != nullptr, loadable);
    core::DesignInterpreter interpreter(*design);
    for (int trial = 0; trial < 4 && !HasFatalFailure(); ++trial) {
      ChipSettings settings = reset;
      settings.activeEtx = random_.between(1, shape.etx);
      for (std::size_t i = 0; loadable && i < settings.keep.size(); ++i) {
        settings.keep[i] = !random_.oneIn(3);
      }
      interpreter.configure(configValues(settings, options.encoders, loadable));
      interpreter.reset();
      compareTx(interpreter, {Algorithm::Autoencoder, shape, decoderSettings(settings)},
                trigger.words(shape, 25));
    }
  }
}

TEST_P(LatentShapes, BoardReadsWhatWasSentAndFindsWhatCannotBe) {
  const PathShape shape = randomLatentShape(random_);
  RandomAutoencoderOptions options;
  options.conditions = random_.between(0, 4);
  Codec codec = randomAutoencoder(random_, shape, options);
  SCOPED_TRACE(describe(shape, codec));
  const core::FixedFormat format = codec.decoder.nodes.front().format;
  auto board = autoencoderLinkDecoder(codec.decoder, codec.conditions, shape);
  auto fixed = boardDecoder(codec, shape);
  ASSERT_TRUE(board.ok()) << board.error().text();
  ASSERT_TRUE(fixed.ok()) << fixed.error().text();
  EXPECT_EQ(board->shape, shape);
  expectProven(board->program, board->function);
  expectProven(*fixed, "decode");
  LinkSettings settings{Algorithm::Autoencoder, shape, {}};
  settings.board.activeEtx = codec.link.activeEtx;
  settings.board.keep = codec.link.keep;
  core::ConfigValues config = decoderConfig(Algorithm::Autoencoder, settings.board);
  config.merge(givenConditions(codec.decoder, codec.conditions));
  core::Interpreter reader(board->program, board->function);
  for (const auto& [name, values] : config) reader.setConfig(name, values);
  core::Interpreter reference(*fixed, "decode");
  constexpr std::size_t kEvents = 40;
  const int words = decoderWords(shape);
  core::Columns tx(static_cast<std::size_t>(words), kEvents);
  core::Columns links(static_cast<std::size_t>(shape.etx), kEvents);
  std::vector<std::vector<std::int64_t>> latents;
  for (std::size_t k = 0; k < kEvents; ++k) {
    std::vector<std::int64_t> charges(48);
    for (auto& charge : charges) charge = random_.between(0, 1 << random_.between(0, 21));
    latents.emplace_back();
    for (int l = 0; l < shape.latents; ++l) {
      latents.back().push_back(random_.between(format.minRaw(), format.maxRaw()));
    }
    const auto string =
        test_common::stringOf(settings, random_.between(0, 3563), charges, 0, latents.back());
    const auto packed = test_common::packed(string, words);
    for (std::size_t i = 0; i < packed.size(); ++i) tx.at(i, k) = packed[i];
    for (std::size_t i = 0; i < links.elements(); ++i) links.at(i, k) = packed[i];
  }
  const auto got = reader.run(tx);
  const auto expected = reference.run(links);
  ASSERT_TRUE(got.ok() && expected.ok());
  const auto count = static_cast<std::size_t>(shape.latents);
  for (std::size_t k = 0; k < kEvents; ++k) {
    ASSERT_EQ(got->at(1, k), 0) << "status";
    const auto received = receivedLatents(latents[k], codec.link, format, shape.etx);
    for (std::size_t l = 0; l < count; ++l) {
      ASSERT_EQ(got->at(99 + l, k), received[l]) << "latent " << l;
      ASSERT_EQ(expected->at(2 + l, k), received[l]) << "latent " << l;
    }
    for (std::size_t c = 0; c < 48; ++c) {
      ASSERT_EQ(got->at(51 + c, k), expected->at(2 + count + c, k)) << "charge " << c;
    }
  }
  // Every bit behind header and sum that no kept latent bit fills is 0, or the string is refused.
  const std::size_t bits = 32 * tx.elements();
  core::Columns single(tx.elements(), bits);
  for (std::size_t bit = 0; bit < bits; ++bit) {
    single.at(bit / 32, bit) = std::int64_t{1} << (31 - bit % 32);
  }
  const auto status = reader.run(single);
  ASSERT_TRUE(status.ok());
  const auto kept = static_cast<int>(std::ranges::count(codec.link.keep, true));
  int end = 32;  // of the string
  while (end < 32 * codec.link.activeEtx && end - 14 < shape.patternBits()) end += 32;
  for (int bit = 14; bit < static_cast<int>(bits); ++bit) {
    const bool carries = bit < end && bit >= end - kept;
    ASSERT_EQ(status->at(1, static_cast<std::size_t>(bit)),
              static_cast<int>(carries ? StringStatus::Good : StringStatus::BadPadding))
        << "bit " << bit;
  }
}

TEST_P(LatentShapes, EvaluationDecodesWhatTheBoardReceives) {
  PathShape shape = randomLatentShape(random_, 24);
  shape.etx = 13;
  RandomAutoencoderOptions options;
  options.conditions = random_.between(0, 4);
  const Codec codec = randomAutoencoder(random_, shape, options);
  SCOPED_TRACE(describe(shape, codec));
  std::vector<data::Event> events(60);
  core::Columns charges(48, events.size());
  for (std::size_t e = 0; e < events.size(); ++e) {
    for (std::size_t c = 0; c < 48; ++c) {
      const bool any = e > 0 && random_.oneIn(3);
      charges.at(c, e) = any ? random_.between(0, 1 << random_.between(0, 12)) : 0;
      events[e].charge[c] = charges.at(c, e);
    }
  }
  data::Column column{options.conditions > 1 ? codec.conditions.back().name : "unused", {}};
  for (std::size_t e = 0; e < events.size(); ++e) {
    column.values.push_back(random_.between(-400, 400) / 100.0);
  }
  const auto result = evaluate(codec, events, std::array{column});
  ASSERT_TRUE(result.ok()) << result.error().text();

  // The same step by step: latents of the encoder, the bits that arrive, the decoder's patterns.
  const auto runGraph = [](const Graph& graph, const core::Columns& in) {
    auto lowered = lower(graph, "x_");
    EXPECT_TRUE(lowered.ok());
    addWhole(*lowered, "whole", "");
    core::Interpreter interpreter(lowered->program, "whole");
    for (const core::ConfigField& field : lowered->fields) {
      interpreter.setConfig(field.name, field.reset);
    }
    return *interpreter.run(in);
  };
  const core::Columns latents = runGraph(codec.encoder, charges);
  const core::FixedFormat format = codec.encoder.output().format;
  core::Columns inputs(latents.elements() + codec.conditions.size(), events.size());
  LatentHistograms histograms(latents.elements());
  for (std::size_t e = 0; e < events.size(); ++e) {
    std::vector<std::int64_t> sent;
    for (std::size_t l = 0; l < latents.elements(); ++l) sent.push_back(latents.at(l, e));
    const auto received = receivedLatents(sent, codec.link, format, 13);
    histograms.add(received);
    for (std::size_t l = 0; l < received.size(); ++l) inputs.at(l, e) = received[l];
    for (std::size_t i = 0; i < codec.conditions.size(); ++i) {
      const Condition& condition = codec.conditions[i];
      double value = condition.name == column.name ? column.values[e] : condition.given;
      if (condition.source == Condition::Source::SumCode) {
        std::int64_t sum = events[e].sum();
        int exponent = 0;
        while (sum >= 32) sum /= 2, ++exponent;
        value = static_cast<double>(sum < 16 ? sum : 16 * (exponent + 1) + sum - 16) / 512;
        value = std::floor(std::ldexp(value, format.fraction)) * format.lsb();
      }
      inputs.at(received.size() + i, e) = core::quantize(value, format);
    }
  }
  for (std::size_t l = 0; l < latents.elements(); ++l) {
    EXPECT_EQ(result->latents.counts(l), histograms.counts(l)) << "latent " << l;
  }
  const core::Columns patterns = runGraph(codec.decoder, inputs);
  MetricsAccumulator expected;
  for (std::size_t e = 0; e < events.size(); ++e) {
    std::array<double, 48> truth{};
    std::array<double, 48> back{};
    const auto sum = static_cast<double>(events[e].sum());
    for (std::size_t c = 0; c < 48; ++c) {
      truth[c] = static_cast<double>(charges.at(c, e));
      back[c] = std::ldexp(static_cast<double>(patterns.at(c, e)), sum > 0 ? std::ilogb(sum) : 0) *
                codec.decoder.output().format.lsb();
    }
    expected.add(truth, back);
  }
  EXPECT_EQ(result->codec.overall().events, expected.overall().events);
  EXPECT_DOUBLE_EQ(result->codec.overall().telescope.mean, expected.overall().telescope.mean);
  EXPECT_DOUBLE_EQ(result->codec.overall().responseMean, expected.overall().responseMean);
  EXPECT_EQ(result->codec.overall().zeroReconstructed, expected.overall().zeroReconstructed);
}

INSTANTIATE_TEST_SUITE_P(Seeds, LatentShapes, ::testing::Range(0, 25));

TEST(LatentShape, LinksEndWhereAllLatentBitsAreSent) {
  PathShape shape;
  EXPECT_EQ(autoencoderMostEtx(shape), 5);
  EXPECT_EQ(sentLatentBits(5, shape), 146);
  EXPECT_EQ(sentLatentBits(13, shape), 146);
  EXPECT_EQ(maskWords(shape), 9);
  shape.latents = 24;  // 216 bits: 7 links carry 210, 8 carry 242
  EXPECT_EQ(autoencoderMostEtx(shape), 8);
  EXPECT_EQ(sentLatentBits(7, shape), 210);
  EXPECT_EQ(sentLatentBits(9, shape), 242);
  shape.etx = 3;  // the chip has no more
  EXPECT_EQ(autoencoderMostEtx(shape), 3);
  EXPECT_EQ(sentLatentBits(9, shape), 82);
  shape.latents = 3;
  shape.latentBits = 6;  // 18 bits fill one link
  EXPECT_EQ(autoencoderMostEtx(shape), 1);
  EXPECT_EQ(maskWords(shape), 2);
}

TEST(LatentShape, LayoutsTakeLeadingBitsOfEveryLatentWhileTheLinksCarryThem) {
  PathShape shape;
  shape.latents = 40;
  shape.latentBits = 3;
  EXPECT_EQ(std::ranges::count(fittingLayout(3, shape).keep, true), 80);
  EXPECT_EQ(std::ranges::count(fittingLayout(5, shape).keep, true), 120);
  EXPECT_EQ(fittingLayout(3, shape).keep, topBitsLayout(2, 3, shape).keep);
  // 18 bits for 40 latents: the top bit of the first 18, which are the mask's end.
  const std::vector<bool> few = fittingLayout(1, shape).keep;
  for (int latent = 0; latent < 40; ++latent) {
    for (int bit = 0; bit < 3; ++bit) {
      const auto at = static_cast<std::size_t>((39 - latent) * 3 + 2 - bit);
      EXPECT_EQ(few[at], latent < 18 && bit == 2) << latent << " " << bit;
    }
  }
}

TEST(LatentShape, OfThePathMustBeTheEncodersAndWithinTheLimits) {
  SplitMix64 random(1);
  PathShape shape;
  shape.latents = 7;
  shape.latentBits = 5;
  const Codec codec = randomAutoencoder(random, shape);
  const auto codeOf = [&](const PathShape& path) {
    ChipOptions options;
    options.shape = path;
    const auto design = chip(codec.encoder, ChipSettings::neutral(path), options);
    return design ? std::string() : design.error().code;
  };
  EXPECT_EQ(codeOf(shape), "");
  EXPECT_EQ(codeOf({}), "econ_t.encoder-shape");
  EXPECT_EQ(codeOf(withLatents({}, codec.encoder.output())), "");
  shape.latentBits = 6;
  EXPECT_EQ(codeOf(shape), "econ_t.encoder-shape");
  for (const auto& [latents, bits] : {std::pair{0, 5}, {257, 1}, {1, 17}, {1, 0}, {103, 10}}) {
    shape.latents = latents;
    shape.latentBits = bits;
    EXPECT_EQ(codeOf(shape), "econ_t.shape") << latents << " " << bits;
  }
}

}  // namespace
}  // namespace aegen::encoders::econ_t
