//! Invoked by an operator with `{"role":"name"}` or `{"all":true}`, see the `undo` line of a finding.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    account::run::undo_function().await
}
