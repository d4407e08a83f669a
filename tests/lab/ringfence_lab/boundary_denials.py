"""Denials that a permissions boundary decided say so (gap 7b).

MiniStack enforces boundaries and then blames the identity policy. The wording is that of "Troubleshoot access denied
error messages" in the IAM User Guide; nobody has compared it with a live account.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ministack.core import iam_actions, iam_evaluator

_reason: ContextVar[str | None] = ContextVar("ringfence_lab_denial_reason", default=None)


class _BoundaryLayer(list):  # type: ignore[type-arg]
    """A limit that is a permissions boundary, told apart from session policies."""


def apply() -> None:
    """Find out who decided, and write it into the answer."""
    boundary_of = iam_evaluator._permissions_boundary
    evaluate = iam_evaluator.evaluate
    respond = iam_actions.access_denied_response

    def marked_boundary(*arguments: Any) -> list[Any]:
        return [_BoundaryLayer(layer) for layer in boundary_of(*arguments)]

    def evaluate_and_explain(context: Any, policies: Any, *limits: Any) -> Any:
        result = evaluate(context, policies, *limits)
        if not limits:
            # The evaluator also asks about resource policies here, after the question that matters.
            return result
        boundary = [limit for limit in limits if isinstance(limit, _BoundaryLayer)]
        if result.decision != "Allow" and boundary and evaluate(context, policies).decision == "Allow":
            explicit = evaluate(context, boundary[0]).decision == "Deny"
            _reason.set("with an explicit deny in a permissions boundary" if explicit
                        else f"because no permissions boundary allows the {context.action} action")
        else:
            _reason.set(None)
        return result

    def respond_with_reason(
        service: str, action: str, principal_arn: str, request_id: str, **options: Any
    ) -> Any:
        reason = _reason.get()
        if reason and not options.get("error_code") and not options.get("message"):
            resource = options.get("resource_arn", "*")
            options["message"] = (
                f"User: {principal_arn} is not authorized to perform: {action} on resource: {resource} {reason}"
            )
        return respond(service, action, principal_arn, request_id, **options)

    iam_evaluator._permissions_boundary = marked_boundary
    iam_evaluator.evaluate = evaluate_and_explain
    iam_actions.access_denied_response = respond_with_reason
