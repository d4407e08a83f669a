"""`RoleLastUsed` of a role (gap 20), and a way to make a role old.

On AWS the element is in GetRole and GetAccountAuthorizationDetails, empty for a role that was never used, and not in
ListRoles. Sessions that run in the lab do not set it: tests do.
"""

from __future__ import annotations

from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import iam

_FIELD = "RingfenceLabLastUsed"


def apply() -> None:
    """Add the element to GetRole."""
    get_role = iam._IAM_HANDLERS["GetRole"]

    def get_role_with_last_used(parameters: dict[str, Any]) -> Any:
        status, headers, body = get_role(parameters)
        if status == 200:
            element = xml(iam._roles[iam._p(parameters, "RoleName")])
            body = body.replace(b"</Role>", element.encode() + b"</Role>")
        return status, headers, body

    iam._IAM_HANDLERS["GetRole"] = get_role_with_last_used


def xml(role: dict[str, Any]) -> str:
    """The element of one role record."""
    used = role.get(_FIELD)
    if not used:
        return "<RoleLastUsed/>"
    return f"<RoleLastUsed><LastUsedDate>{used}</LastUsedDate><Region>us-east-1</Region></RoleLastUsed>"


def set_dates(name: str, created: str | None, last_used: str | None, change_last_used: bool) -> dict[str, Any]:
    """Set when a role was made and last used (RFC 3339). Raises KeyError where there is no such role."""
    role = iam._roles.get_scoped(get_account_id(), None, name)
    if role is None:
        raise KeyError(name)
    if created is not None:
        role["CreateDate"] = created
    if change_last_used:
        role[_FIELD] = last_used
    return {"role": name, "created": role["CreateDate"], "last_used": role.get(_FIELD)}
