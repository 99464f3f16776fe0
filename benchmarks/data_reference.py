"""torchvision's side of the comparison of data loading; DataLoading/DataComparison.cs runs it.

    data_reference.py measure FOLDER train|eval|cifar BATCH WORKERS SECONDS
        loads the folder once to warm up, then repeatedly for at least SECONDS, prints a JSON line, and continues for half of that time
    data_reference.py make photographs|cifar FOLDER
        makes JPEG files like those of ImageNet or CIFAR-10, for machines without these
"""
import io
import json
import os
import sys
import time

import numpy
from PIL import Image


def measure(folder, kind, batch, workers, seconds):
    import torch
    from torchvision import datasets, transforms

    torch.set_num_threads(workers)
    normalize = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    steps = {
        "train": [transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip()],
        "eval": [transforms.Resize(256), transforms.CenterCrop(224)],
        "cifar": [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()],
    }[kind]
    data = datasets.ImageFolder(folder, transforms.Compose([*steps, transforms.ToTensor(), normalize]))
    loader = torch.utils.data.DataLoader(
        data, batch_size=batch, shuffle=kind != "eval", drop_last=kind != "eval", num_workers=workers, persistent_workers=workers > 0)

    total = sum(float(images.mean()) * len(images) for images, _ in loader)
    print(json.dumps({"images_per_second": load(loader, seconds), "check": total / len(data)}), flush=True)
    # The parent process measures the memory now.
    load(loader, seconds / 2)


def load(loader, seconds):
    images, clock = 0, time.perf_counter()
    while time.perf_counter() - clock < seconds:
        for pixels, _ in loader:
            images += len(pixels)
    return images / (time.perf_counter() - clock)


def photograph(random, i):
    """A picture of about 500 x 375 pixels with shapes, shades and grain, which makes files of about 100 kB."""
    width, height = [(500, 375), (500, 333), (375, 500), (500, 500), (400, 300)][i % 5]
    y, x = numpy.mgrid[0:height, 0:width]
    picture = numpy.zeros((height, width, 3))
    for channel in range(3):
        for _ in range(6):
            a, b, phase = random.uniform(-0.05, 0.05), random.uniform(-0.05, 0.05), random.uniform(0, 6)
            picture[..., channel] += random.uniform(10, 30) * numpy.sin(a * x + b * y + phase)
    for _ in range(12):
        left, top = random.randint(0, width - 20), random.randint(0, height - 20)
        picture[top:top + random.randint(10, 150), left:left + random.randint(10, 150)] += random.uniform(-60, 60, 3)
    picture += random.normal(0, 7, (height, width, 1)) + random.normal(0, 2.5, (height, width, 3))
    return Image.fromarray(numpy.clip(picture + 120, 0, 255).astype(numpy.uint8))


def small(random, label):
    """A picture of 32 x 32 pixels: smooth, as CIFAR-10's are."""
    coarse = Image.fromarray(random.randint(0, 256, (5, 5, 3)).astype(numpy.uint8))
    return coarse.resize((32, 32), Image.BICUBIC)


def make(kind, folder):
    random = numpy.random.RandomState(1)
    for label in range(100 if kind == "photographs" else 10):
        path = os.path.join(folder, f"class{label:03}")
        os.makedirs(path, exist_ok=True)
        for i in range(1 if kind == "photographs" else 5000):
            picture = photograph(random, label) if kind == "photographs" else small(random, label)
            # As in ImageNet, three quarters have colours in full resolution.
            quality, subsampling = (94, 2 if label % 4 == 0 else 0) if kind == "photographs" else (75, 2)
            data = io.BytesIO()
            picture.save(data, "JPEG", quality=quality, subsampling=subsampling)
            with open(os.path.join(path, f"{i:05}.jpg"), "wb") as file:
                file.write(data.getvalue())


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "measure":
        measure(arguments[0], arguments[1], int(arguments[2]), int(arguments[3]), float(arguments[4]))
    else:
        make(*arguments)
