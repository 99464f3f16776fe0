"""PyTorch's side of the comparison of inference; Inference/InferenceComparison.cs runs it.

    inference_reference.py measure NETWORK contiguous|channels_last WEIGHTS IMAGES BATCH THREADS SECONDS
        computes the same images for a while to warm up, then repeatedly for at least SECONDS, prints a JSON line, and continues for half of that time
    inference_reference.py first NETWORK WEIGHTS PICTURE THREADS SECONDS
        prints the probability of a picture's most likely class as a JSON line, and continues to predict for a while
"""
import json
import sys
import time

# In seconds, as of the other sides.
WARM_UP = 1.5


def load(network, weights, threads):
    import torch
    import torchvision

    from train_reference import read

    torch.set_num_threads(threads)
    model = torchvision.models.get_model(network)
    model.load_state_dict(read(weights))
    return model.eval()


def measure(network, layout, weights, images, batch, threads, seconds):
    import numpy
    import torch

    model = load(network, weights, threads)
    images = torch.from_numpy(numpy.fromfile(images, numpy.float32)).reshape(batch, 3, 224, 224)
    if layout == "channels_last":
        model, images = model.to(memory_format=torch.channels_last), images.contiguous(memory_format=torch.channels_last)

    def go_on(seconds):
        passes, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            model(images)
            passes += 1
        return passes * batch / (time.perf_counter() - began)

    with torch.inference_mode():
        check = model(images).abs().mean().item()
        go_on(WARM_UP)
        print(json.dumps({"images_per_second": go_on(seconds), "check": check}), flush=True)
        # The parent process measures the memory now.
        go_on(seconds / 2)


def first(network, weights, picture, threads, seconds):
    import torch
    from PIL import Image
    from torchvision import transforms

    model = load(network, weights, threads)
    prepare = transforms.Compose([
        transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])

    def classify():
        with torch.inference_mode():
            return model(prepare(Image.open(picture).convert("RGB"))[None]).softmax(1).max().item()

    print(json.dumps({"images_per_second": 0, "check": classify()}), flush=True)
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        classify()


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "measure":
        network, layout, weights, images, batch, threads, seconds = arguments
        measure(network, layout, weights, images, int(batch), int(threads), float(seconds))
    else:
        network, weights, picture, threads, seconds = arguments
        first(network, weights, picture, int(threads), float(seconds))
