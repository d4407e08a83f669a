//! What teams do: roles, policies and functions, made and changed by ordinary API calls.

use super::{Lab, TRUSTS_LAMBDA};

/// The smallest zip: no file. The lab runs no code of test functions.
const EMPTY_ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

impl Lab {
    /// Makes a role that trusts Lambda.
    pub async fn create_role(&self, name: &str, path: &str) {
        self.create_role_trusting(name, path, TRUSTS_LAMBDA).await;
    }

    /// Makes a role with a trust policy.
    pub async fn create_role_trusting(&self, name: &str, path: &str, trust: &str) {
        let create = self.iam.create_role().role_name(name).path(path).assume_role_policy_document(trust);
        create.send().await.unwrap_or_else(|e| panic!("CreateRole {name}: {e:?}"));
    }

    /// Attaches a managed policy to a role.
    pub async fn attach(&self, role: &str, policy: &str) {
        let attach = self.iam.attach_role_policy().role_name(role).policy_arn(policy);
        attach.send().await.unwrap_or_else(|e| panic!("AttachRolePolicy {role}: {e:?}"));
    }

    /// Makes a managed policy; its ARN.
    pub async fn create_policy(&self, name: &str, document: &str) -> String {
        let create = self.iam.create_policy().policy_name(name).policy_document(document);
        let answer = create.send().await.unwrap_or_else(|e| panic!("CreatePolicy {name}: {e:?}"));
        answer.policy.and_then(|policy| policy.arn).expect("an ARN")
    }

    /// Makes a function with the role.
    pub async fn create_function(&self, name: &str, role_arn: &str) {
        self.create_function_in("us-east-1", name, role_arn).await;
    }

    /// The same in another Region.
    pub async fn create_function_in(&self, region: &'static str, name: &str, role_arn: &str) {
        use aws_sdk_lambda::config::{Builder, Region};
        use aws_sdk_lambda::{primitives::Blob, types::FunctionCode, types::Runtime};
        let code = FunctionCode::builder().zip_file(Blob::new(EMPTY_ZIP)).build();
        let create = self.lambda.create_function().function_name(name).role(role_arn).code(code);
        let create = create.runtime(Runtime::Providedal2023).handler("bootstrap");
        let there = Builder::default().region(Region::from_static(region));
        let created = create.customize().config_override(there).send().await;
        created.unwrap_or_else(|e| panic!("CreateFunction {name}: {e:?}"));
    }

    /// The boundary that the role has now.
    pub async fn boundary_of(&self, role: &str) -> Option<String> {
        let answer = self
            .iam
            .get_role()
            .role_name(role)
            .send()
            .await
            .unwrap_or_else(|e| panic!("GetRole {role}: {e:?}"));
        answer.role?.permissions_boundary?.permissions_boundary_arn
    }
}
