"""Images of every kind that the decoder reads, with the pixels of Pillow and torchvision.

images.py KIND FOLDER   writes the images of a kind of file, beside each FILE its pixels as FILE.rgb and FILE.l, and

decoded.txt     a line for each image: file, width, height and the number of levels that a pixel may be off
evaluated.txt   a line for each preprocessing: file, shorter side, crop, interpolation and the file of the pixels

The kind "labelled" is a folder of classes, images, with the batches of torchvision's data loader: classes.txt, paths.txt,
labels.i64 and input.f32, [N, 3, 64, 64].
"""
import io
import pathlib
import struct
import sys
import zlib

import numpy
import torch
from PIL import Image, ImageDraw
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.datasets.folder import pil_loader

SIZES = [(1, 1), (7, 5), (33, 47), (65, 64), (131, 97)]


def gradient(width, height):
    y, x = numpy.mgrid[:height, :width]
    channels = [x * 255 // max(1, width - 1), y * 255 // max(1, height - 1), (x + y) * 255 // max(1, width + height - 2)]
    return numpy.stack(channels, axis=-1).astype(numpy.uint8)


def noise(width, height, channels=3):
    return numpy.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, channels), dtype=numpy.uint8)


def text(width, height):
    image = Image.new("RGB", (width, height), (250, 240, 200))
    draw = ImageDraw.Draw(image)
    for line in range(0, height, 11):
        draw.text((line % 7, line), "The quick brown fox jumps over", fill=(line * 5 % 256, 20, 255 - line % 256))
    return numpy.asarray(image)


MOTIFS = [gradient, noise, text]


def pictures():
    for width, height in SIZES:
        for motif in MOTIFS:
            yield f"{motif.__name__}-{width}x{height}", motif(width, height)


class Folder:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.decoded = []
        self.evaluated = []

    def add(self, name, data, tolerance=0):
        (self.path / name).write_bytes(data)
        rgb = pil_loader(str(self.path / name))
        (self.path / f"{name}.rgb").write_bytes(rgb.tobytes())
        with Image.open(self.path / name) as image:
            (self.path / f"{name}.l").write_bytes(image.convert("L").tobytes())
        self.decoded.append(f"{name} {rgb.width} {rgb.height} {tolerance}")

    def save(self, name, image, tolerance=0, **options):
        buffer = io.BytesIO()
        extension = {"jpg": "JPEG", "tif": "TIFF", "ppm": "PPM", "pgm": "PPM", "pbm": "PPM"}.get(name.split(".")[-1], name.split(".")[-1].upper())
        image.save(buffer, extension, **options)
        self.add(name, buffer.getvalue(), tolerance)

    def close(self):
        (self.path / "decoded.txt").write_text("\n".join(self.decoded))
        (self.path / "evaluated.txt").write_text("\n".join(self.evaluated))


def pack(samples, depth):
    """Rows of samples of 1 to 16 bits as PNG, BMP and TIFF pack them, without padding beyond the byte."""
    if depth == 16:
        return [row.astype(">u2").tobytes() for row in samples]
    bits = numpy.unpackbits(samples.astype(numpy.uint8)[..., None], axis=2)[..., 8 - depth:]
    return [numpy.packbits(row.reshape(-1)).tobytes() for row in bits]


def png(samples, channels, depth, colour, extra=(), interlaced=False):
    """samples is [height, width * channels]."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = samples.shape[0], samples.shape[1] // channels
    pixels = samples.reshape(height, width, channels)
    steps = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)] if interlaced else [(0, 0, 1, 1)]
    lines = b""
    for left, top, right, down in steps:
        part = pixels[top::down, left::right]
        if part.size:
            lines += b"".join(b"\0" + line for line in pack(part.reshape(part.shape[0], -1), depth))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def add_pngs(folder):
    for name, pixels in pictures():
        folder.save(f"{name}.png", Image.fromarray(pixels))
        folder.save(f"{name}-optimized.png", Image.fromarray(pixels).convert("L"), optimize=True)
    random = numpy.random.default_rng(1)
    kinds = [(0, 1, depth) for depth in (1, 2, 4, 8, 16)] + [(2, 3, 8), (2, 3, 16), (4, 2, 8), (4, 2, 16), (6, 4, 8), (6, 4, 16)]
    kinds += [(3, 1, depth) for depth in (1, 2, 4, 8)]
    for colour, channels, depth in kinds:
        for width, height in [(1, 1), (3, 2), (9, 13), (150, 140)]:
            samples = random.integers(0, 1 << depth, (height, width * channels))
            if depth == 16:
                samples[::2] %= 300
            palette = [(b"PLTE", random.integers(0, 256, 3 << depth, dtype=numpy.uint8).tobytes())] if colour == 3 else []
            # With two bytes for each channel of a transparent colour, or one for each entry of the palette.
            transparent = {0: (b"tRNS", struct.pack(">H", 1)), 2: (b"tRNS", struct.pack(">HHH", 1, 2, 3)), 3: (b"tRNS", b"\0\x80")}
            for interlaced in (False, True):
                name = f"colour{colour}-{depth}bit-{width}x{height}{'-interlaced' if interlaced else ''}"
                folder.add(f"{name}.png", png(samples, channels, depth, colour, palette, interlaced))
                if colour in transparent:
                    folder.add(f"{name}-transparent.png", png(samples, channels, depth, colour, palette + [transparent[colour]], interlaced))


def exif(orientation):
    data = Image.Exif()
    data[0x0112] = orientation
    return data.tobytes()


def add_jpegs(folder):
    samplings = {"444": (0x11, 0x11), "422": (0x21, 0x11), "420": (0x22, 0x11), "440": (0x12, 0x11), "411": (0x41, 0x11)}
    for name, pixels in pictures():
        image = Image.fromarray(pixels)
        for sampling in ("4:4:4", "4:2:2", "4:2:0"):
            for quality in (30, 75, 95, 100):
                folder.save(f"{name}-{sampling.replace(':', '')}-{quality}.jpg", image, 1, quality=quality, subsampling=sampling)
        folder.save(f"{name}-progressive.jpg", image, 1, quality=80, progressive=True)
        folder.save(f"{name}-optimized.jpg", image, 1, quality=60, optimize=True)
        folder.save(f"{name}-grey.jpg", image.convert("L"), 1, quality=85)
        folder.save(f"{name}-cmyk.jpg", image.convert("CMYK"), 1, quality=85)
    for sampling, factors in samplings.items():
        add_sampling(folder, sampling, factors)
    image = Image.fromarray(text(131, 97))
    for orientation in range(1, 9):
        folder.save(f"orientation{orientation}.jpg", image, 1, exif=exif(orientation))
    add_colours(folder, image)
    add_restarts(folder, image)


def add_sampling(folder, name, factors):
    for kind, pixels in pictures():
        folder.add(f"{kind}-written{name}.jpg", jpeg(pixels, factors), 1)
        folder.add(f"{kind}-written{name}-restarts.jpg", jpeg(pixels, factors, restart=2), 1)


def jpeg(pixels, factors, restart=0):
    """A baseline file with any sampling: 4:4:0 and 4:1:1 are not among Pillow's. All codes of a table have one length."""
    height, width = pixels.shape[:2]
    red, green, blue = (pixels[..., i].astype(float) for i in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = [luma - 128, (blue - luma) / 1.772, (red - luma) / 1.402]
    most = (factors[0] >> 4, factors[0] & 15)
    units = (-(-width // (8 * most[0])), -(-height // (8 * most[1])))
    blocks = [transform(plane, (factor >> 4, factor & 15), most, units) for plane, factor in zip(planes, (factors[0], factors[1], factors[1]))]

    segments = [(0xDB, b"\0" + bytes([6] * 64)),
                (0xC0, struct.pack(">BHHB", 8, height, width, 3) + b"".join(bytes([i + 1, factors[min(i, 1)], 0]) for i in range(3))),
                (0xC4, b"\x00" + bytes([0, 0, 0, 12] + [0] * 12) + bytes(range(12))),
                (0xC4, b"\x10" + bytes([0] * 7 + [len(AC)] + [0] * 8) + bytes(AC))]
    segments += [(0xDD, struct.pack(">H", restart))] if restart else []
    segments += [(0xDA, bytes([3, 1, 0, 2, 0, 3, 0, 0, 63, 0]))]
    head = b"".join(struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data for marker, data in segments)
    return b"\xff\xd8" + head + b"".join(entropy(blocks, restart)) + b"\xff\xd9"


AC = [0x00, 0xF0] + [run << 4 | size for run in range(16) for size in range(1, 11)]
ZIGZAG = sorted(range(64), key=lambda i: (i // 8 + i % 8, i // 8 if (i // 8 + i % 8) % 2 else i % 8))


def transform(plane, factor, most, units):
    """[units, blocks of a unit, 64] quantised coefficients in zigzag order."""
    columns, rows = units[0] * most[0] * 8, units[1] * most[1] * 8
    plane = numpy.pad(plane, ((0, rows - plane.shape[0]), (0, columns - plane.shape[1])), mode="edge")
    across, down = most[0] // factor[0], most[1] // factor[1]
    plane = plane.reshape(rows // down, down, columns // across, across).mean(axis=(1, 3))
    k = numpy.arange(8)
    cosines = numpy.cos((2 * k + 1) * k[:, None] * numpy.pi / 16) / 2
    cosines[0] /= numpy.sqrt(2)
    blocks = plane.reshape(units[1], factor[1], 8, units[0], factor[0], 8).transpose(0, 3, 1, 4, 2, 5)
    coefficients = numpy.round(cosines @ blocks @ cosines.T / 6).astype(int)
    return coefficients.reshape(units[0] * units[1], factor[0] * factor[1], 64)[..., ZIGZAG]


def entropy(components, restart):
    last, bits = [0, 0, 0], []
    for unit in range(len(components[0])):
        if restart and unit and unit % restart == 0:
            yield stuffed(bits)
            yield bytes([0xFF, 0xD0 + (unit // restart - 1) % 8])
            last, bits = [0, 0, 0], []
        for component, blocks in enumerate(components):
            for block in blocks[unit]:
                value, last[component] = int(block[0]) - last[component], int(block[0])
                bits.append(format(abs(value).bit_length(), "04b") + magnitude(value))
                run = 0
                for value in (int(coefficient) for coefficient in numpy.trim_zeros(block[1:], "b")):
                    if value == 0:
                        run += 1
                        continue
                    bits.extend([format(1, "08b")] * (run // 16))
                    bits.append(format(AC.index(run % 16 << 4 | abs(value).bit_length()), "08b") + magnitude(value))
                    run = 0
                if block[63] == 0:
                    bits.append(format(0, "08b"))
    yield stuffed(bits)


def magnitude(value):
    size = abs(value).bit_length()
    return format(value if value > 0 else value + (1 << size) - 1, f"0{size}b") if size else ""


def stuffed(bits):
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    return bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8)).replace(b"\xff", b"\xff\0")


def add_colours(folder, image):
    """The same components as RGB, YCbCr, CMYK and YCCK, as Adobe's marker says."""
    for bands, source in ((3, image), (4, image.convert("CMYK"))):
        buffer = io.BytesIO()
        source.save(buffer, "JPEG", subsampling=0, quality=90)
        data = buffer.getvalue()
        start = 2
        # Without the markers that name the components.
        while data[start + 1] in (0xE0, 0xEE):
            start += 2 + struct.unpack(">H", data[start + 2:start + 4])[0]
        for transform in (0, 1, 2):
            if bands == 3 and transform == 2 or bands == 4 and transform == 1:
                continue
            adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform])
            folder.add(f"adobe{bands}-{transform}.jpg", data[:2] + adobe + data[start:], 1)
        folder.add(f"unmarked{bands}.jpg", data[:2] + data[start:], 1)


def add_restarts(folder, image):
    for subsampling in (0, 1, 2):
        for progressive in (False, True):
            folder.save(f"restarts{subsampling}{'-progressive' if progressive else ''}.jpg", image, 1, subsampling=subsampling,
                        progressive=progressive, restart_marker_blocks=3)


def add_webps(folder):
    for name, pixels in pictures():
        image = Image.fromarray(pixels)
        transparent = Image.fromarray(numpy.concatenate([pixels, pixels[..., :1]], axis=-1))
        for kind, picture in (("rgb", image), ("rgba", transparent)):
            folder.save(f"{name}-{kind}-lossless.webp", picture, lossless=True)
            folder.save(f"{name}-{kind}-exact.webp", picture, lossless=True, exact=True)
            folder.save(f"{name}-{kind}.webp", picture, 1, quality=70)
    frames = [Image.fromarray(motif(64, 48)) for motif in MOTIFS]
    folder.save("animated.webp", frames[0], save_all=True, append_images=frames[1:], lossless=True, duration=100)


def tiff(pixels, photometric, order="<", extra=None):
    """Uncompressed samples of 16 bits."""
    height, width, channels = pixels.shape
    data = pixels.astype(order + "u2").tobytes()
    tags = [(256, 4, [width]), (257, 4, [height]), (258, 3, [16] * channels), (259, 3, [1]), (262, 3, [photometric]), (273, 4, [8]),
            (277, 3, [channels]), (278, 4, [height]), (279, 4, [len(data)])] + ([(338, 3, [extra])] if extra is not None else [])
    start, entries, outside = 8 + len(data), b"", b""
    for tag, kind, values in tags:
        packed = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(packed) > 4:
            place = start + 2 + 12 * len(tags) + 4 + len(outside)
            outside += packed
            packed = struct.pack(order + "I", place)
        entries += struct.pack(order + "HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "I", start) + data + struct.pack(order + "H", len(tags)) + entries + bytes(4) + outside


def add_tiffs(folder):
    for name, pixels in pictures():
        image = Image.fromarray(pixels)
        for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
            for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK"):
                folder.save(f"{name}-{mode}-{compression}.tif", image.convert(mode), compression=compression)
        grey16 = pixels[..., 0].astype(numpy.uint16) * 3
        folder.save(f"{name}-grey16.tif", Image.fromarray(grey16))
        folder.save(f"{name}-grey16-lzw.tif", Image.fromarray(grey16), compression="tiff_lzw")
        colours = pixels.astype(numpy.uint16) * 256 + 17
        for order in "<>":
            mark = "little" if order == "<" else "big"
            folder.add(f"{name}-rgb16-{mark}.tif", tiff(colours, 2, order))
            folder.add(f"{name}-rgba16-{mark}.tif", tiff(numpy.concatenate([colours, colours[..., :1]], axis=-1), 2, order, 2))
            folder.add(f"{name}-gray16-{mark}.tif", tiff(grey16[..., None], 1, order))
            folder.add(f"{name}-associated-{mark}.tif", tiff(numpy.concatenate([colours, colours[..., :1]], axis=-1), 2, order, 1))
    for orientation in range(1, 9):
        folder.save(f"orientation{orientation}.tif", Image.fromarray(text(131, 97)), tiffinfo={274: orientation})
        folder.save(f"large-orientation{orientation}.tif", Image.fromarray(text(700, 900)), tiffinfo={274: orientation}, compression="tiff_lzw")


def add_gifs(folder):
    for name, pixels in pictures():
        image = Image.fromarray(pixels)
        folder.save(f"{name}-grey.gif", image.convert("L"))
        for colours in (2, 5, 16, 256):
            paletted = image.quantize(colours)
            folder.save(f"{name}-{colours}.gif", paletted)
            folder.save(f"{name}-{colours}-plain.gif", paletted, interlace=0)
            folder.save(f"{name}-{colours}-transparent.gif", paletted, transparency=1)
        folder.save(f"{name}-animated.gif", image.quantize(7), save_all=True, append_images=[image.quantize(4)], duration=50)
    # A picture that is smaller than the screen, with and without a transparent colour, and one that reaches beyond it.
    data = (folder.path / "noise-33x47-16-plain.gif").read_bytes()
    start = data.index(b"\x2c", 13 + 3 * 16)
    for name, screen, place, control in [
            ("inside", (50, 60), (5, 3), b""), ("inside-transparent", (50, 60), (5, 3), b"\x21\xf9\x04\x01\0\0\x07\0"),
            ("beyond", (33, 47), (9, 4), b"")]:
        moved = struct.pack("<HH", *place) + data[start + 5:]
        folder.add(f"{name}.gif", data[:6] + struct.pack("<HH", *screen) + data[10:start] + control + b"\x2c" + moved)


def bmp(lines, width, height, bits, palette=(), compression=0, masks=b"", header=40):
    entries = b"".join(bytes([blue, green, red]) + (b"" if header == 12 else b"\0") for red, green, blue in palette)
    data = lines if isinstance(lines, bytes) else b"".join(line + bytes(-len(line) % 4) for line in lines)
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(data), 0, 0, len(palette), 0)
        inside = masks if header > 40 else b""
        info += inside + bytes(header - 40 - len(inside)) + (masks if header == 40 else b"")
    offset = 14 + len(info) + len(entries)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + info + entries + data


def add_bmps(folder):
    for name, pixels in pictures():
        image = Image.fromarray(pixels)
        for mode in ("1", "L", "P", "RGB", "RGBA"):
            folder.save(f"{name}-{mode}.bmp", image.convert(mode))
    random = numpy.random.default_rng(2)
    for width, height in [(1, 1), (5, 3), (33, 17)]:
        for bits in (1, 4, 8):
            for colours in {1 << bits, max(3, (1 << bits) - 5)}:
                palette = random.integers(0, 256, (colours, 3)).tolist()
                lines = pack(random.integers(0, 1 << bits, (height, width)), bits)
                folder.add(f"palette{bits}-{colours}-{width}x{height}.bmp", bmp(lines, width, height, bits, palette))
                folder.add(f"palette{bits}-{colours}-{width}x{height}-down.bmp", bmp(lines, width, -height, bits, palette, header=124))
            palette = random.integers(0, 256, (1 << bits, 3)).tolist()
            folder.add(f"palette{bits}-{width}x{height}-core.bmp", bmp(lines, width, height, bits, palette, header=12))
        add_true_colours(folder, random, width, height)
    add_runs(folder, random)


def add_true_colours(folder, random, width, height):
    masks = {16: [(0xF800, 0x7E0, 0x1F), (0x7C00, 0x3E0, 0x1F)], 24: [(0xFF0000, 0xFF00, 0xFF)],
             32: [(0xFF0000, 0xFF00, 0xFF, 0), (0xFF000000, 0xFF0000, 0xFF00, 0), (0xFF000000, 0xFF0000, 0xFF00, 0xFF),
                  (0xFF, 0xFF00, 0xFF0000, 0xFF000000), (0xFF0000, 0xFF00, 0xFF, 0xFF000000), (0, 0, 0, 0)]}
    for bits, layouts in masks.items():
        lines = [random.integers(0, 256, width * bits // 8, dtype=numpy.uint8).tobytes() for _ in range(height)]
        folder.add(f"plain{bits}-{width}x{height}.bmp", bmp(lines, width, height, bits))
        folder.add(f"plain{bits}-{width}x{height}-down.bmp", bmp(lines, width, -height, bits))
        for i, layout in enumerate(layouts):
            fields = b"".join(struct.pack("<I", mask) for mask in layout)
            folder.add(f"fields{bits}-{i}-{width}x{height}.bmp", bmp(lines, width, height, bits, (), 3, fields, 108))
            if len(layout) == 3 or layout[3] == 0:
                folder.add(f"fields{bits}-{i}-{width}x{height}-short.bmp", bmp(lines, width, height, bits, (), 3, fields[:12]))


def add_runs(folder, random):
    for bits in (4, 8):
        palette = random.integers(0, 256, (1 << bits, 3)).tolist()
        for width, height in [(1, 1), (5, 3), (33, 17), (300, 9)]:
            data = b""
            for _ in range(height):
                left = width
                while left > 0:
                    count = min(left, int(random.integers(1, 40)))
                    # Pixels as they are come in even numbers here, from four.
                    if count >= 4 and random.integers(2):
                        count -= count % 2
                        raw = random.integers(0, 256, count * bits // 8, dtype=numpy.uint8).tobytes()
                        data += bytes([0, count]) + raw + bytes(len(raw) % 2)
                    else:
                        data += bytes([count, int(random.integers(256))])
                    left -= count
                data += b"\0\0"
            folder.add(f"runs{bits}-{width}x{height}.bmp", bmp(data + b"\0\1", width, height, bits, palette, 1 if bits == 8 else 2))


def add_pnms(folder):
    for name, pixels in pictures():
        image = Image.fromarray(pixels)
        folder.save(f"{name}.ppm", image)
        folder.save(f"{name}.pgm", image.convert("L"))
        folder.save(f"{name}.pbm", image.convert("1"))
    random = numpy.random.default_rng(3)
    for most in (1, 7, 100, 255, 256, 1000, 65535):
        for kind, channels in ((2, 1), (3, 3), (5, 1), (6, 3)):
            for width, height in [(1, 1), (13, 7)]:
                samples = random.integers(0, most + 1, (height, width * channels))
                head = f"P{kind}\n# made by a test\n{width} {height}\n{most}\n".encode()
                body = samples.astype(">u2" if most > 255 else "u1").tobytes() if kind > 4 else b"\n".join(
                    b" ".join(str(sample).encode() for sample in line) for line in samples) + b"\n"
                folder.add(f"p{kind}-{most}-{width}x{height}.pnm", head + body)
    bits = random.integers(0, 2, (7, 13))
    folder.add("p1.pbm", b"P1 13 7\n# dense and spaced\n" + b"\n".join(
        (b" " if y % 2 else b"").join(str(bit).encode() for bit in line) for y, line in enumerate(bits)))
    folder.add("p4.pbm", b"P4\n13 7 " + b"".join(pack(bits, 1)))
    folder.add("comments.pgm", b"P2 #a\n#b\r3 #c\n1\n9#d\n\n1 # e\n 2\t3")


def add_evaluations(folder):
    interpolations = {"bilinear": transforms.InterpolationMode.BILINEAR, "bicubic": transforms.InterpolationMode.BICUBIC}
    for width, height in [(500, 375), (375, 500), (257, 256), (640, 641), (120, 90), (1201, 803), (256, 256)]:
        pixels = (text(width, height) // 2 + noise(width, height) // 4 + gradient(width, height) // 4).astype(numpy.uint8)
        name = f"evaluated-{width}x{height}.png"
        Image.fromarray(pixels).save(folder.path / name)
        for side, crop in [(256, 224), (232, 224), (248, 248), (64, 57)]:
            for kind, mode in interpolations.items():
                result = transforms.Compose([transforms.Resize(side, mode), transforms.CenterCrop(crop)])(pil_loader(str(folder.path / name)))
                output = f"{name}-{side}-{crop}-{kind}"
                (folder.path / output).write_bytes(result.tobytes())
                folder.evaluated.append(f"{name} {side} {crop} {kind} {output}")


def add_labelled(folder):
    """A folder with three classes, and torchvision's batches of it."""
    classes = ["dog", "Cat", "bird"]
    for number, (width, height) in enumerate([(131, 97), (97, 131), (500, 375), (72, 72), (64, 301), (40, 30), (640, 641)]):
        image = Image.fromarray((text(width, height) // 2 + noise(width, height) // 4 + gradient(width, height) // 4).astype(numpy.uint8))
        for name, picture, options in [
                ("420.jpg", image, {"quality": 90, "subsampling": "4:2:0"}), ("422.JPG", image, {"quality": 75, "subsampling": "4:2:2"}),
                ("444.jpeg", image, {"quality": 95, "subsampling": "4:4:4"}), ("progressive.jpg", image, {"progressive": True}),
                ("grey.jpg", image.convert("L"), {}), ("cmyk.jpg", image.convert("CMYK"), {}), ("plain.png", image, {}),
                ("grey.png", image.convert("L"), {}), ("palette.png", image.convert("P"), {}), ("alpha.png", image.convert("RGBA"), {})]:
            path = folder.path / "images" / classes[(number + len(name)) % 3] / ("deep/er" if number % 2 else ".") / f"{number}-{name}"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path, "PNG" if name.endswith("png") else "JPEG", **options)
    images = datasets.ImageFolder(str(folder.path / "images"), transforms.Compose([
        transforms.Resize(72), transforms.CenterCrop(64), transforms.ToTensor(),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]))
    inputs, labels = zip(*DataLoader(images, batch_size=8))
    (folder.path / "input.f32").write_bytes(torch.cat(inputs).numpy().astype("<f4").tobytes())
    (folder.path / "labels.i64").write_bytes(torch.cat(labels).numpy().astype("<i8").tobytes())
    (folder.path / "classes.txt").write_text("\n".join(images.classes))
    (folder.path / "paths.txt").write_text("\n".join(str(pathlib.Path(path).relative_to(folder.path)) for path, _ in images.samples))


if __name__ == "__main__":
    kinds = {"png": add_pngs, "jpeg": add_jpegs, "webp": add_webps, "tiff": add_tiffs, "bmp": add_bmps, "pnm": add_pnms,
             "gif": add_gifs, "evaluation": add_evaluations, "labelled": add_labelled}
    written = Folder(sys.argv[2])
    kinds[sys.argv[1]](written)
    written.close()
