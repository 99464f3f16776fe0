// Tests count the memory of this process, and its threads compute together.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
