use super::refusal::Refusal;
use crate::names::{AccountId, Region, RoleArn, RoleId};
use crate::trigger::{Caller, CloudTrailRecord, EventName, Ignored};
use jiff::Timestamp;

/// A call by a role's session that was refused because of the role's boundary, as CloudTrail tells it: a hint, like every event.
/// Whose boundary it is, and what it says, is asked of IAM.
#[derive(Debug, Clone, PartialEq)]
pub struct DeniedCall {
    /// The API call.
    pub event: EventName,
    /// CloudTrail's `eventID`.
    pub event_id: String,
    /// When the call was made.
    pub time: Option<Timestamp>,
    /// Where the call was made, if the record tells: denials of other Regions are forwarded.
    pub region: Option<Region>,
    /// The role whose session called, with its path.
    pub role: RoleArn,
    /// The role's unique id, where the record tells it.
    pub role_id: Option<RoleId>,
    /// What was refused, and how.
    pub refusal: Refusal,
    /// Who called, and how.
    pub caller: Caller,
}

/// What a function's own calls say of where they come from (`exec-env/AWS_Lambda_nodejs22.x`).
const FROM_A_FUNCTION: &str = "AWS_Lambda_";

impl DeniedCall {
    /// Reads a record of a refused call.
    ///
    /// # Errors
    /// Why it is none of a role of `account` that a boundary refused.
    pub fn read(record: &CloudTrailRecord, account: &AccountId) -> Result<Self, Ignored> {
        let (event, message) = record.refused_at(account)?;
        let refusal = Refusal::read(message).ok_or_else(|| Ignored::NotByABoundary(event.clone()))?;
        let caller = record.caller();
        let no_role = |why: String| Ignored::NoSubject { event: event.clone(), wanted: "role", why };
        let issuer =
            caller.issuer.as_deref().ok_or_else(|| no_role("no role's session called".to_owned()))?;
        let role: RoleArn =
            issuer.parse().map_err(|_| no_role("the session's issuer is no role".to_owned()))?;
        if role.account() != account {
            return Err(Ignored::OtherAccount(role.account().clone()));
        }
        Ok(Self {
            event_id: record.event_id().to_owned(),
            time: record.time(),
            region: record.region().and_then(|region| region.parse().ok()),
            role_id: record.issuer_id(),
            role,
            refusal,
            caller,
            event,
        })
    }

    /// The function that probably made the call: Lambda names the session of an execution role after its function. Whoever else may
    /// assume the role chooses a name at will, so the caller's tool has to say that it ran in Lambda.
    #[must_use]
    pub fn function(&self) -> Option<&str> {
        let agent = self.caller.user_agent.as_deref().unwrap_or_default();
        self.caller.session.as_deref().filter(|_| agent.contains(FROM_A_FUNCTION))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn denied() -> Value {
        json!({"eventName": "CreateUser", "eventSource": "iam.amazonaws.com", "eventID": "e-1", "awsRegion": "us-east-1",
            "eventTime": "2026-11-22T10:00:00Z", "recipientAccountId": "123456789012", "errorCode": "AccessDenied",
            "errorMessage": "User: x is not authorized to perform: iam:CreateUser with an explicit deny in a permissions boundary",
            "userAgent": "aws-sdk-rust/1.3 exec-env/AWS_Lambda_rust",
            "userIdentity": {"type": "AssumedRole", "accountId": "123456789012",
                "arn": "arn:aws:sts::123456789012:assumed-role/orders-api-role/orders-api",
                "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLE",
                    "arn": "arn:aws:iam::123456789012:role/service-role/orders-api-role"}}}})
    }

    fn read(change: impl FnOnce(&mut Value)) -> Result<DeniedCall, Ignored> {
        let mut record = denied();
        change(&mut record);
        DeniedCall::read(&CloudTrailRecord::from_detail(record), &"123456789012".parse().unwrap())
    }

    #[test]
    fn the_role_is_the_issuer_with_its_path_and_its_id() {
        let call = read(|_| {}).unwrap();
        assert_eq!(call.role.as_str(), "arn:aws:iam::123456789012:role/service-role/orders-api-role");
        assert_eq!(call.role_id.as_ref().map(RoleId::as_str), Some("AROAEXAMPLE"));
        assert_eq!(call.function(), Some("orders-api"));
        assert_eq!(call.region.as_ref().map(Region::as_str), Some("us-east-1"));
        let by_a_person = read(|record| record["userAgent"] = json!("aws-cli/2.17.0")).unwrap();
        assert_eq!(by_a_person.function(), None);
    }

    #[test]
    fn a_record_that_lacks_parts_is_read_as_far_as_it_goes() {
        let call = read(|record| {
            let record = record.as_object_mut().unwrap();
            for part in ["eventTime", "eventID", "userAgent", "recipientAccountId", "awsRegion"] {
                record.remove(part);
            }
            record["userIdentity"]["sessionContext"]["sessionIssuer"]["principalId"] = json!(7);
        });
        let call = call.unwrap();
        assert_eq!((call.time, call.role_id, call.region, call.event_id.as_str()), (None, None, None, ""));
    }

    #[test]
    fn what_is_no_denial_by_a_boundary_of_a_role_of_ours_is_ignored_for_its_reason() {
        let ignored = |change: fn(&mut Value)| read(change).unwrap_err();
        let succeeded = ignored(|record| drop(record.as_object_mut().unwrap().remove("errorCode")));
        assert!(matches!(succeeded, Ignored::NotByABoundary(_)), "{succeeded}");
        let unknown = ignored(|record| record["errorMessage"] = json!("Access Denied"));
        assert!(matches!(unknown, Ignored::NotByABoundary(_)), "{unknown}");
        let user = ignored(|record| {
            record["userIdentity"] = json!({"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/eve"});
        });
        assert!(matches!(user, Ignored::NoSubject { .. }), "{user}");
        for elsewhere in [
            ignored(|record| record["recipientAccountId"] = json!("210987654321")),
            ignored(|record| {
                record["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] =
                    json!("arn:aws:iam::210987654321:role/theirs");
            }),
        ] {
            assert!(matches!(elsewhere, Ignored::OtherAccount(_)), "{elsewhere}");
        }
    }
}
