//! An image that means something else tomorrow.

use crate::diagnostic::{Report, Severity};
use crate::image::Reference;
use crate::object::Object;
use crate::repo::Repo;
use crate::rule::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "image/floating-tag",
    summary: "an image has no tag, or `latest`",
    severity: Severity::Error,
    aliases: &["latest-tag", "KSV-0013", "C-0075", "CKV_K8S_14"],
    since: "0.1.0",
    docs: include_str!("floating_tag.md"),
    check: Check::Object(check),
};

fn check(object: &Object, _: &Repo, report: &mut Report) {
    let Some(pod) = object.pod_spec() else { return };
    for field in ["initContainers", "containers", "ephemeralContainers"] {
        for image in pod.list(field).iter().filter_map(|container| container.get("image")) {
            let Some(reference) = image.text().and_then(Reference::parse) else { continue };
            if reference.digest.is_some() {
                continue;
            }
            let message = match reference.tag {
                Some("latest") => "the tag `latest` is another image tomorrow",
                None => "an image without a tag means `latest`",
                Some(_) => continue,
            };
            report.at(image.span, message).help("name a version, best with its digest: `name:1.2.3@sha256:…`");
        }
    }
}
