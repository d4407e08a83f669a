//! Invoked by EventBridge on Lambda calls that give a function a role.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    account::run::event_function(on_function_change::trigger).await
}
