//! What banks call their columns, in the languages we have seen. Tables: add a name, add a test file.

use super::columns::Role;

mod amounts;
mod balances;
mod days;
mod sides;
mod words;

/// A role and its names, in order of preference where a file has several columns of the role.
pub type Names = (Role, &'static [&'static str]);

/// Every role with its names.
pub fn roles() -> impl Iterator<Item = &'static Names> {
    [
        days::DAYS,
        amounts::AMOUNTS,
        sides::SIDES,
        balances::BALANCES,
        words::WORDS,
    ]
    .into_iter()
    .flatten()
}
