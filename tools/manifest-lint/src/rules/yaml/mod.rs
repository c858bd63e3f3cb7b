//! What is wrong with a file before anybody asks what it means.

use crate::rule::Rule;

mod duplicate_key;
mod syntax;

pub(super) const RULES: [&Rule; 2] = [&duplicate_key::RULE, &syntax::RULE];
