"""`iam:PermissionsBoundary`, `iam:PolicyARN` (gap 15) and `lambda:FunctionArn` in the request context, and whose
`aws:PrincipalArn` it is.

Without them an Allow that is conditioned on the boundary never matches, and our functions could not do their work.
Which operation has which key: "Actions, resources, and condition keys for AWS Identity and Access Management" and "… for
AWS Lambda" in the Service Authorization Reference.

`aws:PrincipalArn` of a session is the ARN of its role, path included, and not that of the session ("AWS global condition
context keys" in the IAM User Guide). MiniStack gives the session's.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam, lambda_svc

from .api_call import ApiCall

current_call: ContextVar[ApiCall | None] = ContextVar("ringfence_lab_current_call", default=None)

# For these the key is the boundary that the request sets, for the others the one the role has.
_SETS_BOUNDARY = {"CreateRole", "PutRolePermissionsBoundary", "CreateUser", "PutUserPermissionsBoundary"}
_HAS_BOUNDARY = {
    "AttachRolePolicy", "DeleteRolePermissionsBoundary", "DeleteRolePolicy", "DetachRolePolicy", "PutRolePolicy",
    "AttachUserPolicy", "DeleteUserPermissionsBoundary", "DeleteUserPolicy", "DetachUserPolicy", "PutUserPolicy",
}


def apply() -> None:
    """Add the keys to what MiniStack's evaluator is asked for IAM actions."""
    enforce = iam_evaluator.enforce

    def enforce_with_keys(
        access_key: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        call = current_call.get()
        find = _KEYS.get(service)
        keys = find(call) if find is not None and call is not None else {}
        return enforce(access_key, action, service, region, resource_arn, {**(service_context or {}), **keys})

    iam_evaluator.enforce = enforce_with_keys
    resolve = iam_evaluator._resolve_condition_key

    def resolve_with_role(key: str, ctx: Any) -> Any:
        value = resolve(key, ctx)
        return _role_of_session(value) if key.lower() == "aws:principalarn" else value

    iam_evaluator._resolve_condition_key = resolve_with_role


def _role_of_session(arn: Any) -> Any:
    kind, _, names = str(arn).rpartition(":")[2].partition("/")
    role = iam._roles.get(names.split("/")[0]) if kind == "assumed-role" else None
    return role["Arn"] if role else arn


def _keys_of_lambda(call: ApiCall) -> dict[str, str]:
    """Calls about an event source mapping tell whose it is."""
    mapping = lambda_svc._esms.get(call.parameters.get("UUID")) or {}
    return {"lambda:FunctionArn": mapping["FunctionArn"]} if "FunctionArn" in mapping else {}


def _keys_of_iam(call: ApiCall) -> dict[str, str]:
    keys = {}
    if call.operation in _SETS_BOUNDARY:
        boundary = call.parameters.get("PermissionsBoundary")
    elif call.operation in _HAS_BOUNDARY:
        role, user = call.parameters.get("RoleName"), call.parameters.get("UserName")
        entity = (iam._roles.get(role) if role else iam._users.get(user)) or {}
        boundary = entity.get("PermissionsBoundary")
    else:
        boundary = None
    if boundary:
        keys["iam:PermissionsBoundary"] = boundary
    if (call.operation or "").startswith(("Attach", "Detach")) and "PolicyArn" in call.parameters:
        keys["iam:PolicyARN"] = call.parameters["PolicyArn"]
    return keys


_KEYS = {"iam": _keys_of_iam, "lambda": _keys_of_lambda}
