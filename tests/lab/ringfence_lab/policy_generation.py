"""IAM Access Analyzer's policy generation (gap 9): a double of its jobs.

Modelled on the API reference (https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_StartPolicyGeneration.html and
its siblings) and the page on quotas: one job at a time in an account, a request with the token of an earlier one gives that one's job,
at most 90 days back, the role must be there and trust the service. That a second job is answered with ConflictException is a guess.

A job is under way until a test ends it. The policy of a job that succeeds names the management calls of the role that the lab's own
event history has, on `*`: as with AWS, data events and iam:PassRole are not in it. Real ones come from log files in S3, which the lab
does not have, and say more of resources where they are asked to.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import request_scope
from ministack.services import iam

from .api_call import ApiCall
from .event_history import EventHistory
from .server_process import ACCOUNT

SERVICE = "access-analyzer.amazonaws.com"
_LONGEST = timedelta(days=90)


class Refused(Exception):
    """An error of the API: status, code, message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class PolicyGeneration:
    """Jobs in the order in which they were begun."""

    def __init__(self, history: EventHistory) -> None:
        self._history = history
        self._jobs: list[dict[str, Any]] = []

    def clear(self) -> None:
        """Forget every job."""
        self._jobs.clear()

    def end(self, request: dict[str, Any]) -> str:
        """End the job under way, or the last one that ended anew: it succeeds, or fails with `{"error": {"code", "message"}}`."""
        if not self._jobs:
            raise LookupError("no job was begun")
        job = self._jobs[-1]
        error = request.get("error")
        job |= {"status": "FAILED" if error else "SUCCEEDED", "completedOn": _now(), "jobError": error}
        return str(job["jobId"])

    def answer(self, call: ApiCall) -> dict[str, Any]:
        """What an operation answers. Raises Refused."""
        operations = {
            "StartPolicyGeneration": self._start,
            "GetGeneratedPolicy": self._get,
            "ListPolicyGenerations": self._list,
            "CancelPolicyGeneration": self._cancel,
        }
        return operations[call.operation or ""](call)

    def _start(self, call: ApiCall) -> dict[str, Any]:
        principal = call.parameters["policyGenerationDetails"]["principalArn"]
        trail = call.parameters["cloudTrailDetails"]
        with request_scope(ACCOUNT, call.region):
            _check_pass_role(call, trail["accessRole"])
        token = call.parameters.get("clientToken")
        for job in self._jobs:
            if token is not None and job["token"] == token:
                return {"jobId": job["jobId"]}
        start = _read(trail["startTime"])
        if datetime.now(UTC) - start > _LONGEST:
            raise Refused(400, "ValidationException", "the start time is more than 90 days ago")
        if not _role(principal):
            raise Refused(400, "ValidationException", f"there is no principal {principal}")
        if any(job["status"] == "IN_PROGRESS" for job in self._jobs):
            raise Refused(409, "ConflictException", "a policy generation is already in progress")
        job = {
            "jobId": str(uuid.uuid4()), "token": token, "principalArn": principal, "status": "IN_PROGRESS", "startedOn": _now(),
            "completedOn": None, "jobError": None, "trail": trail,
        }
        if SERVICE not in json.dumps((_role(trail["accessRole"]) or {}).get("AssumeRolePolicyDocument", "")):
            error = {"code": "AUTHORIZATION_ERROR", "message": f"{trail['accessRole']} cannot be assumed"}
            job |= {"status": "FAILED", "completedOn": _now(), "jobError": error}
        self._jobs.append(job)
        return {"jobId": job["jobId"]}

    def _get(self, call: ApiCall) -> dict[str, Any]:
        job = self._job(call)
        known = ("jobId", "status", "startedOn", "completedOn", "jobError")
        answer: dict[str, Any] = {"jobDetails": {name: job[name] for name in known if job[name] is not None}}
        result: dict[str, Any] = {"properties": {"principalArn": job["principalArn"]}}
        if job["status"] == "SUCCEEDED":
            trail = job["trail"]
            result = {
                "properties": {
                    "isComplete": True,
                    "principalArn": job["principalArn"],
                    "cloudTrailProperties": {
                        "trailProperties": [{"cloudTrailArn": one["cloudTrailArn"], "allRegions": True} for one in trail["trails"]],
                        "startTime": trail["startTime"],
                        "endTime": trail.get("endTime", job["startedOn"]),
                    },
                },
                "generatedPolicies": [{"policy": json.dumps(_policy(self._actions(job["principalArn"])))}],
            }
        return answer | {"generatedPolicyResult": result}

    def _list(self, call: ApiCall) -> dict[str, Any]:
        principal = call.parameters.get("principalArn")
        meant = [job for job in reversed(self._jobs) if principal in (None, job["principalArn"])]
        known = ("jobId", "principalArn", "status", "startedOn", "completedOn")
        return {"policyGenerations": [{name: job[name] for name in known if job[name] is not None} for job in meant]}

    def _cancel(self, call: ApiCall) -> dict[str, Any]:
        job = self._job(call)
        if job["status"] == "IN_PROGRESS":
            job |= {"status": "CANCELED", "completedOn": _now()}
        return {}

    def _job(self, call: ApiCall) -> dict[str, Any]:
        for job in self._jobs:
            if job["jobId"] == call.parameters["jobId"]:
                return job
        raise Refused(400, "ValidationException", "there is no such job")

    def _actions(self, principal: str) -> list[str]:
        """The calls of the role's sessions that AWS did not refuse, as actions."""
        made = [
            record for record in self._history.records
            if record["userIdentity"].get("sessionContext", {}).get("sessionIssuer", {}).get("arn") == principal
            and "errorCode" not in record
        ]
        return sorted({f"{record['eventSource'].partition('.')[0]}:{record['eventName']}" for record in made})


def _check_pass_role(call: ApiCall, role: str) -> None:
    denied = iam_evaluator.enforce(
        call.access_key, "iam:PassRole", "iam", call.region, role, {"iam:PassedToService": SERVICE}
    )
    if denied is not None:
        raise Refused(403, "AccessDeniedException", f"not authorized to perform iam:PassRole on {role}")


def _role(arn: str) -> dict[str, Any] | None:
    role = iam._roles.get_scoped(ACCOUNT, None, arn.rpartition("/")[2])
    return role if role and role.get("Arn") == arn else None


def _policy(actions: list[str]) -> dict[str, Any]:
    statements = [{"Effect": "Allow", "Action": actions, "Resource": "*"}] if actions else []
    return {"Version": "2012-10-17", "Statement": statements}


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _read(time: str) -> datetime:
    return datetime.fromisoformat(str(time).replace("Z", "+00:00"))
