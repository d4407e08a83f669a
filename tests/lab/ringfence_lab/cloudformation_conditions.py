"""`Fn::Join` in a condition, which MiniStack's CloudFormation does not resolve.

Without it the usual way to ask whether a list parameter is empty is always answered with no, and the shipped
boundaries are deployed with carve-outs that nobody asked for.
"""

from __future__ import annotations

from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers, stacks


def apply() -> None:
    """Resolve it before MiniStack evaluates the conditions."""
    evaluate = engine._evaluate_conditions

    def evaluate_joined(template: dict[str, Any], params: dict[str, Any]) -> dict[str, bool]:
        conditions = _joined(template.get("Conditions", {}), params)
        return dict(evaluate({**template, "Conditions": conditions}, params))

    for module in (engine, changesets, handlers, stacks):
        module._evaluate_conditions = evaluate_joined


def _joined(value: Any, params: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_joined(item, params) for item in value]
    if not isinstance(value, dict):
        return value
    if "Fn::Join" in value:
        separator, items = value["Fn::Join"]
        if isinstance(items, dict) and "Ref" in items:
            value = params[items["Ref"]]["Value"]
            # A list parameter is one text with commas here.
            items = value.split(",") if isinstance(value, str) else value
        return separator.join(items)
    return {key: _joined(item, params) for key, item in value.items()}
