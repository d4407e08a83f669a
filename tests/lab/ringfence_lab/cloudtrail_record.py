"""The CloudTrail record of one API call, in the shape that EventBridge delivers as `detail`.

Sources: "CloudTrail record contents" and "CloudTrail userIdentity element" in the CloudTrail User Guide.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import botocore.model
import botocore.parsers

from .api_answer import ApiAnswer
from .api_call import ApiCall, operation_model
from .caller import Caller
from .cloudtrail_names import event_name, is_read_only

# CloudTrail removes these: they may hold code or secrets.
_EMPTIED = {"lambda": {"Environment"}}
_REMOVED = {
    "iam": {"SecretAccessKey", "Password"},
    "lambda": {"ZipFile"},
    "sts": {"SecretAccessKey"},
}
# The wire answer has more than the record, for the calls whose records are public.
_KEPT_RESPONSE = {
    "CreateRole": {
        "Arn", "AssumeRolePolicyDocument", "CreateDate", "Path", "PermissionsBoundary", "RoleId", "RoleName", "Tags",
    },
}
# Parameters with a default appear in records although the caller left them out.
_DEFAULT_PARAMETERS: dict[tuple[str, str], dict[str, Any]] = {
    ("lambda", "CreateFunction"): {"Publish": False},
    ("lambda", "UpdateFunctionCode"): {"DryRun": False, "Publish": False},
}


def build(call: ApiCall, caller: Caller, answer: ApiAnswer, account: str, started: datetime) -> dict[str, Any]:
    """The record of a call whose operation is known. A Lambda write without a known event name raises KeyError."""
    operation = call.operation or call.name
    # IAM is global: its events belong to us-east-1 whatever Region the caller signed for.
    region = "us-east-1" if call.service == "iam" else call.region
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": caller.user_identity,
        "eventTime": f"{started.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{call.service}.amazonaws.com",
        "eventName": event_name(call.service, operation),
        "awsRegion": region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": call.headers.get("user-agent", ""),
    }
    if answer.error_code:
        record["errorCode"] = _error_code(call, answer)
        record["errorMessage"] = (answer.error_message or "")[:1024]
    record["requestParameters"] = None if answer.denied else _request_parameters(call)
    record["responseElements"] = None if answer.error_code else _response_elements(call, answer)
    record |= {
        "requestID": answer.headers.get("x-amzn-requestid", str(uuid.uuid4())),
        "eventID": str(uuid.uuid4()),
        "readOnly": is_read_only(operation),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": call.headers.get("host", ""),
        },
    }
    return record


def _error_code(call: ApiCall, answer: ApiAnswer) -> str:
    if answer.denied:
        return "AccessDenied"
    # Records name the exception shape where the wire has a shorter code (IAM's NoSuchEntity).
    model = operation_model(call.service, call.operation or "")
    for shape in model.error_shapes if model else ():
        if shape.metadata.get("error", {}).get("code") == answer.error_code:
            return str(shape.name)
    return answer.error_code or ""


def _request_parameters(call: ApiCall) -> dict[str, Any] | None:
    model = operation_model(call.service, call.operation or "")
    if model is None or model.input_shape is None:
        return None
    parameters = _DEFAULT_PARAMETERS.get((call.service, call.operation or ""), {}) | call.parameters
    return _lower_camel(call.service, model.input_shape, parameters) or None


def _response_elements(call: ApiCall, answer: ApiAnswer) -> dict[str, Any] | None:
    model = operation_model(call.service, call.operation or "")
    if model is None or model.output_shape is None or not answer.body:
        return None
    factory = botocore.parsers.ResponseParserFactory()
    factory.set_parser_defaults(timestamp_parser=_console_date)
    parser = factory.create_parser(model.service_model.metadata["protocol"])
    response = {"status_code": answer.status, "headers": answer.headers, "body": answer.body}
    parsed = parser.parse(response, model.output_shape)
    parsed.pop("ResponseMetadata", None)
    kept = _KEPT_RESPONSE.get(call.operation or "")
    if kept:
        parsed = {
            name: {key: item for key, item in value.items() if key in kept} if isinstance(value, dict) else value
            for name, value in parsed.items()
        }
    return _lower_camel(call.service, model.output_shape, parsed) or None


def _console_date(value: Any) -> str:
    """CloudTrail writes dates of responses for people: `Nov 3, 2026, 9:05:07 AM`, with U+202F before AM and PM."""
    text = str(value)
    try:
        date = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text
    return f"{date:%b} {date.day}, {date.year}, {date.hour % 12 or 12}:{date:%M:%S}\u202f{date:%p}"


def _lower_camel(service: str, shape: botocore.model.Shape, value: Any) -> Any:
    """Names of members begin in lower case; keys of maps are the customer's own and stay."""
    if shape.type_name == "structure" and isinstance(value, dict):
        members: dict[str, Any] = {}
        for name, member in shape.members.items():
            if name not in value or name in _REMOVED.get(service, ()):
                continue
            if name in _EMPTIED.get(service, ()):
                members[_initial_lower(name)] = {}
            else:
                members[_initial_lower(name)] = _lower_camel(service, member, value[name])
        return members
    if shape.type_name == "list" and isinstance(value, list):
        return [_lower_camel(service, shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _lower_camel(service, shape.value, item) for key, item in value.items()}
    return value


def _initial_lower(name: str) -> str:
    return name[:1].lower() + name[1:]
