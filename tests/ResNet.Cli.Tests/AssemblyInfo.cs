// Each test starts processes that use all cores.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
