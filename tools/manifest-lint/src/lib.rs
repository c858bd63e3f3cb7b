//! A linter for whole GitOps repositories.

pub mod source;
pub mod yaml;
