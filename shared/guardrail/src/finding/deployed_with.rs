use super::{FixLines, RoleFacts, TriggerFacts};

/// How a role was deployed, as far as its tags, its name and the call tell: it decides which line is shown for its template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DeployedWith {
    /// SAM made the role for a function of its template.
    Sam(Option<InStack>),
    /// CDK.
    Cdk(Option<InStack>),
    /// A stack of somebody's own template; or of a tool that leaves no mark of its own.
    CloudFormation(Option<InStack>),
    /// Terraform or OpenTofu.
    Terraform,
    /// By hand, by a script, or nothing tells.
    Unknown,
}

/// A role's place in a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InStack {
    /// The stack's name.
    pub(super) stack: String,
    /// The logical id of the role.
    pub(super) logical_id: String,
}

impl DeployedWith {
    /// Marks of the role itself come first: whoever attaches a policy to it need not be who deployed it.
    pub(super) fn of(role: &RoleFacts, trigger: &TriggerFacts) -> Self {
        let tag = |key: &str| role.tags.get(key).map(String::as_str);
        // "AWS SAM automatically adds a lambda:createdBy:SAM tag … to the default roles generated for this function"
        // (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html>).
        if tag("lambda:createdBy") == Some("SAM") {
            return Self::Sam(InStack::of(role));
        }
        let tagged = tag(STACK_NAME).is_some() || tag("aws:cloudformation:stack-id").is_some();
        if !tagged && trigger.via != "cloudformation" {
            return if trigger.via == "terraform" { Self::Terraform } else { Self::Unknown };
        }
        let place = InStack::of(role);
        let by_cdk = trigger.principal.as_deref().is_some_and(is_cdk_execution_role);
        if by_cdk || place.as_ref().is_some_and(|place| has_hash_of_cdk(&place.logical_id)) {
            Self::Cdk(place)
        } else {
            Self::CloudFormation(place)
        }
    }

    /// The line for the role's template; none where nobody knows which.
    pub(super) fn line<'a>(&self, fix: &'a FixLines) -> Option<&'a str> {
        match self {
            Self::Sam(_) => Some(&fix.sam),
            Self::Cdk(_) => Some(&fix.cdk),
            Self::CloudFormation(_) => Some(&fix.cloudformation),
            Self::Terraform => Some(&fix.terraform),
            Self::Unknown => None,
        }
    }
}

/// CloudFormation promises these tags for all resources and so far gives roles none
/// (<https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1159>); some teams set them themselves.
const STACK_NAME: &str = "aws:cloudformation:stack-name";

/// IAM takes names of up to 64 characters. CloudFormation shortens what would be longer, so the parts of a long name are not sure to
/// be whole.
const SURELY_WHOLE: usize = 60;

impl InStack {
    /// From the tags, else from the name, where CloudFormation gave it: `STACK-LOGICALID-RANDOM`
    /// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html>). Only for roles that are known to
    /// be of a stack.
    pub(super) fn of(role: &RoleFacts) -> Option<Self> {
        let tag = |key: &str| role.tags.get(key).cloned();
        if let (Some(stack), Some(logical_id)) = (tag(STACK_NAME), tag("aws:cloudformation:logical-id")) {
            return Some(Self { stack, logical_id });
        }
        let name = role.name.as_str();
        let (rest, random) = name.rsplit_once('-').filter(|_| name.len() < SURELY_WHOLE)?;
        let (stack, logical_id) = rest.rsplit_once('-')?;
        let is_random = (12..=13).contains(&random.len())
            && random.chars().all(|c| c.is_ascii_alphanumeric())
            && random.chars().any(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
        let is_logical_id = !logical_id.is_empty() && logical_id.chars().all(|c| c.is_ascii_alphanumeric());
        let whole = is_random && is_logical_id && !stack.is_empty();
        whole.then(|| Self { stack: stack.to_owned(), logical_id: logical_id.to_owned() })
    }

    /// The function for which SAM made the role: the role's logical id is the function's and `Role`
    /// (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-function.html>).
    pub(super) fn function(&self) -> Option<&str> {
        self.logical_id.strip_suffix("Role").filter(|id| !id.is_empty())
    }
}

/// The role that CDK's bootstrap gives CloudFormation: `cdk-QUALIFIER-cfn-exec-role-ACCOUNT-REGION`
/// (<https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html>).
fn is_cdk_execution_role(principal: &str) -> bool {
    let role = principal.split_once(":assumed-role/").and_then(|(_, session)| session.split('/').next());
    role.is_some_and(|role| role.starts_with("cdk-") && role.contains("-cfn-exec-role-"))
}

/// CDK ends the logical ids of what is not at the top of a stack with eight digits of a hash
/// (<https://docs.aws.amazon.com/cdk/v2/guide/identifiers.html>). Eight decimal digits may be a date.
fn has_hash_of_cdk(logical_id: &str) -> bool {
    let hash = logical_id.len().checked_sub(8).and_then(|start| logical_id.get(start..));
    hash.is_some_and(|hash| {
        hash.chars().all(|c| c.is_ascii_digit() || ('A'..='F').contains(&c))
            && hash.chars().any(|c| c.is_ascii_digit())
            && hash.chars().any(|c| c.is_ascii_alphabetic())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CDK: &str = "arn:aws:sts::123456789012:assumed-role/cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1/AWSCloudFormation";
    const ALICE: &str = "arn:aws:iam::123456789012:user/alice";

    fn of(name: &str, tags: &[(&str, &str)], via: &'static str, principal: &str) -> DeployedWith {
        let role = RoleFacts {
            arn: format!("arn:aws:iam::123456789012:role/teams/orders/{name}").parse().unwrap(),
            name: name.parse().unwrap(),
            path: "/teams/orders/".to_owned(),
            id: "AROAEXAMPLE".parse().unwrap(),
            created: "2026-11-22T09:00:00Z".parse().unwrap(),
            last_used: None,
            owner: None,
            tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        };
        let trigger = TriggerFacts {
            event: "CreateRole".to_owned(),
            event_id: String::new(),
            principal: Some(principal.to_owned()),
            session: None,
            source_ip: None,
            user_agent: None,
            via,
        };
        DeployedWith::of(&role, &trigger)
    }

    fn place(stack: &str, logical_id: &str) -> Option<InStack> {
        Some(InStack { stack: stack.to_owned(), logical_id: logical_id.to_owned() })
    }

    #[test]
    fn marks_of_the_role_come_before_those_of_the_call() {
        use DeployedWith::{Cdk, CloudFormation, Sam, Terraform, Unknown};
        let sam = [("lambda:createdBy", "SAM")];
        let stack = [(STACK_NAME, "orders"), ("aws:cloudformation:logical-id", "ApiRole")];
        for (name, tags, via, principal, expected) in [
            ("orders-api-role", &[][..], "cli", ALICE, Unknown),
            ("orders-api-role", &[], "terraform", ALICE, Terraform),
            ("orders-api-role", &[], "cloudformation", ALICE, CloudFormation(None)),
            ("orders-api-role", &[], "cloudformation", CDK, Cdk(None)),
            ("orders-api-role", &sam, "terraform", ALICE, Sam(None)),
            ("orders-ApiRole-1A2B3C4D5E6F", &sam, "cli", ALICE, Sam(place("orders", "ApiRole"))),
            ("orders-ApiRole-1A2B3C4D5E6F", &[], "cli", ALICE, Unknown),
            (
                "orders-ApiRole-mH5qYXGnhTqr",
                &[],
                "cloudformation",
                ALICE,
                CloudFormation(place("orders", "ApiRole")),
            ),
            ("orders-api-applications", &[], "cloudformation", ALICE, CloudFormation(None)),
            (
                "Orders-prod-ApiServiceRole7C1F20AB-mH5qYXGnhTqr",
                &[],
                "cloudformation",
                ALICE,
                Cdk(place("Orders-prod", "ApiServiceRole7C1F20AB")),
            ),
            (
                "orders-Role20261122-mH5qYXGnhTqr",
                &[],
                "cloudformation",
                ALICE,
                CloudFormation(place("orders", "Role20261122")),
            ),
            ("orders-api-role", &stack, "console", ALICE, CloudFormation(place("orders", "ApiRole"))),
            ("orders-api-role", &stack, "terraform", ALICE, CloudFormation(place("orders", "ApiRole"))),
            ("orders-api-role", &stack, "cloudformation", CDK, Cdk(place("orders", "ApiRole"))),
        ] {
            assert_eq!(of(name, tags, via, principal), expected, "{name} {tags:?} {via} {principal}");
        }
    }

    #[test]
    fn the_parts_of_a_shortened_name_are_not_taken_for_whole() {
        let long = format!("{}-CustomResourceProvide-mH5qYXGnhTqr", "a".repeat(27));
        assert_eq!(of(&long, &[], "cloudformation", ALICE), DeployedWith::CloudFormation(None));
    }

    #[test]
    fn a_role_that_sam_made_belongs_to_a_function() {
        assert_eq!(place("orders", "OrdersApiRole").unwrap().function(), Some("OrdersApi"));
        assert_eq!(place("orders", "Role").unwrap().function(), None);
    }
}
