//! A linter for whole GitOps repositories.
