"""Comparing what the reference gives with the files that are stored."""

ROUNDING = 1e-3  # of floats between processors: their matrix products add in another order


def difference(actual, expected):
    """What differs, and whether more than rounding does: integers must be equal."""
    import torch

    if actual is None or actual.shape != expected.shape:
        return f"shape {None if actual is None else list(actual.shape)}, was {list(expected.shape)}", True
    if torch.equal(actual, expected):
        return None, False
    largest = (actual.double() - expected.double()).abs().max().item()
    return f"max abs {largest:.3g}", not expected.is_floating_point() or not largest <= ROUNDING


def compare(name, tensors, path):
    """Prints what differs in each tensor; false where it is more than rounding."""
    from safetensors.torch import load_file

    stored = load_file(path)
    found = {key: difference(tensors.get(key), expected) for key, expected in stored.items()}
    found.update({key: ("is new", True) for key in tensors if key not in stored})
    for key, (text, _) in sorted(found.items()):
        if text:
            print(f"{name} {key}: {text}")
    different = any(serious for _, serious in found.values())
    rounded = any(text for text, _ in found.values())
    print(f"{name}: {'different' if different else 'equal up to rounding' if rounded else 'equal'}")
    return not different


def compare_cases(name, cases, stored):
    """The same of JSON; floats may be rounded in another way there too."""
    equal = close(cases, stored)
    print(f"{name}: {'different' if not equal else 'equal' if cases == stored else 'equal up to rounding'}")
    return equal


def close(actual, expected):
    if type(actual) is not type(expected):
        return False
    if isinstance(expected, dict):
        return actual.keys() == expected.keys() and all(close(actual[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(actual) == len(expected) and all(map(close, actual, expected))
    if isinstance(expected, float):
        return abs(actual - expected) <= ROUNDING
    return actual == expected
