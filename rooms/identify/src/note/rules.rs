//! Whom a note names: `@` and a colleague's whole name, as it is written. Pure.

use std::collections::BTreeSet;

use crate::staff::Member;

/// The active colleagues that `text` names. Of names that begin alike the longest is meant.
pub(super) fn mentioned(text: &str, staff: &[Member]) -> BTreeSet<i64> {
    let text = text.to_lowercase();
    let mut by_length: Vec<(String, i64)> =
        staff.iter().filter(|m| m.active && !m.name.trim().is_empty()).map(|m| (m.name.trim().to_lowercase(), m.id)).collect();
    by_length.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let mut named = BTreeSet::new();
    for (at, _) in text.match_indices('@') {
        // An address has a letter before its @.
        if text.get(..at).and_then(|before| before.chars().next_back()).is_some_and(|c| c.is_ascii_alphanumeric()) {
            continue;
        }
        let rest = text.get(at + 1..).unwrap_or("");
        let found = by_length.iter().find(|(name, _)| rest.strip_prefix(name.as_str()).is_some_and(ends));
        named.extend(found.map(|(_, id)| *id));
    }
    named
}

/// Whether a name ends here: before anything that cannot go on with it. Chinese goes on without a space.
fn ends(rest: &str) -> bool {
    !rest.chars().next().is_some_and(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_are_meant() {
        let member = |id, name: &str, active| Member { id, name: name.to_owned(), team_id: None, active };
        let staff =
            [member(1, "Mei", true), member(2, "Mei Tan", true), member(3, "王芳", true), member(4, "Gone", false), member(5, "", true)];
        let named = |text: &str| mentioned(text, &staff).into_iter().collect::<Vec<_>>();
        assert_eq!(named("@Mei Tan, look"), [2]);
        assert_eq!(named("ask @mei."), [1]);
        assert_eq!(named("请@王芳跟进 @Mei"), [1, 3]);
        assert_eq!(named("@Meier, @Gone, mail@mei, @"), [0_i64; 0]);
    }
}
