"""What the demo prints and asks for, without a lab: `python -m unittest discover -s tests/lab/tests -t tests/lab`."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
import unittest
import zipfile
from pathlib import Path

from ringfence_lab.demo import lab_guide, orders_api, prerequisites, process_tree, screen
from ringfence_lab.demo.compilers import CompilerWatch
from ringfence_lab.demo.observer import writes_to_iam
from ringfence_lab.demo.pasted_line import PastedCall, UnreadableLine, calls_of
from ringfence_lab.demo.progress import Step

_ESCAPE = "\x1b"


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Colours(unittest.TestCase):
    def _printed(self, out: io.StringIO, **environment: str) -> str:
        screen.Screen(out, environment).say("bounded", screen.Style.GOOD)
        return out.getvalue()

    def test_on_a_terminal(self) -> None:
        self.assertIn(_ESCAPE, self._printed(Terminal(), TERM="xterm"))

    def test_never_in_a_pipe_nor_against_the_user_nor_on_a_dumb_terminal(self) -> None:
        self.assertNotIn(_ESCAPE, self._printed(io.StringIO(), TERM="xterm"))
        self.assertNotIn(_ESCAPE, self._printed(Terminal(), TERM="xterm", NO_COLOR="1"))
        self.assertNotIn(_ESCAPE, self._printed(Terminal(), TERM="dumb"))
        self.assertNotIn(_ESCAPE, self._printed(Terminal()))

    def test_an_empty_no_color_means_nothing(self) -> None:
        self.assertIn(_ESCAPE, self._printed(Terminal(), TERM="xterm", NO_COLOR=""))


class Layout(unittest.TestCase):
    def test_every_line_of_a_frame_has_its_width(self) -> None:
        text = "Role       " + "a" * 90 + "\n\n- a bullet " + "word " * 30 + "\n    To do: " + "word " * 30
        for width in (60, 79, 110):
            self.assertEqual({len(line) for line in screen.frame("To x@example.com " + "y" * 200, text, width)}, {width})

    def test_continued_lines_stand_below_their_text(self) -> None:
        self.assertEqual(screen.wrap("Call       one two", 15), ["Call       one", "       two"])
        self.assertEqual(screen.wrap("- one two three", 10), ["- one two", "  three"])
        self.assertEqual(screen.wrap("    one two three", 12), ["    one two", "    three"])
        self.assertEqual(screen.wrap("one two", 4), ["one", "two"])

    def test_nothing_is_lost_by_wrapping(self) -> None:
        text = "PermissionsBoundary: arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1"
        self.assertEqual("".join("".join(screen.wrap(text, 30)).split()), "".join(text.split()))

    def test_blank_lines_stay(self) -> None:
        self.assertEqual(screen.wrap("a\n\nb", 10), ["a", "", "b"])

    def test_text_from_outside_cannot_steer_the_terminal(self) -> None:
        out = io.StringIO()
        screen.Screen(out, {}).box("a mail", "red \x1b[31m alarm\x07 \x1b]0;title\x07")
        self.assertNotIn("\x1b", out.getvalue())
        self.assertNotIn("\x07", out.getvalue())

    def test_clip(self) -> None:
        self.assertEqual([screen.clip("one\n two", 7), screen.clip("one two three", 7)], ["one two", "one tw…"])


class Lengths(unittest.TestCase):
    def test_durations(self) -> None:
        spoken = [screen.duration(seconds) for seconds in (0, 0.44, 9.94, 9.96, 59.4, 59.6, 185.2)]
        self.assertEqual(spoken, ["0.0 s", "0.4 s", "9.9 s", "10 s", "59 s", "1 min 00 s", "3 min 05 s"])

    def test_milliseconds(self) -> None:
        self.assertEqual([screen.milliseconds(0.4), screen.milliseconds(1560.2)], ["0 ms", "1,560 ms"])


class Progress(unittest.TestCase):
    def test_a_short_step_is_one_line(self) -> None:
        out = io.StringIO()
        with Step(screen.Screen(out, {}), "start", "an account"):
            pass
        self.assertRegex(out.getvalue(), r"\A +start +an account +0\.0 s\n\Z")

    def test_a_terminal_sees_what_goes_on(self) -> None:
        out = Terminal()
        with Step(screen.Screen(out, {"TERM": "xterm"}), "build", "functions", lambda: "compiling tokio"):
            time.sleep(0.05)
        self.assertIn("compiling tokio", out.getvalue())
        self.assertRegex(out.getvalue(), r"\r\x1b\[K +build +functions")

    def test_a_step_that_fails_says_so_and_hides_nothing(self) -> None:
        out = io.StringIO()
        with self.assertRaises(KeyError), Step(screen.Screen(out, {}), "deploy", "the stack"):
            raise KeyError
        self.assertIn("stopped after", out.getvalue())


class Compilers(unittest.TestCase):
    def test_what_cargo_does(self) -> None:
        watch = CompilerWatch()
        cargo = ["/x/cargo", "build"]
        rustc = ["/x/bin/rustc", "--crate-name", "aws_sdk_iam", "--edition=2021"]
        self.assertEqual(watch.describe([cargo]), "cargo resolves and downloads, or waits for another build")
        self.assertEqual(watch.describe([cargo, rustc]), "compiling aws-sdk-iam")
        probe = ["rustc", "-", "--crate-name", "___"]
        script = ["rustc", "--crate-name", "build_script_build"]
        self.assertEqual(watch.describe([cargo, probe, script]), "compiling a build script (2 crates so far)")
        self.assertEqual(watch.describe([cargo, rustc, ["/usr/bin/ld"]]), "linking aws-sdk-iam (2 crates so far)")

    def test_odd_command_lines(self) -> None:
        self.assertEqual(CompilerWatch().describe([[], ["rustc"], ["rustc", "--crate-name"]]), "sam packs and prepares")


class Prerequisites(unittest.TestCase):
    def test_python(self) -> None:
        self.assertIn("3.10", prerequisites._python((3, 10)) or "")
        self.assertIsNone(prerequisites._python((3, 11)))
        self.assertIsNone(prerequisites._python((3, 14)))

    def test_without_cargo(self) -> None:
        run = subprocess.run(
            [sys.executable, prerequisites.__file__], env={"PATH": "/nonexistent"}, capture_output=True, text=True, check=False
        )
        self.assertEqual(run.returncode, 2)
        self.assertIn("https://rustup.rs", run.stderr)
        self.assertIn("`cc`", run.stderr)

    def test_versions_are_numbers(self) -> None:
        self.assertLess(prerequisites._numbers("1.94.1"), prerequisites._numbers("1.100.0"))


class Processes(unittest.TestCase):
    def test_a_grandchild_whose_parent_is_gone_is_found_and_ended(self) -> None:
        # In a process of its own: it ends everything that it has started.
        script = (
            "import subprocess, time, os\n"
            "from ringfence_lab.demo import process_tree\n"
            "process_tree.adopt_orphans()\n"
            "subprocess.run(['sh', '-c', 'trap \"\" TERM; sleep 300 & sleep 300 & echo started'])\n"
            "before = process_tree.descendants(os.getpid())\n"
            "process_tree._PATIENCE_SECONDS = 0.3\n"
            "process_tree.end_descendants()\n"
            "print(len(before), len(process_tree.descendants(os.getpid())))\n"
        )
        run = subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            capture_output=True, text=True, check=True, timeout=30,
        )
        self.assertEqual(run.stdout.split(), ["started", "2", "0"])

    def test_command_line_of_a_process_that_is_gone(self) -> None:
        self.assertEqual(process_tree.command_line(2**22 + 1), [])


class Facts(unittest.TestCase):
    def _call(self, **changes: object) -> dict[str, object]:
        call = {
            "kind": "call", "service": "iam", "operation": "PutRolePermissionsBoundary", "status": 200,
            "caller": {"function": "ringfence-on-role-change"},
        }
        return {**call, **changes}

    def test_only_ringfence_s_successful_writes_count(self) -> None:
        write = self._call()
        others = [
            self._call(operation="GetRole"), self._call(status=403), self._call(service="sns", operation="Publish"),
            self._call(caller={"user": "mallory"}), self._call(caller={"function": "orders-api"}),
            {"kind": "invocation", "function": "ringfence-on-role-change"},
        ]
        self.assertEqual(writes_to_iam([write, *others]), [write])


class PastedLine(unittest.TestCase):
    _CALLER = "arn:aws:iam::123456789012:user/olivia"
    _UNDO = (
        "aws dynamodb put-item --region us-east-1 --table-name ledger --item "
        """'{"sk":{"S":"orders"},"by":{"S":"'"$(aws sts get-caller-identity --query Arn --output text)"'"}}' """
        "&& aws lambda invoke --region us-east-1 --function-name undo --cli-binary-format raw-in-base64-out "
        """--payload '{"role":"orders"}' /dev/stdout || echo 'denied'"""
    )

    def test_both_calls_and_who_makes_them(self) -> None:
        put, invoke = calls_of(self._UNDO, self._CALLER)
        item = {"sk": {"S": "orders"}, "by": {"S": self._CALLER}}
        self.assertEqual(put, PastedCall("dynamodb", "PutItem", {"TableName": "ledger", "Item": item}))
        payload = b'{"role":"orders"}'
        self.assertEqual(invoke, PastedCall("lambda", "Invoke", {"FunctionName": "undo", "Payload": payload}))

    def test_what_is_no_such_line(self) -> None:
        lines = (
            "aws iam delete-role --role-name orders", "aws", "rm -rf ./nothing", "aws dynamodb put-item --item '{",
            "aws dynamodb put-item --table-name ledger", "aws dynamodb put-item --table-name ledger --item '{'",
            self._UNDO.replace("us-east-1", "eu-west-1"), self._UNDO.replace("--payload", "--other"),
        )
        for line in lines:
            with self.subTest(line), self.assertRaises(UnreadableLine):
                calls_of(line, self._CALLER)

    def test_no_line_is_no_call(self) -> None:
        self.assertEqual(calls_of("", self._CALLER), [])


class OrdersApi(unittest.TestCase):
    def test_the_package_runs_with_this_python(self) -> None:
        with zipfile.ZipFile(io.BytesIO(orders_api.deployment_package())) as archive:
            self.assertEqual(set(archive.namelist()), {"bootstrap", "orders_api_function.py"})
            self.assertIn(sys.executable, archive.read("bootstrap").decode())
            self.assertTrue(archive.getinfo("bootstrap").external_attr >> 16 & 0o100)
            compile(archive.read("orders_api_function.py"), "orders_api_function.py", "exec")


class Guide(unittest.TestCase):
    def test_exports_are_shell(self) -> None:
        values = {
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "te st", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1", "RINGFENCE_LAB_URL": "http://127.0.0.1:1",
        }
        shell = subprocess.run(
            ["sh", "-c", lab_guide.client_exports(values) + '\necho "$AWS_ACCESS_KEY_ID $AWS_ENDPOINT_URL"'],
            capture_output=True, text=True, check=True,
        )
        self.assertEqual(shell.stdout, "te st http://127.0.0.1:1\n")


if __name__ == "__main__":
    unittest.main()
