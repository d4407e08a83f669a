//! Invoked by SQS with events of calls that a permissions boundary refused.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    account::run::denial_function(on_boundary_denial::trigger).await
}
