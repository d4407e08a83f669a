"""What an AWS response says: whether it is an error, and which."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from xml.sax.saxutils import unescape

from .api_call import ApiCall, operation_model, service_model

_XML_CODE = re.compile(rb"<Code>([^<]+)</Code>")
_XML_MESSAGE = re.compile(rb"<Message>([^<]*)</Message>")
_DENIALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}


@dataclass(frozen=True)
class ApiAnswer:
    """Status, headers (lower-case names) and body of one response, with the error it carries."""

    status: int
    headers: dict[str, str]
    body: bytes
    error_code: str | None = None
    error_message: str | None = None

    @property
    def denied(self) -> bool:
        """Whether IAM refused the call."""
        return self.error_code in _DENIALS


def read(status: int, headers: dict[str, str], body: bytes) -> ApiAnswer:
    """The answer in a response."""
    if status < 400:
        return ApiAnswer(status, headers, body)
    code, message = _json_error(headers, body) if body.lstrip()[:1] == b"{" else _xml_error(body)
    return ApiAnswer(status, headers, body, code or headers.get("x-amzn-errortype", "").partition(":")[0], message)


def _xml_error(body: bytes) -> tuple[str | None, str | None]:
    code, message = _XML_CODE.search(body), _XML_MESSAGE.search(body)
    return (
        code.group(1).decode() if code else None,
        unescape(message.group(1).decode("utf-8", "replace")) if message else None,
    )


def _json_error(headers: dict[str, str], body: bytes) -> tuple[str | None, str | None]:
    try:
        document = json.loads(body)
    except ValueError:
        return None, None
    code = headers.get("x-amzn-errortype") or document.get("__type") or document.get("code") or ""
    return code.partition(":")[0].rpartition("#")[2], document.get("message") or document.get("Message")


def error_response(call: ApiCall, status: int, code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    """An error in the wire format of the call's service, as its SDKs parse it."""
    model = service_model(call.service)
    protocol = model.metadata.get("protocol") if model and call.operation else "rest-xml"
    if protocol in ("query", "ec2"):
        error = f"<Error><Type>Sender</Type><Code>{_wire_code(call, code)}</Code><Message>{message}</Message></Error>"
        xml = f"<ErrorResponse>{error}<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
        return status, {"content-type": "text/xml"}, xml.encode()
    if protocol == "rest-xml":
        xml = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        return status, {"content-type": "application/xml"}, xml.encode()
    body = json.dumps({"__type": code, "message": message, "Message": message}).encode()
    return status, {"content-type": "application/json", "x-amzn-errortype": code}, body


def _wire_code(call: ApiCall, code: str) -> str:
    """Query services send some codes without the `Exception` that their shapes are named with."""
    model = operation_model(call.service, call.operation or "")
    for shape in model.error_shapes if model else ():
        if shape.name == code:
            return str(shape.metadata.get("error", {}).get("code", code))
    return code
