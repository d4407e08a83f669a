//! Which requests are sent to IAM, and what each kind of answer comes to. The answers have the shape that the API reference
//! shows; nobody recorded them.

use super::*;
use crate::reads_only::{ReadLog, reads_only};
use crate::replay::SettingsFrom;
use crate::sdk::{Roots, sdk_config};
use crate::settings::tests::settings;
use aws_sdk_iam::config::{Credentials, Region, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use guardrail::simulation::tally;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
const GRANTS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::orders/*"}}"#;
const OBJECT: &str = "arn:aws:s3:::orders/simulated";

/// The fields of a request of the Query protocol.
type Form = BTreeMap<String, String>;

/// Status and body for what the simulator is asked, by the number of the call.
type Simulator = dyn Fn(usize, &Form) -> (u16, String) + Send + Sync;

#[derive(Clone)]
struct Iam {
    asked: Arc<Mutex<Vec<Form>>>,
    simulator: Arc<Simulator>,
}

impl std::fmt::Debug for Iam {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Iam")
    }
}

impl HttpConnector for Iam {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = std::str::from_utf8(request.body().bytes().unwrap()).unwrap();
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let form: Form = body
            .split('&')
            .filter_map(|field| field.split_once('='))
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect();
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let operation = form["Action"].clone();
        let (status, result) = match operation.as_str() {
            "GetRole" => (
                200,
                format!(
                    "<Role><Path>/</Path><RoleName>orders</RoleName><RoleId>AROAEXAMPLE</RoleId>\
                     <Arn>arn:aws:iam::123456789012:role/orders</Arn><CreateDate>2024-01-01T00:00:00Z</CreateDate>\
                     <AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument></Role>",
                    encoded(TRUST)
                ),
            ),
            "ListAttachedRolePolicies" => {
                (200, "<IsTruncated>false</IsTruncated><AttachedPolicies/>".to_owned())
            }
            "ListRolePolicies" => (
                200,
                "<IsTruncated>false</IsTruncated><PolicyNames><member>orders</member></PolicyNames>"
                    .to_owned(),
            ),
            "GetRolePolicy" => (
                200,
                format!(
                    "<RoleName>orders</RoleName><PolicyName>orders</PolicyName><PolicyDocument>{}</PolicyDocument>",
                    encoded(GRANTS)
                ),
            ),
            "SimulatePrincipalPolicy" => {
                let mut asked = self.asked.lock().unwrap();
                asked.push(form.clone());
                (self.simulator)(asked.len(), &form)
            }
            other => panic!("{other} is not asked for here"),
        };
        let body = match status {
            200 => format!(
                "<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"
            ),
            _ => format!(
                "<ErrorResponse><Error><Code>{result}</Code><Message>no</Message></Error></ErrorResponse>"
            ),
        };
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))))
    }
}

fn actions(form: &Form) -> Vec<&str> {
    let named = form.iter().filter(|(name, _)| name.starts_with("ActionNames.member."));
    named.map(|(_, action)| action.as_str()).collect()
}

fn result_of(action: &str, resource: &str, decision: &str, more: &str) -> String {
    format!(
        "<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{resource}</EvalResourceName>\
         <EvalDecision>{decision}</EvalDecision>{more}</member>"
    )
}

fn results(members: &str, more: &str) -> (u16, String) {
    (200, format!("<EvaluationResults>{members}</EvaluationResults><IsTruncated>false</IsTruncated>{more}"))
}

/// What IAM would say about the role of these tests: it may do two things on one bucket.
fn right(form: &Form, more: &str) -> String {
    let resource = &form["ResourceArns.member.1"];
    let says = |action: &str| {
        let granted = resource.starts_with("arn:aws:s3:::orders/")
            && ["s3:GetObject", "s3:PutObject"].contains(&action);
        if granted { "allowed" } else { "implicitDeny" }
    };
    actions(form).into_iter().map(|action| result_of(action, resource, says(action), more)).collect()
}

fn account(
    simulator: impl Fn(usize, &Form) -> (u16, String) + Send + Sync + 'static,
) -> (ReadOnlyAccount, Arc<Mutex<Vec<Form>>>) {
    let iam = Iam { asked: Arc::default(), simulator: Arc::new(simulator) };
    let (asked, log) = (iam.asked.clone(), ReadLog::default());
    let client = http_client_fn(move |_, _| SharedHttpConnector::new(iam.clone()));
    let config = sdk_config(&settings(), Roots::System)
        .into_builder()
        .http_client(reads_only(client, log.clone()))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .region(Region::new("us-east-1"))
        .build();
    let account = ReadOnlyAccount {
        account: Account::with_config(settings(), config),
        log,
        settings_from: SettingsFrom::Defaults,
        caller: String::new(),
        deployed_mode: String::new(),
    };
    (account, asked)
}

async fn simulate(account: &ReadOnlyAccount) -> Result<Simulation, Failure> {
    account.simulate(&"orders".parse().unwrap(), |_, _| ()).await
}

#[tokio::test(start_paused = true)]
async fn an_iam_that_says_the_same_agrees_with_each_verdict() {
    let (account, asked) = account(|_, form| results(&right(form, ""), ""));
    let mut heard = Vec::new();
    let simulation =
        account.simulate(&"orders".parse().unwrap(), |done, of| heard.push((done, of))).await.unwrap();
    let tallies = tally(&simulation.compared);
    assert!(tallies.values().all(|tally| tally.differ == 0 && tally.not_comparable == 0), "{tallies:?}");
    assert!(tallies["s3"].agree >= 4 && tallies["iam"].agree > 10, "{tallies:?}");
    assert_eq!((simulation.unanswered, simulation.left_out), (Vec::new(), 0));
    let &(done, of) = heard.last().unwrap();
    assert_eq!((done, done), (of, simulation.compared.len()));
    let asked = asked.lock().unwrap();
    let on_objects: Vec<&Form> =
        asked.iter().filter(|form| form["ResourceArns.member.1"] == OBJECT).collect();
    assert_eq!(on_objects.len(), 1);
    assert_eq!(actions(on_objects[0]), ["s3:GetObject", "s3:PutObject"]);
    assert_eq!(on_objects[0]["PolicySourceArn"], "arn:aws:iam::123456789012:role/orders");
    assert!(asked.iter().all(|form| actions(form).len() <= AT_ONCE));
}

#[tokio::test(start_paused = true)]
async fn another_verdict_is_told_with_ours_and_the_policies_of_theirs() {
    let (account, _) = account(|_, form| {
        let matched = "<MatchedStatements><member><SourcePolicyId>role_orders_orders</SourcePolicyId></member></MatchedStatements>";
        results(&right(form, matched).replace("implicitDeny", "explicitDeny"), "")
    });
    let simulation = simulate(&account).await.unwrap();
    let (answer, comparison) = simulation
        .compared
        .iter()
        .find(|(answer, _)| answer.call.action.as_str() == "s3:GetObject" && answer.call.resource == "*")
        .unwrap();
    assert_eq!(answer.matched, ["role_orders_orders"]);
    assert!(
        matches!(comparison, Comparison::Differ { ours: Verdict::ImplicitlyDenied, .. }),
        "{comparison:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_organization_and_the_keys_beside_a_resource_are_read() {
    let more = "<OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>\
        <ResourceSpecificResults><member><EvalResourceName>*</EvalResourceName><EvalResourceDecision>implicitDeny</EvalResourceDecision>\
        <MissingContextValues><member>aws:SourceVpc</member></MissingContextValues></member></ResourceSpecificResults>";
    let (account, _) =
        account(move |_, form| results(&right(form, more).replace(">allowed<", ">implicitDeny<"), ""));
    let simulation = simulate(&account).await.unwrap();
    let (answer, comparison) =
        simulation.compared.iter().find(|(answer, _)| answer.call.resource == OBJECT).unwrap();
    assert_eq!(answer.missing_keys, ["aws:SourceVpc"]);
    assert_eq!(answer.organization, Organization::Refuses);
    assert!(matches!(comparison, Comparison::NotComparable(_)), "{comparison:?}");
}

#[tokio::test(start_paused = true)]
async fn every_page_is_read() {
    let (account, asked) = account(|_, form| {
        let members = right(form, "");
        let (first, rest) = members.split_at(members.find("</member>").unwrap() + "</member>".len());
        if form.contains_key("Marker") {
            return results(rest, "");
        }
        (
            200,
            format!(
                "<EvaluationResults>{first}</EvaluationResults><IsTruncated>true</IsTruncated><Marker>more</Marker>"
            ),
        )
    });
    let simulation = simulate(&account).await.unwrap();
    assert_eq!(simulation.unanswered, []);
    assert!(
        asked.lock().unwrap().iter().any(|form| form.get("Marker").is_some_and(|marker| marker == "more"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_the_simulator_does_not_take_is_told_and_does_not_spoil_the_others() {
    let (account, _) = account(|_, form| {
        if actions(form).contains(&"s3:PutObject") {
            (400, "InvalidInput".to_owned())
        } else {
            results(&right(form, ""), "")
        }
    });
    let simulation = simulate(&account).await.unwrap();
    let refused: Vec<&str> = simulation.unanswered.iter().map(|no| no.call.action.as_str()).collect();
    assert_eq!(refused, ["s3:PutObject", "s3:PutObject"], "on the object and on none");
    assert!(simulation.unanswered[0].why.contains("InvalidInput"), "{}", simulation.unanswered[0].why);
    assert!(simulation.compared.iter().any(|(answer, _)| answer.call.resource == OBJECT));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_answered_is_no_agreement() {
    let (account, _) = account(|_, _| results("", ""));
    let simulation = simulate(&account).await.unwrap();
    assert_eq!(simulation.compared, []);
    assert!(
        simulation.unanswered.iter().all(|no| no.why == "no verdict came")
            && !simulation.unanswered.is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn a_throttled_simulator_is_asked_again() {
    let (account, _) =
        account(
            |count, form| {
                if count <= 4 { (400, "Throttling".to_owned()) } else { results(&right(form, ""), "") }
            },
        );
    let simulation = simulate(&account).await.unwrap();
    assert_eq!(simulation.unanswered, []);
}

#[tokio::test(start_paused = true)]
async fn one_that_stays_throttled_one_that_refuses_and_one_that_makes_no_sense_end_it() {
    for (status, body, class) in
        [(400, "Throttling", FailureClass::Retryable), (403, "AccessDenied", FailureClass::Denied)]
    {
        let (account, _) = account(move |_, _| (status, body.to_owned()));
        assert_eq!(simulate(&account).await.unwrap_err().class(), class, "{body}");
    }
    let (account, _) = account(|_, form| results(&right(form, "").replace("implicitDeny", "perhaps"), ""));
    let simulation = simulate(&account).await.unwrap();
    let why = &simulation.unanswered.first().unwrap().why;
    assert!(why.contains("perhaps"), "{why}");
}
