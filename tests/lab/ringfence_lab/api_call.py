"""What an HTTP request asks for, in the terms of the AWS API models: service, Region, operation, parameters."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

import botocore.loaders
import botocore.model
import botocore.utils

# Signing names that differ from botocore's service names, for the services that a stack of ours may call.
_MODEL_NAMES = {
    "access-analyzer": "accessanalyzer",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
}
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_CBOR_OPERATION = re.compile(r"/service/[^/]+/operation/([^/]+)$")


@dataclass(frozen=True)
class ApiCall:
    """One signed request. `operation` is None where it cannot be told (S3, unknown paths)."""

    service: str
    region: str
    operation: str | None
    access_key: str
    method: str
    path: str
    headers: dict[str, str]
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The operation, or method and path where the service is not modelled."""
        return self.operation or f"{self.method} {self.path}"


def parse(method: str, raw_path: str, query: str, headers: dict[str, str], body: bytes) -> ApiCall | None:
    """The call a request makes, or None for a request without a SigV4 header (links, health checks)."""
    credential = _CREDENTIAL.search(headers.get("authorization", ""))
    if credential is None:
        return None
    access_key, region, service = credential.groups()
    operation, parameters = _operation(service, method, raw_path, query, headers, body)
    return ApiCall(service, region, operation, access_key, method, unquote(raw_path), headers, parameters)


def _operation(
    service: str, method: str, raw_path: str, query: str, headers: dict[str, str], body: bytes
) -> tuple[str | None, dict[str, Any]]:
    target = headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2], _json_object(body)
    if cbor := _CBOR_OPERATION.search(raw_path):
        return cbor.group(1), {}
    form = _form(query, headers, body)
    if "Action" in form:
        action = form["Action"]
        shape = _input_shape(service, action)
        return action, _query_structure(shape, "", form) if shape else form
    for template in _uri_templates(service):
        match = template.pattern.fullmatch(raw_path) if template.method == method else None
        if match:
            return template.operation, _rest_parameters(service, template.operation, match, query, body)
    return None, {}


def _form(query: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
    fields = parse_qs(query, keep_blank_values=True)
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        fields.update(parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True))
    return {name: values[0] for name, values in fields.items()}


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


@functools.cache
def service_model(service: str) -> botocore.model.ServiceModel | None:
    """The API model behind a signing name, or None where botocore has none of that name."""
    name = _MODEL_NAMES.get(service, service)
    try:
        document = botocore.loaders.Loader().load_service_model(name, "service-2")
    except botocore.exceptions.UnknownServiceError:
        return None
    return botocore.model.ServiceModel(document, service_name=name)


def operation_model(service: str, operation: str) -> botocore.model.OperationModel | None:
    """The model of one operation, or None where the service does not have it."""
    model = service_model(service)
    if model is None or operation not in model.operation_names:
        return None
    return model.operation_model(operation)


def _input_shape(service: str, operation: str) -> botocore.model.StructureShape | None:
    model = operation_model(service, operation)
    return model.input_shape if model else None


@dataclass(frozen=True)
class _UriTemplate:
    method: str
    pattern: re.Pattern[str]
    operation: str


@functools.cache
def _uri_templates(service: str) -> tuple[_UriTemplate, ...]:
    model = service_model(service)
    if model is None or model.metadata.get("protocol") != "rest-json":
        return ()
    templates = []
    for operation in model.operation_names:
        http = model.operation_model(operation).http
        path = http["requestUri"].partition("?")[0]
        pattern = re.sub(r"\\\{(\w+)\\\+\\\}", r"(?P<\1>.+)", re.escape(path))
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", pattern)
        templates.append(_UriTemplate(http["method"], re.compile(pattern + "/?"), operation))
    # A literal path wins over one with a placeholder in the same place.
    return tuple(sorted(templates, key=lambda template: template.pattern.groups))


def _rest_parameters(
    service: str, operation: str, match: re.Match[str], query: str, body: bytes
) -> dict[str, Any]:
    shape = _input_shape(service, operation)
    if shape is None:
        return {}
    from_path = {name: unquote(value) for name, value in match.groupdict().items()}
    from_query = parse_qs(query, keep_blank_values=True)
    payload = _json_object(body)
    parameters: dict[str, Any] = {}
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        location = member.serialization.get("location")
        if location == "uri" and wire_name in from_path:
            parameters[name] = from_path[wire_name]
        elif location == "querystring" and wire_name in from_query:
            parameters[name] = _scalar(member, from_query[wire_name][0])
        elif location is None and wire_name in payload:
            parameters[name] = payload[wire_name]
    return parameters


def _scalar(shape: botocore.model.Shape, text: str) -> Any:
    if shape.type_name == "boolean":
        return text.lower() == "true"
    if shape.type_name in ("integer", "long"):
        return int(text) if text.lstrip("-").isdigit() else text
    return text


def _query_structure(shape: botocore.model.StructureShape, prefix: str, form: dict[str, str]) -> dict[str, Any]:
    values = {}
    for name, member in shape.members.items():
        value = _query_value(member, f"{prefix}{member.serialization.get('name', name)}", form)
        if value is not None:
            values[name] = value
    return values


def _query_value(shape: botocore.model.Shape, key: str, form: dict[str, str]) -> Any:
    if shape.type_name == "structure":
        return _query_structure(shape, f"{key}.", form) or None
    if shape.type_name == "list":
        item = f"{key}.{shape.member.serialization.get('name', 'member')}"
        values: list[Any] = []
        while (value := _query_value(shape.member, f"{item}.{len(values) + 1}", form)) is not None:
            values.append(value)
        return values or None
    if shape.type_name == "map":
        entries: dict[str, str] = {}
        while (name := form.get(f"{key}.entry.{len(entries) + 1}.key")) is not None:
            entries[name] = form.get(f"{key}.entry.{len(entries) + 1}.value", "")
        return entries or None
    return _scalar(shape, form[key]) if key in form else None
