"""A reset wipes the account and what the lab noted, and keeps the patches. Runs in an account of its own."""

from __future__ import annotations

import unittest
import urllib.request

from ringfence_lab.server_process import LabServer

from .accounts import Account, unique


class Reset(unittest.TestCase):
    """`/_ministack/reset`."""

    def test_state_goes_and_patches_stay(self) -> None:
        with LabServer(0, verbose=False) as server:
            account = Account(server.url)
            account.invoke(account.function(account.role()))
            account.admin("POST", "tap", {"duplicate": 1})
            urllib.request.urlopen(urllib.request.Request(f"{server.url}/_ministack/reset", method="POST")).close()
            self.assertEqual(account.client("iam").list_roles()["Roles"], [])
            account.client("iam").get_policy(PolicyArn="arn:aws:iam::aws:policy/AWSLambda_FullAccess")
            self.assertEqual(account.admin("GET", "events"), [])
            account.client("iam").create_group(GroupName=unique("group"))
            account.settle()
            self.assertEqual(len(account.events("CreateGroup")), 1)
