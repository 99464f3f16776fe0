"""Makes the files in Files/ with PyTorch 1.13.1 (Debian's): python3 make_files.py Files"""
import argparse
import collections
import copy
import io
import os
import pickle
import struct
import sys
import tarfile
import zipfile

import torch
from torch import nn

folder = sys.argv[1]


def path(name):
    return f"{folder}/{name}"


def legacy(obj, name, **options):
    torch.save(obj, path(name), _use_new_zipfile_serialization=False, **options)


def rewrite(source, target, change):
    """Copies a zip file with its entries changed, stored without compression unless change says otherwise."""
    with zipfile.ZipFile(path(source)) as old, zipfile.ZipFile(path(target), "w") as new:
        for entry in old.infolist():
            for name, data, method in change(entry.filename, old.read(entry)):
                new.writestr(name, data, method)


# What each file with the values of this module has: tiny.pth and its relatives.
torch.manual_seed(7)
tiny = nn.Sequential(collections.OrderedDict(conv=nn.Conv2d(2, 3, 3), bn=nn.BatchNorm2d(3), fc=nn.Linear(3, 2)))
state = tiny.state_dict()
torch.save(state, path("tiny.pth"))
legacy(state, "tiny-legacy.pth")
torch.save(state, path("tiny-protocol4.pth"), pickle_protocol=4)
legacy(state, "tiny-legacy-protocol4.pth", pickle_protocol=4)
# PyTorch does not read its own files of protocol 0: the names of the storages in them are printed tuples.
for protocol in (0, 1):
    torch.save(state, path(f"tiny-protocol{protocol}.pth"), pickle_protocol=protocol)
    legacy(state, f"tiny-legacy-protocol{protocol}.pth", pickle_protocol=protocol)
# Every type, with values that no other type has by chance.
types = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8]
every = {str(t).removeprefix("torch."): torch.tensor([1, 2, 3, 100]).to(t) for t in types}
every["bool"] = torch.tensor([True, False, True, True])
every["scalar"] = torch.tensor(2.5)
every["empty"] = torch.empty(0, 3)
torch.save(every, path("types.pth"))
legacy(every, "types-legacy.pth")

# Views: one storage, strides, an offset, and a tensor under two names.
base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
views = dict(base=base, transposed=base.t(), column=base[:, 2], block=base[1:3, 2:5], every_other=base[::2, ::3], again=base, expanded=base[0, 1].expand(5))
torch.save(views, path("views.pth"))
legacy(views, "views-legacy.pth")

# What training scripts leave: wrappers, prefixes, optimizers, counters.
trained = copy.deepcopy(tiny)
optimizer = torch.optim.SGD(trained.parameters(), lr=0.1, momentum=0.9)
trained.bn(trained.conv(torch.randn(2, 2, 3, 3))).sum().backward()
optimizer.step()
prefixed = collections.OrderedDict(("module." + key, value) for key, value in state.items())
torch.save({"epoch": 90, "best": 76.5, "arch": "tiny", "state_dict": prefixed, "optimizer": optimizer.state_dict(), "flags": [True, None, (1, 2.0)], "args": argparse.Namespace(lr=0.1),
            "milestones": collections.Counter([30, 60]), "seen": {("a", 1): [1], None: {}}}, path("wrapped.pth"))
torch.save({"model": state, "parameters": [nn.Parameter(torch.ones(2)), nn.Parameter(torch.zeros(1), requires_grad=False)]}, path("parameters.pth"))

# What other machines write: another byte order, a graphics card's tag, a compressed archive, another folder.
def big_endian(name, data):
    if name.endswith("data.pkl"):
        yield name, data, zipfile.ZIP_STORED
        yield name.replace("data.pkl", "byteorder"), b"big", zipfile.ZIP_STORED
    elif "/data/" in name:
        key = name.rsplit("/", 1)[1]
        size = every_sizes[int(key)]
        yield name, b"".join(data[i:i + size][::-1] for i in range(0, len(data), size)), zipfile.ZIP_STORED
    else:
        yield name, data, zipfile.ZIP_STORED


every_sizes = [value.element_size() for value in every.values()]
rewrite("types.pth", "types-big-endian.pth", big_endian)
rewrite("tiny.pth", "tiny-compressed.pth", lambda name, data: [(name, data, zipfile.ZIP_DEFLATED)])
rewrite("tiny.pth", "tiny-folder.pth", lambda name, data: [(name.replace(name.split("/")[0], "resnet tiny ü", 1), data, zipfile.ZIP_STORED)])
cuda = struct.pack("<I", 3) + b"cpu", struct.pack("<I", 6) + b"cuda:0"
rewrite("tiny.pth", "tiny-cuda.pth", lambda name, data: [(name, data.replace(*cuda) if name.endswith("data.pkl") else data, zipfile.ZIP_STORED)])
with open(path("tiny-legacy.pth"), "rb") as file:
    content = file.read()
with open(path("tiny-legacy-cuda.pth"), "wb") as file:
    file.write(content.replace(*cuda))


# What PyTorch wrote before 0.4, from Python 2: _rebuild_tensor, Parameter with a state, texts as bytes. The pickle is written by hand.
def text(value):
    return b"U" + bytes([len(value)]) + value.encode()


def old_tensor(key, numel, size, stride, view=b"N"):
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu") + b"K" + bytes([numel]) + view + b"tQ"
    shape = b"(" + b"".join(b"K" + bytes([n]) for n in size) + b"t"
    strides = b"(" + b"".join(b"K" + bytes([n]) for n in stride) + b"t"
    return b"ctorch._utils\n_rebuild_tensor\n(" + storage + b"K\0" + shape + strides + b"tR"


part = b"(" + text("part") + b"K\x02K\x03t"
old = (b"\x80\x02ccollections\nOrderedDict\n(](](" + text("weight") + b"ctorch.nn.parameter\nParameter\n" + old_tensor("11", 6, [2, 3], [3, 1]) + b"\x85R"
       + b"(\x88\x89ccollections\nOrderedDict\n)Rtb" + b"e](" + text("part") + old_tensor("11", 6, [3], [1], part) + b"eetR.")
with open(path("python2.pth"), "wb") as file:
    for item in (0x1950a86a20f9469cfc6c, 1001, dict(protocol_version=1001, little_endian=True, type_sizes=dict(short=2, int=4, long=4))):
        pickle.dump(item, file, protocol=2)
    file.write(old)
    pickle.dump(["11"], file, protocol=2)
    file.write(struct.pack("<q6f", 6, 1, 2, 3, 4, 5, 6))
torch.load(path("python2.pth"))
for name in ("tiny-folder", "tiny-cuda", "tiny-compressed", "tiny-legacy-cuda"):
    torch.load(path(name + ".pth"), map_location="cpu")


# TorchScript's archives, which have code beside the parameters, and a whole module. Their debugging information is left out.
class Scripted(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn, self.layers = copy.deepcopy(tiny.conv), copy.deepcopy(tiny.bn), nn.Sequential(copy.deepcopy(tiny.fc))
        self.scale, self.sizes, self.tensors, self.named = 1.5, [1, 2], [torch.ones(2)], {"a": torch.full((1,), 2.0)}

    def forward(self, x):
        return self.layers(self.bn(self.conv(x)).mean([2, 3])) * self.scale


def without_debugging(name, data):
    if not name.endswith(".debug_pkl"):
        yield name, data, zipfile.ZIP_STORED


scripted = Scripted().eval()
torch.jit.script(scripted).save(path("scripted.pt"))
torch.jit.trace(scripted, torch.ones(1, 2, 5, 5)).save(path("traced.pt"))
for name in ("scripted.pt", "traced.pt"):
    rewrite(name, name + ".new", without_debugging)
    os.replace(path(name + ".new"), path(name))
    torch.jit.load(path(name))
torch.save({"model": tiny, "epoch": 3}, path("whole-module.pth"))


# What PyTorch wrote before 0.1.10: a tar archive. Written by hand, with a view of a storage, and read back by PyTorch.
class Named:
    """An object that the pickle names by a number."""

    def __init__(self, number):
        self.number = number


class NamingPickler(pickle.Pickler):
    def persistent_id(self, value):
        return str(value.number) if isinstance(value, Named) else None


def pickled(value):
    stream = io.BytesIO()
    NamingPickler(stream, protocol=2).dump(value)
    return stream.getvalue()


def metadata(size, stride, offset):
    return struct.pack(f"<q{len(size)}q{len(size)}qq", len(size), *size, *stride, offset)


storages = (pickled(2) + pickled((101, "cpu", torch.FloatStorage)) + struct.pack("<q6f", 6, 1, 2, 3, 4, 5, 6)
            + pickled((102, "cuda:0", torch.LongStorage)) + struct.pack("<q2q", 2, 7, -8) + pickled([(103, 101, 2, 3)]))
tensors = (pickled(4) + pickled((1, 101, torch.FloatTensor)) + metadata([2, 3], [3, 1], 0)
           + pickled((2, 101, torch.FloatTensor)) + metadata([3, 2], [1, 3], 0)
           + pickled((3, 102, torch.LongTensor)) + metadata([1], [1], 1)
           + pickled((4, 103, torch.FloatTensor)) + metadata([2], [1], 1))
content = collections.OrderedDict(weight=Named(1), transposed=Named(2), count=Named(3), nested={"part": Named(4)}, storage=Named(102), epoch=5)
parts = dict(sys_info=pickled(dict(protocol_version=1000, little_endian=True)), pickle=pickled(content), tensors=tensors, storages=storages)
buffer = io.BytesIO()
with tarfile.open(fileobj=buffer, mode="w:", format=tarfile.PAX_FORMAT) as archive:
    for name, data in parts.items():
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime = len(data), 1483228800.5
        archive.addfile(entry, io.BytesIO(data))
# Without the zeros behind the archive's end, which fill up to 10 KiB.
end = archive.offset
with open(path("first.pth"), "wb") as file:
    file.write(buffer.getvalue()[:end])
read = torch.load(path("first.pth"), map_location="cpu")
assert read["transposed"].tolist() == [[1, 4], [2, 5], [3, 6]] and read["count"].tolist() == [-8] and read["nested"]["part"].tolist() == [4, 5]
