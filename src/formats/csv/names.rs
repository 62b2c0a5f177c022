//! Reading the names of columns: plain forms, currencies in them, and the role that `role_names` gives.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::amounts::{self, Side};
use super::columns::Role;
use super::role_names::roles;

/// A name without case, accents, punctuation and what stands in brackets: `Withdrawal Amt. (INR)` → `withdrawal amt`.
pub fn normal(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    use unicode_normalization::char::is_combining_mark;
    let mut depth = 0u32;
    let mut out = String::with_capacity(name.len());
    for c in name.nfkd().filter(|c| !is_combining_mark(*c)) {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            // Letters that Unicode does not take apart.
            'ø' | 'Ø' => out.push('o'),
            'ł' | 'Ł' => out.push('l'),
            'æ' | 'Æ' => out.push_str("ae"),
            'œ' | 'Œ' => out.push_str("oe"),
            'ß' => out.push_str("ss"),
            c if c.is_alphanumeric() => out.extend(c.to_lowercase()),
            _ => out.push(' '),
        }
    }
    // Letters of Korean, taken apart above, are put together again.
    let whole: String = out.nfc().collect();
    whole.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name of a column: `Amount (EUR)` → `amount`; `(D/C)` → `d c`, where all of it stands in brackets; and `Amount
/// (Debit)` → `amount debit`, where they say which way the money went.
pub fn of_cell(cell: &str) -> String {
    let name = normal(cell);
    if let Some((_, rest)) = cell.split_once(['(', '[', '（']) {
        let inner = normal(rest.split([')', ']', '）']).next().unwrap_or(""));
        if amount_and_side(&name, &inner).is_some() {
            return format!("{name} {inner}");
        }
    }
    match cell
        .trim()
        .strip_prefix('(')
        .and_then(|c| c.strip_suffix(')'))
    {
        Some(inner) if name.is_empty() => normal(inner),
        _ => name,
    }
}

/// What is in the brackets of a name, or its last word, if it is a currency: `Amount (EUR)`, `Betrag in CHF`.
pub fn currency_in(name: &str) -> Option<String> {
    let inner = name
        .split_once(['(', '['])
        .map(|(_, rest)| rest.split([')', ']']).next().unwrap_or("").trim());
    let last = name.split_whitespace().next_back();
    [inner, last].into_iter().flatten().find_map(|word| {
        let word = match word.trim_matches('.') {
            "$" => "$",
            // `CAD$`.
            word => word.trim_end_matches('$'),
        };
        let by_symbol = ["INR", "USD", "EUR", "GBP"]
            .into_iter()
            .find(|code| crate::ledger::currency::iso_symbol(code) == Some(word));
        let code = match word.to_uppercase().as_str() {
            "RS" | "RUPEES" => "INR".to_owned(),
            "EURO" | "EUROS" | "EUROA" => "EUR".to_owned(),
            other => by_symbol.map_or(other.to_owned(), str::to_owned),
        };
        crate::ledger::currency::iso_scale(&code).map(|_| code)
    })
}

/// A role, and how well its name says it: less is better.
type Ranked = (Role, u8);

/// Every name to its role; of a name that stands twice, the first.
static NAMES: LazyLock<HashMap<&str, Ranked>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    for (name, ranked) in ranked_names() {
        names.entry(name).or_insert(ranked);
    }
    names
});

/// Names of several words without their blanks, as programs write them: `runningbalance`.
static SQUEEZED: LazyLock<HashMap<String, Ranked>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    for (name, ranked) in ranked_names().filter(|(name, _)| name.contains(' ')) {
        names.entry(name.replace(' ', "")).or_insert(ranked);
    }
    names
});

fn ranked_names() -> impl Iterator<Item = (&'static str, Ranked)> {
    roles().flat_map(|(role, names)| {
        let rank = |at: usize| u8::try_from(at).unwrap_or(u8::MAX);
        let ranked = names.iter().enumerate();
        ranked.map(move |(at, name)| (*name, (*role, rank(at))))
    })
}

/// Words of sides that are words of other things too: `Total paid`, `Amount received`.
const KINDS: &[&str] = &[
    "paid",
    "payment",
    "sent",
    "received",
    "income",
    "expense",
    "deposit",
    "withdrawal",
];

/// The role of a column of amounts that go one way only, from its name and the word for that way.
fn amount_and_side(name: &str, side: &str) -> Option<Ranked> {
    let (_, rank) = NAMES
        .get(name)
        .filter(|(role, _)| *role == Role::Amount && !name.contains("total"))?;
    let side =
        amounts::side(side).filter(|_| side.chars().count() > 1 && !KINDS.contains(&side))?;
    let role = match side {
        Side::Out => Role::Out,
        Side::In => Role::In,
    };
    Some((role, *rank))
}

/// The role of a normalised name, and how well the name says it: less is better.
pub fn role_of(name: &str) -> Option<Ranked> {
    let found = |name: &str| NAMES.get(name).copied();
    found(name)
        .or_else(|| {
            // `betrag in eur`, `debit inr`: the currency is not part of the name.
            let (head, last) = name.rsplit_once(' ')?;
            let is_currency = matches!(
                last,
                "euro" | "euros" | "euroa" | "rupees" | "dollars" | "rs"
            ) || crate::ledger::currency::iso_scale(&last.to_uppercase())
                .is_some();
            is_currency.then_some(())?;
            let before = [" in", " en", " em", " w"];
            found(
                before
                    .iter()
                    .find_map(|word| head.strip_suffix(word))
                    .unwrap_or(head),
            )
        })
        .or_else(|| {
            // `RunningBalance`, `checkNumber`: names of programs, written as one word.
            let whole = name.bytes().all(|b| b.is_ascii_lowercase()) && name.len() > 5;
            whole.then(|| SQUEEZED.get(name).copied())?
        })
        .or_else(|| {
            // `거래 금액`: blanks between words of these scripts come and go.
            let whole = name.chars().any(|c| c >= '\u{3000}') && name.contains(' ');
            whole.then(|| found(&name.replace(' ', "")))?
        })
        .or_else(|| {
            // `Betrag Soll`, `Debit Umsatz`.
            let last = name.rsplit_once(' ');
            let first = name.split_once(' ').map(|(side, rest)| (rest, side));
            [last, first]
                .into_iter()
                .flatten()
                .find_map(|(rest, side)| amount_and_side(rest, side))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_case_accents_punctuation_and_brackets() {
        for (name, want) in [
            ("Withdrawal Amount (INR )", "withdrawal amount"),
            ("Chq./Ref.No.", "chq ref no"),
            ("        Debit", "debit"),
            ("Date de l'opération", "date de l operation"),
            ("Dr / Cr", "dr cr"),
            ("Empfänger", "empfanger"),
            ("Check or Slip #", "check or slip"),
        ] {
            assert_eq!(normal(name), want, "{name}");
        }
    }

    #[test]
    fn the_currency_of_a_name_is_seen() {
        assert_eq!(currency_in("Amount (EUR)").as_deref(), Some("EUR"));
        assert_eq!(currency_in("Balance (INR )").as_deref(), Some("INR"));
        assert_eq!(currency_in("Debit (₹)").as_deref(), Some("INR"));
        assert_eq!(currency_in("Betrag in CHF").as_deref(), Some("CHF"));
        assert_eq!(currency_in("Amount"), None);
        assert_eq!(role_of("betrag in chf").map(|r| r.0), Some(Role::Amount));
    }

    #[test]
    fn an_amount_that_goes_one_way_is_named_by_its_way() {
        for (cell, want) in [
            ("Amount (Debit)", Some(Role::Out)),
            ("Amount (In)", Some(Role::In)),
            ("Montant (crédit)", Some(Role::In)),
            ("记账金额(支出)", Some(Role::Out)),
            ("交易金额（收入）", Some(Role::In)),
            ("Umsatz [Haben]", Some(Role::In)),
            ("Betrag Soll", Some(Role::Out)),
            ("Debit Umsatz", Some(Role::Out)),
            ("Amount (EUR)", Some(Role::Amount)),
            ("Amount (K)", Some(Role::Amount)),
            ("Amount (Deposit)", Some(Role::Amount)),
            ("Total paid", None),
        ] {
            assert_eq!(role_of(&of_cell(cell)).map(|r| r.0), want, "{cell}");
        }
    }

    #[test]
    fn no_name_has_two_roles_but_details_and_valuta() {
        let mut seen = std::collections::HashMap::new();
        for (role, names) in roles() {
            for name in *names {
                assert_eq!(normal(name), *name, "not in normal form");
                if let Some(other) = seen.insert(*name, *role) {
                    assert!(*name == "details", "{name}: {other:?} and {role:?}");
                }
            }
        }
    }
}
