//! Walking a large unit ahead of the writer: its transactions are made on a thread of their own.
//!
//! Making a transaction needs nothing but the chart; whether its id is a repeat, the writer sees. Order stays as
//! it is: the writer takes every step in turn.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use jiff::civil::Date;

use super::state::Writer;
use crate::book::Result;
use crate::ledger::change::{Change, ChangeSource};
use crate::ledger::chart::Chart;
use crate::ledger::transaction::{Number, Transaction, TransactionId};
use crate::ledger::violation::Violation;

/// Steps handed over at once.
const STEPS_A_PARCEL: usize = 512;

/// Parcels the walker may be ahead: bounds the memory of what is made and not yet written.
const PARCELS_AHEAD: usize = 8;

/// One change, as the writer takes it.
pub enum Step {
    Change(Change),
    /// A posting whose rules have been applied; the writer gives it its number.
    Made {
        id: TransactionId,
        date: Date,
        made: std::result::Result<Transaction, Vec<Violation>>,
    },
}

enum Parcel {
    Steps(Vec<Step>),
    /// The walker wants the chart as it is after everything sent before.
    Chart(SyncSender<Arc<Chart>>),
}

/// Hands every step of the changes to `take`, in order, until it fails.
pub fn walk(
    writer: &mut Writer<'_>,
    changes: &dyn ChangeSource,
    take: &mut dyn FnMut(&mut Writer<'_>, Step) -> Result<()>,
) -> Result<()> {
    thread::scope(|scope| {
        let (send, parcels) = sync_channel(PARCELS_AHEAD);
        scope.spawn(move || Walker::new(send).walk(changes));
        // Returning drops `parcels`: the walker's next parcel finds nobody and it stops.
        take_all(writer, parcels, take)
    })
}

fn take_all(
    writer: &mut Writer<'_>,
    parcels: Receiver<Parcel>,
    take: &mut dyn FnMut(&mut Writer<'_>, Step) -> Result<()>,
) -> Result<()> {
    for parcel in parcels {
        match parcel {
            Parcel::Steps(steps) => steps.into_iter().try_for_each(|step| take(writer, step))?,
            Parcel::Chart(reply) => {
                // A walker that is gone needs no chart.
                let _ = reply.send(Arc::new(writer.chart.clone()));
            }
        }
    }
    Ok(())
}

struct Walker {
    send: SyncSender<Parcel>,
    steps: Vec<Step>,
    /// `None` from any change that may touch the chart to the next posting.
    chart: Option<Arc<Chart>>,
}

impl Walker {
    fn new(send: SyncSender<Parcel>) -> Walker {
        Walker {
            send,
            steps: Vec::with_capacity(STEPS_A_PARCEL),
            chart: None,
        }
    }

    fn walk(mut self, changes: &dyn ChangeSource) {
        changes.visit(&mut |change| match self.step(change) {
            Some(()) => ControlFlow::Continue(()),
            None => ControlFlow::Break(()),
        });
        self.flush();
    }

    /// `None`: the writer has stopped.
    fn step(&mut self, change: Change) -> Option<()> {
        let step = match change {
            Change::Post(draft) => {
                let (id, date) = (draft.id, draft.date);
                let chart = self.chart()?;
                Step::Made {
                    id,
                    date,
                    made: draft.into_transaction(&chart, Number(0)),
                }
            }
            row @ Change::SourceRow(_) => Step::Change(row),
            other => {
                self.chart = None;
                Step::Change(other)
            }
        };
        self.steps.push(step);
        if self.steps.len() < STEPS_A_PARCEL {
            return Some(());
        }
        self.flush()
    }

    fn chart(&mut self) -> Option<Arc<Chart>> {
        if self.chart.is_none() {
            self.flush()?;
            let (reply, chart) = sync_channel(1);
            self.send.send(Parcel::Chart(reply)).ok()?;
            self.chart = Some(chart.recv().ok()?);
        }
        self.chart.clone()
    }

    fn flush(&mut self) -> Option<()> {
        let steps = std::mem::replace(&mut self.steps, Vec::with_capacity(STEPS_A_PARCEL));
        self.send.send(Parcel::Steps(steps)).ok()
    }
}
