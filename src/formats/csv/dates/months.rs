//! Names of months, by how they begin.

const MONTHS: [(&str, i8); 40] = [
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
    ("дек", 12),
];

/// The month that a word names, whole or cut.
pub(super) fn month_named(word: &str) -> Option<i8> {
    let lower = word.to_lowercase();
    if lower.chars().count() < 3 || lower.chars().count() > 9 {
        return None;
    }
    // Longer names first where one begins another (`juin`, `juil`).
    let found = MONTHS.iter().filter(|(name, _)| lower.starts_with(name));
    found
        .max_by_key(|(name, _)| name.len())
        .map(|(_, month)| *month)
}
