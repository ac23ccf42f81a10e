#!/usr/bin/env python3
"""Classifies images with a network that Tessera exported: classify.py MODEL [IMAGE...]

MODEL is the folder that was exported, or its model.pt. Needs torch and, for images, Pillow (Debian: python3-torch, python3-pil). Everything else is inside the model.
Without images it lets the network answer the example that it carries; exit status 1 if the answer is another.
"""
import json
import os
import sys

import torch

if sys.argv[1:] in ([], ["-h"], ["--help"]):
    print(__doc__.strip())
    sys.exit(2 * (len(sys.argv) == 1))
script = os.path.join(sys.argv[1], "model.pt") if os.path.isdir(sys.argv[1]) else sys.argv[1]
documents = {"preprocessing.json": ""}
try:
    model = torch.jit.load(script, map_location="cpu", _extra_files=documents)
except (RuntimeError, ValueError):  # torch's own messages are long
    sys.exit("%s: no network that Tessera exported" % script)
p = json.loads(documents["preprocessing.json"])
height, width, channels = p["height"], p["width"], p["channels"]
mean, std = (torch.tensor(p[name]).view(1, -1, 1, 1) for name in ("mean", "std"))


def read(file):
    from PIL import Image, ImageOps
    image = ImageOps.exif_transpose(Image.open(file))
    if "A" in image.getbands() or "transparency" in image.info:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    image = image.convert("L" if channels == 1 else "RGB")
    # What is cut out of the image, in its own pixels: scaling and cutting in one step.
    scale = min(image.width / width, image.height / height) * min(width, height) / p["resize_shorter_side"]
    left, top = (image.width - width * scale) / 2, (image.height - height * scale) / 2
    image = image.resize((width, height), Image.BILINEAR, (left, top, left + width * scale, top + height * scale))
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).view(1, height, width, channels)
    return (pixels.permute(0, 3, 1, 2) / 255 - mean) / std


with torch.no_grad():
    for file in sys.argv[2:]:
        try:
            image = read(file)
        except OSError as error:
            sys.exit("%s: no image that can be read: %s" % (file, error))
        probabilities, order = model(image).softmax(1)[0].topk(min(3, len(p["classes"])))
        print(file, *("%s %.4f" % (p["classes"][c], q) for q, c in zip(probabilities, order)), sep="\t")
    if not sys.argv[2:]:
        difference = (model(model.example_input) - model.example_output).abs().max().item()
        print("example: the largest difference is %.1e" % difference)
        sys.exit(not difference < 1e-4)
