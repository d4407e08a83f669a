"""Who signed a request, and how CloudTrail would write it down (`userIdentity`)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import iam, lambda_svc


@dataclass(frozen=True)
class Caller:
    """A resolved signer. Sessions have `role` and `session`, those of a Lambda function also `function`."""

    user_identity: dict[str, Any]
    user: str | None = None
    role: str | None = None
    session: str | None = None
    function: str | None = None

    def summary(self) -> dict[str, str]:
        """The parts that say who it was, for the journal."""
        known = {
            "type": self.user_identity["type"],
            "user": self.user,
            "role": self.role,
            "session": self.session,
            "function": self.function,
        }
        return {name: value for name, value in known.items() if value}


def resolve(access_key: str) -> Caller:
    """The caller behind an access key, in the account and Region of the current request."""
    identity = iam_evaluator.resolve_caller_identity(access_key)
    if identity is None:
        return Caller({"type": "Unknown", "accessKeyId": access_key})
    arn = identity["userArn"]
    account = _account(arn)
    common = {"arn": arn, "accountId": account, "accessKeyId": access_key}
    if ":assumed-role/" in arn:
        return _session(arn, account, identity["session"], common)
    if ":user/" in arn:
        name = arn.rpartition("/")[2]
        return Caller({"type": "IAMUser", "principalId": identity["userId"], **common, "userName": name}, user=name)
    if arn.endswith(":root"):
        return Caller({"type": "Root", "principalId": account, **common})
    return Caller({"type": "FederatedUser", "principalId": identity["userId"], **common})


def _session(arn: str, account: str, session: dict[str, Any], common: dict[str, str]) -> Caller:
    _, role_name, session_name = arn.split(":", 5)[5].split("/", 2)
    # The session's ARN lacks the role's path and MiniStack's session record the role's id: only the role has both.
    role = iam._roles.get_scoped(account, None, role_name) or {}
    role_id = role.get("RoleId", "AROAUNKNOWN")
    issued = datetime.fromtimestamp(session.get("IssuedAt") or time.time(), UTC)
    identity = {
        "type": "AssumedRole",
        "principalId": f"{role_id}:{session_name}",
        **common,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": role_id,
                "arn": role.get("Arn", f"arn:aws:iam::{account}:role/{role_name}"),
                "accountId": account,
                "userName": role_name,
            },
            "webIdFederationData": {},
            "attributes": {"creationDate": f"{issued:%Y-%m-%dT%H:%M:%SZ}", "mfaAuthenticated": "false"},
        },
    }
    # MiniStack names the session of an execution role after its function, as AWS does.
    function = session_name if _is_function(session_name) else None
    return Caller(identity, role=role_name, session=session_name, function=function)


def _is_function(name: str) -> bool:
    return any(key[-1] == name for key in lambda_svc._functions.to_dict())


def _account(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 and parts[4] else get_account_id()

