"""Function URLs of aliases, and the IAM actions of calls about URLs.

MiniStack tells the function's ARN for the URL of an alias, where AWS tells the alias's ("FunctionUrlConfig" in the API reference of
Lambda), and takes the actions of some calls about URLs for others ("Actions, resources, and condition keys for AWS Lambda" in the
Service Authorization Reference).
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import json_response
from ministack.services import lambda_svc

from .condition_keys import current_call

_ACTIONS = {"ListFunctionUrlConfigs", "UpdateFunctionUrlConfig", "DeleteFunctionUrlConfig"}


def apply() -> None:
    """Tell the alias and ask for the action. Called after `condition_keys.apply`."""
    extract, create = iam_actions.extract_iam_action, lambda_svc._create_function_url_config

    def extract_as_aws(service: str, *arguments: Any, **named: Any) -> str | None:
        call = current_call.get()
        if service == "lambda" and call is not None and call.operation in _ACTIONS:
            return f"lambda:{call.operation}"
        action: str | None = extract(service, *arguments, **named)
        return action

    def create_at_the_alias(func_name: str, data: dict[str, Any], qualifier: str | None) -> Any:
        answer = create(func_name, data, qualifier)
        if answer[0] != 201 or qualifier in (None, "$LATEST"):
            return answer
        config = lambda_svc._function_urls[lambda_svc._url_config_key(func_name, qualifier)]
        config["FunctionArn"] += f":{qualifier}"
        return json_response(config, status=201)

    iam_actions.extract_iam_action, lambda_svc._create_function_url_config = extract_as_aws, create_at_the_alias
