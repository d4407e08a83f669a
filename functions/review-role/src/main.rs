//! Invoked by SQS with messages of the review queue.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    account::run::queue_function().await
}
