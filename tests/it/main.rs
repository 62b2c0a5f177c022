//! The integration tests, one binary: features through the door.

mod attacks;
mod books;
mod frame;
mod query_peers;
mod sqlite_book;
mod journals;
#[allow(dead_code)]
mod support;
mod tidy;
