//! Invoked by a schedule, or by hand with any event.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    account::run::sweep_function().await
}
