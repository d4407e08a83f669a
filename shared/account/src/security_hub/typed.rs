//! A finding in the SDK's types, field by field.

use aws_sdk_securityhub::types::{
    AwsIamPermissionsBoundary, AwsIamPolicyDetails, AwsIamRoleDetails, AwsLambdaFunctionDetails,
    AwsSecurityFinding, FindingProviderFields, FindingProviderSeverity, Partition, Recommendation,
    Remediation, Resource, ResourceDetails,
};
use guardrail::finding::{self as asff, Asff, Details};

pub(super) fn finding(finding: &Asff) -> AwsSecurityFinding {
    AwsSecurityFinding::builder()
        .schema_version(finding.schema_version)
        .id(&finding.id)
        .product_arn(&finding.product_arn)
        .product_name(finding.product_name)
        .company_name(finding.company_name)
        .generator_id(&finding.generator_id)
        .aws_account_id(&finding.aws_account_id)
        .finding_provider_fields(provider_fields(&finding.finding_provider_fields))
        .created_at(&finding.created_at)
        .updated_at(&finding.updated_at)
        .last_observed_at(&finding.last_observed_at)
        .title(&finding.title)
        .description(&finding.description)
        .set_remediation(finding.remediation.as_ref().map(remediation))
        .set_source_url(finding.source_url.clone())
        .set_product_fields(Some(
            finding.product_fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        ))
        .set_resources(Some(finding.resources.iter().map(resource).collect()))
        .record_state(finding.record_state.as_str().into())
        .build()
}

fn provider_fields(fields: &asff::ProviderFields) -> FindingProviderFields {
    let severity = FindingProviderSeverity::builder()
        .label(fields.severity.label.into())
        .original(fields.severity.original)
        .build();
    FindingProviderFields::builder().severity(severity).set_types(Some(fields.types.clone())).build()
}

fn remediation(remediation: &asff::Remediation) -> Remediation {
    let asff::Recommendation { text, url } = &remediation.recommendation;
    let recommendation = Recommendation::builder().text(text).set_url(url.clone()).build();
    Remediation::builder().recommendation(recommendation).build()
}

fn resource(resource: &asff::Resource) -> Resource {
    let tags = resource.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    Resource::builder()
        .r#type(resource.kind)
        .id(&resource.id)
        .partition(Partition::from(resource.partition.as_str()))
        .region(&resource.region)
        .set_tags(Some(tags).filter(|_| !resource.tags.is_empty()))
        .set_details(resource.details.as_ref().map(details))
        .build()
}

fn details(details: &Details) -> ResourceDetails {
    let builder = ResourceDetails::builder();
    match details {
        Details::Role(role) => builder.aws_iam_role(role_details(role)),
        Details::Policy(policy) => {
            builder.aws_iam_policy(AwsIamPolicyDetails::builder().policy_name(&policy.policy_name).build())
        }
        Details::Function(function) => builder.aws_lambda_function(
            AwsLambdaFunctionDetails::builder().function_name(&function.function_name).build(),
        ),
    }
    .build()
}

fn role_details(role: &asff::RoleDetails) -> AwsIamRoleDetails {
    let boundary = role.permissions_boundary.as_ref().map(|boundary| {
        AwsIamPermissionsBoundary::builder()
            .permissions_boundary_arn(&boundary.permissions_boundary_arn)
            .permissions_boundary_type(boundary.permissions_boundary_type)
            .build()
    });
    AwsIamRoleDetails::builder()
        .role_name(&role.role_name)
        .role_id(&role.role_id)
        .path(&role.path)
        .create_date(&role.create_date)
        .set_permissions_boundary(boundary)
        .build()
}
