//! Ringfence's own functions under the policies: every grant of every role in `template.yaml`, tried.

use super::{BASELINE, Call, POLICIES, TO_LAMBDA, document, organization, parsed};
use crate::{one_or_many, statements, text};
use iam_policy::{ActionName, Catalogue, Context, Policies, Policy, Request, Verdict, evaluate};
use serde_json::Value;
use tests::template::{ACCOUNT, Stack, Template};

/// A function's role as the template gives it.
struct OwnRole {
    name: String,
    documents: Vec<Value>,
}

fn own_roles(stack: &Stack) -> Vec<OwnRole> {
    let roles = stack.of_type("AWS::IAM::Role").map(|(_, role)| {
        let properties = &role["Properties"];
        let managed = properties["ManagedPolicyArns"].as_array().into_iter().flatten();
        let managed = managed.map(|arn| {
            let policy = stack
                .of_type("AWS::IAM::ManagedPolicy")
                .find(|(id, _)| arn.as_str().is_some_and(|arn| arn.contains(&format!("-{id}-"))));
            policy.expect("a policy of the stack").1["Properties"]["PolicyDocument"].clone()
        });
        let inline = properties["Policies"].as_array().into_iter().flatten();
        let inline = inline.map(|policy| policy["PolicyDocument"].clone());
        OwnRole {
            name: text(role, "/Properties/RoleName").to_owned(),
            documents: managed.chain(inline).collect(),
        }
    });
    roles.collect()
}

/// One request for an action that a statement grants: on its resource, with its wildcards filled in, under its condition.
fn request(role: &str, action: &str, resource: &str, condition: &Value) -> Option<Request> {
    let action: ActionName = action.parse().expect("own grants have no wildcards in actions");
    assert!(Catalogue::bundled().action(&action).is_some(), "{action}");
    let resource = match resource {
        "*" => "*".to_owned(),
        // No grant is about resources of AWS's account alone.
        arn if arn.contains("::aws:") => return None,
        // In the path, so that the policies have something to say.
        arn => arn.replace("role/*", "role/lambda/orders").replace('*', "x"),
    };
    let principal_arn = format!("arn:aws:iam::{ACCOUNT}:role/ringfence/{role}");
    let mut context = Context::new().with("aws:PrincipalArn", &principal_arn);
    for (_, keys) in condition.as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            context.insert(key, one_or_many(values).into_iter().take(1).collect::<Vec<_>>());
        }
    }
    if action.folded() == "iam:putrolepermissionsboundary" && !context.contains("iam:PermissionsBoundary") {
        // What was there before, which may be any boundary.
        context.insert("iam:PermissionsBoundary", ["arn:aws:iam::123456789012:policy/team/theirs"]);
    }
    Some(Request {
        principal: format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{role}").parse().expect("a session"),
        action,
        resource: resource.parse().expect("an ARN or `*`"),
        resource_account: Some(ACCOUNT.parse().expect("an account")),
        context,
    })
}

#[test]
fn functions_of_ringfence_do_their_work_under_the_policies() {
    let stack = Template::of_project().rendered(&[("SecurityHub", "true")]);
    let organization = organization();
    let levels = super::levels(&organization);
    let own_boundary = parsed(&stack.properties("OwnBoundary")["PolicyDocument"]);
    let mut tried = 0;
    for role in own_roles(&stack) {
        let documents: Vec<Policy> = role.documents.iter().map(parsed).collect();
        let identity: Vec<&Policy> = documents.iter().collect();
        let grants = role.documents.iter().flat_map(statements).filter(|grant| grant["Effect"] == "Allow");
        for grant in grants {
            for action in one_or_many(&grant["Action"]) {
                for resource in one_or_many(&grant["Resource"]) {
                    let Some(request) = request(&role.name, action, resource, &grant["Condition"]) else {
                        continue;
                    };
                    let verdict = |service_control| {
                        let boundary = Some(&own_boundary);
                        let policies = Policies {
                            identity: &identity,
                            boundary,
                            service_control,
                            ..Policies::default()
                        };
                        evaluate(&policies, &request).verdict
                    };
                    // Or the role could not do it anyway.
                    assert_eq!(verdict(&[]), Verdict::Allowed, "{}: {request:?}", role.name);
                    assert_eq!(verdict(&levels), Verdict::Allowed, "{}: {request:?}", role.name);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 150, "only {tried} grants were tried");
}

/// Ringfence puts its boundary on a role in the path and takes no other: what its own role forbids it, the policies forbid too.
#[test]
fn even_ringfence_puts_approved_boundaries_only_and_undo_alone_takes_them_off() {
    let levels = super::levels(&organization());
    let call = |who, action, context| {
        super::answer(&levels, &Call { who, action, resource: "role/lambda/orders", context })
    };
    let (on_role_change, review, undo) = (
        "role/ringfence/ringfence-on-role-change",
        "role/ringfence/ringfence-review-role",
        "role/ringfence/ringfence-undo-remediation",
    );
    let (put, delete) = ("iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary");
    for who in [on_role_change, review, undo] {
        assert_eq!(call(who, put, &[BASELINE]), super::Answer::Allowed);
        let others = call(who, put, &[super::ANOTHER]);
        assert_eq!(others == super::Answer::Allowed, who == undo, "{who}: {others:?}");
        let deleted = call(who, delete, &[BASELINE]);
        assert_eq!(deleted == super::Answer::Allowed, who == undo, "{who}: {deleted:?}");
    }
    let pass = Call {
        who: on_role_change,
        action: "iam:PassRole",
        resource: "role/ringfence/ringfence-undo-remediation",
        context: &[TO_LAMBDA],
    };
    assert_ne!(super::answer(&levels, &pass), super::Answer::Allowed);
}

/// The names that the policies go by are those that the template gives.
#[test]
fn the_names_that_are_not_bound_are_those_of_ringfences_roles() {
    let stack = Template::of_project().rendered(&[]);
    let organization = organization();
    let named: Vec<&str> = POLICIES
        .iter()
        .flat_map(|policy| statements(document(&organization, policy)))
        .flat_map(|statement| one_or_many(&statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"]))
        .filter_map(|arn| arn.strip_prefix("arn:aws:iam::*:role/ringfence/"))
        .collect();
    let names: Vec<String> = own_roles(&stack).into_iter().map(|role| role.name).collect();
    assert!(named.len() > 3, "{named:?}");
    for name in named {
        let is_known = name == "ringfence-*" || names.iter().any(|own| own == name);
        assert!(is_known, "template.yaml has no role `{name}`");
    }
    assert!(names.iter().all(|name| name.starts_with("ringfence-")));
}
