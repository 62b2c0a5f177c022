//! The integration tests, one binary: features through the door.

mod accounting;
mod adapters;
mod attacks;
mod bad_input;
mod bank_files;
mod bombs;
mod books;
mod categorising;
mod chance;
mod concurrency;
mod contract;
mod contract_reading;
mod crash;
mod currencies;
mod damage;
mod deploy;
mod exits;
mod faults;
mod frame;
mod fuzz_smoke;
#[path = "../fuzz/targets.rs"]
mod fuzz_targets;
mod generated;
#[cfg(feature = "server")]
#[allow(dead_code)]
mod hledger_rules;
mod http;
mod importing;
mod imports_again;
mod imports_overlapping;
mod journals;
#[cfg(feature = "server")]
mod live;
mod looking;
mod looking_balances;
mod looking_days;
mod looking_journals;
mod looking_ledgers;
mod mirror;
mod missteps;
mod odd_books;
mod other_tools;
mod paper;
mod places;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_attacks;
#[cfg(all(feature = "postgres", unix))]
mod postgres_bank;
#[cfg(all(feature = "postgres", unix))]
mod postgres_cluster;
#[cfg(feature = "postgres")]
mod postgres_moving;
#[cfg(feature = "postgres")]
mod postgres_moving_jobs;
#[cfg(all(feature = "postgres", unix))]
mod postgres_restore;
#[cfg(feature = "postgres")]
mod postgres_server;
#[cfg(all(feature = "postgres", unix))]
mod postgres_shared;
#[cfg(feature = "postgres")]
mod postgres_upgrade;
#[cfg(feature = "postgres")]
mod postgres_whole;
#[cfg(all(feature = "postgres", unix))]
mod postgres_workers;
mod query_peers;
mod reconciling;
mod recording;
#[cfg(feature = "server")]
mod replaced;
mod rich;
mod round_trips;
mod scripted;
#[cfg(all(feature = "server", unix))]
mod serve_command;
#[cfg(feature = "server")]
mod served;
#[cfg(feature = "server")]
mod server_api;
#[cfg(feature = "server")]
mod server_auth;
#[cfg(feature = "server")]
mod server_bank;
#[cfg(feature = "server")]
mod server_book;
#[cfg(feature = "server")]
mod server_browser;
#[cfg(feature = "server")]
mod server_client;
#[cfg(feature = "server")]
mod server_cuts;
#[cfg(feature = "server")]
mod server_jobs;
#[cfg(feature = "server")]
mod server_keys;
#[cfg(feature = "server")]
mod server_live;
#[cfg(feature = "server")]
mod server_orgs;
#[cfg(feature = "server")]
mod server_random;
#[cfg(all(feature = "redis", unix))]
mod server_redis;
#[cfg(feature = "server")]
mod server_reports;
#[cfg(feature = "server")]
mod server_roles;
#[cfg(all(feature = "s3", unix))]
mod server_s3;
#[cfg(feature = "server")]
mod server_schema;
#[cfg(feature = "server")]
mod server_tls;
#[cfg(feature = "otel")]
mod server_traces;
#[cfg(feature = "server")]
mod server_turns;
mod shop;
mod slips;
mod sqlite_book;
mod statement_laws;
mod statements;
#[allow(dead_code)]
mod support;
mod terminal;
mod tidy;
mod trust;
#[cfg(feature = "server")]
mod twins;
mod upgrade;
mod workbooks;
