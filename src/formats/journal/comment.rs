//! Tags and dates in comments: hledger's `name:value`, Ledger's `:tag:`, `Key: value`, `[date]`.

use crate::ledger::transaction::Tag;

/// Adds the tags that a comment holds.
///
/// hledger: a word ending in a colon, anywhere; its value runs to a comma or the end. Ledger:
/// `:one:two:` are tags without value, `Key:: expression` keeps the expression as text.
pub(super) fn tags_of(comment: &str, into: &mut Vec<Tag>) {
    if memchr::memchr2(b':', b'[', comment.as_bytes()).is_none() {
        return;
    }
    bracket_dates(comment, into);
    let mut at = 0;
    while let Some(found) = comment[at..].find(':') {
        let colon = at + found;
        let start = comment[at..colon]
            .rfind(|c: char| c.is_whitespace() || c == ',')
            .map_or(at, |p| {
                p + at + comment[at + p..].chars().next().map_or(1, char::len_utf8)
            });
        let name = &comment[start..colon];
        if name.is_empty() {
            at = ledger_names(comment, colon, into);
            continue;
        }
        let rest = &comment[colon + 1..];
        if rest.starts_with("//") {
            at = colon + 1;
            continue;
        }
        let end = rest.find(',').map_or(comment.len(), |p| colon + 1 + p);
        let value = comment[colon + 1..end].trim_start_matches(':').trim();
        into.push(Tag {
            name: name.to_owned(),
            value: value.to_owned(),
        });
        at = end;
    }
}

/// `:one:two:` from its first colon; returns where to go on.
fn ledger_names(comment: &str, colon: usize, into: &mut Vec<Tag>) -> usize {
    let word_end = comment[colon..]
        .find(char::is_whitespace)
        .map_or(comment.len(), |p| colon + p);
    let word = &comment[colon..word_end];
    if word.len() > 2 && word.ends_with(':') {
        for name in word.split(':').filter(|n| !n.is_empty()) {
            into.push(Tag {
                name: name.to_owned(),
                value: String::new(),
            });
        }
    }
    word_end.max(colon + 1)
}

/// `[2011-01-01]` at the beginning is the posting's date, `[=2011-01-01]` its second one.
fn bracket_dates(comment: &str, into: &mut Vec<Tag>) {
    let Some(rest) = comment.strip_prefix('[') else {
        return;
    };
    let Some((inside, _)) = rest.split_once(']') else {
        return;
    };
    let looks = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || b"/-.".contains(&b))
    };
    let (first, second) = inside.split_once('=').unwrap_or((inside, ""));
    if (first.is_empty() || looks(first)) && (second.is_empty() || looks(second)) {
        for (name, value) in [("date", first), ("date2", second)] {
            if !value.is_empty() {
                into.push(Tag {
                    name: name.to_owned(),
                    value: value.to_owned(),
                });
            }
        }
    }
}

/// Whether the tags say everything a comment says.
pub(super) fn is_only_tags(comment: &str) -> bool {
    let word = |text: &str| !text.contains(char::is_whitespace);
    if comment.len() > 2 && comment.starts_with(':') && comment.ends_with(':') && word(comment) {
        return true;
    }
    if comment.starts_with('[') && comment.ends_with(']') {
        let mut dates = Vec::new();
        bracket_dates(comment, &mut dates);
        return !dates.is_empty();
    }
    comment.split(',').all(|part| {
        part.trim()
            .split_once(':')
            .is_some_and(|(name, value)| !name.is_empty() && word(name) && !value.starts_with("//"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(comment: &str) -> Vec<String> {
        let mut out = Vec::new();
        tags_of(comment, &mut out);
        out.iter()
            .map(|t| format!("{}={}", t.name, t.value))
            .collect()
    }

    #[test]
    fn tags_of_both_programs_are_found() {
        assert_eq!(tags("paid by: card, for: Ravi"), ["by=card", "for=Ravi"]);
        assert_eq!(tags(":nobudget:"), ["nobudget="]);
        assert_eq!(tags("see :a:b: and"), ["a=", "b="]);
        assert_eq!(tags("Sample: Another Value"), ["Sample=Another Value"]);
        assert_eq!(tags("Key:: 1 + 2"), ["Key=1 + 2"]);
        assert_eq!(tags("see https://example.com/x"), Vec::<String>::new());
        assert_eq!(tags("[=2011/01/01]"), ["date2=2011/01/01"]);
        assert_eq!(tags("[2011/01/01]"), ["date=2011/01/01"]);
        assert_eq!(tags("é:ü, 銀:行"), ["é=ü", "銀=行"]);
        assert_eq!(tags(": : ::"), Vec::<String>::new());
    }
}
