"""The private names of MiniStack that the lab replaces or calls exist, with the parameters it relies on."""

from __future__ import annotations

import importlib
import inspect
import unittest
from importlib.metadata import version
from pathlib import Path

_FUNCTIONS: dict[str, dict[str, str | None]] = {
    "ministack.app": {"app": "scope receive send", "pin_request_origin": "source_ip secure_transport"},
    "ministack.core.iam_actions": {
        "access_denied_response": "service action principal_arn request_id error_code message headers resource_arn"
        " explicit_deny resource_policy_arn",
        "extract_iam_action": "service method path headers body query_params",
    },
    "ministack.core.iam_evaluator": {
        "_permissions_boundary": "store name account_id",
        "_resolve_condition_key": "key ctx",
        "_gather_role_policies": "role_name account_id",
        "evaluate_resource_policy": "doc ctx service named_only direct_only",
        "enforce": "access_key_id iam_action service region resource_arn service_context",
        "evaluate": "ctx policies limits",
        "pin_request_origin": "source_ip secure_transport",
        "resolve_caller_identity": "access_key_id",
    },
    "ministack.core.lambda_runtime": {"execution_credentials": "config"},
    "ministack.core.responses": {"get_account_id": "", "request_scope": "account_id region"},
    "ministack.services.dynamodb": {"_update_continuous_backups": "data", "_update_ttl": "data"},
    "ministack.services.eventbridge": {
        "_apply_input_transformer": "transformer rule view",
        "_dispatch_event": "event view",
        "_dispatch_to_lambda": "arn payload",
        "_dispatch_to_sqs": "spec payload sqs_parameters",
        "_invoke_target": "target event rule view",
        "_pattern_event_view": "event",
        "_put_events": "data allow_aws_source",
    },
    "ministack.services.iam": {
        "_error": "status code message ns",
        "_make_aws_managed_record": "name document description",
        "_p": "params key default",
        "_seed_aws_managed_policies": "",
        "_lookup_policy": "arn",
        "_managed_policy_xml": "arn usage_counts",
        "_role_xml": "name boundary",
        "_xml": "status root_tag inner ns",
        "policy_known": "arn account_id",
    },
    "ministack.services.cloudformation.changesets": {"_evaluate_conditions": "template params"},
    "ministack.services.cloudformation.engine": {"_evaluate_conditions": "template params"},
    "ministack.services.cloudformation.handlers": {"_evaluate_conditions": "template params"},
    "ministack.services.cloudformation.stacks": {"_evaluate_conditions": "template params"},
    "ministack.services.lambda_svc": {
        "_account_region_from_function_config": "config",
        "_create_function_url_config": "func_name data qualifier",
        "_execute_function": "func event",
        "_execute_function_dispatch": "func config event request_id started",
        "_execution_record_for_config": "func config",
        "_get_func_record_for_ref": "function_ref",
        "_provided_worker_env": "config code_dir port",
        "_route_async_failure": "target_arn func_name event result",
        "_url_config_key": "func_name qualifier",
        "executions_in_flight": "",
        "invoke_async_with_retry": "func event",
    },
    "ministack.services.sns": {
        "_fanout": "topic_arn msg_id message subject message_structure message_attributes message_group_id"
        " message_dedup_id",
        "_matches_filter_policy": "sub message_attributes message",
        "_resolve_message_for_protocol": "message message_structure protocol",
        "_topic_by_arn_any_scope": "topic_arn",
    },
    "ministack.services.sqs": {"_queue_by_arn": None},
}
_VALUES = {
    "ministack.core.iam_evaluator": ["_request_origin"],
    "ministack.core.lambda_runtime": ["_lock", "_workers"],
    "ministack.services.dynamodb": ["_pitr_settings", "_ttl_settings"],
    "ministack.services.eventbridge": ["_rules"],
    "ministack.services.iam": ["_IAM_HANDLERS", "_aws_managed_policies", "_policies", "_roles", "_sla_jobs", "_users"],
    "ministack.services.lambda_svc": [
        "_LAMBDA_ASYNC_RETRY_BASE_SECONDS", "_LAMBDA_ASYNC_RETRY_MAX_SECONDS", "_esms", "_function_urls",
        "_functions",
    ],
}


class PatchPoints(unittest.TestCase):
    """What the patches hold on to."""

    def test_functions_have_the_parameters_the_lab_passes(self) -> None:
        for module, functions in _FUNCTIONS.items():
            for name, parameters in functions.items():
                with self.subTest(f"{module}.{name}"):
                    found = inspect.signature(getattr(importlib.import_module(module), name)).parameters
                    if parameters is not None:
                        self.assertEqual(list(found), parameters.split())

    def test_tables_and_settings_exist(self) -> None:
        for module, names in _VALUES.items():
            for name in names:
                with self.subTest(f"{module}.{name}"):
                    self.assertTrue(hasattr(importlib.import_module(module), name))

    def test_workers_have_what_faults_and_logs_use(self) -> None:
        from ministack.core.lambda_runtime import ProvidedWorker

        parameters = inspect.signature(ProvidedWorker._pump_output).parameters
        self.assertEqual(list(parameters), ["self", "stream", "log_queue"])
        worker = ProvidedWorker("name", {}, b"")
        self.assertEqual((worker.func_name, worker._proc), ("name", None))

    def test_cloudformation_handlers_take_what_the_wrappers_pass_on(self) -> None:
        from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

        for resource_type in ("AWS::IAM::Role", "AWS::Lambda::Function", "AWS::DynamoDB::Table"):
            with self.subTest(resource_type):
                handler = _RESOURCE_HANDLERS[resource_type]
                create = list(inspect.signature(handler["create"]).parameters)
                update = list(inspect.signature(handler["update"]).parameters)
                self.assertEqual(create[:3], ["logical_id", "props", "stack_name"])
                self.assertEqual(update[:3], ["physical_id", "old_props", "new_props"])

    def test_the_pinned_release_is_the_one_installed(self) -> None:
        pins = (Path(__file__).parent.parent / "requirements-lab.txt").read_text().splitlines()
        self.assertIn(f"ministack=={version('ministack')}", pins)
