//! Invoked by EventBridge on Lambda calls that open a function to others, or close it.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    account::run::exposure_function(on_exposure_change::trigger).await
}
