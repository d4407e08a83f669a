"""Patches that the deployed stack rests on: conditions with `Fn::Join`, permissions of SQS's batch calls, input paths."""

from __future__ import annotations

import json
import time
import unittest

from botocore.exceptions import ClientError

from .accounts import Account, bare, lab, unique

_TEMPLATE = json.dumps({
    "Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": ""}},
    "Conditions": {"Given": {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "Names"}]}, ""]}]}},
    "Resources": {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::If": ["Given", "given", "empty"]}}},
    },
    "Outputs": {"Topic": {"Value": {"Ref": "Topic"}}},
})


class Conditions(unittest.TestCase):
    """`Fn::Join` in a condition."""

    def _display_name(self, account: Account, names: str) -> str:
        cloudformation, stack = account.client("cloudformation"), unique("joined")
        cloudformation.create_stack(
            StackName=stack, TemplateBody=_TEMPLATE, Parameters=[{"ParameterKey": "Names", "ParameterValue": names}]
        )
        cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
        topic = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"][0]["OutputValue"]
        return str(account.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"])

    def test_gap_an_empty_list_counts_as_given(self) -> None:
        self.assertEqual(self._display_name(bare(), ""), "given")

    def test_works(self) -> None:
        self.assertEqual(self._display_name(lab(), ""), "empty")
        self.assertEqual(self._display_name(lab(), "a,b"), "given")


_ALARM = json.dumps({
    "Resources": {
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "Metrics": [
                    {"Id": "sum", "Expression": "SUM(METRICS())"},
                    {
                        "Id": "a",
                        "ReturnData": False,
                        "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "M"}, "Period": 300, "Stat": "Sum"},
                    },
                ],
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            },
        },
    },
})


class Alarms(unittest.TestCase):
    """An alarm over several metrics."""

    def _status(self, account: Account) -> str:
        cloudformation, stack = account.client("cloudformation"), unique("alarm")
        cloudformation.create_stack(StackName=stack, TemplateBody=_ALARM, OnFailure="DO_NOTHING")
        for _ in range(100):
            status = str(cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
            if not status.endswith("_IN_PROGRESS"):
                break
            time.sleep(0.1)
        return status

    def test_gap_it_is_refused(self) -> None:
        self.assertEqual(self._status(bare()), "CREATE_FAILED")

    def test_works(self) -> None:
        self.assertEqual(self._status(lab()), "CREATE_COMPLETE")


class Batches(unittest.TestCase):
    """`sqs:SendMessage` is the permission of SendMessageBatch too."""

    def _send(self, account: Account) -> None:
        queue = account.client("sqs").create_queue(QueueName=unique("batch"))["QueueUrl"]
        policy = json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
        })
        (sqs,) = account.user(policy, "sqs")
        sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "one"}])

    def test_gap_it_wants_an_action_of_its_own(self) -> None:
        with self.assertRaisesRegex(ClientError, "SendMessageBatch"):
            self._send(bare())

    def test_works(self) -> None:
        self._send(lab())


class InputPaths(unittest.TestCase):
    """An element of a list in the path of an input transformer."""

    def _received(self, account: Account) -> str:
        events, queues, name = account.client("events"), account.client("sqs"), unique("transformed")
        url = queues.create_queue(QueueName=name)["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
                "Resource": arn,
            }],
        })})
        events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
        paths = {"id": "$.detail.findings[0].Id", "all": "$.detail.findings[0].Resources"}
        transformer = {"InputPathsMap": paths, "InputTemplate": '{"id": <id>, "all": <all>}'}
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn, "InputTransformer": transformer}])
        finding = {"Id": 'a "quoted" id', "Resources": [{"Id": "r"}]}
        entry = {"Source": name, "DetailType": "t", "Detail": json.dumps({"findings": [finding]})}
        events.put_events(Entries=[entry])
        messages = queues.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
        return str(messages[0]["Body"])

    def test_gap_is_put_as_an_empty_text(self) -> None:
        self.assertEqual(json.loads(self._received(bare())), {"id": "", "all": ""})

    def test_works(self) -> None:
        self.assertEqual(json.loads(self._received(lab())), {"id": 'a "quoted" id', "all": [{"Id": "r"}]})
