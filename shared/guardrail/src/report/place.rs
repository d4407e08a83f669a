use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// What a part of a URL needs no escape for.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// Names the latest report.
pub const LATEST: &str = "reports/latest.json";

/// Where the three files of a report lie in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportKeys {
    folder: String,
}

/// What [`LATEST`] says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latest {
    /// The sweep whose report it is.
    pub sweep: String,
    /// The key of its JSON document.
    pub report: String,
    /// The key of the one before: a sweep that is tried again compares with that and not with itself.
    pub before: Option<String>,
}

impl ReportKeys {
    /// Of the sweep that began then: each has a folder of its own, and they sort by time.
    #[must_use]
    pub fn of(sweep: &str, started_at: Timestamp) -> Self {
        let plain: String = sweep.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        Self { folder: format!("reports/{}-{plain}", started_at.strftime("%Y-%m-%dT%H-%M-%SZ")) }
    }

    /// The page.
    #[must_use]
    pub fn html(&self) -> String {
        format!("{}/report.html", self.folder)
    }

    /// The table.
    #[must_use]
    pub fn csv(&self) -> String {
        format!("{}/report.csv", self.folder)
    }

    /// The document.
    #[must_use]
    pub fn json(&self) -> String {
        format!("{}/report.json", self.folder)
    }

    /// The page's object in the console. No link that carries its own permission: those end within days and are for whoever has them.
    #[must_use]
    pub fn console(&self, bucket: &str, region: &str) -> String {
        let key = utf8_percent_encode(&self.html(), PLAIN).to_string();
        format!("https://{region}.console.aws.amazon.com/s3/object/{bucket}?region={region}&prefix={key}")
    }
}

impl Latest {
    /// The key of the report that the sweep's own is compared with.
    #[must_use]
    pub fn to_compare(&self, sweep: &str) -> Option<&str> {
        if self.sweep == sweep { self.before.as_deref() } else { Some(&self.report) }
    }
}

/// The key of the rows that an invocation leaves for the one that ends the sweep.
#[must_use]
pub fn part_key(sweep: &str, index: u32) -> String {
    format!("parts/{sweep}/{index}.jsonl")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sweep_has_a_folder_and_a_link() {
        let keys =
            ReportKeys::of("4c1f6a2e-77aa-4b1e-9c53-0a1b2c3d4e5f", "2026-11-23T10:00:00.5Z".parse().unwrap());
        assert_eq!(keys.html(), "reports/2026-11-23T10-00-00Z-4c1f6a2e/report.html");
        assert_eq!(
            keys.console("stack-reports", "us-east-1"),
            "https://us-east-1.console.aws.amazon.com/s3/object/stack-reports?region=us-east-1\
             &prefix=reports/2026-11-23T10-00-00Z-4c1f6a2e/report.html"
        );
    }

    #[test]
    fn a_sweep_that_is_tried_again_compares_with_the_report_before_its_own() {
        let latest =
            Latest { sweep: "2".to_owned(), report: "two".to_owned(), before: Some("one".to_owned()) };
        assert_eq!((latest.to_compare("3"), latest.to_compare("2")), (Some("two"), Some("one")));
    }
}
