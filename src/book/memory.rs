//! A book in memory: what `-f` reads journals into. Read-only.
