#!/usr/bin/env python3
"""Converts the weights of the Perth implicit watermark to safetensors.

Reads the wheel resemble_perth-1.0.1-py3-none-any.whl of PyPI's resemble-perth 1.0.1 (MIT), takes the checkpoint
out of it, and writes perth_implicit.safetensors: the tensors under their own names, fp32, with the package's
licence in the metadata. Needs Python 3 only.
"""
import argparse
import collections
import hashlib
import io
import json
import os
import pickle
import struct
import sys
import tempfile
import zipfile

VERSION = "1.0.1"
WHEEL_SHA256 = "65e9c37531b1a128a4a56226b75dece4521683cf3611b0b2a5ffe234f00c9342"
CHECKPOINT = "perth/perth_net/pretrained/implicit/perth_net_250000.pth.tar"
CHECKPOINT_SHA256 = "a15bce457ebc53ce5e6c9c3f11df78cf7ee2bf9cdab0a798902135b4c4027670"
LICENCE = f"resemble_perth-{VERSION}.dist-info/licenses/LICENSE"

Storage = collections.namedtuple("Storage", "key size")
Tensor = collections.namedtuple("Tensor", "storage offset shape")


def contiguous_strides(shape):
    strides = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))


def rebuild_tensor(storage, offset, shape, stride, *_):
    if tuple(stride) != contiguous_strides(shape):
        raise ValueError(f"a tensor of shape {shape} has strides {stride}: not contiguous")
    return Tensor(storage, offset, tuple(shape))


class CheckpointUnpickler(pickle.Unpickler):
    """Knows the three names of the checkpoint and nothing else, so that reading it runs no foreign code."""

    KNOWN = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
        ("torch", "FloatStorage"): "fp32",
    }

    def find_class(self, module, name):
        try:
            return self.KNOWN[module, name]
        except KeyError:
            raise ValueError(f"the checkpoint asks for {module}.{name}, which is none of its types") from None

    def persistent_load(self, pid):
        kind, item, key, _device, size = pid
        if kind != "storage" or item != "fp32":
            raise ValueError(f"a storage of kind {kind} and type {item}: expected fp32")
        return Storage(key, size)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def read_wheel(path):
    """The checkpoint's bytes and the licence's text."""
    with open(path, "rb") as file:
        wheel = file.read()
    if sha256(wheel) != WHEEL_SHA256:
        raise ValueError(f"{path} has SHA-256 {sha256(wheel)}, resemble-perth {VERSION} has {WHEEL_SHA256}")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        checkpoint = archive.read(CHECKPOINT)
        licence = archive.read(LICENCE).decode("utf-8")
    if sha256(checkpoint) != CHECKPOINT_SHA256:
        raise ValueError(f"{CHECKPOINT} has SHA-256 {sha256(checkpoint)}, expected {CHECKPOINT_SHA256}")
    return checkpoint, licence


def read_checkpoint(data):
    """Names to (shape, little-endian fp32 bytes)."""
    tensors = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        state = CheckpointUnpickler(io.BytesIO(archive.read("archive/data.pkl"))).load()
        for name, (storage, offset, shape) in state["model"].items():
            count = 1
            for size in shape:
                count *= size
            values = archive.read(f"archive/data/{storage.key}")[4 * offset:4 * (offset + count)]
            if len(values) != 4 * count:
                raise ValueError(f"{name} has {len(values)} bytes, its shape {shape} asks for {4 * count}")
            tensors[name] = (shape, values)
    return tensors


def write_safetensors(path, tensors, metadata):
    """Written beside its place and renamed, so that no half file is ever seen."""
    header = {"__metadata__": metadata}
    end = 0
    for name in sorted(tensors):
        shape, values = tensors[name]
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [end, end + len(values)]}
        end += len(values)
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)  # keeps the values aligned
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".perth_implicit.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for name in sorted(tensors):
                file.write(tensors[name][1])
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", help=f"resemble_perth-{VERSION}-py3-none-any.whl "
                        f"(python3 -m pip download --no-deps resemble-perth=={VERSION})")
    parser.add_argument("output", help="the file to write: perth_implicit.safetensors")
    arguments = parser.parse_args()
    try:
        checkpoint, licence = read_wheel(arguments.wheel)
        write_safetensors(arguments.output, read_checkpoint(checkpoint), {
            "source": f"PyPI resemble-perth {VERSION}, {CHECKPOINT}",
            "version": VERSION,
            "sha256": CHECKPOINT_SHA256,
            "licence": "MIT",
            "licence_text": licence,
        })
    except (OSError, ValueError, KeyError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
