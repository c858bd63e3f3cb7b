//! Every rule, by family. A rule is two plain lines in its family's list, and a page beside it.

mod flux;
mod image;
mod kustomize;
mod schema;
mod yaml;

use crate::rule::Rule;

const FAMILIES: [&[&Rule]; 5] = [&flux::RULES, &image::RULES, &kustomize::RULES, &schema::RULES, &yaml::RULES];

/// All rules, in the order of their ids.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.into_iter().flatten().copied()
}

/// The rule of this id or alias.
pub fn find(name: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.is_called(name))
}
