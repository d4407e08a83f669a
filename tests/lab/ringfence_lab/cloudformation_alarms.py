"""Alarms over several metrics, which MiniStack's CloudFormation refuses.

They are kept with the first metric that they name, so that the stack can be deployed and the alarm found by its name.
No alarm of the lab is ever evaluated; the tests compute them from the template (tests/src/alarms.rs).
"""

from __future__ import annotations

from typing import Any

from ministack.services.cloudformation import provisioners


def apply() -> None:
    """Put the first metric in the place of the expression."""
    record = provisioners._cw_metric_alarm_record

    def record_first_metric(name: str, props: dict[str, Any]) -> Any:
        return record(name, _with_one_metric(props))

    provisioners._cw_metric_alarm_record = record_first_metric


def _with_one_metric(props: dict[str, Any]) -> dict[str, Any]:
    metrics = props.get("Metrics")
    if not metrics:
        return props
    stat = next(metric["MetricStat"] for metric in metrics if "MetricStat" in metric)
    rest = {key: value for key, value in props.items() if key != "Metrics"}
    return rest | stat["Metric"] | {"Period": stat["Period"], "Statistic": stat["Stat"]}
