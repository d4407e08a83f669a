"""Elements of lists in the paths of input transformers.

EventBridge takes `$.detail.findings[0].Id` ("Amazon EventBridge input transformation" in the EventBridge User Guide);
MiniStack knows fields only, and puts an empty text for anything else.
"""

from __future__ import annotations

import re
from typing import Any

from ministack.services import eventbridge

_ELEMENT = re.compile(r"\[(\d+)\]")


class _View:
    """An event in which each element that a path names is a field of that name."""

    def __init__(self, view: Any, paths: list[str]) -> None:
        self._view, self._paths = view, paths

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    def event_with_detail(self) -> Any:
        event = self._view.event_with_detail()
        for path in self._paths:
            event = _with_element(event, path.removeprefix("$.").split("."))
        return event


def apply() -> None:
    """Wrap the transformation."""
    transform = eventbridge._apply_input_transformer

    def transform_with_elements(transformer: dict[str, Any], rule: Any, view: Any) -> Any:
        paths = [path for path in transformer.get("InputPathsMap", {}).values() if _ELEMENT.search(path)]
        return transform(transformer, rule, _View(view, paths))

    eventbridge._apply_input_transformer = transform_with_elements


def _with_element(value: Any, steps: list[str]) -> Any:
    if not steps or not isinstance(value, dict):
        return value
    step, *rest = steps
    found = value.get(step)
    if step not in value and (match := _ELEMENT.search(step)):
        elements = value.get(step[: match.start()])
        index = int(match.group(1))
        if not isinstance(elements, list) or index >= len(elements):
            return value
        found = elements[index]
    return value if found is None else {**value, step: _with_element(found, rest)}
