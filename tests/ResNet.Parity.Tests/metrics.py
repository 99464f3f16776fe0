"""The results of an evaluation, computed from the definitions of the papers and of scikit-learn with NumPy alone.

draw CLASSES IMAGES FOLDER   draws logits and labels and writes them with their results
"""
import json
import pathlib
import sys

import numpy as np

BINS = 15


def draw(classes, images, folder):
    random = np.random.default_rng(classes)
    labels = random.integers(0, classes - 1, images)
    logits = random.normal(size=(images, classes)) * 2
    logits[np.arange(images), labels] += random.normal(2, 2, images)
    logits = logits.astype(np.float32)
    logits.tofile(folder / "logits.f32")
    labels.astype(np.int64).tofile(folder / "labels.i64")

    probabilities = softmax(logits)
    predicted = probabilities.argmax(1)
    confidence = probabilities.max(1)
    confusion = np.zeros((classes, classes), int)
    np.add.at(confusion, (labels, predicted), 1)
    precision, recall, f1 = per_class(confusion)
    bins, error = calibration(confidence, predicted == labels)
    ranks = (probabilities > probabilities[np.arange(images), labels][:, None]).sum(1)
    wrong = np.flatnonzero(predicted != labels)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    (folder / "metrics.json").write_text(json.dumps({
        "loss": float(-np.log(probabilities[np.arange(images), labels]).mean()),
        "top1": float(100 * (ranks < 1).mean()),
        "top5": float(100 * (ranks < 5).mean()),
        "confusion": confusion.ravel().tolist(),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "bins": bins,
        "error": error,
        "mistakes": wrong[:20].tolist(),
    }))


def softmax(logits):
    shifted = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


def per_class(confusion):
    """As scikit-learn's precision_recall_fscore_support with zero_division=0."""
    right = np.diag(confusion).astype(float)
    precision = divide(right, confusion.sum(0))
    recall = divide(right, confusion.sum(1))
    return precision, recall, divide(2 * precision * recall, precision + recall)


def divide(part, whole):
    return np.divide(part, whole, out=np.zeros_like(part), where=whole != 0)


def calibration(confidence, right):
    """Guo et al. 2017, equation 3: bin m has the confidences in ((m - 1) / M, m / M]."""
    bins, error = [], 0.0
    for m in range(1, BINS + 1):
        inside = (confidence > (m - 1) / BINS) & (confidence <= m / BINS)
        bins.append(int(inside.sum()))
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return bins, float(error)


if __name__ == "__main__":
    _, command, classes, images, folder = sys.argv
    {"draw": draw}[command](int(classes), int(images), pathlib.Path(folder))
