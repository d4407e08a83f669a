//! Invoked by a schedule with `{}`, or by an operator with `{"role":"name"}`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    account::run::suggest_function().await
}
