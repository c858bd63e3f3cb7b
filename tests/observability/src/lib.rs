//! Proofs with real monitoring servers.
