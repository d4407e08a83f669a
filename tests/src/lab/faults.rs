//! The lab's faults: armed by posting them to `faults`, see `tests/lab/README.md`.

use super::Lab;
use serde_json::json;

impl Lab {
    /// How often the armed faults have struck so far.
    pub fn struck(&self) -> u64 {
        let faults = self.get("faults");
        faults.as_array().expect("a list").iter().filter_map(|fault| fault["fired"].as_u64()).sum()
    }

    /// Ends all faults.
    pub fn disarm(&self) {
        self.delete("faults");
    }

    /// Waits until nothing is left to do, as if the minutes had gone by for which messages are hidden from their functions.
    pub async fn settle(&self) {
        self.silence().await;
        while self.post("queues/due", json!({}))["due"] != json!(0) {
            self.silence().await;
        }
    }
}
