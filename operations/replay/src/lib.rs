//! What Ringfence would do about one event, in the account of the current credentials. Nothing is written, see
//! [`account::replay::ReadOnlyAccount`].

pub mod event;
pub mod report;
