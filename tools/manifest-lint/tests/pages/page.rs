//! Pages of rules and situations: headings, named files in fenced blocks, and the findings expected of them.

use manifest_lint::source::Sources;

/// One `##` section that holds files.
#[derive(Debug, Default)]
pub(crate) struct Case {
    pub(crate) heading: String,
    pub(crate) files: Vec<(String, String)>,
    /// What is expected, and where it stands in the page.
    pub(crate) expected: Option<(String, std::ops::Range<usize>)>,
}

impl Case {
    pub(crate) fn sources(&self) -> Sources {
        self.files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect()
    }
}

/// The sections of `page` that hold files, with fenced blocks ```` ```yaml file=PATH ```` and ```` ```text ````.
pub(crate) fn cases(page: &str) -> Vec<Case> {
    let mut cases = vec![Case::default()];
    let mut block: Option<(String, usize)> = None;
    let mut at = 0;
    for line in page.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let bare = line.trim_end();
        let case = cases.last_mut().expect("there is always a case");
        if let Some((info, from)) = &block {
            if bare == "```" {
                close(case, info, &page[*from..start], *from..start);
                block = None;
            }
        } else if let Some(info) = bare.strip_prefix("```") {
            block = Some((info.to_owned(), at));
        } else if let Some(heading) = bare.strip_prefix("## ") {
            cases.push(Case { heading: heading.to_owned(), ..Case::default() });
        }
    }
    cases.retain(|case| !case.files.is_empty());
    cases
}

fn close(case: &mut Case, info: &str, text: &str, range: std::ops::Range<usize>) {
    if let Some((_, path)) = info.split_once("file=") {
        case.files.push((path.to_owned(), text.to_owned()));
    } else if info == "text" {
        case.expected = Some((text.to_owned(), range));
    }
}
