"""What `operations/package.py` makes of the template: plain CloudFormation, nothing of this machine in it, nothing lost; and how it
uploads, against a stub that knows the API's model."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
from botocore.stub import Stubber

_PROJECT = Path(__file__).parents[3]
_SPEC = importlib.util.spec_from_file_location("package", _PROJECT / "operations/package.py")
package = importlib.util.module_from_spec(_SPEC)
# Dataclasses look their module up.
sys.modules["package"] = package
_SPEC.loader.exec_module(package)

_SOURCE = package.read_template((_PROJECT / "template.yaml").read_text())
_FUNCTIONS = package.functions_of(_SOURCE)
_KEYS = {name: f"ringfence/0a1b2c/{name}.zip" for name in _FUNCTIONS}
_BUCKET, _ACCOUNT = "artifacts-123456789012", "123456789012"


def _plain(architecture: str = "arm64") -> dict[str, Any]:
    return dict(package.plain(_SOURCE, package.Packaging(_BUCKET, _KEYS, architecture)))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in [key, *_texts(item)]]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


class TemplateTest(unittest.TestCase):
    """The template that is uploaded."""

    def test_no_transform_and_nothing_of_sam_is_left(self) -> None:
        made = _plain()
        self.assertNotIn("Transform", made)
        self.assertNotIn("Globals", made)
        types = {resource["Type"] for resource in made["Resources"].values()}
        self.assertFalse([name for name in types if name.startswith("AWS::Serverless")])
        self.assertFalse([text for text in _texts(made) if "Fn::Transform" in text or "rust-cargolambda" in text])

    def test_no_path_of_this_machine_is_left(self) -> None:
        texts = _texts(_plain())
        self.assertNotIn("CodeUri", texts)
        paths = [text for text in texts if re.search(r"(^|[^/])functions/on-|\.aws-sam|" + re.escape(str(_PROJECT)), text)]
        self.assertEqual(paths, [])

    def test_code_is_in_the_bucket_of_the_parameter(self) -> None:
        made = _plain()
        self.assertEqual(made["Parameters"]["ArtifactBucket"]["Default"], _BUCKET)
        for name in _FUNCTIONS:
            resource = made["Resources"][name]
            self.assertEqual(resource["Type"], "AWS::Lambda::Function")
            self.assertEqual(resource["Properties"]["Code"], {"S3Bucket": {"Ref": "ArtifactBucket"}, "S3Key": _KEYS[name]})

    def test_nothing_of_the_template_is_lost(self) -> None:
        made = _plain()
        self.assertLessEqual(set(_SOURCE["Resources"]), set(made["Resources"]))
        self.assertEqual(set(made["Parameters"]), {*_SOURCE["Parameters"], "ArtifactBucket"})
        for section in ("Outputs", "Rules", "Conditions", "Mappings", "Metadata", "Description"):
            self.assertEqual(made[section], _SOURCE[section], section)
        for name, parameter in _SOURCE["Parameters"].items():
            if name != "Architecture":
                self.assertEqual(made["Parameters"][name], parameter)
        for name, resource in _SOURCE["Resources"].items():
            if name in _FUNCTIONS:
                self.assertEqual(made["Resources"][name].get("Condition"), resource.get("Condition"))
            else:
                self.assertEqual(made["Resources"][name], resource)

    def test_parameters_are_not_filled_in(self) -> None:
        """SAM's translator knows the defaults; a stack set gives its own."""
        variables = _plain()["Resources"]["OnRoleChange"]["Properties"]["Environment"]["Variables"]
        self.assertEqual(variables["RINGFENCE_MODE"], {"Ref": "Mode"})
        self.assertEqual(_plain()["Resources"]["OnRoleChange"]["Properties"]["Architectures"], [{"Ref": "Architecture"}])
        schedule = _plain()["Resources"]["SweepAccountTimeToSweep"]["Properties"]["ScheduleExpression"]
        self.assertEqual(schedule, {"Ref": "SweepSchedule"})

    def test_the_processor_is_the_one_that_the_code_is_built_for(self) -> None:
        for architecture in ("arm64", "x86_64"):
            parameter = _plain(architecture)["Parameters"]["Architecture"]
            self.assertEqual((parameter["Default"], parameter["AllowedValues"]), (architecture, [architecture]))

    def test_it_fits_what_cloudformation_takes_from_a_bucket(self) -> None:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
        made = _plain()
        self.assertLess(len(package.serialised(made)), 1_048_576)
        self.assertLess(len(made["Resources"]), 500)

    def test_a_template_that_sam_refuses_says_why(self) -> None:
        broken = json.loads(json.dumps(_SOURCE))
        broken["Resources"]["OnRoleChange"]["Properties"]["Handlers"] = "bootstrap"
        with self.assertRaisesRegex(package.CannotPackage, "Handlers"):
            package.plain(broken, package.Packaging(_BUCKET, _KEYS, "arm64"))


class CodeTest(unittest.TestCase):
    """The functions' code."""

    def _built(self, folder: Path) -> None:
        template = json.loads(json.dumps(_SOURCE))
        for name in _FUNCTIONS:
            # As SAM does it: functions of the same source share a folder.
            shared = "OnRoleChange" if name == "OnRoleChangeRestores" else name
            template["Resources"][name]["Properties"]["CodeUri"] = shared
            (folder / shared).mkdir(exist_ok=True)
            (folder / shared / "bootstrap").write_bytes(shared.encode())
        (folder / "template.yaml").write_text(json.dumps(template))

    def test_the_same_code_is_the_same_object_and_runs(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self._built(Path(folder))
            first = package.built_code(Path(folder))
            (Path(folder) / "OnRoleChange" / "bootstrap").touch()
            self.assertEqual(package.built_code(Path(folder)), first)
        self.assertEqual(first["OnRoleChange"], first["OnRoleChangeRestores"])
        self.assertNotEqual(first["OnRoleChange"], first["ReviewRole"])
        with zipfile.ZipFile(io.BytesIO(first["ReviewRole"])) as archive:
            (entry,) = archive.infolist()
            self.assertEqual((entry.filename, entry.external_attr >> 16 & 0o777), ("bootstrap", 0o755))
            self.assertEqual(archive.read(entry), b"ReviewRole")

    def test_what_is_not_built_is_named(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(package.CannotPackage, "nothing is built in"):
                package.built_code(Path(folder))
            self._built(Path(folder))
            (Path(folder) / "ReviewRole" / "bootstrap").unlink()
            with self.assertRaisesRegex(package.CannotPackage, "ReviewRole/bootstrap"):
                package.built_code(Path(folder))


class UploadTest(unittest.TestCase):
    """What is asked of S3."""

    def setUp(self) -> None:
        self.session = boto3.Session(aws_access_key_id="-", aws_secret_access_key="-", region_name="us-east-1")
        self.clients = {name: self.session.client(name) for name in ("s3", "sts")}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()
        session = mock.Mock(client=self.clients.get, get_partition_for_region=self.session.get_partition_for_region)
        patch = mock.patch.object(package.boto3, "Session", return_value=session)
        patch.start()
        self.addCleanup(patch.stop)
        self.stubs["sts"].add_response("get_caller_identity", {"Account": _ACCOUNT})

    def _artifacts(self, region: str = "us-east-1") -> Any:
        self.stubs["s3"].add_response(
            "head_bucket", {"BucketRegion": "us-east-1"}, {"Bucket": _BUCKET, "ExpectedBucketOwner": _ACCOUNT}
        )
        return package.Artifacts(_BUCKET, region)

    def test_what_is_there_is_not_uploaded_again(self) -> None:
        artifacts, asked = self._artifacts(), {"Bucket": _BUCKET, "Key": "k", "ExpectedBucketOwner": _ACCOUNT}
        self.stubs["s3"].add_client_error("head_object", "404", http_status_code=404, expected_params=asked)
        self.stubs["s3"].add_response("put_object", {}, {**asked, "Body": b"code", "ChecksumAlgorithm": "SHA256"})
        self.assertTrue(artifacts.put("k", b"code"))
        self.stubs["s3"].add_response("head_object", {}, asked)
        self.assertFalse(artifacts.put("k", b"code"))
        self.stubs["s3"].assert_no_pending_responses()

    def test_a_bucket_of_another_region_is_refused(self) -> None:
        with self.assertRaisesRegex(package.CannotPackage, "is in us-east-1.*REGION=us-east-1"):
            self._artifacts("us-gov-west-1")

    def test_a_bucket_of_somebody_else_is_refused(self) -> None:
        self.stubs["s3"].add_client_error("head_bucket", "403", http_status_code=403)
        with self.assertRaisesRegex(package.CannotPackage, r"cannot be used with these credentials \(403\)"):
            package.Artifacts(_BUCKET, "us-east-1")

    def test_templates_come_after_all_code(self) -> None:
        order: list[str] = []
        artifacts = mock.Mock(bucket=_BUCKET, put=lambda key, content: bool(order.append(key.rpartition("/")[2])), url=str)
        with mock.patch.object(package, "built_code", return_value=dict.fromkeys(_FUNCTIONS, b"code")):
            urls = package.package(artifacts, "ringfence", "arm64", Path(), lambda line: None)
        self.assertEqual(order, [*(f"{name}.zip" for name in _FUNCTIONS), "template.json", "forwarder.yaml"])
        self.assertEqual(set(urls), {"template.json", "forwarder.yaml"})


_KILLED = """
import importlib.util, signal, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("package", sys.argv[1])
package = sys.modules["package"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
package.Artifacts = lambda bucket, region: None
sys.exit(package.main(["--bucket", "artifacts-123456789012"]))
"""


class KilledTest(unittest.TestCase):
    """Whoever stops it, stops the compilers, and finds nothing of it afterwards."""

    def test_nothing_is_left_of_a_build_that_is_stopped(self) -> None:
        for number, code in ((signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGINT, 130)):
            with self.subTest(signal=number.name), tempfile.TemporaryDirectory() as folder:
                tools, scratch, started = Path(folder) / "tools", Path(folder) / "tmp", Path(folder) / "started"
                tools.mkdir()
                scratch.mkdir()
                sam = tools / "sam"
                sam.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {started}.part\nmv {started}.part {started}\nwait\n")
                sam.chmod(0o755)
                command = [sys.executable, "-c", _KILLED, str(_PROJECT / "operations/package.py")]
                environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "TMPDIR": str(scratch)}
                with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
                    deadline = time.monotonic() + 30
                    while not started.exists() and time.monotonic() < deadline:
                        time.sleep(0.05)
                    compiler = int(started.read_text())
                    process.send_signal(number)
                    self.assertEqual(process.wait(timeout=120), code)
                while Path(f"/proc/{compiler}").exists() and time.monotonic() < deadline:
                    if "Z" in Path(f"/proc/{compiler}/stat").read_text().rpartition(")")[2].split()[:1]:
                        break
                    time.sleep(0.05)
                else:
                    self.assertFalse(Path(f"/proc/{compiler}").exists(), "the compiler goes on")
                self.assertEqual(list(scratch.iterdir()), [])


class CommandLineTest(unittest.TestCase):
    """What is said to whoever types it."""

    def _run(self, *arguments: str) -> tuple[int | str | None, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code: int | str | None = package.main(list(arguments))
            except SystemExit as end:
                code = end.code
        return code, out.getvalue(), err.getvalue()

    def test_help_and_a_missing_bucket(self) -> None:
        code, out, _ = self._run("--help")
        self.assertEqual(code, 0)
        self.assertIn("make package BUCKET=name", out)
        code, _, err = self._run()
        self.assertEqual(code, 2)
        self.assertIn("say which bucket", err)

    def test_the_template_alone_needs_no_aws(self) -> None:
        code, out, _ = self._run("--template-only", "--architecture", "x86_64")
        self.assertEqual(code, 0)
        self.assertEqual(json.loads(out)["Parameters"]["Architecture"]["Default"], "x86_64")


if __name__ == "__main__":
    unittest.main()
