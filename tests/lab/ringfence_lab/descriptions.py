"""Descriptions of roles and policies with `&` or `<`, which MiniStack writes into its XML as they are.

Such a description is legal on AWS; without this no SDK could read the role any more.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from ministack.services import iam


def apply() -> None:
    """Escape them on the way out."""
    role_xml, policy_xml = iam._role_xml, iam._managed_policy_xml

    def escaped_role_xml(name: str, *options: Any, **more: Any) -> str:
        return _escaped(role_xml(name, *options, **more), iam._roles[name])

    def escaped_policy_xml(arn: str, *options: Any, **more: Any) -> str:
        return _escaped(policy_xml(arn, *options, **more), iam._lookup_policy(arn))

    iam._role_xml = escaped_role_xml
    iam._managed_policy_xml = escaped_policy_xml


def _escaped(xml: str, record: dict[str, Any]) -> str:
    text = record.get("Description") or ""
    return xml.replace(f"<Description>{text}</Description>", f"<Description>{escape(text)}</Description>")
