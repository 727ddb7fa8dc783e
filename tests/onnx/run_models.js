// Runs models in ONNX Runtime: run_models.js JOBS RESULTS (README.md).
'use strict';
const fs = require('fs');
const ort = require('onnxruntime-node');

async function run(job) {
  const session = await ort.InferenceSession.create(job.model, {logSeverityLevel: 3});
  const feeds = {};
  for (const [name, {dims, values}] of Object.entries(job.inputs)) {
    const data = job.type === 'float64' ? Float64Array.from(values) : Float32Array.from(values);
    feeds[name] = new ort.Tensor(job.type, data, dims);
  }
  const results = await session.run(feeds);
  const name = session.outputNames[0];
  const {dims, data} = results[name];
  return {output: name, dims, values: Array.from(data)};
}

async function main([jobs, results]) {
  const out = [];
  for (const job of JSON.parse(fs.readFileSync(jobs, 'utf8'))) {
    out.push(await run(job).catch((error) => ({error: String(error)})));
  }
  fs.writeFileSync(results, JSON.stringify(out));
}

main(process.argv.slice(2));
