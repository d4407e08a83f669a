use serde::{Deserialize, Serialize};

/// The name of an API call, without the API date that CloudTrail appends to Lambda's.
///
/// `CreateFunction20150331` and `UpdateFunctionConfiguration20150331v2` are `CreateFunction` and
/// `UpdateFunctionConfiguration` (<https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html>).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct EventName(String);

impl<'de> Deserialize<'de> for EventName {
    /// Messages of the review queue bring names too: only what could be the name of a call is taken.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let plausible = (1..=128).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
        if plausible {
            Ok(Self::from_cloudtrail(&name))
        } else {
            Err(serde::de::Error::custom("not the name of an API call (1 to 128 letters and digits)"))
        }
    }
}

impl EventName {
    /// Reads CloudTrail's `eventName`.
    #[must_use]
    pub fn from_cloudtrail(name: &str) -> Self {
        Self(without_date(name).to_owned())
    }

    /// The name as Ringfence writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for EventName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Cuts eight digits, or eight digits, `v` and more digits, from the end.
fn without_date(name: &str) -> &str {
    let digits_off = |text: &str| text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let dated_end = match name.get(..digits_off(name)) {
        Some(head) if head.len() < name.len() && head.ends_with('v') => head.len() - 1,
        _ => name.len(),
    };
    let dated = name.get(..dated_end).unwrap_or(name);
    let bare = digits_off(dated);
    match (dated.len() - bare, dated.get(..bare)) {
        (8, Some(bare)) if !bare.is_empty() => bare,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_api_date_goes() {
        for (cloudtrail, expected) in [
            ("CreateFunction20150331", "CreateFunction"),
            ("UpdateFunctionConfiguration20150331v2", "UpdateFunctionConfiguration"),
            ("UpdateFunctionConfiguration20150331v12", "UpdateFunctionConfiguration"),
            ("AddPermission20150331v2", "AddPermission"),
            ("CreateFunctionUrlConfig", "CreateFunctionUrlConfig"),
            ("CreateRole", "CreateRole"),
            ("ListObjectsV2", "ListObjectsV2"),
            ("Short2015", "Short2015"),
            ("20150331", "20150331"),
            ("v2", "v2"),
            ("", ""),
            ("Größe20150331v2", "Größe"),
        ] {
            assert_eq!(EventName::from_cloudtrail(cloudtrail).as_str(), expected, "{cloudtrail}");
        }
    }
}
