//! Layouts we know by their column names, and what the bank is known to do that the file may not show.
//!
//! The layouts are in `known_layouts`. One never overrules what the file says: it settles what the file leaves open.

use super::columns::{Columns, Role};
use super::known_layouts::LAYOUTS;
use crate::ledger::settings::DateOrder;

/// A known layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub name: &'static str,
    /// Normalised column names that are all there.
    pub needs: &'static [&'static str],
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
        "Square" | "Shopify" => columns.drop_role(Role::Fee),
        "Stripe" => columns.drop_role(Role::Fee),
        // `Code` is the kind of transaction: the same for many rows.
        "ING" | "Rabobank" if reference_is_code(columns) => columns.drop_role(Role::Reference),
        // Who it was; the particulars of a card's row are the number of the card.
        "ANZ" => {
            columns.drop_role(Role::Side);
            if let Some(details) = columns.names.iter().position(|n| n == "details") {
                columns.set(Role::Payee, details);
            }
        }
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
