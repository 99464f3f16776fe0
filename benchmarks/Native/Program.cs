using System.Globalization;
using Benchmarks.Inference;

// The engine's side of the time to the first prediction, compiled in advance: Native FILE PICTURE SECONDS
FirstPrediction.Measure(args[0], args[1], double.Parse(args[2], CultureInfo.InvariantCulture));
