# SPDX-License-Identifier: BSD-3-Clause
"""docs/mqtt/*.schema.json as a test sees them: what is wrong with a message, by the last levels of its topic."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "docs" / "mqtt"
NAMES = ("availability", "state", "event", "response", "cmd/pbc", "cmd/cancel", "cmd/pin")


@cache
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator  # half a second in the lab, so only where it is used

    schema = json.loads((FOLDER / f"{name.replace('/', '-')}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def name_of(topic: str) -> str | None:
    """Which schema is for a topic; None for one that has none."""
    return next((name for name in NAMES if topic.endswith(f"/{name}")), None)


def complaints(name: str, value: object) -> list[str]:
    """What the schema of that name has against a value."""
    return [f"{name}: {error.json_path}: {error.message[:300]}" for error in _validator(name).iter_errors(value)]


def wrong_with(topic: str, payload: str) -> list[str]:
    """What is wrong with a message; nothing is with one on a foreign topic."""
    name = name_of(topic)
    if name is None:
        return []
    return complaints(name, payload if name == "availability" else json.loads(payload or "{}"))
