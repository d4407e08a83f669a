//! What AWS and the ledger say of the one role of these tests, and what happens to it.

use crate::settings::tests::settings;
use aws_sdk_iam::operation::generate_service_last_accessed_details::GenerateServiceLastAccessedDetailsOutput;
use aws_sdk_iam::operation::get_role::GetRoleOutput;
use aws_sdk_iam::operation::get_service_last_accessed_details::{
    GetServiceLastAccessedDetailsOutput, builders::GetServiceLastAccessedDetailsOutputBuilder,
};
use aws_sdk_iam::types::{AttachedPermissionsBoundary, JobStatusType, Role, RoleLastUsed};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use guardrail::record::RoleRecord;
use guardrail::trigger::{Caller, Change, EventName, Subject, Trigger};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

pub(super) const OURS: &str = "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1";
pub(super) const ROLE: &str = "orders-api-role";
pub(super) const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;

/// IAM has begun the report.
pub(super) fn job() -> GenerateServiceLastAccessedDetailsOutput {
    GenerateServiceLastAccessedDetailsOutput::builder().job_id("job-1").build()
}

/// A finished report without a service in it.
pub(super) fn report() -> GetServiceLastAccessedDetailsOutputBuilder {
    GetServiceLastAccessedDetailsOutput::builder()
        .job_status(JobStatusType::Completed)
        .job_creation_date(DateTime::from_secs(1_800_000_000))
        .job_completion_date(DateTime::from_secs(1_800_000_000))
        .set_services_last_accessed(Some(Vec::new()))
}

pub(super) fn encoded(document: &str) -> String {
    utf8_percent_encode(document, NON_ALPHANUMERIC).to_string()
}

pub(super) fn used_role_answer(last_used: &str) -> GetRoleOutput {
    let date = DateTime::from_str(last_used, Format::DateTime).unwrap();
    let mut role = role_answer(None).role.unwrap();
    role.role_last_used = Some(RoleLastUsed::builder().last_used_date(date).region("us-east-1").build());
    GetRoleOutput::builder().role(role).build()
}

/// A role that was never used.
pub(super) fn role_answer(boundary: Option<&str>) -> GetRoleOutput {
    let boundary =
        boundary.map(|arn| AttachedPermissionsBoundary::builder().permissions_boundary_arn(arn).build());
    let role = Role::builder()
        .path("/")
        .role_name(ROLE)
        .role_id("AROAEXAMPLE")
        .arn(format!("arn:aws:iam::123456789012:role/{ROLE}"))
        .create_date(DateTime::from_secs(1_700_000_000))
        .assume_role_policy_document(encoded(TRUST))
        .set_permissions_boundary(boundary)
        .build();
    GetRoleOutput::builder().role(role.unwrap()).build()
}

/// What the ledger says a moment after our boundary was put.
pub(super) fn record_with_ours() -> RoleRecord {
    let mut record = RoleRecord::new("AROAEXAMPLE".parse().unwrap());
    record.bounded_with = Some(OURS.parse().unwrap());
    record.put_at = Some(crate::clock::now());
    record
}

pub(super) fn role_event() -> Trigger {
    Trigger {
        event: EventName::from_cloudtrail("AttachRolePolicy"),
        event_id: "event-1".to_owned(),
        time: Some("2026-11-22T10:00:00Z".parse().unwrap()),
        subject: Subject::Role(ROLE.parse().unwrap()),
        change: Change::Rights,
        caller: Caller::default(),
        source: None,
    }
}

/// PutRolePermissionsBoundary by a role of ours.
pub(super) fn own_put(boundary: &str) -> Trigger {
    let own = settings().rules.own_roles.first().unwrap().to_string();
    Trigger {
        event: EventName::from_cloudtrail("PutRolePermissionsBoundary"),
        change: Change::BoundaryPut(Some(boundary.parse().unwrap())),
        caller: Caller { issuer: Some(own), ..Caller::default() },
        ..role_event()
    }
}
