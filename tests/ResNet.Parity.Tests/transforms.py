"""The results of torchvision's transforms of Pillow images for the parity tests.

operations IMAGE FILE      an image, and the results of every operation at many magnitudes
colours OPERATION FILE     SHA-256 of an operation's results for all 16,777,216 colours
magnitudes POLICY FILE     the magnitudes of RandAugment's or TrivialAugmentWide's operations
draws TRANSFORMS FILE      20,000 draws of random transforms' parameters
"""
import hashlib
import math
import sys
from unittest import mock

import numpy
import torch
from PIL import Image
from torchvision import transforms
from torchvision.transforms import InterpolationMode, autoaugment, functional

DRAWS = 20_000
WARPS = ["ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"]
# Each interpolation with its fill value outside the image.
INTERPOLATIONS = {InterpolationMode.NEAREST: 0, InterpolationMode.BILINEAR: 77, InterpolationMode.BICUBIC: 255}
OPERATIONS = {
    "adjust_brightness": functional.adjust_brightness,
    "adjust_contrast": functional.adjust_contrast,
    "adjust_saturation": functional.adjust_saturation,
    "adjust_hue": functional.adjust_hue,
}


def images():
    random = numpy.random.RandomState(1)
    y, x = numpy.mgrid[:64, :64]
    gradient = numpy.stack([4 * x, 4 * y, 2 * (x + y)], -1)
    noisy = numpy.clip(gradient + random.normal(0, 20, gradient.shape), 0, 255)
    return {
        "noise": random.randint(0, 256, (47, 61, 3)),
        "noisy gradient": noisy,
        "narrow range": 90 + noisy[:40, :30] / 8,
        "one colour": numpy.broadcast_to([200, 30, 77], (5, 9, 3)),
        "two rows": random.randint(0, 256, (2, 5, 3)),
        "one column": random.randint(0, 256, (5, 1, 3)),
        "grey noise": random.randint(0, 256, (33, 50, 1)),
        "grey gradient": noisy[:, :, :1],
        "grey pixel": numpy.full((1, 1, 1), 100),
    }


def to_image(pixels):
    return Image.fromarray(pixels.astype(numpy.uint8).squeeze(2) if pixels.shape[2] == 1 else pixels.astype(numpy.uint8))


def policies():
    return {"RandAugment": transforms.RandAugment(), "TrivialAugmentWide": transforms.TrivialAugmentWide()}


def space(policy, bins, size):
    try:
        return policy._augmentation_space(bins, size)
    except TypeError:
        return policy._augmentation_space(bins)


def policy_magnitudes(size):
    """All magnitudes that either policy may draw, by operation."""
    found = {}
    for policy in policies().values():
        for name, (values, signed) in space(policy, 31, size).items():
            values = values.flatten().tolist()
            found.setdefault(name, set()).update(float(value) for value in values)
            if signed:
                found[name].update(-float(value) for value in values)
    return {name: sorted(values) for name, values in found.items()}


def operations(name, file):
    pixels = images()[name]
    image, results = to_image(pixels), {}
    store(results, f"{name}|image", pixels)
    for operation, magnitudes in policy_magnitudes(image.size[::-1]).items():
        for interpolation, fill in INTERPOLATIONS.items() if operation in WARPS else [(InterpolationMode.NEAREST, 0)]:
            outcome = [
                autoaugment._apply_op(image, operation, magnitude, interpolation, [fill] * len(image.getbands()))
                for magnitude in magnitudes]
            store_all(results, f"{name}|{operation}|{interpolation.value}|{fill}", magnitudes, outcome, pixels.shape)
    for operation, function in OPERATIONS.items():
        factors = [-0.5, -0.2, -0.001, 0, 0.1, 0.33, 0.5] if operation == "adjust_hue" else [0, 0.1, 0.5, 0.77, 1, 1.3, 2, 5]
        factors = [float(numpy.float32(factor)) for factor in factors]
        store_all(results, f"{name}|{operation}|nearest|0", factors, [function(image, factor) for factor in factors], pixels.shape)
    store_all(results, f"{name}|to_grayscale|nearest|0", [0], [functional.to_grayscale(image, pixels.shape[2])], pixels.shape)
    torch.save(results, file)


def store(results, key, pixels):
    results[key] = torch.from_numpy(numpy.ascontiguousarray(pixels).astype(numpy.uint8))


def store_all(results, key, magnitudes, outcome, shape):
    store(results, key, numpy.stack([numpy.asarray(image).reshape(shape) for image in outcome]))
    results[f"{key}|magnitudes"] = torch.tensor(magnitudes, dtype=torch.float64)


def colours(operation, file):
    number = numpy.arange(1 << 24, dtype=numpy.uint32).reshape(4096, 4096)
    image = Image.fromarray(numpy.stack([number >> 16, number >> 8 & 255, number & 255], -1).astype(numpy.uint8))
    results = {}
    for factor in {"adjust_hue": [-0.5, 0, 0.1, 0.4], "adjust_saturation": [0.3, 1.7]}[operation]:
        outcome = OPERATIONS[operation](image, float(numpy.float32(factor)))
        results[str(factor)] = torch.tensor(list(hashlib.sha256(outcome.tobytes()).digest()), dtype=torch.uint8)
    torch.save(results, file)


def magnitudes(policy, file):
    results = {}
    for bins in (2, 11, 31):
        for size in ((224, 224), (331, 500), (32, 993)):
            for operation, (values, signed) in space(policies()[policy], bins, size).items():
                values = values.double() if values.ndim else torch.zeros(bins, dtype=torch.float64)
                results[f"{operation}|{bins}|{size[0]}|{size[1]}|{int(signed)}"] = values
    torch.save(results, file)


def draws(part, file):
    torch.manual_seed(0)
    parts = {
        "crops": crops, "padded crops": padded_crops, "flips": flips, "jitters": jitters, "policies": policy_draws,
        "erasures": erasures, "mixtures": mixtures}
    torch.save({name: torch.tensor(values, dtype=torch.float64) for name, values in parts[part]().items()}, file)


def columns(prefix, names, rows):
    return {f"{prefix} {name}": list(column) for name, column in zip(names, zip(*rows))}


def crops():
    results = {}
    for name, width, height in (("photograph", 500, 375), ("strip", 400, 60)):
        image = torch.empty(1, height, width)
        rows = [transforms.RandomResizedCrop.get_params(image, [0.08, 1], [3 / 4, 4 / 3]) for _ in range(DRAWS)]
        rows = [(w * h / (width * height), w / h, left, top, w) for top, left, h, w in rows]
        results.update(columns(f"RandomResizedCrop {name}", ("area", "ratio", "left", "top", "width"), rows))
    return results


def padded_crops():
    rows = [transforms.RandomCrop.get_params(torch.empty(1, 40, 40), (32, 32)) for _ in range(DRAWS)]
    # An image of 20 pixels with a border of 4 lacks 4 pixels and so gets 4 more on each side.
    image = functional.to_pil_image(torch.arange(400, dtype=torch.int32).reshape(1, 20, 20))
    crop = transforms.RandomCrop(32, padding=4, pad_if_needed=True)
    small = []
    for _ in range(DRAWS // 10):
        pixels = numpy.asarray(crop(image))
        top, left = [int(numpy.argmax(pixels.any(axis))) for axis in (1, 0)]
        # The image's first pixel has the number 0 and counts as border, but the rest of its row and column does not.
        small.append((-top, -left))
    results = {"choice: RandomCrop place": [top * 9 + left for top, left, _, _ in rows]}
    results["choice: RandomCrop top, padded as needed"] = [top for top, _ in small]
    results["choice: RandomCrop left, padded as needed"] = [left for _, left in small]
    return results


def flips():
    flip, image = transforms.RandomHorizontalFlip(0.3), torch.tensor([[[0, 1]]])
    return {"choice: RandomHorizontalFlip": [int(flip(image)[0, 0, 0]) for _ in range(DRAWS)]}


def jitters():
    jitter = transforms.ColorJitter(0.4, (0.2, 1.5), 1.3, 0.1)
    rows = [jitter.get_params(jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue) for _ in range(DRAWS)]
    results = columns("ColorJitter", ("brightness", "contrast", "saturation", "hue"), [row[1:] for row in rows])
    results["choice: ColorJitter order"] = [int("".join(str(int(step)) for step in row[0])) for row in rows]
    return results


def policy_draws():
    results = {}
    image = Image.new("RGB", (331, 224))
    for name, policy in policies().items():
        found = []
        with mock.patch.object(autoaugment, "_apply_op", lambda image, name, magnitude, **_: found.append((name, magnitude)) or image):
            for _ in range(DRAWS):
                policy(image)
        names = list(space(policy, 31, (224, 331)))
        choices = [names.index(operation) for operation, _ in found]
        results[f"choice: {name} operation"] = choices
        if policy.__class__ is transforms.RandAugment:
            results[f"choice: {name} pair"] = [first * len(names) + second for first, second in zip(choices[::2], choices[1::2])]
        largest = {operation: float(values.flatten()[-1]) for operation, (values, signed) in space(policy, 31, (224, 331)).items() if signed}
        results[f"choice: {name} sign and bin"] = [
            math.copysign(1 + round(30 * abs(magnitude) / largest[operation]), magnitude) for operation, magnitude in found if operation in largest]
        for operation in names:
            results[f"{name} magnitude of {operation}"] = [magnitude for other, magnitude in found if other == operation]
    return results


def erasures():
    results = {}
    for name, width, height in (("square", 224, 224), ("strip", 200, 12)):
        image, whole, rows = torch.empty(1, height, width), 0, []
        erasing = transforms.RandomErasing(p=0.5)
        rate = []
        with mock.patch.object(functional, "erase", lambda image, *rectangle: rectangle):
            for _ in range(DRAWS):
                outcome = erasing(image)
                # If no rectangle fits, the whole image is erased with itself.
                erased = isinstance(outcome, tuple) and outcome[2] < height
                rate.append(int(erased))
                if erased:
                    top, left, h, w = outcome[:4]
                    rows.append((w * h / (width * height), h / w, left, top))
        results[f"choice: RandomErasing {name}"] = rate
        results.update(columns(f"RandomErasing {name}", ("area", "ratio", "left", "top"), rows))
    return results


def mixtures():
    """As RandomMixup and RandomCutmix of torchvision's references/classification/transforms.py, which are not part of the package."""
    results = {}
    for alpha in (0.05, 0.2, 1.0, 4.0):
        distribution = torch.distributions.Dirichlet(torch.tensor([alpha, alpha], dtype=torch.float64))
        results[f"Mixup {alpha}"] = distribution.sample((DRAWS,))[:, 0].tolist()
    width, height, rows = 224, 160, []
    for part in torch.distributions.Dirichlet(torch.tensor([1.0, 1.0])).sample((DRAWS,))[:, 0].tolist():
        x, y = int(torch.randint(width, ())), int(torch.randint(height, ()))
        half = math.sqrt(1 - part) / 2
        across, down = int(half * width), int(half * height)
        left, right, top, bottom = max(x - across, 0), min(x + across, width), max(y - down, 0), min(y + down, height)
        rows.append((left, top, right - left, bottom - top, (right - left) * (bottom - top) / (width * height)))
    results.update(columns("CutMix", ("left", "top", "width", "height", "area"), rows))
    return results


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"operations": operations, "colours": colours, "magnitudes": magnitudes, "draws": draws}[command](*arguments)
