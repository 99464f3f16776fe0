"""Forward passes of torchvision's network: the reference that inference-speed.sh runs beside ours.

    inference_reference.py NETWORK plain|fused BATCH SECONDS THREADS

Prints images per second in inference mode, channels-last; fused is torch.fx's fusion of convolutions and batch norms.
"""
import sys
import time

import torch
import torchvision
from torch.fx.experimental.optimization import fuse

name, kind = sys.argv[1:3]
batch, seconds, threads = int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
torch.set_num_threads(threads)
model = getattr(torchvision.models, name)().eval()
if kind == "fused":
    model = fuse(model)
model = model.to(memory_format=torch.channels_last)
images = torch.rand(batch, 3, 224, 224).contiguous(memory_format=torch.channels_last)
with torch.inference_mode():
    for _ in range(3):
        model(images)
    passes = 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        model(images)
        passes += 1
print(f"{passes * batch / (time.perf_counter() - began):.2f}")
