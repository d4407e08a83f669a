"""Which commands of a page are run, and what the stand-in for AWS CLI takes, without a lab."""

from __future__ import annotations

import os
import unittest
from pathlib import Path
from unittest import mock

from ringfence_lab import aws_cli, runbook
from ringfence_lab.errors import LabError

_PAGE = "text\n```sh lab\naws one\naws two\n```\n```sh\nmake three\n```\n```sh lab\nsam four\n```\n"


class Blocks(unittest.TestCase):
    def test_marked_blocks_with_their_lines(self) -> None:
        found = [(block.line, block.commands) for block in runbook.blocks(_PAGE)]
        self.assertEqual(found, [(3, "aws one\naws two"), (10, "sam four")])

    def test_a_fence_that_is_never_closed(self) -> None:
        with self.assertRaisesRegex(LabError, "line 2"):
            runbook.blocks("text\n```sh lab\naws one\n")

    def test_the_runbook_leaves_out_only_what_the_lab_cannot_do(self) -> None:
        page = (Path(__file__).resolve().parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
        self.assertGreater(len(runbook.blocks(page)), 20)
        unmarked = [line for block in page.split("```sh\n")[1:] for line in block.split("```")[0].splitlines() if line]
        for line in unmarked:
            self.assertRegex(line, r"^(make |git pull$|sam build && sam deploy$)", "mark it `sh lab`, so that a test runs it")


class StandIn(unittest.TestCase):
    def setUp(self) -> None:
        environment = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        patch = mock.patch.dict(os.environ, environment)
        patch.start()
        self.addCleanup(patch.stop)

    def test_options_become_parameters(self) -> None:
        parsed = aws_cli._parse([
            "dynamodb", "query", "--table-name", "t", "--no-scan-index-forward", "--expression-attribute-values", '{":a": {"S": "b"}}',
            "--query", "Items", "--output", "text",
        ])
        self.assertEqual(parsed, (
            "dynamodb", "Query", {"TableName": "t", "ScanIndexForward": False, "ExpressionAttributeValues": {":a": {"S": "b"}}},
            {"--query": "Items", "--output": "text"}, None,
        ))

    def test_an_answer_goes_to_its_file(self) -> None:
        parsed = aws_cli._parse(["lambda", "invoke", "--function-name", "f", "--payload", "{}", "/dev/stdout"])
        self.assertEqual((parsed[2], parsed[4]), ({"FunctionName": "f", "Payload": b"{}"}, "/dev/stdout"))

    def test_what_it_does_not_know_is_refused(self) -> None:
        for words in ("iam", "iam get-rolle", "iam get-role --name x", "iam get-role x", "lambda invoke --function-name f", "iam get-role --role-name"):
            with self.subTest(words), self.assertRaises(aws_cli.Usage):
                aws_cli._parse(words.split())


if __name__ == "__main__":
    unittest.main()
