#pragma once
/// Graphs that infer() must refuse, and the pieces to build them of.

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "aegen/encoders/graph.hpp"

namespace aegen::test {

inline encoders::Node node(std::string name, encoders::NodeKind kind, std::vector<int> inputs) {
  encoders::Node out;
  out.name = std::move(name);
  out.kind = kind;
  out.inputs = std::move(inputs);
  return out;
}

/// All ones.
inline encoders::Weights ones(std::string name, const core::FixedFormat& format,
                              encoders::Shape shape, bool loadable = false) {
  encoders::Weights out{std::move(name), format, std::move(shape), {}, {}, loadable, {}};
  out.values.assign(encoders::elementCount(out.shape), 1);
  return out;
}

struct BadGraph {
  const char* what;
  const char* code;
  const char* node;  ///< the diagnostic names it
  std::function<void(encoders::Graph&)> spoil;
};

inline void PrintTo(const BadGraph& bad, std::ostream* out) {
  *out << bad.what;
}

/// `good` is a graph; spoiled it is refused as bad input, with its code and node.
inline void expectRefused(encoders::Graph good, const BadGraph& bad) {
  encoders::Graph spoiled = good;
  const auto inferred = good.infer();
  ASSERT_TRUE(inferred.ok()) << inferred.error().text();
  bad.spoil(spoiled);
  const auto result = spoiled.infer();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, bad.code) << result.error().text();
  EXPECT_EQ(result.error().failure, core::Failure::BadInput);
  EXPECT_NE(result.error().where.find(bad.node), std::string::npos) << result.error().text();
}

}  // namespace aegen::test
