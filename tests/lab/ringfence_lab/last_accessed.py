"""IAM's report on when a role last used what (gap 21), with contents that tests set.

Calls in the lab are not counted: MiniStack's report is always finished and always empty. On AWS it lists the services
that the role's policies allow, used or not, and takes a while. The form is that of
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLastAccessedDetails.html.

The right to ask for a report is a right on the role ("Actions, resources, and condition keys for AWS Identity and Access
Management" in the Service Authorization Reference); MiniStack asks for one on everything.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import iam

from .condition_keys import current_call

_USED = "RingfenceLabUsed"
_UNFINISHED = "unfinished"
_ROOT = "GetServiceLastAccessedDetails"


def apply() -> None:
    """Answer reports on roles with what was set for them, and ask for the right to have one on the role."""
    enforce = iam_evaluator.enforce

    def enforce_on_the_role(
        access_key: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        call = current_call.get()
        if action == "iam:GenerateServiceLastAccessedDetails" and call is not None:
            resource_arn = call.parameters.get("Arn", resource_arn)
        return enforce(access_key, action, service, region, resource_arn, service_context)

    iam_evaluator.enforce = enforce_on_the_role
    get_report = iam._IAM_HANDLERS[_ROOT]

    def get_report_as_set(parameters: dict[str, Any]) -> Any:
        job = iam._sla_jobs.get(iam._p(parameters, "JobId"))
        role = job and iam._roles.get(job["Arn"].rpartition("/")[2])
        if not role or role.get(_USED) is None:
            return get_report(parameters)
        if role[_USED] == _UNFINISHED:
            return _answer(job, "<JobStatus>IN_PROGRESS</JobStatus>")
        return _answer(
            job,
            f"<JobStatus>COMPLETED</JobStatus><JobType>ACTION_LEVEL</JobType>"
            f"<JobCompletionDate>{job['JobCreationDate']}</JobCompletionDate>"
            f"<ServicesLastAccessed>{_services(role[_USED])}</ServicesLastAccessed><IsTruncated>false</IsTruncated>",
        )

    iam._IAM_HANDLERS[_ROOT] = get_report_as_set


def set_used(name: str, used: Any) -> None:
    """Set what a role's reports tell from now on, or `unfinished`. Raises KeyError where there is no such role."""
    role = iam._roles.get_scoped(get_account_id(), None, name)
    if role is None:
        raise KeyError(name)
    if used != _UNFINISHED and not (isinstance(used, list) and all(map(_is_use, used))):
        raise ValueError('`used` is "unfinished" or a list of {"service", "action"?, "last"}, the last one null for never')
    role[_USED] = used


def _is_use(use: Any) -> bool:
    return isinstance(use, dict) and {"service", "last"} <= use.keys() <= {"service", "action", "last"}


def _answer(job: dict[str, Any], content: str) -> Any:
    date = f"<JobCreationDate>{job['JobCreationDate']}</JobCreationDate>"
    return iam._xml(200, f"{_ROOT}Response", f"<{_ROOT}Result>{date}{content}</{_ROOT}Result>", ns="iam")


def _services(uses: list[dict[str, Any]]) -> str:
    by_service: dict[str, list[dict[str, Any]]] = {}
    for use in uses:
        by_service.setdefault(use["service"], []).append(use)
    return "".join(_service(namespace, of_service) for namespace, of_service in by_service.items())


def _service(namespace: str, uses: list[dict[str, Any]]) -> str:
    tracked = "".join(
        f"<member><ActionName>{use['action']}</ActionName>{_tried('LastAccessedTime', 'LastAccessedRegion', use['last'])}</member>"
        for use in uses if "action" in use
    )
    last = max((use["last"] for use in uses if use["last"]), default=None)
    return (
        f"<member><ServiceName>{namespace}</ServiceName><ServiceNamespace>{namespace}</ServiceNamespace>"
        f"{_tried('LastAuthenticated', 'LastAuthenticatedRegion', last)}"
        f"<TotalAuthenticatedEntities>{int(last is not None)}</TotalAuthenticatedEntities>"
        f"<TrackedActionsLastAccessed>{tracked}</TrackedActionsLastAccessed></member>"
    )


def _tried(time: str, region: str, last: str | None) -> str:
    """Nothing, where there was no attempt."""
    return "" if last is None else f"<{time}>{last}</{time}><{region}>us-east-1</{region}>"
