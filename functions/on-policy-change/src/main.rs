//! Invoked by EventBridge on IAM calls that change a managed policy.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    account::run::policy_function(on_policy_change::trigger).await
}
