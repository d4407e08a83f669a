"""An account that has grown for years: thousands of roles and functions, made in one go.

They are put where MiniStack keeps its own, without an API call each, so no event tells of them. What roles look like is ours: ten
kinds in turns, with managed policies that many share and inline policies that none does.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import iam, lambda_svc

from .server_process import ACCOUNT, REGION

_SHARED_POLICIES = 200
_OLD = "2024-03-01T00:00:00Z"
_USED = "2026-11-01T00:00:00Z"
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
# One function in ten is far from home.
_ELSEWHERE = "eu-west-1"


def grow(roles: int, functions: int, model: str, boundary: str | None) -> dict[str, int]:
    """Make so many of each; functions are copies of `model`, and one role in five has `boundary`."""
    with request_scope(ACCOUNT, REGION):
        policies = [_policy(number) for number in range(_SHARED_POLICIES)]
        arns = [_role(number, policies, boundary) for number in range(roles)]
        record = lambda_svc._functions.get(model)
        if record is None:
            raise LookupError(f"there is no function `{model}`")
    for number in range(functions):
        region = _ELSEWHERE if number % 10 == 9 else REGION
        with request_scope(ACCOUNT, region):
            _function(number, region, record, arns[number % len(arns)])
    return {"roles": roles, "functions": functions, "policies": len(policies)}


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _allow(actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _policy(number: int) -> str:
    name = f"team-{number}"
    arn = f"arn:aws:iam::{ACCOUNT}:policy/{name}"
    document = _document([
        _allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"], [f"arn:aws:dynamodb:*:{ACCOUNT}:table/{name}"]),
        _allow(["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"], [f"arn:aws:sqs:*:{ACCOUNT}:{name}-*"]),
        _allow(["secretsmanager:GetSecretValue"], [f"arn:aws:secretsmanager:*:{ACCOUNT}:secret:{name}/*"]),
    ])
    if arn not in iam._policies:
        status, _, body = iam._IAM_HANDLERS["CreatePolicy"]({"PolicyName": [name], "PolicyDocument": [document]})
        if status != 200:
            raise ValueError(f"policy `{name}` was not made: {body!r}")
    return arn


def _role(number: int, policies: list[str], boundary: str | None) -> str:
    name, path = f"population-{number:05d}", f"/team-{number % 40}/"
    arn = f"arn:aws:iam::{ACCOUNT}:role{path}{name}"
    kind = number % 10
    trusted = "ec2.amazonaws.com" if kind == 9 else "lambda.amazonaws.com"
    inline = _document([
        _allow(["s3:GetObject", "s3:PutObject"], [f"arn:aws:s3:::bucket-{number}/*"]),
        _allow(["kms:Decrypt", "kms:GenerateDataKey"], [f"arn:aws:kms:*:{ACCOUNT}:key/{number:08d}"]),
        _allow(["s3:*"] if kind == 3 else ["s3:ListBucket"], ["*"] if kind == 3 else [f"arn:aws:s3:::bucket-{number}"]),
    ])
    attached = {0: [_ADMINISTRATOR], 1: [_BASIC], 2: [_BASIC, policies[number % len(policies)]]}
    iam._roles[name] = {
        "RoleName": name,
        "Arn": arn,
        "RoleId": f"AROAPOPULATION{number:07d}",
        "CreateDate": _OLD,
        "Path": path,
        "AssumeRolePolicyDocument": json.dumps({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}],
        }),
        "Description": "",
        "MaxSessionDuration": 3600,
        "PermissionsBoundary": boundary if kind in (1, 2) else None,
        "AttachedPolicies": attached.get(kind, [_BASIC, policies[number % len(policies)]]),
        "InlinePolicies": {"own": inline},
        "Tags": [{"Key": "team", "Value": f"team-{number % 40}"}],
        "RingfenceLabLastUsed": _USED if kind % 2 else None,
    }
    return arn


def _function(number: int, region: str, model: dict[str, Any], role: str) -> None:
    name = f"population-{number:05d}"
    # Its code and all else is the model's: 20,000 copies would fill the machine.
    record = dict(model)
    record["config"] = copy.copy(model["config"]) | {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}",
        "Role": role,
    }
    lambda_svc._functions[name] = record
