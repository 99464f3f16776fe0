// ONNX Runtime's side of the comparison of inference; Inference/InferenceComparison.cs runs it.
//
//   node onnx_reference.js RUNTIME NETWORK IMAGES BATCH THREADS SECONDS
//
// RUNTIME is the folder of the package onnxruntime-node. It computes the same images again and again for at least so many seconds, prints a
// JSON line, and goes on for half as long.
const fs = require('fs');

const [runtime, network, images, batch, threads, seconds] = process.argv.slice(2);
const { InferenceSession, Tensor } = require(runtime);
const warmUp = 3;

(async () => {
  const session = await InferenceSession.create(network, { intraOpNumThreads: Number(threads), graphOptimizationLevel: 'all' });
  const bytes = fs.readFileSync(images);
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const input = { images: new Tensor('float32', values, [Number(batch), 3, 224, 224]) };

  const speed = async time => {
    let passes = 0;
    const began = performance.now();
    for (; performance.now() - began < 1000 * time; passes++) await session.run(input);
    return 1000 * passes * batch / (performance.now() - began);
  };

  const { logits } = await session.run(input);
  const check = logits.data.reduce((sum, value) => sum + Math.abs(value), 0) / logits.data.length;
  for (let i = 1; i < warmUp; i++) await session.run(input);
  console.log(JSON.stringify({ images_per_second: await speed(Number(seconds)), check }));
  // Somebody looks at the memory now.
  await speed(seconds / 2);
})();
