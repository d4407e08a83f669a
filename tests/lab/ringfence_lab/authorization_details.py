"""The boundary of a role in GetAccountAuthorizationDetails (gap 7a), and its RoleLastUsed.

Without it a sweep sees every role as unbounded.
"""

from __future__ import annotations

import re
from typing import Any

from ministack.services import iam

from . import role_last_used

# A role's own element; the roles inside its instance profiles are followed by other elements.
_ROLE = re.compile(
    r"<member><RoleName>([^<]+)</RoleName>((?:(?!</AssumeRolePolicyDocument>).)*</AssumeRolePolicyDocument>)"
    r"(?=<RolePolicyList>)",
    re.DOTALL,
)


def apply() -> None:
    """Add the elements."""
    get_details = iam._IAM_HANDLERS["GetAccountAuthorizationDetails"]

    def get_details_with_boundaries(parameters: dict[str, Any]) -> Any:
        status, headers, body = get_details(parameters)
        return status, headers, _ROLE.sub(_complete, body.decode()).encode()

    iam._IAM_HANDLERS["GetAccountAuthorizationDetails"] = get_details_with_boundaries


def _complete(match: re.Match[str]) -> str:
    role = iam._roles.get(match.group(1)) or {}
    boundary = role.get("PermissionsBoundary")
    elements = role_last_used.xml(role)
    if boundary:
        elements += (
            "<PermissionsBoundary><PermissionsBoundaryType>PermissionsBoundaryPolicy</PermissionsBoundaryType>"
            f"<PermissionsBoundaryArn>{boundary}</PermissionsBoundaryArn></PermissionsBoundary>"
        )
    return match.group(0) + elements
