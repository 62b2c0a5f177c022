//! `hissab job …`: work that a server does in the background, and its results.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::cli::context::Context;
use crate::cli::environment::{local_time, zone_name};
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::progress::Progress;
use crate::cli::shown::ShownArgs;
use crate::client::{Place, Session};
use crate::ledger::audit::hex;
use crate::render::sanitize::line;
use crate::render::views::ListView;
use crate::render::{Cell, Column, Format};
use crate::wire::List;
use crate::wire::job::{ExportRequest, JobBody, JobState, JobStatus};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(clap::Subcommand)]
pub enum Action {
    /// List the jobs of the book
    List(ListArgs),
    /// Show how far a job has come
    Status(JobArgs),
    /// Wait for the end of a job
    Wait(JobArgs),
    /// Fetch the result of a job, checked
    Download(DownloadArgs),
}

#[derive(clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub shown: ShownArgs,
}

#[derive(clap::Args)]
pub struct JobArgs {
    /// The job's id
    #[arg(value_name = "ID", value_parser = job_id)]
    pub id: Uuid,
}

#[derive(clap::Args)]
pub struct DownloadArgs {
    /// The job's id
    #[arg(value_name = "ID", value_parser = job_id)]
    pub id: Uuid,

    /// The file to write, whole or not at all (else stdout)
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Between two questions about a job: the last one is repeated.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
];

fn job_id(text: &str) -> std::result::Result<Uuid, &'static str> {
    Uuid::try_parse(text).map_err(|_| "no job has such an id: hissab job list shows them")
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    ctx.only_looks();
    let (place, session) = here(ctx)?;
    match args.action {
        Action::List(args) => list(ctx, &place, &session, &args.shown),
        Action::Status(args) => {
            let job = ask(&session, args.id)?;
            show(ctx, &job)
        }
        Action::Wait(args) => {
            let job = wait(ctx, &session, args.id)?;
            show(ctx, &job)
        }
        Action::Download(args) => {
            let job = ask(&session, args.id)?;
            fetch(ctx, &session, &job, args.file.as_deref())
        }
    }
}

/// `hissab export --job`: begins the export there; with a file waits for it and fetches it.
pub fn export(ctx: &mut Context, format: &str, file: Option<&Path>) -> Result<Exit> {
    let (place, session) = here(ctx)?;
    let new = ExportRequest::of(format);
    let path = format!("/orgs/{}/exports", place.org);
    let key = ctx.make_id().to_string();
    let (job, _) = session.post::<_, JobBody>(&path, &[], &new, Some(&key))?;
    if file.is_none() {
        return show(ctx, &job);
    }
    let job = wait(ctx, &session, job.id)?;
    fetch(ctx, &session, &job, file)
}

fn here(ctx: &Context) -> Result<(Place, std::sync::Arc<Session>)> {
    let located = ctx.located()?;
    let Some(place) = located.remote() else {
        return Err(Failure::usage(
            "needs-a-server",
            format!("jobs run on a server; {} is a file", located.shown()),
        )
        .hint("hissab export writes it at once"));
    };
    Ok((place.clone(), ctx.session(&place.server)?))
}

fn ask(session: &Session, id: Uuid) -> Result<JobBody> {
    Ok(session.get::<JobBody>(&format!("/jobs/{id}"), &[], None)?.0)
}

/// Asks until a job is over; how far it is stands on a terminal.
fn wait(ctx: &Context, session: &Session, id: Uuid) -> Result<JobBody> {
    let job = ask(session, id)?;
    let progress = Progress::begin(ctx, "exporting", Some(job.status.progress.total));
    let mut status = job.status;
    let mut counted = 0;
    let mut pauses = PAUSES.iter();
    let mut pause = PAUSES[0];
    while !status.state.is_final() {
        std::thread::sleep(pause);
        pause = pauses.next().copied().unwrap_or(pause);
        status = session
            .get::<JobStatus>(&format!("/jobs/{id}/status"), &[], None)?
            .0;
        for _ in counted..status.progress.done {
            progress.step();
        }
        counted = counted.max(status.progress.done);
    }
    drop(progress);
    ask(session, id)
}

/// Fetches a result; what does not have the size and hash the server told is not kept.
fn fetch(ctx: &mut Context, session: &Session, job: &JobBody, file: Option<&Path>) -> Result<Exit> {
    let Some(told) = &job.result else {
        return show(ctx, job);
    };
    let mut spool = tempfile::tempfile()?;
    session.download(&format!("/jobs/{}/result", job.id), &[], &mut spool)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    std::io::Seek::rewind(&mut spool)?;
    loop {
        match spool.read(&mut piece)? {
            0 => break,
            length => hash.update(&piece[..length]),
        }
    }
    let hash: [u8; 32] = hash.finalize().into();
    if told.sha256 != hex(&hash) {
        return Err(Failure::refused(
            "wrong-hash",
            "what came is not what the server made; nothing was written",
        )
        .hint(format!("hissab job download {} FILE", job.id)));
    }
    if let Some(path) = file.filter(|path| *path != Path::new("-")) {
        ctx.write_to(path)?;
    }
    ctx.out.end_with_reader();
    std::io::Seek::rewind(&mut spool)?;
    std::io::copy(&mut spool, &mut ctx.out)?;
    Ok(Exit::Ok)
}

fn show(ctx: &mut Context, job: &JobBody) -> Result<Exit> {
    if ctx.wants_json() {
        let mut object = serde_json::to_value(job).unwrap_or_default();
        if let Some(object) = object.as_object_mut() {
            object.insert("schema".to_owned(), "hissab/job/1".into());
        }
        writeln!(ctx.out, "{object}")?;
    } else {
        let JobStatus {
            state, progress, ..
        } = &job.status;
        let text = format!(
            "{} · {} as {} · {}, {} of {}",
            job.id,
            job.kind,
            job.request.format,
            state.word(),
            progress.done,
            progress.total
        );
        writeln!(ctx.out, "{}", line(&text))?;
    }
    match (&job.status.state, &job.status.error) {
        (JobState::Failed, Some(error)) => Err(Failure::refused(
            error.code.clone(),
            line(&error.message).into_owned(),
        )
        .while_doing("the job failed")),
        (JobState::Failed | JobState::Cancelled, _) => Ok(Exit::Failed),
        _ => Ok(Exit::Ok),
    }
}

fn list(ctx: &mut Context, place: &Place, session: &Session, shown: &ShownArgs) -> Result<Exit> {
    let path = format!("/orgs/{}/exports", place.org);
    let jobs = session.get::<List<JobBody>>(&path, &[], None)?.0.data;
    let machine = ctx.format()? != Format::Table;
    let zone = zone_name();
    let at: Vec<String> = jobs
        .iter()
        .map(|job| match machine {
            true => job.created_at.to_string(),
            false => local_time(job.created_at, &zone),
        })
        .collect();
    let rows = jobs.iter().zip(&at).map(|(job, at)| {
        vec![
            Cell::Id(job.id),
            Cell::Word(job.status.state.word()),
            Cell::text(&job.request.what),
            Cell::text(&job.request.format),
            Cell::Number(job.status.progress.done),
            Cell::Number(job.status.progress.total),
            Cell::text(at),
        ]
    });
    let columns = ["id", "state", "what", "format", "done", "total", "created"];
    let view = ListView {
        schema: "jobs/1",
        title: Vec::new(),
        columns: columns.map(Column::text).to_vec(),
        headings: vec!["Id", "State", "What", "Format", "Done", "Of", "Begun"],
        rows: rows.collect(),
        head: Vec::new(),
        notes: Vec::new(),
    };
    shown.show(ctx, &view)?;
    Ok(Exit::Ok)
}
