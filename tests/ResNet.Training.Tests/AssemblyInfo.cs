// Tests count the tensors of the whole process and seed its one generator.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
