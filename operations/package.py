#!/usr/bin/env python3
"""Write Ringfence's template as plain CloudFormation, and put it into a bucket with the functions' code.

    make package BUCKET=name [REGION=us-east-1] [ARCHITECTURE=arm64]

StackSets with service-managed permissions refuse a template with a transform, and SAM's is one. So SAM's own translator is run
here, without AWS, and `sam build` builds the functions as for `sam deploy`. What is printed is the URL of the template, for the
parameter TemplateUrl of organization.yaml or for `aws cloudformation deploy`.

It needs credentials that may list and put objects of the bucket, which has to be in the Region where the stack is deployed: Lambda
takes code from its own Region only. Objects are named after their content, so that what is there is never overwritten, and the
templates are uploaded last, so that whatever URL exists works. Nothing is kept on the disk but SAM's own build folder.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import io
import json
import logging
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import yaml
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

# It counts what it does, for SAM's own service, and warns that nobody wants to know.
logging.getLogger("samtranslator").setLevel(logging.ERROR)
_ROOT = Path(__file__).resolve().parent.parent
_FUNCTION = "AWS::Serverless::Function"
# Where the code is: the bucket that it was uploaded to, unless somebody copied it.
BUCKET_PARAMETER = "ArtifactBucket"
# The earliest time that a zip knows: the same code has the same bytes whenever it is packed.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_EXECUTABLE = 0o100755 << 16


class CannotPackage(Exception):
    """Why there is no package; says what to do."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, which become the long form."""


def _long_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if tag == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _long_form)


def read_template(text: str) -> dict[str, Any]:
    """A template as it is written, with long intrinsic functions."""
    return dict(yaml.load(text, _Loader))  # noqa: S506: a SafeLoader with more tags


def functions_of(template: Mapping[str, Any]) -> list[str]:
    """The logical ids of the functions, sorted."""
    return sorted(name for name, resource in template["Resources"].items() if resource["Type"] == _FUNCTION)


@dataclass(frozen=True)
class Packaging:
    """What the template is to say of its code: which bucket, which objects, for which processor."""

    bucket: str
    keys: Mapping[str, str]
    architecture: str


def plain(template: Mapping[str, Any], packaging: Packaging) -> dict[str, Any]:
    """The template without a transform and without paths of this machine."""
    fragment = copy.deepcopy(dict(template))
    fragment["Parameters"][BUCKET_PARAMETER] = {
        "Type": "String",
        "Default": packaging.bucket,
        "AllowedPattern": r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        "ConstraintDescription": "must be the name of a bucket",
        "Description": "The bucket with the code of the functions, in the Region of the stack, readable to whoever deploys it.",
    }
    # The code is there for one processor only.
    fragment["Parameters"]["Architecture"] |= {
        "Default": packaging.architecture, "AllowedValues": [packaging.architecture],
    }
    for name in functions_of(fragment):
        resource = fragment["Resources"][name]
        resource["Properties"]["CodeUri"] = {"Bucket": {"Ref": BUCKET_PARAMETER}, "Key": packaging.keys[name]}
        resource.pop("Metadata", None)
    try:
        # No managed policy is named without its ARN, so none has to be asked for.
        translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
        made = dict(translator.translate(fragment, parameter_values={}))
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise CannotPackage(f"SAM's translator does not take template.yaml: {causes}") from error
    for resource in made["Resources"].values():
        # Globals are spelled out in every function, in those too that exist under one of their conditions only.
        if "Condition" in resource:
            resource["Properties"] = _where(resource["Condition"], resource["Properties"])
        # Written for SAM's own service.
        if (resource.get("Metadata") or {}).pop("SamResourceId", None) and not resource["Metadata"]:
            del resource["Metadata"]
    return made


def _where(condition: str, value: Any) -> Any:
    """The value where the condition holds: what cannot come to pass is no part of a template that linters accept."""
    if isinstance(value, list):
        return [_where(condition, item) for item in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["Fn::If"] and value["Fn::If"][0] == condition:
        return _where(condition, value["Fn::If"][1])
    return {key: _where(condition, item) for key, item in value.items()}


def built_code(folder: Path) -> dict[str, bytes]:
    """The deployment packages of what SAM built, by function. Functions of the same code share a folder."""
    if not (folder / "template.yaml").is_file():
        raise CannotPackage(f"nothing is built in `{folder}`; run it again without --built")
    template = read_template((folder / "template.yaml").read_text())
    return {
        name: zipped(folder / template["Resources"][name]["Properties"]["CodeUri"]) for name in functions_of(template)
    }


def zipped(folder: Path) -> bytes:
    """The deployment package of one function: the same bytes for the same code."""
    bootstrap = folder / "bootstrap"
    if not bootstrap.is_file():
        raise CannotPackage(f"`{bootstrap}` is missing; run it again without --built")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        entry = zipfile.ZipInfo("bootstrap", _NO_TIME)
        entry.external_attr = _EXECUTABLE
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, bootstrap.read_bytes())
    return packed.getvalue()


def key_of(prefix: str, content: bytes, name: str) -> str:
    """An object's name, which changes with its content."""
    return f"{prefix}/{hashlib.sha256(content).hexdigest()}/{name}"


class Artifacts:
    """The bucket that the package goes to."""

    def __init__(self, bucket: str, region: str) -> None:
        session = boto3.Session(region_name=region)
        self.bucket, self._region = bucket, region
        self._suffix = "amazonaws.com.cn" if session.get_partition_for_region(region) == "aws-cn" else "amazonaws.com"
        self._s3 = session.client("s3")
        try:
            # A bucket of that name may be somebody else's, and would get to know the code and choose it.
            self._owner = session.client("sts").get_caller_identity()["Account"]
            answer = self._s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=self._owner)
        except botocore.exceptions.ClientError as error:
            raise CannotPackage(
                f"bucket `{bucket}` cannot be used with these credentials ({error.response['Error']['Code']}); name one of account "
                "and Region that you deploy from, which organization.yaml makes as its output ArtifactBucketName"
            ) from error
        except botocore.exceptions.BotoCoreError as error:
            raise CannotPackage(f"AWS cannot be asked: {error}") from error
        found = answer.get("BucketRegion") or region
        if found != region:
            raise CannotPackage(
                f"bucket `{bucket}` is in {found}, and Lambda takes code from its own Region only; "
                f"make one in {region}, or name another Region with REGION={found}"
            )

    def put(self, key: str, content: bytes) -> bool:
        """Upload what is not there yet; whether it was missing."""
        try:
            self._s3.head_object(Bucket=self.bucket, Key=key, ExpectedBucketOwner=self._owner)
            return False
        except botocore.exceptions.ClientError as error:
            # Without the right to list, S3 says of a missing object that it is forbidden.
            if error.response["Error"]["Code"] not in ("404", "403", "NoSuchKey"):
                raise CannotPackage(f"`{key}` cannot be looked for in `{self.bucket}`: {error}") from error
        try:
            self._s3.put_object(
                Bucket=self.bucket, Key=key, Body=content, ExpectedBucketOwner=self._owner, ChecksumAlgorithm="SHA256",
            )
        except botocore.exceptions.ClientError as error:
            raise CannotPackage(f"`{key}` cannot be put into `{self.bucket}`: {error}") from error
        return True

    def url(self, key: str) -> str:
        """Where CloudFormation finds an object."""
        return f"https://{self.bucket}.s3.{self._region}.{self._suffix}/{key}"


def build(architecture: str, folder: Path) -> None:
    """`sam build`, as for a deployment. When we are stopped, the compilers are stopped too."""
    command = [
        "sam", "build", "--template-file", str(_ROOT / "template.yaml"), "--build-dir", str(folder),
        "--parameter-overrides", f"Architecture={architecture}",
    ]
    try:
        with subprocess.Popen(command, cwd=_ROOT, stdout=sys.stderr, start_new_session=True) as process:
            try:
                code = process.wait()
            except BaseException:
                os.killpg(process.pid, signal.SIGTERM)
                raise
    except FileNotFoundError as error:
        raise CannotPackage("`sam` is missing; `make package` installs it") from error
    if code != 0:
        raise CannotPackage(f"`sam build` ended with code {code}; what it said is above")


def serialised(template: Mapping[str, Any]) -> bytes:
    """The template as it is uploaded: the same bytes for the same template."""
    return (json.dumps(template, indent=1) + "\n").encode()


def package(artifacts: Artifacts, prefix: str, architecture: str, built: Path, say: Callable[[str], None]) -> dict[str, str]:
    """Upload everything, code first; the templates' URLs by file."""
    template = read_template((_ROOT / "template.yaml").read_text())
    code = built_code(built)
    if sorted(code) != functions_of(template):
        raise CannotPackage(f"`{built}` was built of another template; run it again without --built")
    keys = {name: key_of(prefix, content, f"{name}.zip") for name, content in code.items()}
    made = serialised(plain(template, Packaging(artifacts.bucket, keys, architecture)))
    forwarder = (_ROOT / "forwarder.yaml").read_bytes()
    for name, content in code.items():
        news = artifacts.put(keys[name], content)
        say(f"{'uploaded' if news else 'is there'}  {len(content) / 1e6:5.1f} MB  {keys[name]}")
    urls = {}
    for name, content in (("template.json", made), ("forwarder.yaml", forwarder)):
        key = key_of(prefix, content, name)
        news = artifacts.put(key, content)
        say(f"{'uploaded' if news else 'is there'}  {len(content) / 1e6:5.1f} MB  {key}")
        urls[name] = artifacts.url(key)
    return urls


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--bucket", help="the bucket to upload to, in the Region where the stack is deployed")
    parser.add_argument("--region", default="us-east-1", help="its Region, the home region (default: %(default)s)")
    parser.add_argument("--architecture", default="arm64", choices=("arm64", "x86_64"), help="default: %(default)s")
    parser.add_argument("--prefix", default="ringfence", help="how the names of the objects begin (default: %(default)s)")
    parser.add_argument("--built", type=Path, metavar="FOLDER", help="take what `sam build` left there, and do not build")
    parser.add_argument(
        "--template-only", action="store_true",
        help="print the template, build and upload nothing: what stands for the code's objects has no content",
    )
    parsed = parser.parse_args(arguments)
    if not parsed.template_only and not parsed.bucket:
        parser.error("say which bucket: make package BUCKET=name (organization.yaml makes one, its output ArtifactBucketName)")
    return parsed


def main(arguments: list[str] | None = None) -> int:
    """Package; 1 where it cannot be done."""
    parsed = _parsed(arguments)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        if parsed.template_only:
            template = read_template((_ROOT / "template.yaml").read_text())
            keys = {name: key_of(parsed.prefix, b"", f"{name}.zip") for name in functions_of(template)}
            packaging = Packaging(parsed.bucket or "ringfence-artifacts", keys, parsed.architecture)
            sys.stdout.write(serialised(plain(template, packaging)).decode())
            return 0
        # Before minutes of building.
        artifacts = Artifacts(parsed.bucket, parsed.region)
        built = parsed.built or _ROOT / ".aws-sam" / "build"
        if parsed.built is None:
            build(parsed.architecture, built)
        urls = package(artifacts, parsed.prefix, parsed.architecture, built, lambda line: print(line, file=sys.stderr))
    except CannotPackage as why:
        print(f"package: {why}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"TemplateUrl={urls['template.json']}")
    print(f"ForwarderTemplateUrl={urls['forwarder.yaml']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
