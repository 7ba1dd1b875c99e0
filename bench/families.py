"""The model families that a checkpoint folder may be of, as the benchmarks tell them apart."""

import pathlib

# T3's file by family, the first that a folder has.
T3_FILES = {
    "english": "t3_cfg.safetensors",
    "multilingual": "t3_mtl23ls_v2.safetensors",
    "turbo": "t3_turbo_v1.safetensors",
    "nano": "t3_nano_v1.safetensors",
    "flash": "t3_flash.safetensors",
}


# Rows that each of T3's forwards has for a request, by family: guidance doubles them, and Flash looks at a block of 16.
FORWARD_ROWS = {"english": 2, "multilingual": 2, "turbo": 1, "nano": 1, "flash": 2 * 16}


def family_of(folder):
    for family, name in T3_FILES.items():
        if (pathlib.Path(folder) / name).exists():
            return family
    raise FileNotFoundError(f"{folder}: has none of {', '.join(T3_FILES.values())}")
