"""A picture of mels, one above the other, as a PNG without any library for it."""
import struct
import zlib

import numpy as np

GAP, ZOOM = 6, 3  # pixels
DARK, MIDDLE, LIGHT = np.array([13, 8, 60]), np.array([190, 50, 110]), np.array([255, 240, 170])


def _coloured(mel):
    """[T, 80] -> [80, T, 3], low bands at the bottom"""
    low, high = -9.0, 1.0  # log amplitudes
    share = np.clip((mel.T[::-1] - low) / (high - low), 0, 1)[..., None]
    return np.where(share < 0.5, DARK + 2 * share * (MIDDLE - DARK), MIDDLE + (2 * share - 1) * (LIGHT - MIDDLE))


def write(mels, path):
    """`mels`: arrays [T, 80], the first on top."""
    width = max(len(m) for m in mels)
    rows = []
    for mel in mels:
        image = np.full((mel.shape[1], width, 3), 255.0)
        image[:, :len(mel)] = _coloured(mel)
        rows += [image, np.full((GAP, width, 3), 255.0)]
    pixels = np.concatenate(rows[:-1]).repeat(ZOOM, 0).repeat(ZOOM, 1).round().astype(np.uint8)
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 9))
                     + chunk(b"IEND", b""))
