//! What Ringfence's functions did: the lab's journal of calls and invocations.

use super::Lab;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

impl Lab {
    /// The journal's entries after the one with this number; 0 is the beginning.
    pub fn journal_since(&self, seq: usize) -> Vec<Value> {
        let Value::Array(entries) = self.get(&format!("journal?since={seq}")) else {
            panic!("the journal is no list")
        };
        entries
    }

    /// The number of the journal's last entry.
    pub fn journal_end(&self) -> usize {
        let read = self.read.load(Ordering::Relaxed);
        let end = read + self.journal_since(read).len();
        self.read.fetch_max(end, Ordering::Relaxed);
        end
    }

    /// Successful calls so far of an operation by Ringfence's own functions.
    pub fn own_calls(&self, operation: &str) -> usize {
        self.own_calls_since(0, operation).len()
    }

    /// The same, after an entry of the journal.
    pub fn own_calls_since(&self, seq: usize, operation: &str) -> Vec<Value> {
        let mut calls = self.journal_since(seq);
        calls.retain(|entry| is_own_call(entry, operation) && entry["status"] == json!(200));
        calls
    }
}

fn is_own_call(entry: &Value, operation: &str) -> bool {
    entry["operation"] == json!(operation)
        && entry["caller"]["function"].as_str().is_some_and(|name| name.starts_with("ringfence-"))
}
