namespace ResNet.Packages.Tests;

/// <summary>Tests that share the packed libraries and the machine, one after the other.</summary>
[CollectionDefinition(nameof(Consumer))]
public sealed class SharedConsumer : ICollectionFixture<Consumer>;
