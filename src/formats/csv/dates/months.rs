//! Names of months, by how they begin.
//!
//! What stands for different months in two languages (`lip`, `lis`, `srp`) is left out: such a date is refused.

const MONTHS: [(&str, i8); 95] = [
    ("jan", 1),
    ("feb", 2),
    ("mar", 3),
    ("apr", 4),
    ("may", 5),
    ("jun", 6),
    ("jul", 7),
    ("aug", 8),
    ("sep", 9),
    ("oct", 10),
    ("nov", 11),
    ("dec", 12),
    ("mai", 5),
    ("maj", 5),
    ("mei", 5),
    ("juin", 6),
    ("juil", 7),
    ("aou", 8),
    ("aoû", 8),
    ("okt", 10),
    ("dez", 12),
    ("déc", 12),
    ("fév", 2),
    ("fev", 2),
    ("mär", 3),
    ("mrt", 3),
    ("avr", 4),
    ("ago", 8),
    ("ene", 1),
    ("abr", 4),
    ("dic", 12),
    ("gen", 1),
    ("mag", 5),
    ("giu", 6),
    ("lug", 7),
    ("set", 9),
    ("ott", 10),
    ("out", 10),
    ("янв", 1),
    ("фев", 2),
    ("мар", 3),
    ("апр", 4),
    ("мая", 5),
    ("май", 5),
    ("июн", 6),
    ("июл", 7),
    ("авг", 8),
    ("сен", 9),
    ("окт", 10),
    ("ноя", 11),
    ("sty", 1),
    ("lut", 2),
    ("kwi", 4),
    ("cze", 6),
    ("lipc", 7),
    ("lipi", 7),
    ("sie", 8),
    ("wrz", 9),
    ("paź", 10),
    ("gru", 12),
    ("oca", 1),
    ("şub", 2),
    ("nis", 4),
    ("haz", 6),
    ("tem", 7),
    ("ağu", 8),
    ("eyl", 9),
    ("eki", 10),
    ("kas", 11),
    ("ara", 12),
    ("ian", 1),
    ("iun", 6),
    ("iul", 7),
    ("noi", 11),
    ("des", 12),
    ("agu", 8),
    ("maart", 3),
    ("már", 3),
    ("ápr", 4),
    ("máj", 5),
    ("jún", 6),
    ("júl", 7),
    ("tammi", 1),
    ("helmi", 2),
    ("maalis", 3),
    ("huhti", 4),
    ("touko", 5),
    ("kesä", 6),
    ("heinä", 7),
    ("elo", 8),
    ("syys", 9),
    ("loka", 10),
    ("marras", 11),
    ("joulu", 12),
    ("дек", 12),
];

/// The month that a word names, whole or cut.
pub(super) fn month_named(word: &str) -> Option<i8> {
    let lower = word.to_lowercase();
    if lower.chars().count() < 3 || lower.chars().count() > 12 {
        return None;
    }
    // Longer names first where one begins another (`juin`, `juil`).
    let found = MONTHS.iter().filter(|(name, _)| lower.starts_with(name));
    found
        .max_by_key(|(name, _)| name.len())
        .map(|(_, month)| *month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_that_begins_a_word_is_meant() {
        for (word, month) in [
            ("März", 3),
            ("maart", 3),
            ("marraskuu", 11),
            ("maaliskuu", 3),
            ("juillet", 7),
            ("января", 1),
            ("мая", 5),
            ("ноября", 11),
            ("kwietnia", 4),
            ("lipca", 7),
            ("października", 10),
            ("Ağu", 8),
            ("Kasım", 11),
            ("noiembrie", 11),
            ("Desember", 12),
        ] {
            assert_eq!(month_named(word), Some(month), "{word}");
        }
        for word in ["lip", "lis", "srp", "tea", "ma"] {
            assert_eq!(month_named(word), None, "{word}");
        }
    }
}
