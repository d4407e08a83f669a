"""The boundary of a role in GetAccountAuthorizationDetails (gap 7a), its RoleLastUsed, and pages.

Without the first a sweep sees every role as unbounded. MiniStack answers all at once; AWS gives a hundred items a page, or
as many as were asked for. Users and groups stay on the first page: nobody here asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ministack.services import iam

from . import role_last_used

# A role's own element; the roles inside its instance profiles are followed by other elements.
_ROLE = re.compile(
    r"<member><RoleName>([^<]+)</RoleName>((?:(?!</AssumeRolePolicyDocument>).)*</AssumeRolePolicyDocument>)"
    r"(?=<RolePolicyList>)",
    re.DOTALL,
)


_DEFAULT_PAGE = 100
_WHOLE = "<IsTruncated>false</IsTruncated>"


def apply() -> None:
    """Add the elements, and answer in pages."""
    get_details = iam._IAM_HANDLERS["GetAccountAuthorizationDetails"]

    def get_a_page(parameters: dict[str, Any]) -> Any:
        start = int(_parameter(parameters, "Marker") or 0)
        end = start + int(_parameter(parameters, "MaxItems") or _DEFAULT_PAGE)
        with _only(start, end) as is_more:
            status, headers, body = get_details(parameters)
            text = _ROLE.sub(_complete, body.decode())
        if is_more:
            text = text.replace(_WHOLE, f"<IsTruncated>true</IsTruncated><Marker>{end}</Marker>")
        return status, headers, text.encode()

    iam._IAM_HANDLERS["GetAccountAuthorizationDetails"] = get_a_page


def _parameter(parameters: dict[str, Any], name: str) -> str:
    return str(iam._p(parameters, name) or "")


@contextmanager
def _only(start: int, end: int) -> Iterator[bool]:
    """For the length of one answer there is nothing but the roles and policies of a page; says whether more follow."""
    roles, policies = iam._roles, iam._policies
    items = [*((True, *role) for role in roles.items()), *((False, *policy) for policy in policies.items())]
    page = items[start:end]
    iam._roles = {name: role for is_role, name, role in page if is_role}
    iam._policies = {arn: policy for is_role, arn, policy in page if not is_role}
    try:
        yield len(items) > end
    finally:
        iam._roles, iam._policies = roles, policies


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
