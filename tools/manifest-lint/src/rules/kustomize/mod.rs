//! Kustomizations and the files they name.

use crate::rule::Rule;

mod missing_file;
mod unlisted_file;

pub(super) const RULES: [&Rule; 2] = [&missing_file::RULE, &unlisted_file::RULE];
