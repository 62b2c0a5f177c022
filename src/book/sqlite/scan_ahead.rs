//! Long scans on two threads: one reads rows from the file and makes transactions of them, a few hundred ahead,
//! while the caller uses those before. The caller sees the same transactions in the same order.

use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;

use rusqlite::Connection;

use super::scan;
use crate::book::{Result, Scan};
use crate::ledger::transaction::Transaction;

/// Transactions handed over at once.
const CHUNK: usize = 512;
/// Chunks that wait for the caller.
const AHEAD: usize = 2;
/// Books smaller than this are read before a thread has begun.
const PAYS_FROM: u64 = 4_096;

/// Whether a scan may be long enough.
pub fn pays(conn: &Connection, scan: &Scan) -> Result<bool> {
    if scan.limit.is_some() || !scan.words.is_empty() {
        return Ok(false);
    }
    let last: u64 = conn
        .prepare_cached("SELECT ifnull(max(number), 0) FROM txn")?
        .query_row([], |row| row.get(0))?;
    Ok(last >= PAYS_FROM)
}

/// What [`scan::scan`] does. An error comes after every transaction that was read before it.
pub fn scan(
    conn: &mut Connection,
    scan: &Scan,
    row: &mut dyn FnMut(Transaction) -> ControlFlow<()>,
) -> Result<()> {
    let (chunks, coming) = sync_channel::<Vec<Transaction>>(AHEAD);
    std::thread::scope(|threads| {
        let reader = threads.spawn(move || {
            let mut chunk = Vec::with_capacity(CHUNK);
            let read = scan::scan(conn, scan, &mut |transaction| {
                chunk.push(transaction);
                if chunk.len() < CHUNK {
                    return ControlFlow::Continue(());
                }
                let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK));
                // The caller has enough.
                chunks
                    .send(full)
                    .map_or(ControlFlow::Break(()), ControlFlow::Continue)
            });
            let _ = chunks.send(chunk);
            read
        });
        'used: for chunk in coming {
            for transaction in chunk {
                if row(transaction).is_break() {
                    break 'used;
                }
            }
        }
        reader
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
