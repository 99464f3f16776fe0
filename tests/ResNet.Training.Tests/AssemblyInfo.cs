// Tests count the tensors of the whole process and seed its only random number generator.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
