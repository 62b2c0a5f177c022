//! What metadata below an `open` says of an account: the words that our own writer uses.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::formats::journal::builder::{Builder, one_line, printable};
use crate::ledger::account::{AccountKey, AccountType, Kind};

/// Takes one name and its text; false if it says nothing that an account has a place for.
pub(super) fn meta(builder: &mut Builder<'_>, account: AccountKey, name: &str, text: &str) -> bool {
    let line = one_line(text);
    if line.is_empty() {
        return false;
    }
    match name {
        "path" => return builder.rename(account, &line),
        "kind" | "use" => return kind(builder, account, name, &line),
        // The account's own id is of the book it comes from.
        "id" => return uuid::Uuid::try_parse(&line).is_ok(),
        _ => {}
    }
    let held = builder.account_mut(account);
    match name {
        "code" => held.code = Some(line),
        "note" => held.note = Some(printable(text)),
        "aliases" => {
            held.aliases = line
                .split(',')
                .map(|alias| alias.trim().to_owned())
                .collect()
        }
        "phone" => held.contact.phone = Some(line),
        "email" => held.contact.email = Some(line),
        "tax-id" => held.contact.tax_id = Some(line),
        "address" => held.contact.address = Some(printable(text)),
        "credit-limit" => match Decimal::from_str_exact(&line) {
            Ok(limit) => held.contact.credit_limit = Some(limit),
            Err(_) => return false,
        },
        "opened" | "closed" => {
            let Ok(day) = line.parse::<Date>() else {
                return false;
            };
            match name {
                "opened" => held.opened_on = Some(day),
                _ => held.closed_on = Some(day),
            }
        }
        _ => return false,
    }
    true
}

/// `kind` is a side of the books, `use` what the account is for within it.
fn kind(builder: &mut Builder<'_>, account: AccountKey, name: &str, word: &str) -> bool {
    let path = builder.path(account).to_owned();
    let declared = builder.account_mut(account).declared;
    let of_root = Kind::of_root(path.split(':').next().unwrap_or(""));
    let (kind, of_type) = declared.unwrap_or((of_root.unwrap_or(Kind::Unclassified), None));
    match (name, Kind::from_word(word), AccountType::from_word(word)) {
        ("kind", Some(kind), _) => builder.declare(account, kind, of_type),
        ("use", _, Some(of_type)) => builder.declare(account, kind, Some(of_type)),
        _ => return false,
    }
    true
}
