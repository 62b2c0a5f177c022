//! Tally's books: XML of masters and vouchers, and the day book as CSV.
//!
//! Several files belong together (masters in one, vouchers in another): all are read first, then built.
//!
//! | Tally | hissab |
//! | --- | --- |
//! | groups and ledgers | paths below the five roots, by the primary group; kinds and types |
//! | a negative amount | a debit; where signs do not balance and ISDEEMEDPOSITIVE does, that |
//! | opening balances | one transaction a ledger against `Equity:Opening Balances` |
//! | voucher types, custom ones by their parent | ours; another name is kept as a tag |
//! | opening and closing entries that hissab wrote | the same again, by a field of ours |
//! | voucher number, reference | reference, tag `bill-number` |
//! | bills: New Ref · Agst Ref | the entry's tag `bill` · the transaction's tag `against` |
//! | a voucher's GUID | its identity: the same voucher again changes nothing |
//! | cancelled, optional, inventory-only vouchers | left out and counted |
//! | `$100.00 @ ₹ 83/$ = ₹ 8300.00` | 100 USD at 8300 INR in total |
//! | results in another currency | the company's currency, tag `forex`; as written where hissab wrote the voucher |

/// The field in which hissab keeps a voucher type that Tally does not have.
pub(in crate::formats) const OWN_TYPE: &str = "UDF:HISSABVOUCHER";

mod amount;
mod build;
mod daybook;
mod groups;
mod model;
mod xml;

pub(in crate::formats) use amount::symbol_of;
pub use daybook::is_day_book;
pub use model::Tally;

#[cfg(test)]
mod tests;
