//! Container images.

use crate::rule::Rule;

mod floating_tag;

pub(super) const RULES: [&Rule; 1] = [&floating_tag::RULE];
