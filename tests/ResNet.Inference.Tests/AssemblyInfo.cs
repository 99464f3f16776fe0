// Tests seed libtorch's only random number generator, and count the memory that this process allocates.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
