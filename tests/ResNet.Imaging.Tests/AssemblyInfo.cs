// Tests look at the memory of the whole process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
