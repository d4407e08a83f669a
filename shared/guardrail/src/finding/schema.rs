//! The JSON Schema of a finding, for subscribers. What is closed here the design closes; fields may be added within `/1`, so nothing
//! says `additionalProperties: false`.

use super::{Finding, FindingId, Outcome};
use crate::names::{AccountId, FunctionArn, PolicyArn, RoleArn, RoleId, RoleName};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// The schema, in draft 2020-12.
#[must_use]
pub fn json_schema() -> Schema {
    let mut schema = json_schema!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/finding.schema.json"),
        "title": super::SCHEMA,
    });
    let of_types =
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Finding>();
    for (keyword, value) in
        of_types.as_object().into_iter().flatten().filter(|(keyword, _)| *keyword != "title")
    {
        schema.insert(keyword.clone(), value.clone());
    }
    schema
}

/// A text of a given form, under its name in `$defs`.
macro_rules! text {
    ($type:ty, $name:literal, $description:literal, $pattern:literal, $example:literal) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string", "description": $description, "pattern": $pattern, "examples": [$example]
                })
            }
        }
    };
}

text!(AccountId, "AccountId", "An AWS account: twelve digits.", "^[0-9]{12}$", "123456789012");
text!(
    FunctionArn,
    "FunctionArn",
    "A Lambda function, without version or alias.",
    "^arn:aws[a-z-]*:lambda:[a-z0-9-]*:[0-9]{12}:function:[A-Za-z0-9_-]+$",
    "arn:aws:lambda:eu-west-1:123456789012:function:orders-api"
);
text!(
    PolicyArn,
    "PolicyArn",
    "A managed policy of the account, or one of AWS's own.",
    "^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$",
    "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1"
);
text!(
    RoleArn,
    "RoleArn",
    "A role, with its path.",
    "^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$",
    "arn:aws:iam::123456789012:role/service-role/orders-api-role"
);
text!(
    RoleName,
    "RoleName",
    "The name of a role, without its path.",
    "^[A-Za-z0-9_+=,.@-]{1,64}$",
    "orders-api-role"
);
text!(
    RoleId,
    "RoleId",
    "The unique id of a role; one that is made again under the same name has another.",
    "^[A-Za-z0-9_]{1,128}$",
    "AROADBQP57FF2AEXAMPLE"
);
text!(
    FindingId,
    "FindingId",
    "Of a finding. Messages with one id are one finding. What a rule sent and no function has the id of the event in it.",
    "^rf-([0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
    "rf-a0967ff639b7399ac227d077"
);

/// The tool that a call came through.
pub(super) struct Via;

impl JsonSchema for Via {
    fn schema_name() -> Cow<'static, str> {
        "Via".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "The tool that the call came through, as far as the event tells.",
            "enum": ["cloudformation", "terraform", "console", "cli", "sdk", "service", "unknown"]
        })
    }
}

/// All words of the contract, with those that this version does not produce yet: a subscriber can prepare for them.
const OUTCOMES: [(&str, &str); 20] = [
    ("bounded", "The role had no boundary and got Ringfence's."),
    ("restored", "The boundary was taken away or replaced, and Ringfence put it back."),
    ("replaced", "The role had a boundary that caps nothing, and got Ringfence's."),
    ("kept", "The role has a boundary of its own that allows nothing beyond Ringfence's."),
    ("contained", "The role's boundary holds back something dangerous that its policies allow."),
    ("exempt", "Somebody answers for the role; nothing was changed."),
    ("reported", "Something needs a look; nothing was changed."),
    ("failed", "AWS refused the write."),
    ("resolved", "What was told about the role at MEDIUM or higher is over; `resolves` names it."),
    ("would-bound", "The boundary would have been put."),
    ("would-restore", "The boundary would have been put back."),
    ("would-replace", "A boundary that caps nothing would have been replaced."),
    (
        "exposed",
        "A function is open to strangers or to other accounts, or its role does not exist; nothing was changed.",
    ),
    ("denied", "The boundary refused a call; `denial` says which. Told once for each role, action and day."),
    ("suggested", "A narrower policy is proposed: `proposal` has it; nothing was changed."),
    ("boundary-edited", "The document of a boundary policy is not as it was; `role` is null."),
    (
        "self-tamper",
        "Somebody changed Ringfence itself. Sent by rules of EventBridge, without message attributes; `role` is null.",
    ),
    ("undone", "An operator took a write of Ringfence back."),
    ("summary", "A sweep looked at every role; `links.report` is its report, `role` is null."),
    ("notice", "An operator changed something in the ledger, or its time came; `role` is null."),
];

impl JsonSchema for Outcome {
    fn schema_name() -> Cow<'static, str> {
        "Outcome".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words = OUTCOMES.map(|(word, description)| {
            json_schema!({ "type": "string", "const": word, "description": description })
        });
        json_schema!({ "description": "What Ringfence did, or would have done.", "oneOf": words })
    }
}
