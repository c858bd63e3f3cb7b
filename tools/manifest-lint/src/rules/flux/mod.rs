//! What Flux objects name and wait for.

use crate::rule::Rule;

mod depends_on_cycle;
mod missing_dependency;
mod missing_path;

pub(super) const RULES: [&Rule; 3] = [&depends_on_cycle::RULE, &missing_dependency::RULE, &missing_path::RULE];
