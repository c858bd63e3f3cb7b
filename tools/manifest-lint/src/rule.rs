//! A rule is plain data and a function pointer: it cannot fail, keep state or print.

use crate::diagnostic::{Report, Severity};
use crate::document::Document;
use crate::object::Object;
use crate::repo::Repo;

/// One thing that can be wrong. Its page is the user's documentation, the text of `explain` and the test.
#[derive(Debug)]
pub struct Rule {
    /// `family/the-fault`, reading well after "allow".
    pub id: &'static str,
    pub summary: &'static str,
    pub severity: Severity,
    /// What other tools call it.
    pub aliases: &'static [&'static str],
    pub since: &'static str,
    pub docs: &'static str,
    pub check: Check,
}

/// The smallest view that suffices.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    Document(fn(&Document, &mut Report)),
    Object(fn(&Object, &Repo, &mut Report)),
    Repo(fn(&Repo, &mut Report)),
}

impl Rule {
    /// Whether `name` is this rule: its id, or what another tool calls it.
    pub fn is_called(&self, name: &str) -> bool {
        self.id == name || self.aliases.contains(&name)
    }

    pub(crate) fn run(&'static self, repo: &Repo) -> Report {
        let mut report = Report::new(self);
        match self.check {
            Check::Document(check) => repo.documents().iter().for_each(|document| check(document, &mut report)),
            Check::Object(check) => {
                for object in repo.objects() {
                    report.about(Some(object));
                    check(object, repo, &mut report);
                }
            }
            Check::Repo(check) => check(repo, &mut report),
        }
        report
    }
}
