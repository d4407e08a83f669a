"""API calls of any service by way of boto3, as the account's administrator or with the credentials of a role.

For tests in other languages: their SDK is a crate a service.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from .server_process import REGION


def make(
    url: str, calls: Iterable[dict[str, Any]], role: str | None = None, region: str = REGION, session_name: str = "calls"
) -> Iterator[dict[str, Any]]:
    """Make calls, `{"service", "operation", "parameters"}` with operation as in boto3, and yield `{"answer", "error"}`.

    `error` is None or AWS's code; the calls after it are made all the same.
    """
    session = _session(region, {"aws_access_key_id": "test", "aws_secret_access_key": "test"})
    if role is not None:
        keys = _client(session, url, "sts").assume_role(RoleArn=role, RoleSessionName=session_name)["Credentials"]
        session = _session(region, {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        })
    clients: dict[str, Any] = {}
    for call in calls:
        service = call["service"]
        client = clients.setdefault(service, clients.get(service) or _client(session, url, service))
        try:
            answer = getattr(client, call["operation"])(**call["parameters"])
            answer.pop("ResponseMetadata", None)
            yield {"answer": json.loads(json.dumps(answer, default=_plain)), "error": None}
        except ClientError as error:
            yield {"answer": error.response["Error"].get("Message"), "error": error.response["Error"]["Code"]}


def _session(region: str, keys: dict[str, str]) -> boto3.Session:
    return boto3.Session(region_name=region, **keys)


def _client(session: boto3.Session, url: str, service: str) -> Any:
    return session.client(service, endpoint_url=url, config=Config(retries={"total_max_attempts": 1}))


def _plain(value: Any) -> str:
    """What JSON has no form for; of an object in S3, its text."""
    return value.read().decode() if hasattr(value, "read") else str(value)
