"""A role from GetAccountAuthorizationDetails, made in the local account as it was."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from .event import Unusable


@dataclass(frozen=True)
class RoleFile:
    """A RoleDetail, and the ManagedPolicyDetails that came with it."""

    detail: dict[str, Any]
    policies: list[dict[str, Any]]

    @property
    def name(self) -> str:
        return str(self.detail["RoleName"])


def read(text: str) -> RoleFile:
    """One RoleDetail, or the answer of GetAccountAuthorizationDetails with one role in it. Raises Unusable."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Unusable(f"the role is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise Unusable("the role is not a JSON object")
    roles = value.get("RoleDetailList", [value])
    if not isinstance(roles, list) or len(roles) != 1 or not isinstance(roles[0], dict):
        raise Unusable("the file has to name one role; keep one in `RoleDetailList`")
    missing = [field for field in ("RoleName", "AssumeRolePolicyDocument") if field not in roles[0]]
    if missing:
        raise Unusable(f"the role lacks `{'`, `'.join(missing)}`; it has to be as in GetAccountAuthorizationDetails")
    return RoleFile(roles[0], list(value.get("Policies", [])))


def make(role: RoleFile, iam: Any) -> list[str]:
    """Make the role with its policies; returns what could not be made, a line each."""
    detail = role.detail
    documents = {policy["Arn"]: _default_document(policy) for policy in role.policies if "Arn" in policy}
    boundary = detail.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    attached = [policy["PolicyArn"] for policy in detail.get("AttachedManagedPolicies", [])]
    for arn in [*attached, *([boundary] if boundary else [])]:
        if arn in documents and ":aws:policy/" not in arn:
            _make_policy(iam, arn, documents[arn])
    iam.create_role(
        RoleName=role.name, Path=detail.get("Path", "/"),
        AssumeRolePolicyDocument=_document(detail["AssumeRolePolicyDocument"]), Tags=detail.get("Tags", []),
    )
    for policy in detail.get("RolePolicyList", []):
        iam.put_role_policy(
            RoleName=role.name, PolicyName=policy["PolicyName"], PolicyDocument=_document(policy["PolicyDocument"])
        )
    unknown = [arn for arn in dict.fromkeys([*attached, *([boundary] if boundary else [])]) if not _is_there(iam, arn)]
    for arn in attached:
        if arn not in unknown:
            iam.attach_role_policy(RoleName=role.name, PolicyArn=arn)
    if boundary and boundary not in unknown:
        iam.put_role_permissions_boundary(RoleName=role.name, PermissionsBoundary=boundary)
    return [
        f"{arn}, which the local account does not know; with its document in `Policies`, as in "
        "GetAccountAuthorizationDetails, it is made" for arn in unknown
    ]


def dates(role: RoleFile) -> dict[str, Any]:
    """When it was made and last used, for the lab's own path; what is not told stays as the lab has it."""
    found: dict[str, Any] = {}
    if "CreateDate" in role.detail:
        found["created"] = str(role.detail["CreateDate"])
    if "LastUsedDate" in role.detail.get("RoleLastUsed", {}):
        found["last_used"] = str(role.detail["RoleLastUsed"]["LastUsedDate"])
    return found


def _is_there(iam: Any, arn: str) -> bool:
    try:
        iam.get_policy(PolicyArn=arn)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


def _make_policy(iam: Any, arn: str, document: str) -> None:
    path, _, name = arn.partition(":policy")[2].rpartition("/")
    try:
        iam.create_policy(PolicyName=name, Path=f"{path}/", PolicyDocument=document)
    except iam.exceptions.EntityAlreadyExistsException:
        # Ringfence's own boundary is there already.
        pass


def _default_document(policy: dict[str, Any]) -> str:
    for version in policy.get("PolicyVersionList", []):
        if version.get("IsDefaultVersion"):
            return _document(version.get("Document", {}))
    return "{}"


def _document(document: Any) -> str:
    """IAM's own answers are URL-encoded, the AWS CLI's are objects."""
    return unquote(document) if isinstance(document, str) else json.dumps(document)
