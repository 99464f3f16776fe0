"""The main job's training loop in PyTorch, fed from memory: the reference that training-speed.sh runs beside ours.

    training_reference.py IMAGES BATCH_SIZE THREADS [--evaluate]

Prints images per second over the whole pass, and with --evaluate top-1 on the 10,000 test images.
"""
import gzip
import math
import sys
import time

import numpy
import torch
import torchvision

FOLDER = "/usr/share/datasets/fashion-mnist/"


def read(name, header, shape):
    with gzip.open(FOLDER + name) as file:
        return torch.from_numpy(numpy.frombuffer(file.read(), numpy.uint8, offset=header).reshape(shape).copy())


def network_input(pixels):
    images = pixels.float().div_(255).sub_(0.2860).div_(0.3530)
    return images.contiguous(memory_format=torch.channels_last)


images, batch_size, threads = (int(argument) for argument in sys.argv[1:4])
torch.set_num_threads(threads)
torch.manual_seed(0)
pixels = read("train-images-idx3-ubyte.gz", 16, (-1, 1, 28, 28))
labels = read("train-labels-idx1-ubyte.gz", 8, -1).long()

model = torchvision.models.resnet18(num_classes=10)
model.conv1 = torch.nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
torch.nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")
model = model.to(memory_format=torch.channels_last)
peak = 0.05
optimizer = torch.optim.SGD(model.parameters(), peak, momentum=0.9, weight_decay=5e-4, nesterov=True)
criterion = torch.nn.CrossEntropyLoss(label_smoothing=0.1)

steps = images // batch_size
warmup = round(0.1 * steps)
order = torch.randperm(len(pixels))
model.train()
began = time.perf_counter()
for step in range(steps):
    rate = peak * (step + 1) / warmup if step < warmup else peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))
    for group in optimizer.param_groups:
        group["lr"] = rate
    batch = order[step * batch_size:(step + 1) * batch_size]
    loss = criterion(model(network_input(pixels[batch])), labels[batch])
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
print(f"{steps * batch_size / (time.perf_counter() - began):.1f}")

if "--evaluate" in sys.argv:
    pixels = read("t10k-images-idx3-ubyte.gz", 16, (-1, 1, 28, 28))
    labels = read("t10k-labels-idx1-ubyte.gz", 8, -1).long()
    model.eval()
    with torch.no_grad():
        hits = sum((model(network_input(pixels[i:i + 500])).argmax(1) == labels[i:i + 500]).sum().item() for i in range(0, len(pixels), 500))
    print(f"top-1 {100 * hits / len(pixels):.2f} %")
