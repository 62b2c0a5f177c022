//! A server's stream of events, followed through every cut: none is missed, none is handed over twice.
//!
//! Each event has the sequence it belongs to as its id; after a cut the stream is asked for again from
//! the last one that was handed over, and what came before it is left out.

use std::ops::ControlFlow;
use std::time::Duration;

use super::error::{ClientError, Result};
use super::session::Session;

/// Waits between attempts to come back: the last one is repeated.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(8),
];
/// The largest event: a server's are a few hundred bytes.
const EVENT_BYTES_MAX: usize = 1 << 20;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub sequence: u64,
    /// The action.
    pub name: String,
    pub data: String,
}

/// What someone who listens is told.
pub enum Heard<'a> {
    Event(&'a Event),
    /// The line was cut, or the server went away; the stream is asked for again.
    Cut(&'a str),
}

impl Session {
    /// Follows a stream after the event `since`, until `each` breaks. Without `since`, from now on.
    ///
    /// Errors: what no attempt will change: no sign-in, no right, another server. Also the first attempt's
    /// `Unreachable`.
    pub fn events(
        &self,
        path: &str,
        since: Option<u64>,
        each: &mut dyn FnMut(Heard<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        let mut last = since;
        let mut reached = false;
        let mut failures = 0;
        loop {
            let before = last;
            match self.follow(path, &mut last, &mut reached, each) {
                Ok(ControlFlow::Break(())) => return Ok(()),
                Ok(ControlFlow::Continue(())) => {
                    if each(Heard::Cut("the server ended the stream")).is_break() {
                        return Ok(());
                    }
                }
                Err(error) if reached && passes(&error) => {
                    if each(Heard::Cut(&error.to_string())).is_break() {
                        return Ok(());
                    }
                }
                Err(error) => return Err(error),
            }
            failures = if last == before { failures + 1 } else { 0 };
            std::thread::sleep(PAUSES[failures.min(PAUSES.len() - 1)]);
            self.try_again();
        }
    }

    /// One connection, to its end.
    fn follow(
        &self,
        path: &str,
        last: &mut Option<u64>,
        reached: &mut bool,
        each: &mut dyn FnMut(Heard<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        let mut headers = vec![("accept", "text/event-stream".to_owned())];
        headers.extend(last.map(|id| ("last-event-id", id.to_string())));
        let (mut answer, _) = self.begin(path, headers)?;
        *reached = true;
        let mut reader = Reader::default();
        while let Some(piece) = self.next_piece(&mut answer)? {
            for event in reader.take(&piece).map_err(|what| self.protocol(what))? {
                let Some(expected) = last.map(|l| l + 1) else {
                    *last = Some(event.sequence);
                    if each(Heard::Event(&event)).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                    continue;
                };
                if event.sequence < expected {
                    continue;
                }
                if event.sequence > expected {
                    // Asking again from the last one fills the gap.
                    return Ok(ControlFlow::Continue(()));
                }
                *last = Some(event.sequence);
                if each(Heard::Event(&event)).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Whether the same question may be answered in a while.
fn passes(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable { .. } | ClientError::Unconfirmed { .. } => true,
        ClientError::Problem { problem, .. } => problem.status >= 500 || problem.status == 429,
        _ => false,
    }
}

/// Reads `text/event-stream` in pieces of any size.
#[derive(Default)]
struct Reader {
    held: Vec<u8>,
    id: Option<u64>,
    name: String,
    data: Option<String>,
}

impl Reader {
    fn take(&mut self, piece: &[u8]) -> std::result::Result<Vec<Event>, String> {
        self.held.extend_from_slice(piece);
        let mut events = Vec::new();
        let mut from = 0;
        while let Some(length) = self.held[from..].iter().position(|b| *b == b'\n') {
            let line = String::from_utf8_lossy(&self.held[from..from + length]).into_owned();
            from += length + 1;
            events.extend(self.line(line.trim_end_matches('\r')));
        }
        self.held.drain(..from);
        let size = self.held.len() + self.data.as_ref().map_or(0, String::len);
        if size > EVENT_BYTES_MAX {
            return Err("the server sent an event without end".to_owned());
        }
        Ok(events)
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let (data, name) = (self.data.take(), std::mem::take(&mut self.name));
            // Without an id it is nothing of the log: a heartbeat, a word of goodbye.
            return Some(Event {
                sequence: self.id.take()?,
                name,
                data: data?,
            });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.id = value.parse().ok(),
            "event" => self.name = value.to_owned(),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // Comments keep the line open.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&str]) -> Vec<Event> {
        let mut reader = Reader::default();
        pieces
            .iter()
            .flat_map(|p| reader.take(p.as_bytes()).unwrap())
            .collect()
    }

    #[test]
    fn events_come_whole_however_they_are_cut() {
        let text =
            ": hello\n\nid: 7\nevent: posted\ndata: {\"a\":\ndata: 1}\n\nid:8\r\ndata:x\r\n\r\n";
        let whole = read(&[text]);
        assert_eq!(whole.len(), 2);
        assert_eq!((whole[0].sequence, &*whole[0].name), (7, "posted"));
        assert_eq!(whole[0].data, "{\"a\":\n1}");
        assert_eq!((whole[1].sequence, &*whole[1].data), (8, "x"));
        for at in 1..text.len() {
            assert_eq!(read(&[&text[..at], &text[at..]]), whole, "cut at {at}");
        }
        assert!(read(&["id: 9\ndata: half"]).is_empty());
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut reader = Reader::default();
        assert!(reader.take(&vec![b'x'; EVENT_BYTES_MAX + 1]).is_err());
    }
}
