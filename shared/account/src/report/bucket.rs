//! Objects of the report's bucket.

use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;

impl Account {
    /// An object as a whole; none where there is none.
    pub(crate) async fn read_object(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        let doing = || format!("could not read `{key}` of bucket `{}`", self.bucket());
        let object = match self.s3().get_object().bucket(self.bucket()).key(key).send().await {
            Ok(object) => object,
            Err(e) if e.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(e) => return Err(Failure::of_call(doing(), e)),
        };
        let bytes = object.body.collect().await;
        Ok(Some(bytes.map_err(|e| Failure::retryable(format!("{}: {e}", doing())))?.to_vec()))
    }

    /// Writes an object, over one that is there.
    pub(super) async fn write_object(
        &self,
        key: &str,
        content_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(), Failure> {
        let put = self.s3().put_object().bucket(self.bucket()).key(key).content_type(content_type);
        put.body(ByteStream::from(bytes)).send().await.map_err(|e| {
            Failure::of_call(format!("could not write `{key}` to bucket `{}`", self.bucket()), e)
        })?;
        Ok(())
    }

    fn bucket(&self) -> &str {
        &self.settings.deployment.report_bucket
    }
}
