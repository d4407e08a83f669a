"""IAM Access Analyzer (gap 9), which MiniStack does not have: a double that judges nothing.

It knows the calls that Ringfence makes, checks the caller's IAM policies as MiniStack evaluates them, and holds a request against the
API's model, as AWS does before it looks at a document. Then it gives the answer that the test put there, or says that all is well:
that Ringfence gets an answer from it says nothing of what AWS would answer.
"""

from __future__ import annotations

import json
from typing import Any

import botocore.exceptions
import botocore.validate
from ministack.core import iam_evaluator
from ministack.core.responses import request_scope

from . import api_answer
from .api_call import ApiCall, operation_model
from .event_history import EventHistory
from .policy_generation import PolicyGeneration, Refused
from .server_process import ACCOUNT

Answer = tuple[int, dict[str, str], bytes]

_WELL: dict[str, dict[str, Any]] = {
    "ValidatePolicy": {"findings": []},
    "CheckNoNewAccess": {"result": "PASS", "message": "the double of the lab judges nothing"},
    "CheckAccessNotGranted": {"result": "PASS", "message": "the double of the lab judges nothing"},
    "CheckNoPublicAccess": {"result": "PASS", "message": "the double of the lab judges nothing"},
}

# Jobs, see `policy_generation`.
_GENERATION = ("StartPolicyGeneration", "GetGeneratedPolicy", "ListPolicyGenerations", "CancelPolicyGeneration")


class AccessAnalyzer:
    """Answers of documented shape, by operation."""

    def __init__(self, history: EventHistory) -> None:
        self._answers: dict[str, dict[str, Any]] = {}
        self.generation = PolicyGeneration(history)

    def prepare(self, answers: dict[str, Any]) -> list[str]:
        """From now on these operations answer this: a body, or `{"error": code, "status": n}`, or as usual (null). Returns their names."""
        for operation, answer in answers.items():
            if operation not in _WELL and operation not in _GENERATION or not isinstance(answer, dict | None):
                known = ", ".join([*_WELL, *_GENERATION])
                raise ValueError(f"`{operation}` is no call of the double with an object as its answer: {known}")
            if answer is None:
                self._answers.pop(operation, None)
            else:
                self._answers[operation] = answer
        return sorted(self._answers)

    def clear(self) -> None:
        """All is well again."""
        self._answers.clear()
        self.generation.clear()

    def answer(self, call: ApiCall) -> Answer:
        """What the double answers to a call."""
        operation = call.operation or ""
        if operation not in _WELL and operation not in _GENERATION:
            return api_answer.error_response(call, 501, "NotImplemented", f"the lab's double has no `{call.name}`")
        with request_scope(ACCOUNT, call.region):
            denied = iam_evaluator.enforce(
                call.access_key, f"access-analyzer:{operation}", "access-analyzer", call.region, "*"
            )
        if denied is not None:
            message = f"not authorized to perform access-analyzer:{operation}"
            return api_answer.error_response(call, 403, "AccessDeniedException", message)
        if mistake := _mistake(call):
            return api_answer.error_response(call, 400, "ValidationException", mistake)
        if operation in _GENERATION and operation not in self._answers:
            try:
                return 200, {"content-type": "application/json"}, json.dumps(self.generation.answer(call)).encode()
            except Refused as refused:
                return api_answer.error_response(call, refused.status, refused.code, str(refused))
        body = self._answers.get(operation) or _WELL[operation]
        if code := body.get("error"):
            return api_answer.error_response(call, int(body.get("status", 400)), str(code), "put there by a test")
        return 200, {"content-type": "application/json"}, json.dumps(body).encode()


def _mistake(call: ApiCall) -> str | None:
    """What the model refuses: a missing parameter, a word that it does not have, a document that is no JSON."""
    model = operation_model(call.service, call.operation or "")
    if model is None or model.input_shape is None:
        return "no such operation"
    report = botocore.validate.ParamValidator().validate(call.parameters, model.input_shape)
    if report.has_errors():
        return str(report.generate_report())
    for name, shape in model.input_shape.members.items():
        value = call.parameters.get(name)
        words = getattr(shape, "enum", None)
        if value is not None and words and value not in words:
            return f"`{value}` is no {name}"
        if value is not None and name.endswith("olicyDocument"):
            try:
                json.loads(value)
            except ValueError as error:
                return f"{name} is not JSON: {error}"
    return None
