//! The book in one SQLite file.
