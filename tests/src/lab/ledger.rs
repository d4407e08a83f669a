//! The ledger, as an operator writes it.

use super::{Lab, Told};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

impl Lab {
    /// The name of the ledger's table.
    pub async fn ledger_table(&self) -> String {
        let tables =
            self.dynamodb.list_tables().send().await.expect("tables").table_names.unwrap_or_default();
        tables.into_iter().find(|name| name.starts_with("ringfence-Ledger")).expect("the ledger")
    }

    /// `aws dynamodb put-item` of texts.
    pub async fn put_item(&self, item: &[(&str, &str)]) {
        let item = item.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
        let put = self.dynamodb.put_item().table_name(self.ledger_table().await).set_item(Some(item));
        put.send().await.expect("PutItem");
    }

    /// `aws dynamodb delete-item`.
    pub async fn delete_item(&self, pk: &str, sk: &str) {
        let delete = self.dynamodb.delete_item().table_name(self.ledger_table().await);
        delete.key("pk", text(pk)).key("sk", text(sk)).send().await.expect("DeleteItem");
    }

    /// Every notice so far, in order, copies included.
    pub async fn notices(&self) -> Vec<Told> {
        let mut messages = self.messages().await;
        messages.retain(|told| told.finding["outcome"] == json!("notice"));
        messages
    }
}
