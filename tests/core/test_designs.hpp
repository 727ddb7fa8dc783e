#pragma once
/// Small designs that several tests of core take apart.

#include <cstdint>
#include <string>

#include "aegen/core/design.hpp"
#include "aegen/core/text.hpp"

namespace aegen::core {

inline ConfigField field(const std::string& name, int width, std::int64_t reset) {
  return {name, {false, width, 0}, 1, {reset}, ""};
}

/// Nothing but an output buffer.
inline Design bufferDesign(const BufferSizes& sizes) {
  Design design{.name = "link"};
  design.inputs = {{"words", {false, 16, 0}, sizes.maxWords},
                   {"count", {false, 6, 0}, 1},
                   {"truncated", {false, 16, 0}, 1},
                   {"fill", {false, 16, 0}, 1}};
  design.config = {field("t1", 9, 350), field("t2", 9, 300), field("t3", 9, 4),
                   field("etx", 4, static_cast<std::int64_t>(sizes.etx))};
  design.blocks = {{.kind = BlockKind::OutputBuffer,
                    .name = "buffer",
                    .inputs = {{"words", "words"},
                               {"count", "count"},
                               {"truncated_word", "truncated"},
                               {"fill_word", "fill"},
                               {"overflow_t1", "t1"},
                               {"overflow_t2", "t2"},
                               {"overflow_t3", "t3"},
                               {"active_etx", "etx"}},
                    .outputs = {{"tx", "tx"}},
                    .buffer = sizes}};
  design.outputs = {"tx"};
  return design;
}

/// A BX counter and two functions that share a setting.
inline Design smallDesign() {
  Design design{.name = "small"};
  design.program = *parse(R"(func @scale "a charge times a setting" {
    event charge : u8[2]
    config factor : u4[1]
    %3 : u12 = mul %0, %2
    %4 : u12 = mul %1, %2
    output scaled : u12[2] = %3, %4
  }
  func @tag "adds the crossing" {
    event bx : u12[1]
    event scaled : u12[2]
    config factor : u4[1]
    %4 : u13 = add %1, %0
    %5 : u13 = add %4, %3
    output word : u13[1] = %5
    output spare : u12[1] = %2
  })");
  design.inputs = {{"header", {false, 4, 0}, 1}, {"charge", {false, 8, 0}, 2}};
  design.config = {field("factor", 4, 3)};
  design.blocks = {{.kind = BlockKind::BxCounter,
                    .name = "counter",
                    .inputs = {{"rx_header", "header"}},
                    .outputs = {{"bx", "bx"}},
                    .registered = true},
                   {.name = "scaler",
                    .function = "scale",
                    .inputs = {{"charge", "charge"}, {"factor", "factor"}},
                    .outputs = {{"scaled", "scaled"}}},
                   {.name = "tagger",
                    .function = "tag",
                    .inputs = {{"bx", "bx"}, {"scaled", "scaled"}, {"factor", "factor"}},
                    .outputs = {{"word", "word"}},
                    .registered = true}};
  design.outputs = {"word", "bx"};
  design.milestones = {{"tagged", "word", 2}};
  return design;
}

}  // namespace aegen::core
