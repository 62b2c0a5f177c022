//! Reports as values → text for people and machines: one file a format.
