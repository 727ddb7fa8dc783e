// What chips of the trigger encoders can be: shapes, encoders and latencies, and the proof that no
// value of any of them overflows.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "aegen/core/range_analysis.hpp"
#include "aegen/core/verifier.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/link_decoders.hpp"
#include "aegen/encoders/trigger_encoders.hpp"
#include "random_trigger.hpp"

namespace aegen::encoders::econ_t {
namespace {

using aegen::test::RandomTrigger;

const std::vector<Algorithm> kFour{Algorithm::ThresholdSum, Algorithm::SuperTriggerCell,
                                   Algorithm::BestChoice, Algorithm::Repeater};
const std::vector<Algorithm> kAll{kAlgorithms.begin(), kAlgorithms.end()};

core::Result<core::Design> make(const ChipOptions& options, const ChipSettings& reset) {
  if (std::ranges::count(options.encoders, Algorithm::Autoencoder) == 0) {
    return chip(reset, options);
  }
  static const Graph network = [] {
    Graph graph = autoencoder(zeroWeights(), true);
    EXPECT_TRUE(graph.infer().ok());
    return graph;
  }();
  return chip(network, reset, options);
}

core::Result<core::Design> make(const ChipOptions& options) {
  return make(options, ChipSettings::neutral(options.shape));
}

std::string names(const std::vector<Algorithm>& encoders) {
  std::string out;
  for (const Algorithm algorithm : encoders) out += shortName(algorithm) + " ";
  return out;
}

// Every set of encoders that is not empty.
std::vector<std::vector<Algorithm>> subsets() {
  std::vector<std::vector<Algorithm>> out;
  for (unsigned chosen = 1; chosen < 1U << kAlgorithms.size(); ++chosen) {
    out.emplace_back();
    for (std::size_t i = 0; i < kAlgorithms.size(); ++i) {
      if ((chosen >> i & 1U) != 0) out.back().push_back(kAlgorithms[i]);
    }
  }
  return out;
}

// Code of chip()'s diagnostic for bad input; "" for a design.
std::string code(const core::Result<core::Design>& design) {
  if (design) return "";
  EXPECT_EQ(design.error().failure, core::Failure::BadInput) << design.error().text();
  EXPECT_FALSE(design.error().message.empty());
  return design.error().code;
}

void expectProven(const core::Design& design) {
  for (const auto& violation : core::verify(design.program)) ADD_FAILURE() << violation.text();
  for (const core::Block& block : design.blocks) {
    if (block.kind != core::BlockKind::Function) continue;
    for (const auto& risk : core::analyseRanges(design.program, block.function).risks) {
      ADD_FAILURE() << risk.function << "/" << risk.valueName << " " << risk.format.text();
    }
  }
  const auto timing = core::analyse(design);
  EXPECT_TRUE(timing.ok()) << (timing ? "" : timing.error().text());
}

TEST(TriggerProof, EveryEncoderAloneAndAllTogetherVerifyAndCannotOverflow) {
  std::vector<std::vector<Algorithm>> chips{kAll, kFour};
  for (const Algorithm algorithm : kAlgorithms) chips.push_back({algorithm});
  for (const auto& encoders : chips) {
    SCOPED_TRACE(names(encoders));
    ChipOptions options;
    options.encoders = encoders;
    const auto design = make(options);
    ASSERT_TRUE(design.ok()) << design.error().text();
    expectProven(*design);
  }
}

TEST(TriggerProof, EncodersOfRandomShapesVerifyAndCannotOverflow) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    RandomTrigger random(seed);
    ChipOptions options;
    options.shape = random.shape();
    options.encoders = random.oneIn(2)
                           ? kFour
                           : std::vector{kFour[static_cast<std::size_t>(random.between(0, 3))]};
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + names(options.encoders));
    const auto design = make(options);
    ASSERT_TRUE(design.ok()) << design.error().text();
    expectProven(*design);
    // What a chip can send a board can read.
    for (const Algorithm algorithm : options.encoders) {
      const auto decoder = linkDecoder(algorithm, options.shape);
      EXPECT_TRUE(decoder.ok()) << (decoder ? "" : decoder.error().text());
    }
  }
}

TEST(TriggerLimits, BoardsOfEncodersWithoutGroupsDoNotAskForThem) {
  PathShape shape;
  shape.channels = 8;  // no group of 16 fits
  for (const Algorithm algorithm : kFour) {
    const auto decoder = linkDecoder(algorithm, shape);
    EXPECT_EQ(decoder.ok(), algorithm != Algorithm::SuperTriggerCell) << text(algorithm);
  }
}

TEST(TriggerLimits, EncodersAreSomeAndNoneTwiceAndANetworkGoesWithTheAutoencoder) {
  ChipOptions options;
  options.encoders = {};
  EXPECT_EQ(code(make(options)), "econ_t.encoders");
  options.encoders = {Algorithm::BestChoice, Algorithm::Repeater, Algorithm::BestChoice};
  EXPECT_EQ(code(make(options)), "econ_t.encoders");
  options.encoders = {Algorithm::Autoencoder};
  EXPECT_EQ(code(chip(ChipSettings::neutral(), options)), "econ_t.encoders");
  Graph graph = autoencoder(zeroWeights(), true);
  ASSERT_TRUE(graph.infer().ok());
  options.encoders = {Algorithm::Repeater};
  EXPECT_EQ(code(chip(graph, ChipSettings::neutral(), options)), "econ_t.encoders");
  EXPECT_EQ(code(make(options)), "");
}

// What changes of the ECON-T's shape, and whether a chip of `encoders` can have it.
struct ShapeCase {
  const char* name;
  std::vector<Algorithm> encoders;
  PathShape shape;
  bool allowed;
};

PathShape with(auto change) {
  PathShape shape;
  change(shape);
  return shape;
}

// Names the case a failure belongs to.
void PrintTo(const ShapeCase& shape, std::ostream* out) {
  *out << shape.name;
}

class Shapes : public ::testing::TestWithParam<ShapeCase> {};

TEST_P(Shapes, AreTakenOrRefusedAsOneDiagnostic) {
  ChipOptions options;
  options.encoders = GetParam().encoders;
  options.shape = GetParam().shape;
  // Settings of a chip that can be: the shape alone is what is looked at.
  ChipSettings reset = ChipSettings::neutral();
  const auto n = static_cast<std::size_t>(std::max(options.shape.channels, 0));
  reset.mux.assign(n, 0);
  reset.calibration.assign(n, 2048);
  reset.threshold.assign(n, 0);
  const auto design = make(options, reset);
  EXPECT_EQ(code(design), GetParam().allowed ? "" : "econ_t.shape");
  if (design) expectProven(*design);
}

const std::vector<Algorithm> kTs{Algorithm::ThresholdSum};
const std::vector<Algorithm> kStc{Algorithm::SuperTriggerCell};
const std::vector<Algorithm> kBc{Algorithm::BestChoice};
const std::vector<Algorithm> kRpt{Algorithm::Repeater};
const std::vector<Algorithm> kAe{Algorithm::Autoencoder};

StcType cellsOf(int cells) {
  StcType type;
  type.cells = cells;
  return type;
}

INSTANTIATE_TEST_SUITE_P(
    Every, Shapes,
    ::testing::Values(
        ShapeCase{"no_channels", kTs, with([](PathShape& s) { s.channels = 0; }), false},
        ShapeCase{"fewest_channels", kTs, with([](PathShape& s) { s.channels = 4; }), true},
        ShapeCase{"half_a_port_word", kTs, with([](PathShape& s) { s.channels = 50; }), false},
        ShapeCase{"most_channels", kTs, with([](PathShape& s) {
                    s.channels = 124;
                    s.charge = {4, 2};
                  }),
                  true},
        ShapeCase{"too_many_channels", kTs, with([](PathShape& s) {
                    s.channels = 128;
                    s.charge = {1, 1};
                  }),
                  false},
        ShapeCase{"no_links", kRpt, with([](PathShape& s) { s.etx = 0; }), false},
        ShapeCase{"most_links", kRpt, with([](PathShape& s) { s.etx = 15; }), true},
        ShapeCase{"too_many_links", kRpt, with([](PathShape& s) { s.etx = 16; }), false},
        ShapeCase{"no_count_bits", kTs, with([](PathShape& s) { s.countBits = 0; }), false},
        ShapeCase{"most_count_bits", kTs, with([](PathShape& s) { s.countBits = 4; }), true},
        ShapeCase{"too_many_count_bits", kTs, with([](PathShape& s) { s.countBits = 5; }), false},
        ShapeCase{"most_words", kTs, with([](PathShape& s) { s.channels = 124; }), true},
        ShapeCase{"too_many_words", kTs, with([](PathShape& s) {
                    s.channels = 124;
                    s.countBits = 4;
                    s.sum = {6, 3};
                  }),
                  false},
        ShapeCase{"least_buffer", kTs, with([](PathShape& s) { s.bufferWords = 26; }), true},
        ShapeCase{"too_small_a_buffer", kTs, with([](PathShape& s) { s.bufferWords = 25; }), false},
        ShapeCase{"largest_buffer", kTs, with([](PathShape& s) { s.bufferWords = 511; }), true},
        ShapeCase{"too_large_a_buffer", kTs, with([](PathShape& s) { s.bufferWords = 512; }),
                  false},
        ShapeCase{"no_exponent", kTs, with([](PathShape& s) {
                    s.charge = {0, 3};
                  }),
                  false},
        ShapeCase{"no_mantissa", kRpt, with([](PathShape& s) {
                    s.charge = {4, 0};
                  }),
                  false},
        ShapeCase{"too_wide_an_exponent", kTs, with([](PathShape& s) {
                    s.sum = {7, 3};
                  }),
                  false},
        ShapeCase{"too_wide_a_mantissa", kBc, with([](PathShape& s) {
                    s.sum = {5, 9};
                  }),
                  false},
        ShapeCase{"no_room_for_a_cell", kBc, with([](PathShape& s) {
                    s.charge = {6, 8};
                    s.sum = {6, 8};
                  }),
                  false},
        ShapeCase{"just_room_for_a_cell", kBc, with([](PathShape& s) {
                    s.charge = {6, 8};
                    s.sum = {4, 4};
                  }),
                  true},
        ShapeCase{"no_kinds", kStc, with([](PathShape& s) { s.stc = {}; }), false},
        ShapeCase{"no_kinds_where_none_are_needed", kBc, with([](PathShape& s) { s.stc = {}; }),
                  true},
        ShapeCase{"one_kind", kStc, with([](PathShape& s) { s.stc.resize(1); }), true},
        ShapeCase{"most_kinds", kStc, with([](PathShape& s) { s.stc.resize(4); }), true},
        ShapeCase{"too_many_kinds", kStc, with([](PathShape& s) { s.stc.resize(5); }), false},
        ShapeCase{"a_group_of_one", kStc, with([](PathShape& s) { s.stc = {cellsOf(1)}; }), false},
        ShapeCase{"a_group_of_three", kStc, with([](PathShape& s) { s.stc = {cellsOf(3)}; }),
                  false},
        ShapeCase{"a_group_of_none", kStc, with([](PathShape& s) { s.stc = {cellsOf(0)}; }), false},
        ShapeCase{"a_group_that_does_not_divide", kStc,
                  with([](PathShape& s) { s.stc = {cellsOf(32)}; }), false},
        ShapeCase{"a_group_of_all", kStc, with([](PathShape& s) {
                    s.channels = 64;
                    s.stc = {cellsOf(64)};
                  }),
                  true},
        ShapeCase{"a_groups_exponent_too_wide", kStc, with([](PathShape& s) {
                    s.stc[0].sum = {7, 4};
                  }),
                  false},
        ShapeCase{"autoencoder_of_other_links", kAe, with([](PathShape& s) { s.etx = 1; }), true},
        ShapeCase{"autoencoder_of_fewer_channels", kAe, with([](PathShape& s) { s.channels = 44; }),
                  false}),
    [](const auto& chosen) { return std::string(chosen.param.name); });

TEST(TriggerLimits, SettingsNeedAValueForEachChannel) {
  ChipOptions options;
  options.encoders = kFour;
  options.shape.channels = 16;
  EXPECT_EQ(code(make(options)), "");
  EXPECT_EQ(code(make(options, ChipSettings::neutral())), "econ_t.shape");
  ChipSettings reset = ChipSettings::neutral(options.shape);
  reset.threshold.pop_back();
  EXPECT_EQ(code(make(options, reset)), "econ_t.shape");
}

TEST(TriggerLimits, ContradictionsAreNamedOnceEach) {
  const PathShape shape;
  ChipSettings settings = ChipSettings::neutral();
  settings.algorithm = Algorithm::SuperTriggerCell;
  constexpr int kMost[] = {5, 2, 3, 4};
  for (int type = 0; type < 4; ++type) {
    for (int etx = 1; etx <= 13; ++etx) {
      settings.stcType = type;
      settings.activeEtx = etx;
      EXPECT_EQ(contradictions(settings, shape).size(), etx > kMost[type] ? 1U : 0U)
          << type << ' ' << etx;
    }
  }
  settings.stcType = 4;
  EXPECT_EQ(contradictions(settings, shape).size(), 1U);
  settings.algorithm = Algorithm::BestChoice;  // which has no such type
  EXPECT_TRUE(contradictions(settings, shape).empty());
  settings.activeEtx = 14;
  EXPECT_EQ(contradictions(settings, shape).size(), 1U);
}

void expectPlanned(const core::Design& design, const std::vector<Algorithm>& encoders, int encoder,
                   int formatter) {
  const auto timing = core::analyse(design);
  ASSERT_TRUE(timing.ok()) << timing.error().text();
  EXPECT_EQ(timing->signal.at("tx"), encoder + formatter);
  for (const core::Milestone& milestone : design.milestones) {
    EXPECT_EQ(timing->signal.at(milestone.signal), milestone.latency) << milestone.name;
  }
  if (encoders.size() == 1) {
    EXPECT_EQ(design.milestones.front().latency, encoder);
  }
}

// Latencies are offered from 1 without a gap, each is planned as asked, and what is not offered is
// one diagnostic.
TEST(TriggerLatency, EveryOneThatIsOfferedIsPlannedAsAskedForEverySetOfEncoders) {
  for (const auto& encoders : subsets()) {
    SCOPED_TRACE(names(encoders));
    ChipOptions options;
    options.encoders = encoders;
    // A latency is offered, or it is one diagnostic.
    const auto offered = [&](int encoder, int formatter) {
      options.encoderLatency = encoder;
      options.formatterLatency = formatter;
      const auto design = make(options);
      if (!design) {
        EXPECT_EQ(code(design), "design.latency");
        return false;
      }
      expectPlanned(*design, encoders, encoder, formatter);
      return true;
    };
    int most = 0;
    while (most < 10 && offered(most + 1, 1)) ++most;
    EXPECT_FALSE(offered(0, 1));
    EXPECT_FALSE(offered(most + 2, 1));
    EXPECT_FALSE(offered(1, 0));
    EXPECT_FALSE(offered(1, 4));
    for (const int formatter : {2, 3}) {
      bool any = false;
      bool all = true;
      for (const int encoder : std::set{1, 2, most}) {
        const bool taken = offered(encoder, formatter);
        any = any || taken;
        all = all && (taken || encoder > most);
      }
      EXPECT_EQ(any, all) << "formatter " << formatter;
    }
    EXPECT_GE(most, 1);
    EXPECT_LT(most, 10);
  }
}

// Section 3 of the ECON-T page.
TEST(TriggerLatency, IsTheChipsWhenNoneIsAsked) {
  const auto expectTx = [](const std::vector<Algorithm>& encoders, int encoder, int formatter) {
    SCOPED_TRACE(names(encoders));
    ChipOptions options;
    options.encoders = encoders;
    EXPECT_EQ(defaultLatency(encoders), std::pair(encoder, formatter));
    const auto design = make(options);
    ASSERT_TRUE(design.ok()) << design.error().text();
    const auto timing = core::analyse(*design);
    ASSERT_TRUE(timing.ok());
    EXPECT_EQ(timing->signal.at("tx"), encoder + formatter);
  };
  expectTx(kTs, 1, 1);
  expectTx(kStc, 1, 1);
  expectTx(kBc, 2, 3);
  expectTx(kRpt, 1, 1);
  expectTx(kAe, 2, 2);
  expectTx(kAll, 2, 3);
  expectTx({Algorithm::ThresholdSum, Algorithm::Autoencoder}, 2, 2);
}

}  // namespace
}  // namespace aegen::encoders::econ_t
