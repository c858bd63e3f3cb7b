//! "Did you mean": the nearest of some names.

/// The name nearest to `wanted`, if one is near enough to be a slip of the keyboard.
pub(crate) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wanted.chars().count() / 3).clamp(1, 3);
    let scored = names.into_iter().map(|name| (strsim::osa_distance(wanted, name), name));
    scored.filter(|&(distance, name)| distance <= limit && name != wanted).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_slips_are_suggested() {
        let names = ["containers", "initContainers", "volumes"];
        assert_eq!(nearest("contianers", names), Some("containers"));
        assert_eq!(nearest("Volumes", names), Some("volumes"));
        assert_eq!(nearest("replicas", names), None);
        assert_eq!(nearest("po", ["pod", "job"]), Some("pod"));
    }
}
