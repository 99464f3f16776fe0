"""The computations of PyTorch and torchvision in training, except those of the network, for the parity tests.

optimizer NAME DECAYS START FILE   20 steps of an optimizer on a network's parameters, with gradients that it draws
average START FILE                 torchvision's moving average of a network whose weights and statistics change before each update
clip START FILE                    gradients before and after clip_grad_norm_ with several limits, and their norm
schedules FILE                     the factor of each step of a run
loss FILE                          cross entropies of labels and of mixed labels, with and without smoothing, and their gradients

START is a file of weights that the library saved.
"""
import sys

import torch
from torch import nn
from torch.optim import lr_scheduler, swa_utils

STEPS = 20
DECAY = 0.05
RUN = 90


class Lamb(torch.optim.Optimizer):
    """You et al. 2020, algorithm 2, with timm's additions: a maximum norm of one for gradients, and no trust ratio without decay."""

    def __init__(self, parameters, lr, weight_decay, limit=1.0):
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})
        self.limit = limit

    @torch.no_grad()
    def step(self):
        parameters = [parameter for group in self.param_groups for parameter in group["params"]]
        total = torch.cat([parameter.grad.flatten() for parameter in parameters]).norm()
        for group in self.param_groups:
            for parameter in group["params"]:
                gradient = parameter.grad / max(1.0, float(total) / self.limit)
                state = self.state[parameter]
                t = state["t"] = state.get("t", 0) + 1
                m = state["m"] = 0.9 * state.get("m", 0) + 0.1 * gradient
                v = state["v"] = 0.999 * state.get("v", 0) + 0.001 * gradient ** 2
                update = m / (1 - 0.9 ** t) / ((v / (1 - 0.999 ** t)).sqrt() + 1e-6) + group["weight_decay"] * parameter
                ratio = 1.0
                if group["weight_decay"] != 0 and parameter.norm() > 0 and update.norm() > 0:
                    ratio = float(parameter.norm() / update.norm())
                parameter -= group["lr"] * ratio * update


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=1, weight_decay=DECAY),
    "momentum": lambda p: torch.optim.SGD(p, lr=1, momentum=0.9, weight_decay=DECAY),
    "nesterov": lambda p: torch.optim.SGD(p, lr=1, momentum=0.9, weight_decay=DECAY, nesterov=True),
    "no-decay": lambda p: torch.optim.SGD(p, lr=1, momentum=0.9, nesterov=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=1, weight_decay=DECAY),
    "lamb": lambda p: Lamb(p, lr=1, weight_decay=DECAY),
}


class Network(nn.Module):
    """The tensors of a network that the library saved, without its layers."""

    def __init__(self, file):
        super().__init__()
        for name, tensor in torch.load(file, weights_only=True).items():
            name = name.replace(".", "/")
            if name.split("/")[-1] in ("running_mean", "running_var", "num_batches_tracked"):
                self.register_buffer(name, tensor)
            else:
                self.register_parameter(name, nn.Parameter(tensor))

    def values(self, prefix):
        return {f"{prefix}.{name.replace('/', '.')}": tensor.detach().clone() for name, tensor in self.state_dict().items()}

    def gradients(self, prefix):
        return {f"{prefix}.{name.replace('/', '.')}": tensor.grad.clone() for name, tensor in self.named_parameters()}

    def draw_gradients(self, size):
        for parameter in self.parameters():
            parameter.grad = torch.randn_like(parameter) * size


def optimizer(name, decays, start, file):
    """With decays = weights norms and biases do not decay."""
    torch.manual_seed(0)
    network = Network(start)
    groups = [{"params": list(network.parameters())}]
    if decays == "weights":
        groups = [
            {"params": [parameter for parameter in network.parameters() if parameter.dim() > 1]},
            {"params": [parameter for parameter in network.parameters() if parameter.dim() == 1], "weight_decay": 0.0}]
    optimizer = OPTIMIZERS[name](groups)
    results = {}
    for step in range(STEPS):
        # LAMB scales the larger ones of these down and leaves the smaller ones.
        network.draw_gradients(0.005 * (1 + step % 4))
        results.update(network.gradients(f"gradient{step}"))
        rate = 0.01 * (1 + step % 3)
        results[f"rate{step}"] = torch.tensor(rate, dtype=torch.float64)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        results.update(network.values(f"step{step}"))
    torch.save(results, file)


def average(start, file):
    """As ExponentialMovingAverage in references/classification/utils.py."""
    torch.manual_seed(0)
    decay = 0.9
    network = Network(start)
    averaged = swa_utils.AveragedModel(network, avg_fn=lambda average, value, count: decay * average + (1 - decay) * value, use_buffers=True)
    results = {}
    for step in range(5):
        with torch.no_grad():
            for tensor in network.state_dict().values():
                tensor += torch.rand_like(tensor) if tensor.is_floating_point() else 1
        averaged.update_parameters(network)
        results.update(network.values(f"network{step}"))
        results.update(averaged.module.values(f"average{step}"))
    torch.save(results, file)


def clip(start, file):
    torch.manual_seed(0)
    network = Network(start)
    network.draw_gradients(0.1)
    results = network.gradients("gradient")
    for limit in (0.5, 5.0, 1e6):
        for name, parameter in network.named_parameters():
            parameter.grad = results[f"gradient.{name.replace('/', '.')}"].clone()
        results[f"norm{limit:g}"] = nn.utils.clip_grad_norm_(network.parameters(), limit)
        results.update(network.gradients(f"clipped{limit:g}"))
    torch.save(results, file)


def linear(optimizer, start, steps):
    return lr_scheduler.LinearLR(optimizer, start_factor=start, total_iters=steps)


def after(warmup, start, make):
    def schedule(optimizer):
        return lr_scheduler.SequentialLR(optimizer, [linear(optimizer, start, warmup), make(optimizer)], milestones=[warmup])
    return schedule


SCHEDULES = {
    "constant": lambda o: lr_scheduler.ConstantLR(o, factor=1, total_iters=0),
    "linear constant": lambda o: linear(o, 0.01, 9),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=RUN),
    "cosine with a floor": lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=RUN, eta_min=0.1),
    "linear cosine": after(9, 0.01, lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=RUN - 9)),
    "steps": lambda o: lr_scheduler.StepLR(o, step_size=30),
    "milestones": lambda o: lr_scheduler.MultiStepLR(o, milestones=[45, 68], gamma=0.2),
    "linear steps": after(9, 0.1, lambda o: lr_scheduler.MultiStepLR(o, milestones=[36 - 9, 72 - 9])),
    "polynomial": lambda o: lr_scheduler.PolynomialLR(o, total_iters=RUN, power=0.9),
    "linear polynomial": after(9, 0.5, lambda o: lr_scheduler.PolynomialLR(o, total_iters=RUN - 9, power=2)),
    "one cycle": lambda o: lr_scheduler.OneCycleLR(o, max_lr=1, total_steps=RUN, cycle_momentum=False),
    "another cycle": lambda o: lr_scheduler.OneCycleLR(
        o, max_lr=1, total_steps=RUN, pct_start=0.25, div_factor=10, final_div_factor=50, cycle_momentum=False),
}


def schedules(file):
    torch.save({name: factors(make) for name, make in SCHEDULES.items()}, file)


def factors(make):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1)
    scheduler = make(optimizer)
    rates = []
    for _ in range(RUN):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return torch.tensor(rates, dtype=torch.float64)


def loss(file):
    torch.manual_seed(0)
    logits = torch.randn(16, 10)
    labels = torch.randint(10, (16,))
    mixed = 0.7 * nn.functional.one_hot(labels, 10) + 0.3 * nn.functional.one_hot(labels.roll(1), 10)
    results = {"logits": logits, "labels": labels, "mixed": mixed}
    for smoothing in (0.0, 0.1):
        for key, target in (("labels", labels), ("mixed", mixed)):
            leaf = logits.clone().requires_grad_()
            value = nn.functional.cross_entropy(leaf, target, label_smoothing=smoothing)
            value.backward()
            results[f"{key}|{smoothing:g}|loss"], results[f"{key}|{smoothing:g}|gradient"] = value.detach(), leaf.grad
    torch.save(results, file)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"optimizer": optimizer, "average": average, "clip": clip, "schedules": schedules, "loss": loss}[command](*arguments)
