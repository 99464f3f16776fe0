"""Trains resnet20 on CIFAR-10's images in PyTorch, for comparison with the library's training.

cifar.py DATA RESULTS --seed N    trains from weights and in an order that PyTorch draws, and writes RESULTS/pytorch-N.json
cifar.py logits WEIGHTS FOLDER    computes a batch with weights that the library saved: both have the same network

DATA has train/ and test/, each with a folder of images for every class. A seed with a result is not computed again; a stopped run resumes
from its last checkpoint, with the same result as an uninterrupted run. The network and the recipe are those of He et al. 2015, section 4.2,
in a shorter run: the learning rate is also divided by ten after a half and after three quarters of the run.
"""
import argparse
import json
import os
import pathlib
import time

import numpy
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

BATCH = 128
PADDING = 4
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 0.1, 0.9, 1e-4
DROPS = (0.5, 0.75)
# ResNet.Training's Normalize.Cifar10.
MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
# Steps of a point of the loss curve.
WINDOW = 50
CHECKPOINT_EVERY = 130


class Block(nn.Module):
    """Two convolutions with a shortcut, of option A if the size changes."""

    def __init__(self, before, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.stride, self.zeros = stride, (width - before) // 2

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        if self.stride > 1:
            x = functional.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.zeros, self.zeros))
        return functional.relu(y + x, inplace=True)


class ResNet20(nn.Module):
    """With the library's names of parameters."""

    def __init__(self, blocks=3):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        before = 16
        for i, width in enumerate((16, 32, 64)):
            stage = []
            for j in range(blocks):
                stage.append(Block(before, width, 2 if i > 0 and j == 0 else 1))
                before = width
            setattr(self, f"layer{i + 1}", nn.Sequential(*stage))
        self.fc = nn.Linear(before, 10)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        # The library's classifier also starts smaller if shortcuts have no norm.
        with torch.no_grad():
            self.fc.weight.div_((3 * blocks) ** 0.5)

    def forward(self, x):
        x = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


def load(folder, cache, images=None):
    """Pixels [N, 32, 32, 3] and classes; a part of the images has the same number of first images of each class."""
    pixels_file, labels_file = cache.with_suffix(".pixels.npy"), cache.with_suffix(".labels.npy")
    if not labels_file.exists():
        classes = sorted(entry for entry in folder.iterdir() if entry.is_dir())
        pixels, labels = [], []
        for label, entry in enumerate(classes):
            files = sorted(entry.iterdir())
            for file in files if images is None else files[:images // len(classes)]:
                pixels.append(numpy.asarray(Image.open(file).convert("RGB")))
                labels.append(label)
        replace(pixels_file, lambda file: numpy.save(file, numpy.stack(pixels)))
        replace(labels_file, lambda file: numpy.save(file, numpy.array(labels)))
    return torch.from_numpy(numpy.load(pixels_file)), torch.from_numpy(numpy.load(labels_file))


def replace(path, write):
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with open(beside, "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def augment(pixels, generator):
    """A border of black, a random crop of the old size, and mirroring, image by image."""
    count, height, width, _ = pixels.shape
    padded = functional.pad(pixels, (0, 0, PADDING, PADDING, PADDING, PADDING))
    top, left = torch.randint(2 * PADDING + 1, (2, count, 1), generator=generator)
    mirrored = torch.rand(count, 1, generator=generator) < 0.5
    columns = torch.arange(width).expand(count, width)
    columns = left + torch.where(mirrored, width - 1 - columns, columns)
    rows = top + torch.arange(height)
    return padded[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


def normalize(pixels):
    """[N, 3, H, W], channels-last in memory, which is the faster layout here."""
    return ((pixels.float() / 255 - torch.tensor(MEAN)) / torch.tensor(DEVIATION)).permute(0, 3, 1, 2)


def draws(*numbers):
    """Random numbers for a position in the run, so that a resumed run draws the same numbers."""
    return torch.Generator().manual_seed(int(numpy.random.SeedSequence(numbers).generate_state(1, numpy.uint64)[0] >> numpy.uint64(1)))


def learning_rate(step, steps):
    return LEARNING_RATE * 0.1 ** sum(step >= round(drop * steps) for drop in DROPS)


def train(options):
    result = options.results / f"pytorch-{options.seed}.json"
    if result.exists():
        print(f"{result} is there")
        return
    torch.set_num_threads(options.threads)
    options.results.mkdir(parents=True, exist_ok=True)
    part = options.results / f"pytorch-{options.seed}.pt"
    count = f"-{options.images}" if options.images else ""
    pixels, labels = load(options.data / "train", options.results / f"train{count}", options.images)

    torch.manual_seed(options.seed)
    network = ResNet20().to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(network.parameters(), LEARNING_RATE, MOMENTUM, weight_decay=WEIGHT_DECAY)
    per_epoch = len(pixels) // BATCH
    steps = options.epochs * per_epoch
    losses, first, seconds = [], 0, 0.0
    if part.exists():
        state = torch.load(part)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        losses, seconds = state["losses"], state["seconds"]
        first = len(losses)

    started = time.time() - seconds
    for step in range(first, steps):
        epoch, batch = divmod(step, per_epoch)
        order = torch.randperm(len(pixels), generator=draws(options.seed, 1, epoch))
        chosen = order[batch * BATCH:(batch + 1) * BATCH]
        images = normalize(augment(pixels[chosen], draws(options.seed, 2, step)))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps)
        loss = functional.cross_entropy(network(images), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if (step + 1) % CHECKPOINT_EVERY == 0:
            seconds = time.time() - started
            state = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "losses": losses, "seconds": seconds}
            replace(part, lambda file: torch.save(state, file))
            print(f"seed {options.seed}, step {step + 1}/{steps}: loss {sum(losses[-WINDOW:]) / len(losses[-WINDOW:]):.4f}, "
                  f"{(step + 1) * BATCH / seconds:.0f} img/s", flush=True)
    seconds = time.time() - started

    accuracy = evaluate(network, *load(options.data / "test", options.results / "test"))
    curve = [sum(losses[i:i + WINDOW]) / WINDOW for i in range(0, steps - WINDOW + 1, WINDOW)]
    report = {
        "seed": options.seed, "images": len(pixels), "epochs": options.epochs, "steps": steps, "window": WINDOW, "losses": curve,
        "accuracy": accuracy, "imagesPerSecond": steps * BATCH / seconds, "threads": options.threads, "torch": torch.__version__}
    replace(result, lambda file: file.write((json.dumps(report, indent=1) + "\n").encode()))
    part.unlink(missing_ok=True)
    print(f"seed {options.seed}: test accuracy {accuracy:.2f} %, last loss {curve[-1] if curve else losses[-1]:.4f}")


@torch.no_grad()
def evaluate(network, pixels, labels):
    """Top-1 accuracy on the test images, in percent."""
    network.eval()
    hits = sum(
        (network(normalize(pixels[i:i + 500])).argmax(1) == labels[i:i + 500]).sum().item() for i in range(0, len(pixels), 500))
    return 100 * hits / len(pixels)


@torch.no_grad()
def logits(weights, folder):
    """Draws images and writes them, the normalised images, and the network's logits in training and in inference."""
    torch.manual_seed(0)
    pixels = torch.randint(256, (8, 32, 32, 3), dtype=torch.uint8)
    network = ResNet20()
    network.load_state_dict(torch.load(weights, weights_only=True), strict=True)
    inputs = normalize(pixels)
    results = {"input": inputs.contiguous(), "train": network.train()(inputs), "eval": network.eval()(inputs)}
    torch.save(results, folder / "logits.pth")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--images", type=int, help="how many of the training images; all by default")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    return parser.parse_args()


if __name__ == "__main__":
    import sys
    if sys.argv[1:2] == ["logits"]:
        logits(sys.argv[2], pathlib.Path(sys.argv[3]))
    else:
        train(parse())
