"""The account's trail.

Events of API calls reach EventBridge only where a trail logs management events. Here the tap emits them whether or not there is
one, so that the account looks like one that events come from, it gets a trail at start and after each reset. Whoever
deletes it, or stops it, still gets events: that a trail is needed is not imitated.
"""

from __future__ import annotations

from ministack.core.responses import request_scope
from ministack.services import cloudtrail

NAME = "management-events"


def create(account: str, region: str) -> None:
    """Make the trail, and switch it on."""
    with request_scope(account, region):
        cloudtrail._create_trail({"Name": NAME, "S3BucketName": "trail", "IsMultiRegionTrail": True})
        cloudtrail._start_logging({"Name": NAME})
