//! From documents to what a cluster would get.

mod flux;
mod kustomization;
mod patched;

pub use flux::{Dependency, FluxPath};
pub use kustomization::{Kustomization, Reference, Target};

pub(crate) use flux::{clamped, dependencies, flux_paths};
pub(crate) use kustomization::{join, read};
pub(crate) use patched::PatchedKinds;
