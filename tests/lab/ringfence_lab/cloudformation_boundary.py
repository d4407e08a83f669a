"""Template properties that MiniStack's CloudFormation forgets (gaps 2, 3 and 18), on create and on update.

An update follows AWS: a property that the template dropped is removed, one that it never mentioned stays as it is.
That is the case that matters: a boundary that Ringfence attached survives an update of somebody's stack.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack.services import dynamodb, iam, lambda_svc
from ministack.services.cloudformation import provisioners


@dataclass(frozen=True)
class _Property:
    """A forgotten property: `put` stores it on the resource of a physical id, `remove` takes it away."""

    resource_type: str
    name: str
    put: Callable[[str, Any], None]
    remove: Callable[[str], None]


def _put_boundary(role: str, arn: str) -> None:
    if not iam.policy_known(arn):
        raise ValueError(f"Scope ARN: {arn} does not exist or is not attachable.")
    iam._roles[role]["PermissionsBoundary"] = arn


def _remove_boundary(role: str) -> None:
    iam._roles[role]["PermissionsBoundary"] = None


def _put_dead_letter(function: str, value: Any) -> None:
    lambda_svc._functions[function]["config"]["DeadLetterConfig"] = value


def _remove_dead_letter(function: str) -> None:
    lambda_svc._functions[function]["config"].pop("DeadLetterConfig", None)


def _put_concurrency(function: str, value: Any) -> None:
    lambda_svc._functions[function]["concurrency"] = int(value)


def _remove_concurrency(function: str) -> None:
    lambda_svc._functions[function]["concurrency"] = None


def _put_time_to_live(table: str, value: dict[str, Any]) -> None:
    dynamodb._update_ttl({"TableName": table, "TimeToLiveSpecification": value})


def _remove_time_to_live(table: str) -> None:
    dynamodb._ttl_settings.pop(table, None)


def _put_recovery(table: str, value: dict[str, Any]) -> None:
    dynamodb._update_continuous_backups({"TableName": table, "PointInTimeRecoverySpecification": value})


def _remove_recovery(table: str) -> None:
    dynamodb._pitr_settings.pop(table, None)


PROPERTIES = (
    _Property("AWS::IAM::Role", "PermissionsBoundary", _put_boundary, _remove_boundary),
    _Property("AWS::Lambda::Function", "DeadLetterConfig", _put_dead_letter, _remove_dead_letter),
    _Property("AWS::Lambda::Function", "ReservedConcurrentExecutions", _put_concurrency, _remove_concurrency),
    _Property("AWS::DynamoDB::Table", "TimeToLiveSpecification", _put_time_to_live, _remove_time_to_live),
    _Property("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification", _put_recovery, _remove_recovery),
)


def apply() -> None:
    """Wrap the handlers of every resource type that forgets something."""
    for resource_type in {forgotten.resource_type for forgotten in PROPERTIES}:
        handler = provisioners._RESOURCE_HANDLERS[resource_type]
        forgotten = [each for each in PROPERTIES if each.resource_type == resource_type]
        handler["create"] = _remembering_create(handler["create"], forgotten)
        handler["update"] = _remembering_update(handler["update"], forgotten)


def _remembering_create(create: Callable[..., Any], forgotten: list[_Property]) -> Callable[..., Any]:
    def create_with_properties(logical_id: str, properties: dict[str, Any], *rest: Any, **more: Any) -> Any:
        physical_id, attributes = create(logical_id, properties, *rest, **more)
        for each in forgotten:
            if properties.get(each.name) is not None:
                each.put(physical_id, properties[each.name])
        return physical_id, attributes

    return create_with_properties


def _remembering_update(update: Callable[..., Any], forgotten: list[_Property]) -> Callable[..., Any]:
    def update_with_properties(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any, **more: Any
    ) -> Any:
        updated_id, attributes = update(physical_id, old, new, *rest, **more)
        for each in forgotten:
            if new.get(each.name) is not None:
                each.put(updated_id, new[each.name])
            elif old.get(each.name) is not None:
                each.remove(updated_id)
        return updated_id, attributes

    return update_with_properties
