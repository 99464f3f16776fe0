// onnx.js RUNTIME MODEL INPUT TYPE SHAPE FILE RESULT: runs a model in ONNX Runtime, on the processor.
//
// RUNTIME is the folder of the package onnxruntime-node. The input of the name INPUT has elements of TYPE (float32 or uint8) and a SHAPE such as
// 2,3,64,64; its bytes are in FILE. The bytes of the only output go to RESULT, its name and shape to standard output, as JSON.
'use strict';

const fs = require('node:fs');

async function main([runtime, model, input, type, shape, file, result]) {
  const ort = require(runtime);
  const session = await ort.InferenceSession.create(model, { executionProviders: ['cpu'] });
  const bytes = fs.readFileSync(file);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const data = type === 'uint8' ? new Uint8Array(buffer) : new Float32Array(buffer);
  const outputs = await session.run({ [input]: new ort.Tensor(type, data, shape.split(',').map(Number)) });
  const [[name, output]] = Object.entries(outputs);
  fs.writeFileSync(result, Buffer.from(output.data.buffer, output.data.byteOffset, output.data.byteLength));
  console.log(JSON.stringify({ name, shape: output.dims.map(Number) }));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
