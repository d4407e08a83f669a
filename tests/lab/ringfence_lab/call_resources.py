"""The action and the resource that a call is checked for, where MiniStack takes none or another than AWS.

"Actions, resources, and condition keys" of each service in the Service Authorization Reference: a rule of the default bus
has no bus in its ARN, a subscription is its topic's, a stack's ARN ends in an id, and changes of event source mappings and reading a
function's concurrency are actions of their own.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import cloudformation

from .api_call import ApiCall
from .condition_keys import current_call

# MiniStack takes reading a concurrency for setting it.
_ACTIONS = {"DeleteEventSourceMapping", "GetFunctionConcurrency", "UpdateEventSourceMapping"}


def apply() -> None:
    """Name them as AWS does. Called after `condition_keys.apply`, so that this comes first."""
    extract, enforce = iam_actions.extract_iam_action, iam_evaluator.enforce

    def extract_with_mappings(service: str, *arguments: Any, **named: Any) -> str | None:
        call = current_call.get()
        if service == "lambda" and call is not None and call.operation in _ACTIONS:
            return f"lambda:{call.operation}"
        action: str | None = extract(service, *arguments, **named)
        return action

    def enforce_on_resource(
        access_key: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        resource = _resource(current_call.get(), service, resource_arn)
        return enforce(access_key, action, service, region, resource, service_context)

    iam_actions.extract_iam_action, iam_evaluator.enforce = extract_with_mappings, enforce_on_resource


def _resource(call: ApiCall | None, service: str, resource_arn: str) -> str:
    if call is None:
        return resource_arn
    if service == "events":
        rule = call.parameters.get("Rule")
        named = f"arn:aws:events:{call.region}:{get_account_id()}:rule/{rule}" if rule else resource_arn
        return named.replace(":rule/default/", ":rule/")
    if service == "sns" and "SubscriptionArn" in call.parameters:
        return str(call.parameters["SubscriptionArn"]).rpartition(":")[0]
    if service == "cloudformation" and "StackName" in call.parameters:
        stack = cloudformation._stacks.get(call.parameters["StackName"]) or {}
        return str(stack.get("StackId", resource_arn))
    return resource_arn
