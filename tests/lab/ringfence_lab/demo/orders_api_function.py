"""The code of the story's function `orders-api`, as it runs in the lab: one useful call, and one it should never make.

Not imported by the lab: `orders_api` packs this file. The bootstrap speaks the Lambda runtime API
(https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
"""

import json
import os
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

_INVOCATION = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
_CONFIG = botocore.config.Config(retries={"total_max_attempts": 1})


def attempt(service, operation, **parameters):
    """Make a call with the credentials of the execution role; returns what AWS answers."""
    try:
        answer = getattr(boto3.client(service, config=_CONFIG), operation)(**parameters)
        return {"status": answer["ResponseMetadata"]["HTTPStatusCode"], "error": None, "message": None}
    except botocore.exceptions.ClientError as error:
        return {
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
            "error": error.response["Error"]["Code"],
            "message": error.response["Error"]["Message"],
        }


def handle(event):
    """Store an order, then try to make an IAM user."""
    order = event["order"]
    return {
        "s3:PutObject": attempt(
            "s3", "put_object", Bucket=event["bucket"], Key=f"{order}.json", Body=json.dumps({"order": order}).encode()
        ),
        "iam:CreateUser": attempt("iam", "create_user", UserName=event["user"]),
    }


def main():
    """Answer invocations until the process is ended."""
    while True:
        with urllib.request.urlopen(f"{_INVOCATION}/next") as response:
            request_id, event = response.headers["Lambda-Runtime-Aws-Request-Id"], json.load(response)
        try:
            outcome, body = "response", handle(event)
        except Exception as error:  # The runtime API wants to hear of every failure.
            outcome, body = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
        answer = urllib.request.Request(f"{_INVOCATION}/{request_id}/{outcome}", json.dumps(body).encode(), method="POST")
        urllib.request.urlopen(answer).close()


if __name__ == "__main__":
    main()
