//! JSON in columns: the same in every database.

pub use crate::book::stored::more::{
    AccountMore, TransactionMore, entries_from_json, tags_from_json, tags_to_json,
};
