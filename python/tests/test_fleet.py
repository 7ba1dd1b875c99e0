"""The simulation of bench/fleet.py against what is known about queues."""

from __future__ import annotations

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import fleet  # noqa: E402


def mean_wait(slots: int, load: float, policy: str = "turns", servers: int = 1) -> float:
    machine = fleet.Machine([(1, 1.0)], [(1, 0.0)], slots)
    first = fleet.simulate(machine, servers, load, policy, 40_000)
    return sum(first) / len(first)


def test_one_at_a_time_waits_as_the_formula_says() -> None:
    """Pollaczek and Khinchin: load / (1 - load) * (1 + variance / mean^2) / 2 * mean."""
    import math

    for load in (0.5, 0.8):
        variation = math.exp(fleet.SIGMA**2) - 1
        expected = load / (1 - load) * (1 + variation) / 2 * fleet.MEAN_SECONDS
        assert mean_wait(1, load) == pytest.approx(expected, rel=0.1)


def test_with_room_for_all_nobody_waits() -> None:
    assert mean_wait(10_000, 0.8) == 0


def test_what_is_measured_is_read() -> None:
    results = fleet.RESULTS
    machine = fleet.read_machine(results / "demo.json", results / "listeners_demo.json")
    assert machine.slots > 4 and machine.capacity > 4 and machine.first_sound(1) < 0.5
    assert machine.speed(8) >= machine.speed(1)


def test_knowing_more_is_better() -> None:
    waits = [mean_wait(1, 0.9, policy, 16) for policy in ("random", "two", "least")]
    assert waits[0] > 2 * waits[1] > 2 * waits[2]
