"""SetDefaultPolicyVersion, which MiniStack lacks (gap 17)."""

from __future__ import annotations

from typing import Any

from ministack.services import iam


def apply() -> None:
    """Add the operation."""
    iam._IAM_HANDLERS["SetDefaultPolicyVersion"] = _set_default_policy_version


def _set_default_policy_version(parameters: dict[str, Any]) -> Any:
    arn, version_id = iam._p(parameters, "PolicyArn"), iam._p(parameters, "VersionId")
    policy = iam._policies.get(arn)
    if policy is None:
        return iam._error(404, "NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
    if version_id not in policy["Versions"]:
        return iam._error(404, "NoSuchEntity", f"Policy {arn} version {version_id} does not exist.")
    for version in policy["Versions"].values():
        version["IsDefaultVersion"] = version["VersionId"] == version_id
    policy["DefaultVersionId"] = version_id
    policy["UpdateDate"] = iam._now()
    return iam._xml(200, "SetDefaultPolicyVersionResponse", "")
