//! The texts of an import's rows on their way into the file.
//!
//! Of a large import they are deflated on a thread beside the writing, and held until the digest over all rows is
//! made, which takes them in another order than they came in. Texts beyond a limit are read back from the file.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use rusqlite::Connection;

use super::super::fault::damaged;
use crate::book::Result;
use crate::book::stored::texts::{CHUNK_ROWS, deflate, kept};

/// The most bytes of texts that are held for the digest.
const HELD_MAX: usize = 48 << 20;

/// Chunks that may wait to be deflated.
const CHUNKS_WAITING: usize = 64;

/// The texts of one batch; a place is how many came before.
pub struct Texts {
    batch: u64,
    count: u64,
    /// The chunk that is not full yet.
    open: Vec<String>,
    held: Held,
    lane: Option<Lane>,
    written: u64,
}

/// Full chunks, unless they are too many.
#[derive(Default)]
pub struct Held {
    chunks: Vec<Arc<Vec<String>>>,
    bytes: usize,
    given_up: bool,
}

/// A thread that deflates chunks, in order.
struct Lane {
    chunks: SyncSender<Arc<Vec<String>>>,
    deflated: Receiver<Vec<u8>>,
}

impl Texts {
    /// `beside`: deflates on a thread of its own.
    pub fn new(batch: u64, beside: bool) -> Texts {
        Texts {
            batch,
            count: 0,
            open: Vec::new(),
            held: Held::default(),
            lane: beside.then(Lane::start),
            written: 0,
        }
    }

    /// Takes a text and says its place.
    pub fn hold(&mut self, conn: &Connection, raw: String) -> Result<u64> {
        self.open.push(kept(raw));
        self.count += 1;
        if self.open.len() as u64 == CHUNK_ROWS {
            self.close_chunk(conn)?;
        }
        Ok(self.count - 1)
    }

    /// Takes no more: what is left goes on its way.
    pub fn close(&mut self, conn: &Connection) -> Result<()> {
        match self.open.is_empty() {
            true => Ok(()),
            false => self.close_chunk(conn),
        }
    }

    /// Writes what is still being deflated.
    pub fn finish(&mut self, conn: &Connection) -> Result<()> {
        let Some(lane) = self.lane.take() else {
            return Ok(());
        };
        drop(lane.chunks);
        for data in lane.deflated {
            self.write(conn, &data)?;
        }
        match self.written == self.count.div_ceil(CHUNK_ROWS) {
            true => Ok(()),
            false => Err(damaged("the texts of source rows could not be deflated")),
        }
    }

    /// Every text, if they are at hand.
    pub fn held(&self) -> Option<&Held> {
        (!self.held.given_up).then_some(&self.held)
    }

    fn close_chunk(&mut self, conn: &Connection) -> Result<()> {
        let chunk = Arc::new(std::mem::take(&mut self.open));
        self.held.take(&chunk);
        let Some(lane) = &self.lane else {
            return self.write(conn, &deflate(&chunk));
        };
        // A lane that is gone is noticed where its chunks are missed.
        let _ = lane.chunks.send(chunk);
        let ready: Vec<Vec<u8>> = lane.deflated.try_iter().collect();
        ready.iter().try_for_each(|data| self.write(conn, data))
    }

    fn write(&mut self, conn: &Connection, data: &[u8]) -> Result<()> {
        conn.prepare_cached("INSERT INTO source_text (batch, chunk, data) VALUES (?1, ?2, ?3)")?
            .execute((self.batch, self.written, data))?;
        self.written += 1;
        Ok(())
    }
}

impl Held {
    /// The text at a place.
    pub fn get(&self, place: u64) -> Option<&str> {
        let chunk = self.chunks.get((place / CHUNK_ROWS) as usize)?;
        chunk.get((place % CHUNK_ROWS) as usize).map(String::as_str)
    }

    fn take(&mut self, chunk: &Arc<Vec<String>>) {
        self.bytes += chunk.iter().map(String::len).sum::<usize>();
        self.given_up |= self.bytes > HELD_MAX;
        match self.given_up {
            true => self.chunks = Vec::new(),
            false => self.chunks.push(chunk.clone()),
        }
    }
}

impl Lane {
    fn start() -> Lane {
        let (chunks, to_deflate) = sync_channel::<Arc<Vec<String>>>(CHUNKS_WAITING);
        let (send, deflated) = channel();
        thread::spawn(move || {
            for chunk in to_deflate {
                // Nobody waits for chunks of a unit that was given up.
                if send.send(deflate(&chunk)).is_err() {
                    return;
                }
            }
        });
        Lane { chunks, deflated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::stored::texts::inflate;

    fn table() -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE source_text (batch INTEGER, chunk INTEGER, data BLOB)")
            .unwrap();
        conn
    }

    fn stored(conn: &Connection) -> Vec<String> {
        let mut rows = conn
            .prepare("SELECT chunk, data FROM source_text ORDER BY chunk")
            .unwrap();
        rows.query_map([], |row| {
            Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .unwrap()
        .enumerate()
        .flat_map(|(nth, row)| {
            let (chunk, data) = row.unwrap();
            assert_eq!(chunk, nth as u64);
            inflate(&data).unwrap()
        })
        .collect()
    }

    #[test]
    fn texts_are_the_same_deflated_here_or_beside() {
        for beside in [false, true] {
            for count in [1, CHUNK_ROWS, CHUNK_ROWS + 1, 5 * CHUNK_ROWS - 1] {
                let conn = table();
                let mut texts = Texts::new(7, beside);
                let given: Vec<String> = (0..count).map(|n| format!("row {n}")).collect();
                for (nth, text) in given.iter().enumerate() {
                    assert_eq!(texts.hold(&conn, text.clone()).unwrap(), nth as u64);
                }
                texts.close(&conn).unwrap();
                let held = texts.held().unwrap();
                for (place, text) in (0..).zip(&given) {
                    assert_eq!(held.get(place), Some(text.as_str()), "{count} {beside}");
                }
                texts.finish(&conn).unwrap();
                assert_eq!(stored(&conn), given);
            }
        }
    }

    #[test]
    fn too_many_are_not_held_but_written() {
        let conn = table();
        let mut texts = Texts::new(7, true);
        let long = "x".repeat(HELD_MAX / 300);
        for _ in 0..2 * CHUNK_ROWS {
            texts.hold(&conn, long.clone()).unwrap();
        }
        texts.close(&conn).unwrap();
        assert!(texts.held().is_none());
        texts.finish(&conn).unwrap();
        assert_eq!(stored(&conn).len() as u64, 2 * CHUNK_ROWS);
    }

    #[test]
    fn the_sign_between_rows_is_not_taken_from_a_row() {
        let conn = table();
        let mut texts = Texts::new(7, false);
        texts.hold(&conn, "a\u{1e}b".to_owned()).unwrap();
        texts.close(&conn).unwrap();
        assert_eq!(texts.held().unwrap().get(0), Some("a b"));
    }
}
