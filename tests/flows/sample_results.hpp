#pragma once
/// Results of all stages of a made-up build: every member holds something of its own.

#include "aegen/flows/report.hpp"

namespace aegen::flows::testing {

inline BuildInfo sampleBuild() {
  BuildInfo build;
  build.design = "sample_design";
  build.description = "An encoder <for> testing & looking at.";
  build.designFile = "examples/sample/design.yaml";
  build.aegenVersion = "0.1.0";
  build.revision = "abc1234";
  build.date = "2026-01-02T03:04:05Z";
  build.model = "sample_model";
  build.modelDescription = "trained on nothing, seed 7";
  build.weights = "loadable";
  build.seed = 7;
  build.formats = {{"normalized", "u8.7"}, {"latent", "u9.8"}};
  build.options = {{"encoder latency", "2"}};
  build.tools = {{"Yosys", "Yosys 0.23"}};
  return build;
}

inline RtlResult sampleRtl() {
  return {{"rtl/top.v", "rtl/neuron.v"},
          2,
          17,
          321,
          0.25,
          {{"verifier", true, {"12 functions"}}, {"formats proven", true, {"345 values"}}},
          {{"encoder", 2, 2}}};
}

inline LintResult sampleLint() {
  return {{{"undriven", true, {"every bit is driven"}},
           {"verilator --lint-only -Wall", true, {"clean"}}},
          1.5};
}

inline CosimResult sampleCosim() {
  CosimResult cosim;
  cosim.stimulus = "shower generator, sparse, seed 7";
  cosim.crossings = 20000;
  cosim.latencies = {{"encoder", 2, 2}, {"formatter", 4, 4}};
  cosim.overall = {"all", 19000, 1000, 1.25, 1.0, 2.5, 0.0123, 0.97};
  cosim.byOccupancy = {{"0-2", 9000, 900, 1.75, 1.5, 3.5, 0.01, 0.9},
                       {"2-5", 10000, 100, 0.75, 0.7, 1.5, 0.02, 1.0},
                       {"20+", 0, 0, 0, 0, 0, 0, 0}};
  cosim.crossingsPerSecond = 51234;
  cosim.seconds = 0.4;
  WaferSample sample{1234, std::vector<double>(48, 0.0), std::vector<double>(48, 1.0)};
  sample.trueCharge[11] = 400;
  sample.trueCharge[12] = 120;
  sample.recoCharge[11] = 310;
  cosim.wafers = {sample};
  return cosim;
}

inline SynthResult sampleSynth() {
  SynthModule neuron;
  neuron.name = "neuron";
  neuron.kind = "function";
  neuron.instances = 16;
  neuron.ownArea = neuron.area = 125000;
  neuron.nand2 = 125000 / 24.0;
  neuron.ownCells = neuron.cells = 5000;
  neuron.cellCounts = {{"FAX1", 500}, {"NAND2X1", 4500}};
  neuron.depth = {40, "port x[0]", "port y", {{"", "neuron", 40}}};
  neuron.seconds = 12.5;
  SynthModule top;
  top.name = "sample_design";
  top.kind = "top";
  top.ownArea = 9600;
  top.area = 2009600;
  top.nand2 = 2009600 / 24.0;
  top.ownCells = 100;
  top.cells = 80100;
  top.ownFlipFlops = top.flipFlops = 100;
  top.cellCounts = {{"DFFPOSX1", 100}};
  top.children = {{"neuron", 16}};
  top.depth = {40, "register", "register", {{"u_neuron_3", "neuron", 40}}};
  top.seconds = 1;
  top.batch = 2;
  SynthResult synth;
  synth.library = "osu018_stdcells";
  synth.libraryFile = "/lib/osu018.lib";
  synth.tool = "Yosys 0.23";
  synth.adders = "cells: FAX1";
  synth.top = "sample_design";
  synth.modules = {neuron, top};
  synth.nand2Area = 24;
  synth.area = 2009600;
  synth.nand2 = 2009600 / 24.0;
  synth.cells = 80100;
  synth.flipFlops = 100;
  synth.latches = 0;
  synth.depth = top.depth;
  synth.jobs = 2;
  synth.seconds = 14;
  return synth;
}

inline ReportInputs sampleInputs() {
  ReportInputs inputs{sampleBuild(), sampleRtl(), sampleLint(), sampleCosim(), sampleSynth(), {}};
  for (int i = 0; i < 48; ++i) {
    const double x = i % 8;
    const double y = i / 8;
    inputs.cells.push_back({{x, y}, {x + 1, y}, {x + 1, y + 1}, {x, y + 1}});
  }
  return inputs;
}

}  // namespace aegen::flows::testing
