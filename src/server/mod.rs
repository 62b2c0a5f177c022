//! The HissabBook server.

pub mod lanes;
