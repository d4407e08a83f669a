use super::{Caller, EventName, Ignored};
use crate::names::{AccountId, FunctionArn, PolicyArn, Qualifier, RoleArn, RoleId, RoleName};
use jiff::Timestamp;
use serde_json::Value;

/// The parts of a CloudTrail record that Ringfence reads, each of which may be missing or of another type: then it is
/// as if it were not there.
///
/// The record's fields: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.
/// `aws_lambda_events` has a type for it that refuses real records and drops `errorCode`, hence this one.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudTrailRecord {
    record: Value,
}

impl CloudTrailRecord {
    /// Takes EventBridge's `detail`, or a bare record.
    #[must_use]
    pub fn from_detail(detail: Value) -> Self {
        Self { record: detail }
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.record.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The call, without its API date.
    ///
    /// # Errors
    /// Where the record names none.
    pub fn event_name(&self) -> Result<EventName, Ignored> {
        self.text("/eventName").map(EventName::from_cloudtrail).ok_or(Ignored::NoEventName)
    }

    /// The record's `eventID`; empty where it has none.
    #[must_use]
    pub fn event_id(&self) -> &str {
        self.text("/eventID").unwrap_or_default()
    }

    /// When the call was made.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.text("/eventTime")?.parse().ok()
    }

    /// Who called, and how.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller::of(&self.record)
    }

    /// Lets through a successful call of `service` (`iam.amazonaws.com`) made on `account`.
    ///
    /// # Errors
    /// The reason to ignore the record: a failed or reading call, another service or account.
    pub fn succeeded_at(&self, service: &str, account: &AccountId) -> Result<EventName, Ignored> {
        let event = self.event_name()?;
        if let Some(code) = self.text("/errorCode") {
            return Err(Ignored::Failed(code.to_owned()));
        }
        let source_service = self.text("/eventSource").unwrap_or_default();
        if source_service != service {
            return Err(Ignored::OtherEvent { event, source_service: source_service.to_owned() });
        }
        if self.record.get("readOnly").and_then(Value::as_bool) == Some(true) {
            return Err(Ignored::ReadOnly(event));
        }
        match self.text("/recipientAccountId").and_then(|id| id.parse::<AccountId>().ok()) {
            Some(owner) if owner != *account => Err(Ignored::OtherAccount(owner)),
            _ => Ok(event),
        }
    }

    /// Lets through a call by somebody of `account` that was refused, with the words of the refusal.
    ///
    /// # Errors
    /// The reason to ignore the record: a call that did not fail, or whose failure says nothing, or another account's.
    pub fn refused_at(&self, account: &AccountId) -> Result<(EventName, &str), Ignored> {
        let event = self.event_name()?;
        match self.text("/recipientAccountId").and_then(|id| id.parse::<AccountId>().ok()) {
            Some(owner) if owner != *account => return Err(Ignored::OtherAccount(owner)),
            _ => {}
        }
        // The codes differ by service (`AccessDenied`, `AccessDeniedException`, `Client.UnauthorizedOperation` …); the message decides.
        match self.text("/errorCode").and(self.text("/errorMessage")) {
            Some(message) => Ok((event, message)),
            None => Err(Ignored::NotByABoundary(event)),
        }
    }

    /// Whether it is about a call to an API, and not a sign-in or something that a service did of its own.
    #[must_use]
    pub fn is_api_call(&self) -> bool {
        self.text("/eventType").is_none_or(|kind| kind == "AwsApiCall")
    }

    /// The service that was called, such as `iam.amazonaws.com`; empty where the record names none.
    #[must_use]
    pub fn source_service(&self) -> &str {
        self.text("/eventSource").unwrap_or_default()
    }

    /// The Region of the call.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.text("/awsRegion")
    }

    /// AWS's words, where it refused the call for want of rights; empty where the record has none. A call that failed for another
    /// reason was not refused.
    #[must_use]
    pub fn refusal_message(&self) -> Option<&str> {
        // `AccessDenied`, `AccessDeniedException`, `Client.UnauthorizedOperation`, `AuthorizationError`, `NotAuthorized` …
        let code = self.text("/errorCode")?.to_ascii_lowercase();
        // Cognito's word for a wrong password.
        if self.source_service() == "cognito-idp" && code == "notauthorizedexception" {
            return None;
        }
        let refused = ["accessdenied", "unauthorized", "notauthorized", "authorizationerror", "forbidden"];
        refused.iter().any(|word| code.contains(word)).then(|| self.text("/errorMessage").unwrap_or_default())
    }

    /// The ARNs that CloudTrail found in the call.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        let listed = self.record.get("resources").and_then(Value::as_array);
        listed.into_iter().flatten().filter_map(|resource| resource.get("ARN")?.as_str())
    }

    /// The texts that the request has at its top, whatever they are called.
    pub fn requested_texts(&self) -> impl Iterator<Item = &str> {
        let parameters = self.record.get("requestParameters").and_then(Value::as_object);
        parameters.into_iter().flat_map(|parameters| parameters.values()).filter_map(Value::as_str)
    }

    /// The unique id of the role behind the caller's session.
    #[must_use]
    pub fn issuer_id(&self) -> Option<RoleId> {
        self.text("/userIdentity/sessionContext/sessionIssuer/principalId")?.parse().ok()
    }

    /// The reason to ignore a call that is not of the asking function's.
    #[must_use]
    pub fn other_event(&self, event: EventName) -> Ignored {
        Ignored::OtherEvent {
            event,
            source_service: self.text("/eventSource").unwrap_or_default().to_owned(),
        }
    }

    /// A text of the request, such as `roleName`.
    #[must_use]
    pub fn requested(&self, parameter: &str) -> Option<&str> {
        self.record.get("requestParameters")?.get(parameter)?.as_str().filter(|text| !text.is_empty())
    }

    /// A text of the answer, such as `functionArn`.
    #[must_use]
    pub fn answered(&self, element: &str) -> Option<&str> {
        self.record.get("responseElements")?.get(element)?.as_str().filter(|text| !text.is_empty())
    }

    /// The role that an IAM call named.
    ///
    /// # Errors
    /// Where `requestParameters.roleName` is missing or no role name.
    pub fn named_role(&self, event: &EventName) -> Result<RoleName, Ignored> {
        let no_subject = |why: String| Ignored::NoSubject { event: event.clone(), wanted: "role", why };
        let name =
            self.requested("roleName").ok_or_else(|| no_subject("`roleName` is missing".to_owned()))?;
        name.parse::<RoleName>().map_err(|e| no_subject(e.to_string()))
    }

    /// The managed policy that an IAM call named.
    ///
    /// # Errors
    /// Where `requestParameters.policyArn` is missing or no policy's ARN.
    pub fn named_policy(&self, event: &EventName) -> Result<PolicyArn, Ignored> {
        let no_subject = |why: String| Ignored::NoSubject { event: event.clone(), wanted: "policy", why };
        let arn =
            self.requested("policyArn").ok_or_else(|| no_subject("`policyArn` is missing".to_owned()))?;
        arn.parse::<PolicyArn>().map_err(|e| no_subject(e.to_string()))
    }

    /// Whether the request or the answer says that a new version of a policy is its default.
    #[must_use]
    pub fn makes_default(&self) -> bool {
        let said = |pointer: &str| {
            self.record.pointer(pointer).is_some_and(|value| *value == true || value.as_str() == Some("true"))
        };
        said("/requestParameters/setAsDefault") || said("/responseElements/policyVersion/isDefaultVersion")
    }

    /// The id of the version of a policy that the call made or named.
    #[must_use]
    pub fn policy_version(&self) -> Option<&str> {
        self.text("/responseElements/policyVersion/versionId")
            .or_else(|| self.text("/requestParameters/versionId"))
    }

    /// The function that a Lambda call named, by the answer's ARN or, without an answer, as the caller wrote it.
    ///
    /// # Errors
    /// Where neither names a function.
    pub fn named_function(&self, event: &EventName, account: &AccountId) -> Result<FunctionArn, Ignored> {
        let no_subject = |why: String| Ignored::NoSubject { event: event.clone(), wanted: "function", why };
        if let Some(Ok(function)) = self.answered("functionArn").map(str::parse) {
            return Ok(function);
        }
        let text = self
            .requested("functionName")
            .ok_or_else(|| no_subject("`functionName` is missing".to_owned()))?;
        let region = self.text("/awsRegion").unwrap_or_default();
        FunctionArn::resolve(text, self.partition(), region, account).map_err(|e| no_subject(e.to_string()))
    }

    /// The version or alias that a Lambda call named, beside the function's name or in it; none for the function without one.
    #[must_use]
    pub fn named_qualifier(&self) -> Option<Qualifier> {
        let beside = self.requested("qualifier").and_then(|text| text.parse().ok());
        let within = || {
            self.requested("functionName")
                .or(self.requested("resourceArn"))
                .and_then(Qualifier::in_function_name)
        };
        beside.or_else(within)
    }

    /// The function whose policy a Lambda call named by its ARN alone.
    ///
    /// # Errors
    /// Where `requestParameters.resourceArn` is missing or no function's ARN.
    pub fn named_resource(&self, event: &EventName) -> Result<FunctionArn, Ignored> {
        let no_subject = |why: String| Ignored::NoSubject { event: event.clone(), wanted: "function", why };
        let arn =
            self.requested("resourceArn").ok_or_else(|| no_subject("`resourceArn` is missing".to_owned()))?;
        arn.parse::<FunctionArn>().map_err(|e| no_subject(e.to_string()))
    }

    /// A role whose ARN stands under `role` in the request.
    #[must_use]
    pub fn requested_role(&self) -> Option<RoleArn> {
        self.requested("role")?.parse().ok()
    }

    /// A role whose ARN stands under `role` in the answer.
    #[must_use]
    pub fn answered_role(&self) -> Option<RoleArn> {
        self.answered("role")?.parse().ok()
    }

    /// The partition and the account of the caller.
    #[must_use]
    pub fn place(&self) -> Option<(&str, &str)> {
        let mut parts = self.text("/userIdentity/arn")?.split(':').skip(1);
        let (partition, account) = (parts.next()?, parts.nth(2)?);
        (!partition.is_empty() && !account.is_empty()).then_some((partition, account))
    }

    /// The caller's partition; `aws` where no ARN tells.
    fn partition(&self) -> &str {
        self.text("/userIdentity/arn")
            .and_then(|arn| arn.split(':').nth(1))
            .filter(|p| p.starts_with("aws"))
            .unwrap_or("aws")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn account() -> AccountId {
        "123456789012".parse().unwrap()
    }

    #[test]
    fn wrong_types_are_as_good_as_missing() {
        for detail in
            [json!(null), json!([1, 2]), json!({"eventName": 7}), json!({"eventName": ""}), json!("x")]
        {
            let record = CloudTrailRecord::from_detail(detail);
            assert_eq!(record.event_name(), Err(Ignored::NoEventName));
            assert_eq!(record.event_id(), "");
            assert_eq!(record.caller().tool, super::super::Tool::Unknown);
        }
    }

    #[test]
    fn what_changed_nothing_here_is_let_go_with_its_reason() {
        let base = json!({"eventName": "CreateRole", "eventSource": "iam.amazonaws.com",
            "recipientAccountId": "123456789012", "requestParameters": {"roleName": "orders"}});
        let with = |key: &str, value: Value| {
            let mut record = base.clone();
            record[key] = value;
            CloudTrailRecord::from_detail(record).succeeded_at("iam.amazonaws.com", &account())
        };
        assert!(with("readOnly", json!(false)).is_ok());
        assert_eq!(with("errorCode", json!("AccessDenied")), Err(Ignored::Failed("AccessDenied".to_owned())));
        assert!(matches!(with("readOnly", json!(true)), Err(Ignored::ReadOnly(_))));
        assert!(matches!(with("eventSource", json!("s3.amazonaws.com")), Err(Ignored::OtherEvent { .. })));
        assert!(matches!(with("recipientAccountId", json!("210987654321")), Err(Ignored::OtherAccount(_))));
    }

    #[test]
    fn an_answer_of_null_leaves_the_request_to_name_the_function() {
        let record =
            CloudTrailRecord::from_detail(json!({"awsRegion": "eu-west-1", "responseElements": null,
            "requestParameters": {"functionName": "orders-api:PROD"}}));
        let event = EventName::from_cloudtrail("UpdateFunctionConfiguration20150331v2");
        let function = record.named_function(&event, &account()).unwrap();
        assert_eq!(function.as_str(), "arn:aws:lambda:eu-west-1:123456789012:function:orders-api");
    }
}
