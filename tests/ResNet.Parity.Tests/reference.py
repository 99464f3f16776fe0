"""The results of PyTorch and torchvision for the parity tests.

draw NETWORK FOLDER             draws weights and computes the network with them
verify NETWORK WEIGHTS FOLDER   computes it again on the same inputs, with weights that the library saved
train NETWORK TYPE FOLDER       takes five steps of stochastic gradient descent on batches that it draws, in float32 or float64
fit NETWORK FOLDER              draws a folder of images and trains on it for five epochs, as the library's Trainer does
"""
import pathlib
import sys

import torch
import torchvision
from torch import nn
from torchvision import transforms

SIZES = [(1, 224, 224), (2, 197, 131)]
CLASSES = 10


def draw(name, folder):
    torch.manual_seed(0)
    network = torchvision.models.get_model(name)
    draw_norms(network)
    torch.save(network.state_dict(), folder / "weights.pth")
    torch.save(network.state_dict(), folder / "weights-legacy.pth", _use_new_zipfile_serialization=False)
    expected = {}
    for count, height, width in SIZES:
        images = torch.randn(count, 3, height, width)
        for key, value in compute(network, images).items():
            expected[f"{height}x{width}.{key}"] = value
    torch.save(expected, folder / "expected.pth")


def verify(name, weights, folder):
    network = torchvision.models.get_model(name)
    network.load_state_dict(torch.load(weights, weights_only=True), strict=True)
    expected = torch.load(folder / "expected.pth")
    verified = {}
    for _, height, width in SIZES:
        size = f"{height}x{width}"
        verified[f"{size}.logits"] = compute(network, expected[f"{size}.input"])["logits"]
    torch.save(verified, folder / "verified.pth")


def train(name, dtype, size, folder):
    torch.manual_seed(0)
    network = start(name, folder, getattr(torch, dtype))
    # The same images in both types.
    images = torch.randn(5, 8, 3, int(size), int(size)).to(getattr(torch, dtype))
    labels = torch.randint(CLASSES, (5, 8))
    optimizer = sgd(network)
    losses = []
    for batch, classes in zip(images, labels):
        losses.append(step(optimizer, network(batch), classes))
    torch.save({"images": images, "labels": labels, "losses": torch.stack(losses)}, folder / "steps.pth")
    torch.save(network.state_dict(), folder / "end.pth")


def fit(name, folder):
    torch.manual_seed(0)
    network = start(name, folder, torch.float64)
    for label in range(CLASSES):
        (folder / "images" / str(label)).mkdir(parents=True)
        pixels = torch.randint(256, (3, 32, 32), dtype=torch.uint8)
        transforms.functional.to_pil_image(pixels).save(folder / "images" / str(label) / "0.png")

    dataset = torchvision.datasets.ImageFolder(folder / "images", transforms.ToTensor())
    loader = torch.utils.data.DataLoader(dataset, batch_size=CLASSES)
    steps, warmup = 5, 2
    optimizer = sgd(network)
    schedule = torch.optim.lr_scheduler.SequentialLR(optimizer, [
        torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup - 1),
        torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps - warmup)], milestones=[warmup])
    losses = []
    for _ in range(steps):
        for images, labels in loader:
            # In single precision, as the library computes losses.
            losses.append(step(optimizer, network(images.double()).float(), labels))
        schedule.step()
    torch.save({"losses": torch.stack(losses)}, folder / "epochs.pth")
    torch.save(network.state_dict(), folder / "end.pth")


def start(name, folder, dtype):
    """A network to train. Branches begin at zero because deep networks would diverge in the first steps, and no two runs diverge alike."""
    network = torchvision.models.get_model(name, num_classes=CLASSES, zero_init_residual=True).to(dtype)
    torch.save(network.state_dict(), folder / "start.pth")
    return network.train()


def sgd(network):
    # With the usual weight decay of 1e-4, five steps would hardly differ from those without.
    return torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01)


def step(optimizer, logits, labels):
    loss = nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def draw_norms(network):
    """Draws the batch norms as after a training: nothing is 0 or 1, and activations stay of order one at any depth."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    last = [getattr(block, "bn3", getattr(block, "bn2", None)) for block in network.modules() if hasattr(block, "downsample")]
    for norm in norms:
        low, high = (0.1, 0.5) if any(norm is other for other in last) else (0.5, 1.5)
        norm.weight.uniform_(low, high)
        norm.bias.normal_(std=0.2)
        norm.momentum = 1
    network.train()
    network(torch.randn(2, 3, 128, 128))
    for norm in norms:
        norm.running_mean += 0.2 * norm.running_var.sqrt() * torch.randn_like(norm.running_mean)
        norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.5, 2)
        norm.num_batches_tracked.random_(1, 1_000_000)


@torch.no_grad()
def compute(network, images):
    """The input, the intermediate maps and the logits, by name."""
    results = {"input": images}
    layers = {"stem": network.maxpool, "pooled": network.avgpool}
    layers.update((f"layer{i}", getattr(network, f"layer{i}")) for i in range(1, 5))
    hooks = [
        layer.register_forward_hook(lambda _, __, output, key=key: results.update({key: output}))
        for key, layer in layers.items()]
    network.eval()
    results["logits"] = network(images)
    for hook in hooks:
        hook.remove()
    results["pooled"] = results["pooled"].flatten(1)
    for key, value in results.items():
        if not 0.1 < value.std() < 10:
            raise ValueError(f"{key} deviates by {value.std():g}: too little or too much to compare anything with.")
    return results


if __name__ == "__main__":
    command, *arguments, target = sys.argv[1:]
    {"draw": draw, "verify": verify, "train": train, "fit": fit}[command](*arguments, pathlib.Path(target))
