//! The HissabBook server.
