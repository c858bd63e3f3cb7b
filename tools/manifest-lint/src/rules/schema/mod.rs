//! What the schema of a kind says about an object.

use crate::rule::Rule;

pub(super) const RULES: [&Rule; 0] = [];
