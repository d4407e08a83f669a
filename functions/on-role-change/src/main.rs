//! Invoked by EventBridge on IAM calls that change a role.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    account::run::event_function(on_role_change::trigger).await
}
