"""PyTorch's side of the comparison of training; Training/TrainingComparison.cs runs it.

    train_reference.py measure JOB FOLDER WEIGHTS THREADS SECONDS
        trains a few steps on the images in their order, continues for at least SECONDS, prints a JSON line, and continues for half of
        that time
    train_reference.py make FOLDER IMAGES SIZE
        makes a folder of PNG files of noise, in eight classes
"""
import itertools
import json
import os
import sys
import time

CLASSES = 8


def measure(job, folder, weights, threads, seconds):
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    model = create(job)
    model.load_state_dict(read(weights))
    layout = torch.channels_last if job["layout"] == "channels_last" else torch.contiguous_format
    model = model.to(memory_format=layout).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=job["learning_rate"], momentum=0.9, weight_decay=5e-4, nesterov=True)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)

    def train(batches, steps=None):
        """Trains the given number of steps, or on all batches; returns the mean loss, read once, and the number of images."""
        total, count = torch.zeros((), dtype=torch.float64), 0
        for images, labels in itertools.islice(batches, steps):
            loss = criterion(model(images.contiguous(memory_format=layout)), labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(labels)
            count += len(labels)
        return total.item() / count, count

    ordered, batches = loaders(job, folder, threads)
    if not job["decodes"]:
        ordered = [(images.contiguous(memory_format=layout), labels) for images, labels in ordered]
        # Without decoding, the batch is ready in memory.
        batches = ordered[:1]
    check, _ = train(ordered, job["checked_steps"])
    del ordered
    train(batches)

    def go_on(seconds):
        count, clock = 0, time.perf_counter()
        while time.perf_counter() - clock < seconds:
            count += train(batches)[1]
        return count / (time.perf_counter() - clock)

    print(json.dumps({"images_per_second": go_on(seconds), "check": check}), flush=True)
    # The parent process measures the memory now.
    go_on(seconds / 2)


def loaders(job, folder, workers):
    """The images in their order and shuffled, as ImageFolder and DataLoader give them."""
    import torch
    from PIL import Image
    from torchvision import datasets, transforms

    mode = "L" if job["channels"] == 1 else "RGB"
    data = datasets.ImageFolder(
        folder,
        transforms.Compose([transforms.ToTensor(), transforms.Normalize(job["mean"], job["deviation"])]),
        loader=lambda path: Image.open(path).convert(mode))
    ordered = torch.utils.data.DataLoader(data, batch_size=job["batch"], num_workers=workers if job["decodes"] else 0)
    shuffled = torch.utils.data.DataLoader(
        data, batch_size=job["batch"], shuffle=True, drop_last=True, num_workers=workers, persistent_workers=True)
    return ordered, shuffled


def create(job):
    import torchvision
    from torch import nn

    if job["network"] == "resnet20":
        return resnet20(job["classes"])
    model = torchvision.models.get_model(job["network"], num_classes=job["classes"])
    if job["channels"] != 3:
        model.conv1 = nn.Conv2d(job["channels"], 64, kernel_size=7, stride=2, padding=3, bias=False)
    return model


def resnet20(classes):
    """He et al. 2015, section 4.2, with identity shortcuts padded with zeros."""
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):
        def __init__(self, channels, width, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(width)
            self.stride, self.padding = stride, (width - channels) // 2

        def forward(self, x):
            y = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)), inplace=True)))
            if self.stride > 1:
                x = functional.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.padding, self.padding))
            y += x
            return functional.relu(y, inplace=True)

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(16)
            for stage, (channels, width, stride) in enumerate([(16, 16, 1), (16, 32, 2), (32, 64, 2)], 1):
                blocks = [Block(channels if i == 0 else width, width, stride if i == 0 else 1) for i in range(3)]
                setattr(self, f"layer{stage}", nn.Sequential(*blocks))
            self.fc = nn.Linear(64, classes)

        def forward(self, x):
            x = functional.relu(self.bn1(self.conv1(x)), inplace=True)
            x = self.layer3(self.layer2(self.layer1(x)))
            return self.fc(x.mean((2, 3)))

    return Network()


def read(path):
    """The tensors of a safetensors file."""
    import torch

    with open(path, "rb") as file:
        content = bytearray(file.read())
    start = 8 + int.from_bytes(content[:8], "little")
    types = {"F32": torch.float32, "I64": torch.int64}
    tensors = {}
    for name, entry in json.loads(content[8:start]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            values = torch.frombuffer(content[start + begin:start + end], dtype=types[entry["dtype"]])
            tensors[name] = values.reshape(entry["shape"]).clone()
    return tensors


def make(folder, images, size):
    import numpy
    from PIL import Image

    random = numpy.random.RandomState(1)
    for i in range(images):
        path = os.path.join(folder, f"class{i % CLASSES}")
        os.makedirs(path, exist_ok=True)
        Image.fromarray(random.randint(0, 256, (size, size, 3)).astype(numpy.uint8)).save(os.path.join(path, f"{i:05}.png"))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "measure":
        measure(json.loads(arguments[0]), arguments[1], arguments[2], int(arguments[3]), float(arguments[4]))
    else:
        make(arguments[0], int(arguments[1]), int(arguments[2]))
