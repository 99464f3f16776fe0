// Benchmarks.InferenceSpeed NETWORK plain|fused BATCH SECONDS: images per second of forward passes in inference mode, channels-last.
using System.Diagnostics;
using System.Globalization;
using ResNet.Core;
using static TorchSharp.torch;

string name = args[0];
bool fuses = args[1] == "fused";
int batch = int.Parse(args[2], CultureInfo.InvariantCulture);
double seconds = double.Parse(args[3], CultureInfo.InvariantCulture);

set_num_threads(Environment.ProcessorCount);
using var network = ResNets.Create(name).ToChannelsLast();
network.eval();
using var fused = fuses ? network.FuseForInference() : null;
var model = fused ?? network;
int size = ResNets.Find(name).ImageSize;
using var inference = inference_mode();
using var images = ResNetModel.ChannelsLast(rand([batch, 3, size, size]));

const int warmUp = 3;
for (int i = 0; i < warmUp; i++) model.call(images).Dispose();
int passes = 0;
var clock = Stopwatch.StartNew();
for (; clock.Elapsed.TotalSeconds < seconds; passes++) model.call(images).Dispose();
Console.WriteLine((passes * batch / clock.Elapsed.TotalSeconds).ToString("0.00", CultureInfo.InvariantCulture));
