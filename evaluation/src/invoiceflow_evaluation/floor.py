"""A floor under the figures, which may only rise."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["Floor", "below", "figures_of", "raised", "read_floor", "write_floor"]

Floor = Mapping[str, Mapping[str, float]]
"""By lane, the least F1 of ``header`` and ``lines``."""

_ROUNDING = 0.00005


def figures_of(run: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return what the floor is about from the figures of a run."""
    return {
        lane: {name: figures[name]["f1"] for name in ("header", "lines") if figures[name]["f1"] is not None}
        for lane, figures in run["lanes"].items()
    }


def below(floor: Floor, run: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each figure that is lower than the floor, or is not there any more."""
    given = figures_of(run)
    for lane, least in floor.items():
        for name, bound in least.items():
            value = given.get(lane, {}).get(name)
            if value is None:
                yield f"{lane}: {name} is not measured any more; the floor is {bound}."
            elif value < bound - _ROUNDING:
                yield f"{lane}: {name} is {value:.4f}, below the floor of {bound}."


def raised(floor: Floor, run: Mapping[str, Any]) -> Floor:
    """Return the floor at the run's figures, wherever they are higher."""
    given = figures_of(run)
    return {
        lane: {
            name: max(bounds[name] for bounds in (floor.get(lane, {}), given.get(lane, {})) if name in bounds)
            for name in sorted(floor.get(lane, {}).keys() | given.get(lane, {}).keys())
        }
        for lane in sorted(floor.keys() | given.keys())
    }


def read_floor(path: Path) -> Floor:
    """Return what is stored, nothing where there is no file yet."""
    if not path.exists():
        return {}
    floor: Floor = json.loads(path.read_text(encoding="utf-8"))
    return floor


def write_floor(path: Path, floor: Floor) -> None:
    """Store it."""
    path.write_text(json.dumps(floor, indent=2, sort_keys=True) + "\n", encoding="utf-8")
