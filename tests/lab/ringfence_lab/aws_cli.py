"""A stand-in for `aws` of AWS CLI 2, which is in no package registry: as much of it as the runbook's commands use.

Options and operations come from the same API models that the CLI is made of (botocore). It is not the CLI: what it
accepts the CLI accepts, and it refuses what it does not know.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3
import botocore.exceptions
import jmespath
from botocore import xform_name

_FAILED, _USAGE = 254, 252
# Options of the CLI itself.
_OWN = {"--query", "--output", "--region", "--cli-binary-format"}
_OUTFILE_OPERATIONS = {("lambda", "invoke")}


class Usage(Exception):
    """A command line that this stand-in does not know."""


def main(arguments: list[str]) -> int:
    """Make the call, print the answer as the CLI would."""
    try:
        if arguments[:2] == ["s3", "rb"]:
            return _remove_bucket(arguments[2:])
        service, operation, parameters, own, outfile = _parse(arguments)
        client = boto3.client(service, region_name=own.get("--region"))
        answer = _call(client, operation, parameters)
    except Usage as error:
        print(f"aws (stand-in): {error}", file=sys.stderr)
        return _USAGE
    except botocore.exceptions.ClientError as error:
        print(f"\n{error}", file=sys.stderr)
        return _FAILED
    if outfile is not None:
        with open(outfile, "ab") as file:
            file.write(answer.pop("Payload").read())
        if "FunctionError" in answer:
            # The CLI ends well all the same; a test must not.
            print(json.dumps(answer), file=sys.stderr)
            return _FAILED
    _print(answer, own)
    return 0


def _remove_bucket(arguments: list[str]) -> int:
    """`aws s3 rb s3://BUCKET --force`: the bucket and all that is in it."""
    if len(arguments) != 2 or arguments[1] != "--force" or not arguments[0].startswith("s3://"):
        raise Usage("only `s3 rb s3://BUCKET --force` is known")
    bucket = boto3.resource("s3").Bucket(arguments[0].removeprefix("s3://"))
    bucket.objects.all().delete()
    bucket.delete()
    print(f"remove_bucket: {bucket.name}")
    return 0


def _parse(arguments: list[str]) -> tuple[str, str, dict[str, Any], dict[str, str], str | None]:
    if len(arguments) < 2:
        raise Usage("a service and an operation are needed")
    service, command, rest = arguments[0], arguments[1], list(arguments[2:])
    model = boto3.client(service).meta.service_model
    operation = next((name for name in model.operation_names if xform_name(name, "-") == command), None)
    if operation is None:
        raise Usage(f"`{service}` has no `{command}`")
    shape = model.operation_model(operation).input_shape
    members = {f"--{xform_name(name, '-')}": (name, member) for name, member in (shape.members if shape else {}).items()}
    parameters: dict[str, Any] = {}
    own: dict[str, str] = {}
    outfile = None
    while rest:
        option = rest.pop(0)
        if option in _OWN:
            own[option] = rest.pop(0)
        elif option in members:
            name, member = members[option]
            parameters[name] = True if member.type_name == "boolean" else _value(member, rest)
        elif option.replace("--no-", "--", 1) in members:
            parameters[members[option.replace("--no-", "--", 1)][0]] = False
        elif not option.startswith("--") and (service, command) in _OUTFILE_OPERATIONS and outfile is None:
            outfile = option
        else:
            raise Usage(f"`{service} {command}` has no option `{option}`")
    if ((service, command) in _OUTFILE_OPERATIONS) != (outfile is not None):
        raise Usage(f"`{service} {command}` needs a file for its answer")
    return service, operation, parameters, own, outfile


def _value(member: Any, rest: list[str]) -> Any:
    if not rest:
        raise Usage("an option lacks its value")
    text = rest.pop(0)
    if member.type_name == "blob":
        return text.encode()
    if member.type_name in ("integer", "long"):
        return int(text)
    if member.type_name in ("structure", "map") or (member.type_name == "list" and text.startswith("[")):
        return json.loads(text)
    if member.type_name == "list":
        values = [text]
        while rest and not rest[0].startswith("--"):
            values.append(rest.pop(0))
        return values
    return text


def _call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
    method = xform_name(operation)
    if client.can_paginate(method):
        # As the CLI does.
        return client.get_paginator(method).paginate(**parameters).build_full_result()
    answer = getattr(client, method)(**parameters)
    answer.pop("ResponseMetadata", None)
    return answer


def _print(answer: Any, own: dict[str, str]) -> None:
    shown = jmespath.search(own["--query"], answer) if "--query" in own else answer
    if own.get("--output", "json") == "text":
        print("\t".join(map(str, shown)) if isinstance(shown, list) else shown)
    elif shown not in (None, {}):
        print(json.dumps(shown, indent=4, default=str))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
