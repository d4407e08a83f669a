"""Rules whose target is the event bus of another Region of the account.

MiniStack delivers to buses of the same Region only. On AWS EventBridge assumes the target's role and puts the event on the
other bus with the account and the Region that it came from; what it may not put goes to the target's dead-letter queue at
once ("Sending and receiving events between AWS Regions", "Using dead-letter queues to process undelivered events" in the
EventBridge User Guide). That the event keeps its Region is no sentence of these pages; the code of Ringfence reads the
record's `awsRegion` and does not depend on it.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import eventbridge, iam

_log = logging.getLogger("ringfence_lab.forwarding")


def apply() -> None:
    """Deliver to the other Region, as the target's role."""
    invoke = eventbridge._invoke_target

    def invoke_or_forward(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
        bus = _bus_elsewhere(target.get("Arn", ""))
        if bus is None:
            invoke(target, event, rule, view)
        elif _may_put(target, rule):
            _forward(event, rule, bus)
        else:
            _keep(target, event, view)

    eventbridge._invoke_target = invoke_or_forward


def _bus_elsewhere(arn: str) -> Any:
    try:
        spec = parse_arn(arn)
    except ArnParseError:
        return None
    is_bus = spec.service == "events" and spec.resource.startswith("event-bus/")
    return spec if is_bus and spec.account_id == get_account_id() and spec.region != get_region() else None


def _may_put(target: dict[str, Any], rule: dict[str, Any]) -> bool:
    name = str(target.get("RoleArn", "")).rpartition("/")[2]
    role = iam._roles.get(name)
    if role is None:
        return False
    trusting = _asked(rule, "sts:AssumeRole", role["Arn"])
    trust = iam_evaluator.evaluate_resource_policy(
        role["AssumeRolePolicyDocument"], trusting, service="events.amazonaws.com"
    )
    putting = _asked(rule, "events:PutEvents", target["Arn"])
    granted = iam_evaluator._gather_role_policies(name, get_account_id())
    return trust.decision == "Allow" and iam_evaluator.evaluate(putting, granted).decision == "Allow"


def _asked(rule: dict[str, Any], action: str, resource: str) -> Any:
    return iam_evaluator.EvalContext(
        principal_arn="events.amazonaws.com",
        principal_type="Service",
        principal_account=get_account_id(),
        action=action,
        resource_arn=resource,
        region=get_region(),
        # The evaluator looks keys up in small letters.
        service_context={"aws:sourcearn": rule["Arn"], "aws:sourceaccount": get_account_id()},
    )


def _forward(event: dict[str, Any], rule: dict[str, Any], bus: Any) -> None:
    # Who dispatches next must not take the rule of the other Region for one that was passed already.
    forwarded = {**event, "EventBusName": bus.resource.partition("/")[2]}
    forwarded.setdefault("Region", get_region())
    forwarded.pop("_DispatchPath", None)
    with request_scope(get_account_id(), bus.region):
        eventbridge._dispatch_event(forwarded)


def _keep(target: dict[str, Any], event: dict[str, Any], view: Any) -> None:
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if queue is None:
        _log.warning("an event was lost: the role of target %s may not put it", target.get("Arn"))
        return
    view = view or eventbridge._pattern_event_view(event)
    eventbridge._dispatch_to_sqs(parse_arn(queue), json.dumps(view.event_with_detail()), {})
