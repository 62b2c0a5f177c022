//! hissab: the cash book a shopkeeper can type at, and the ledger an accountant can sign.
//!
//! # The house
//!
//! Imports point inward; `tests/it/tidy.rs` checks the table.
//!
//! | room | holds | may import |
//! | --- | --- | --- |
//! | [`ledger`] | the core: money, accounts, transactions, rules, the audit hash. Pure | nothing |
//! | [`reports`] | totals or transactions + chart → a report value. Pure; one file a report | ledger |
//! | [`book`] | the port: trait `Book`, its error; adapters `memory`, `sqlite`, `remote`, `postgres`; `stored` is what the databases share; `open` names them | ledger (`remote`: wire, client) |
//! | [`formats`] | bytes ↔ drafts and transactions: journals, bank CSV | ledger |
//! | [`render`] | report → table, csv, tsv, json, ndjson, md | ledger, reports |
//! | [`export`] | transactions to a file, for the command line and the server's jobs alike | ledger, reports, the port, formats, render |
//! | [`wire`] | the shapes of the HTTP API, and their way to and from the ledger's and the port's types | ledger, reports, the port |
//! | [`client`] | one HTTP session with a server: credentials, outbox | ledger, wire |
//! | `server` | the HissabBook server: router, access, lanes, registry, one file a resource | all but client and cli |
//! | [`cli`] | clap tree, context, configuration, one file a command, errors → message and exit code | all of them |
//!
//! # What always holds
//!
//! 1. A transaction's weights sum to zero in each currency: [`ledger::draft`] proves it, the database checks it again.
//! 2. Money is integer minor units inside, exact decimals at the edges; nothing rounds in silence.
//! 3. Nothing disappears: amending and voiding keep the old content in the audit record.
//! 4. Every change has an audit record, hash-chained, in the same database transaction: [`ledger::audit`].
//! 5. Acknowledged means durable.

pub mod book;
pub mod cli;
pub mod client;
pub mod export;
pub mod formats;
pub mod ledger;
pub mod render;
pub mod reports;
#[cfg(feature = "server")]
pub mod server;
pub mod wire;
