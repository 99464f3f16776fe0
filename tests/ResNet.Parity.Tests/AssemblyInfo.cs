// Both sides use all cores, and the files of large networks would fill the disk together.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
