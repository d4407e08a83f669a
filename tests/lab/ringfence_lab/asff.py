"""Whether findings for Security Hub keep their format, by AWS's own model of the API, which botocore ships.

Names, types, required fields and patterns stand in the model; lengths and numbers of items stand in its documentation, as
"Maximum length of 256" or "Maximum number of 32 items".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator

from .api_call import ApiCall, operation_model

_OPERATION = "BatchImportFindings"
_TEXT_LIMIT = re.compile(r"Maximum (?:length )?of (\d+)(?: length)?")
_LIST_LIMIT = re.compile(r"Maximum number of (\d+) items")
_MAP_LIMITS = re.compile(r"up to (\d+) key-value pairs.*key can contain up to (\d+) characters.*value can contain up to (\d+)", re.S)
_LARGEST_FINDING = 240_000


def mistakes(call: ApiCall) -> list[str]:
    """What AWS would object to in a request; nothing for other operations."""
    return mistakes_in(call.parameters) if call.operation == _OPERATION else []


def mistakes_in(parameters: dict[str, Any]) -> list[str]:
    """The same for the parameters of `BatchImportFindings`."""
    model = operation_model("securityhub", _OPERATION)
    if model is None or model.input_shape is None:
        raise LookupError(f"botocore has no {_OPERATION}")
    report = ParamValidator().validate(parameters, model.input_shape)
    found = [report.generate_report()] if report.has_errors() else []
    for index, finding in enumerate(parameters.get("Findings", ())):
        if (size := len(json.dumps(finding, ensure_ascii=False).encode())) > _LARGEST_FINDING:
            found.append(f".Findings[{index}] has {size} bytes, {_LARGEST_FINDING} are the most")
    return found + list(_in(parameters, model.input_shape, "", ""))


def _in(value: Any, shape: Shape, documentation: str, where: str) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, member in value.items():
            # An unknown one is in botocore's own report.
            if name in shape.members:
                yield from _in(member, shape.members[name], shape.members[name].documentation, f"{where}.{name}")
    elif isinstance(shape, ListShape) and isinstance(value, list):
        limit = shape.metadata.get("max") or _limit(_LIST_LIMIT, documentation)
        if limit is not None and len(value) > limit:
            yield f"{where} has {len(value)} items, {limit} are the most"
        for index, item in enumerate(value):
            yield from _in(item, shape.member, "", f"{where}[{index}]")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        yield from _in_map(value, shape, documentation, where)
    elif isinstance(value, str):
        yield from _in_text(value, shape, documentation, where)


def _in_map(value: dict[str, Any], shape: MapShape, documentation: str, where: str) -> Iterator[str]:
    limits = _MAP_LIMITS.search(documentation)
    most, longest_key, longest_value = map(int, limits.groups()) if limits else (None, None, None)
    if most is not None and len(value) > most:
        yield f"{where} has {len(value)} fields, {most} are the most"
    for key, item in value.items():
        if key.startswith("aws/"):
            yield f"{where}.{key} is a name of AWS's"
        if longest_key is not None and longest_value is not None and (len(key) > longest_key or len(item) > longest_value):
            yield f"{where}.{key} is longer than {longest_key} or {longest_value}"
        yield from _in(item, shape.value, "", f"{where}.{key}")


def _in_text(value: str, shape: Shape, documentation: str, where: str) -> Iterator[str]:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"{where} is `{value}`, none of {allowed}"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield f"{where} does not match `{pattern}`"
    limit = _limit(_TEXT_LIMIT, documentation)
    if limit is not None and len(value.encode("utf-16-le")) // 2 > limit:
        yield f"{where} has {len(value)} characters, {limit} are the most"


def _limit(pattern: re.Pattern[str], documentation: str) -> int | None:
    limit = pattern.search(documentation)
    return int(limit.group(1)) if limit else None
