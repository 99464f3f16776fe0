// Both sides use all cores, and the files of one large network are enough for the disk.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
