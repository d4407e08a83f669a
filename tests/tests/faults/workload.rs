//! What teams do while something is wrong: one role of each kind, by ordinary API calls, and what must come of it.

use tests::lab::{ADMINISTRATOR, Lab, OURS};

const BASIC: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
const READS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::orders/*"}}"#;
const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
/// All of it ours allows too.
const WITHIN_OURS: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ses:SendEmail","Resource":"*"}}"#;

/// Makes the boundary that a careful team brings along; its ARN.
pub(crate) async fn team(lab: &Lab) -> String {
    lab.create_policy("team-boundary", WITHIN_OURS).await
}

/// A role, and what must have come of it in the end.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) role: String,
    pub(crate) boundary: String,
    /// Outcome and severity of the one finding that is due.
    pub(crate) told: (&'static str, &'static str),
    /// How often the boundary has to be put.
    pub(crate) writes: usize,
}

/// The roles of one trial. Their names begin with its name.
pub(crate) struct Workload<'l> {
    lab: &'l Lab,
    team: &'l str,
    name: &'l str,
    policy: String,
}

impl<'l> Workload<'l> {
    /// While all is well: the roles that were there before.
    pub(crate) async fn prepare(lab: &'l Lab, team: &'l str, name: &'l str) -> Self {
        lab.create_role(&format!("{name}-deleted"), "/").await;
        let policy = lab.create_policy(&format!("{name}-policy"), READS).await;
        let role = format!("{name}-widened");
        lab.create_role(&role, "/").await;
        lab.attach(&role, &policy).await;
        lab.silence().await;
        Self { lab, team, name, policy }
    }

    /// While something is wrong.
    pub(crate) async fn play(&self) {
        let (lab, name) = (self.lab, self.name);
        lab.create_role(&format!("{name}-bare"), "/").await;
        let delete = lab.iam.delete_role_permissions_boundary().role_name(format!("{name}-deleted"));
        delete.send().await.expect("DeleteRolePermissionsBoundary");
        for (kind, policy) in [("admin", ADMINISTRATOR), ("plain", BASIC)] {
            let role = format!("{name}-{kind}");
            lab.create_role(&role, "/service-role/").await;
            lab.attach(&role, policy).await;
            lab.create_function(&role, &format!("arn:aws:iam::123456789012:role/service-role/{role}")).await;
        }
        let create = lab.iam.create_role().role_name(format!("{name}-team"));
        let create =
            create.assume_role_policy_document(tests::lab::TRUSTS_LAMBDA).permissions_boundary(self.team);
        create.send().await.expect("CreateRole");
        let widen = lab.iam.create_policy_version().policy_arn(&self.policy).policy_document(EVERYTHING);
        widen.set_as_default(true).send().await.expect("CreatePolicyVersion");
    }

    /// What must have come of it.
    pub(crate) fn expected(&self) -> Vec<Expected> {
        let role = |kind: &str, boundary: &str, told, writes| Expected {
            role: format!("{}-{kind}", self.name),
            boundary: boundary.to_owned(),
            told,
            writes,
        };
        vec![
            role("bare", OURS, ("bounded", "LOW"), 1),
            role("admin", OURS, ("bounded", "CRITICAL"), 1),
            role("plain", OURS, ("bounded", "LOW"), 1),
            role("deleted", OURS, ("restored", "HIGH"), 1),
            role("team", self.team, ("kept", "INFO"), 0),
            role("widened", OURS, ("contained", "MEDIUM"), 0),
        ]
    }
}
