//! The schema of findings: that of the types, compatible with what was published before, good for the findings of that time.

mod compatibility;
mod current;
mod outcomes;
