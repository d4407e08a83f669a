"""What CloudTrail calls an API operation, and which operations it does not deliver as management events.

The Lambda names with an API date are those of "Logging AWS Lambda API calls using AWS CloudTrail" in the Lambda
Developer Guide or of published records. A canary checks that every write operation of Lambda's API model is here,
so that a new one is looked up and not guessed.
"""

from __future__ import annotations

# As recorded by CloudTrail, or listed in the guide.
_RECORDED = {
    "AddPermission": "AddPermission20150331v2",
    "CreateEventSourceMapping": "CreateEventSourceMapping20150331",
    "CreateFunction": "CreateFunction20150331",
    "CreateFunctionUrlConfig": "CreateFunctionUrlConfig",
    "DeleteFunction": "DeleteFunction20150331",
    "DeleteFunctionUrlConfig": "DeleteFunctionUrlConfig",
    "RemovePermission": "RemovePermission20150331v2",
    "UpdateFunctionCode": "UpdateFunctionCode20150331v2",
    "UpdateFunctionConfiguration": "UpdateFunctionConfiguration20150331v2",
    "UpdateFunctionUrlConfig": "UpdateFunctionUrlConfig",
}

# Derived: the operation and the date of its request path. Nobody has checked these against a record.
_DERIVED = {
    "AddLayerVersionPermission": "AddLayerVersionPermission20181031",
    "CheckpointDurableExecution": "CheckpointDurableExecution20251201",
    "CreateAlias": "CreateAlias20150331",
    "CreateCapacityProvider": "CreateCapacityProvider20251130",
    "CreateCodeSigningConfig": "CreateCodeSigningConfig20200422",
    "DeleteAlias": "DeleteAlias20150331",
    "DeleteCapacityProvider": "DeleteCapacityProvider20251130",
    "DeleteCodeSigningConfig": "DeleteCodeSigningConfig20200422",
    "DeleteEventSourceMapping": "DeleteEventSourceMapping20150331",
    "DeleteFunctionCodeSigningConfig": "DeleteFunctionCodeSigningConfig20200630",
    "DeleteFunctionConcurrency": "DeleteFunctionConcurrency20171031",
    "DeleteFunctionEventInvokeConfig": "DeleteFunctionEventInvokeConfig20190925",
    "DeleteLayerVersion": "DeleteLayerVersion20181031",
    "DeleteProvisionedConcurrencyConfig": "DeleteProvisionedConcurrencyConfig20190930",
    "DeleteResourcePolicy": "DeleteResourcePolicy20260709",
    "PublishLayerVersion": "PublishLayerVersion20181031",
    "PublishVersion": "PublishVersion20150331",
    "PutFunctionCodeSigningConfig": "PutFunctionCodeSigningConfig20200630",
    "PutFunctionConcurrency": "PutFunctionConcurrency20171031",
    "PutFunctionEventInvokeConfig": "PutFunctionEventInvokeConfig20190925",
    "PutFunctionRecursionConfig": "PutFunctionRecursionConfig20240831",
    "PutFunctionScalingConfig": "PutFunctionScalingConfig20251130",
    "PutProvisionedConcurrencyConfig": "PutProvisionedConcurrencyConfig20190930",
    "PutResourcePolicy": "PutResourcePolicy20260709",
    "PutRuntimeManagementConfig": "PutRuntimeManagementConfig20210720",
    "RemoveLayerVersionPermission": "RemoveLayerVersionPermission20181031",
    "TagResource": "TagResource20170331v2",
    "UntagResource": "UntagResource20170331v2",
    "UpdateAlias": "UpdateAlias20150331",
    "UpdateCapacityProvider": "UpdateCapacityProvider20251130",
    "UpdateCodeSigningConfig": "UpdateCodeSigningConfig20200422",
    "UpdateEventSourceMapping": "UpdateEventSourceMapping20150331",
    "UpdateFunctionEventInvokeConfig": "UpdateFunctionEventInvokeConfig20190925",
}

LAMBDA_EVENT_NAMES = _RECORDED | _DERIVED

# AssumeRole among them: its records say `"readOnly": true`.
_READ_ONLY_PREFIXES = ("AssumeRole", "BatchGet", "Describe", "Generate", "Get", "Head", "List", "Lookup", "Search", "Simulate")

# Data events reach a trail only where it asks for them, and never EventBridge as a management event.
_DATA_EVENTS = {
    "dynamodb": {
        "BatchExecuteStatement", "BatchGetItem", "BatchWriteItem", "DeleteItem", "ExecuteStatement",
        "ExecuteTransaction", "GetItem", "PutItem", "Query", "Scan", "TransactGetItems", "TransactWriteItems",
        "UpdateItem",
    },
    "lambda": {
        "Invoke", "InvokeAsync", "InvokeWithResponseStream", "SendDurableExecutionCallbackFailure",
        "SendDurableExecutionCallbackHeartbeat", "SendDurableExecutionCallbackSuccess", "StopDurableExecution",
    },
    "logs": {"PutLogEvents"},
    "monitoring": {"PutMetricData"},
    "sns": {"Publish", "PublishBatch"},
    "sqs": {
        "ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "DeleteMessage", "DeleteMessageBatch",
        "ReceiveMessage", "SendMessage", "SendMessageBatch",
    },
    "xray": {"PutTelemetryRecords", "PutTraceSegments"},
}


def is_read_only(operation: str) -> bool:
    """Whether CloudTrail marks an operation `readOnly`."""
    return operation.startswith(_READ_ONLY_PREFIXES)


def is_data_event(service: str, operation: str) -> bool:
    """Whether an operation is a data event, which EventBridge never gets."""
    return operation in _DATA_EVENTS.get(service, ())


def event_name(service: str, operation: str) -> str:
    """The `eventName` of an operation. A Lambda write that the table lacks raises KeyError rather than guess."""
    if service == "lambda" and not is_read_only(operation):
        return LAMBDA_EVENT_NAMES[operation]
    return operation
