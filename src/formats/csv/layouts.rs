//! Layouts we know by their column names, and what the bank is known to do that the file may not show.
//!
//! A layout never overrules what the file says: it settles what the file leaves open.

use super::columns::{Columns, Role};
use crate::ledger::settings::DateOrder;

/// A known layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub name: &'static str,
    /// Normalised column names that are all there.
    needs: &'static [&'static str],
    pub date_order: Option<DateOrder>,
    pub decimal_mark: Option<char>,
    pub quirk: Quirk,
}

/// What a layout does that its columns do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quirk {
    None,
    /// The amount is before the fee: net = amount − fee. Only rows in the state COMPLETED happened.
    FeeApart,
    /// Rows without a balance have not been booked yet.
    PendingWithoutBalance,
    /// A card's statement: what was bought is positive, what was paid to the card negative.
    ChargesPositive,
}

const DMY: Option<DateOrder> = Some(DateOrder::Dmy);
const MDY: Option<DateOrder> = Some(DateOrder::Mdy);

const fn layout(
    name: &'static str,
    needs: &'static [&'static str],
    date_order: Option<DateOrder>,
    mark: Option<char>,
) -> Layout {
    Layout {
        name,
        needs,
        date_order,
        decimal_mark: mark,
        quirk: Quirk::None,
    }
}

/// The first that fits.
const LAYOUTS: &[Layout] = &[
    layout(
        "HDFC",
        &[
            "date",
            "narration",
            "chq ref no",
            "value dt",
            "withdrawal amt",
            "deposit amt",
        ],
        DMY,
        Some('.'),
    ),
    layout(
        "HDFC",
        &[
            "date",
            "narration",
            "value dat",
            "debit amount",
            "credit amount",
        ],
        DMY,
        Some('.'),
    ),
    layout(
        "ICICI",
        &["transaction remarks", "withdrawal amount", "deposit amount"],
        DMY,
        Some('.'),
    ),
    layout(
        "SBI",
        &[
            "txn date",
            "description",
            "ref no cheque no",
            "debit",
            "credit",
        ],
        DMY,
        Some('.'),
    ),
    layout(
        "Axis",
        &["tran date", "particulars", "dr", "cr", "bal"],
        DMY,
        Some('.'),
    ),
    layout(
        "Kotak",
        &[
            "transaction date",
            "description",
            "chq ref no",
            "amount",
            "dr cr",
        ],
        DMY,
        Some('.'),
    ),
    layout("CashBook", &["date", "cash in", "cash out"], DMY, Some('.')),
    layout(
        "Paytm",
        &["transaction details", "upi ref no", "amount"],
        DMY,
        Some('.'),
    ),
    layout(
        "PhonePe",
        &[
            "date",
            "transaction details",
            "type",
            "amount",
            "transaction id",
        ],
        None,
        Some('.'),
    ),
    Layout {
        quirk: Quirk::PendingWithoutBalance,
        ..layout(
            "Chase",
            &[
                "details",
                "posting date",
                "description",
                "amount",
                "type",
                "balance",
            ],
            MDY,
            Some('.'),
        )
    },
    layout(
        "Chase card",
        &[
            "transaction date",
            "post date",
            "description",
            "category",
            "type",
            "amount",
        ],
        MDY,
        Some('.'),
    ),
    Layout {
        quirk: Quirk::FeeApart,
        ..layout(
            "Revolut",
            &[
                "completed date",
                "description",
                "amount",
                "fee",
                "currency",
                "state",
            ],
            None,
            None,
        )
    },
    layout(
        "Revolut Business",
        &[
            "date completed",
            "state",
            "orig currency",
            "amount",
            "total amount",
            "fee",
        ],
        None,
        Some('.'),
    ),
    Layout {
        quirk: Quirk::FeeApart,
        ..layout(
            "Revolut",
            &["date de fin", "montant", "frais", "devise", "etat"],
            None,
            None,
        )
    },
    Layout {
        quirk: Quirk::FeeApart,
        ..layout(
            "Revolut",
            &["datum des abschlusses", "betrag", "gebuhr", "wahrung"],
            None,
            None,
        )
    },
    layout(
        "N26",
        &[
            "booking date",
            "partner name",
            "partner iban",
            "payment reference",
        ],
        None,
        Some('.'),
    ),
    layout(
        "N26",
        &[
            "date",
            "payee",
            "account number",
            "transaction type",
            "payment reference",
        ],
        None,
        Some('.'),
    ),
    layout(
        "Monzo",
        &["id", "created", "amount", "local amount"],
        None,
        Some('.'),
    ),
    layout(
        "Monzo",
        &["transaction id", "date", "time", "emoji", "amount"],
        DMY,
        Some('.'),
    ),
    layout(
        "Mint",
        &[
            "date",
            "original description",
            "amount",
            "transaction type",
            "account name",
        ],
        MDY,
        Some('.'),
    ),
    layout(
        "Payoneer",
        &[
            "transaction date",
            "transaction id",
            "credit amount",
            "debit amount",
            "running balance",
        ],
        None,
        Some('.'),
    ),
    layout(
        "Wise",
        &["transferwise id", "date", "amount", "currency"],
        DMY,
        Some('.'),
    ),
    layout(
        "Stripe",
        &["id", "type", "amount", "fee", "net", "currency"],
        None,
        Some('.'),
    ),
    layout(
        "ING",
        &["datum", "naam omschrijving", "af bij", "bedrag"],
        None,
        Some(','),
    ),
    layout(
        "ING",
        &["date", "name description", "debit credit", "amount"],
        None,
        Some(','),
    ),
    layout(
        "Rabobank",
        &["iban bban", "volgnr", "datum", "bedrag", "saldo na trn"],
        None,
        Some(','),
    ),
    Layout {
        quirk: Quirk::ChargesPositive,
        ..layout(
            "Amex",
            &["date", "description", "card member", "amount"],
            None,
            None,
        )
    },
    Layout {
        quirk: Quirk::ChargesPositive,
        ..layout(
            "Discover",
            &[
                "trans date",
                "post date",
                "description",
                "amount",
                "category",
            ],
            MDY,
            Some('.'),
        )
    },
    layout(
        "PayPal",
        &[
            "date", "time", "timezone", "currency", "gross", "fee", "net",
        ],
        None,
        None,
    ),
    layout(
        "UBS",
        &["trade date", "booking date", "debit", "credit", "balance"],
        None,
        Some('.'),
    ),
    // Only banks in India print a narration, and they print the day first.
    layout("bank", &["narration"], DMY, Some('.')),
];

/// The layout whose columns these are.
pub fn of(columns: &Columns) -> Option<&'static Layout> {
    LAYOUTS.iter().find(|layout| columns.has(layout.needs))
}

/// Sets right what a layout's column names say differently from elsewhere.
pub fn correct(layout: &Layout, columns: &mut Columns) {
    match layout.name {
        // `Details` is DEBIT or CREDIT here, and the amounts are signed anyway.
        "Chase" => columns.drop_role(Role::Side),
        // The fee is in the net amount already.
        "Stripe" => columns.drop_role(Role::Fee),
        // `Code` is the kind of transaction: the same for many rows.
        "ING" | "Rabobank" if reference_is_code(columns) => columns.drop_role(Role::Reference),
        // What left the account, the fee with it.
        "Revolut Business" => {
            if let Some(total) = columns.names.iter().position(|n| n == "total amount") {
                columns.set(Role::Amount, total);
            }
            columns.drop_role(Role::Fee);
        }
        // The net amount has the fee in it; the state is said twice.
        "PayPal" => {
            columns.drop_role(Role::Fee);
            columns.drop_role(Role::Side);
        }
        // Transfers between pockets carry the same reference as text.
        "N26" => columns.drop_role(Role::Side),
        _ => {}
    }
}

fn reference_is_code(columns: &Columns) -> bool {
    let name = columns
        .get(Role::Reference)
        .and_then(|c| columns.names.get(c));
    name.is_some_and(|n| n == "code")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_needs_names_in_normal_form() {
        for layout in LAYOUTS {
            for name in layout.needs {
                assert_eq!(super::super::names::normal(name), *name, "{}", layout.name);
            }
        }
    }
}
