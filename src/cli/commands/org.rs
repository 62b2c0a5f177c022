//! `hissab org …`: organisations on a server, one book each, and who may do what in them.

use std::io::Write;

use uuid::Uuid;

use crate::cli::context::Context;
use crate::cli::environment::{local_time, zone_name};
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::shown::ShownArgs;
use crate::client::{Place, Session};
use crate::render::sanitize::line;
use crate::render::views::ListView;
use crate::render::{Cell, Column, Format};
use crate::wire::List;
use crate::wire::auth::Me;
use crate::wire::org::{Invite, Member, Membership, NewMember, NewOrg, PatchMember, Role};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(clap::Subcommand)]
pub enum Action {
    /// List the organisations you are a member of
    List(ListArgs),
    /// Make an organisation with an empty book
    Create(CreateArgs),
    /// List who is a member, and who is invited
    Members(MembersArgs),
    /// Invite someone by email; the code is shown once
    Invite(InviteArgs),
    /// Give a member another role
    Role(RoleArgs),
    /// Take a member, or an invitation, out
    Remove(RemoveArgs),
    /// Leave the book's organisation yourself; the last owner cannot
    Leave,
}

#[derive(clap::Args)]
pub struct ListArgs {
    /// The server [default: that of the book, or the only one]
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,

    #[command(flatten)]
    pub shown: ShownArgs,
}

#[derive(clap::Args)]
#[command(
    after_help = "Example: hissab org create 'Shree Ganesh Stores' --slug ganesh --template shop"
)]
pub struct CreateArgs {
    /// What it is called
    #[arg(value_name = "NAME")]
    pub name: String,

    /// How addresses name it: small letters, digits, hyphens [default: made from the name]
    #[arg(long, value_name = "SLUG")]
    pub slug: Option<String>,

    /// The book's own currency [default: INR]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,

    /// The month the fiscal year begins: 01 to 12, or its name [default: 04 for INR, else 01]
    #[arg(long, value_name = "MONTH")]
    pub fiscal_year: Option<String>,

    /// The zone that says which day it is [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,

    /// How 5/4 is read: dmy, mdy or ymd
    #[arg(long, value_name = "ORDER")]
    pub date_order: Option<String>,

    /// The chart to start from: plain, shop, personal or tally
    #[arg(long, value_name = "TEMPLATE")]
    pub template: Option<String>,

    /// The server [default: that of the book, or the only one]
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
}

#[derive(clap::Args)]
pub struct MembersArgs {
    #[command(flatten)]
    pub shown: ShownArgs,
}

#[derive(clap::Args)]
#[command(
    after_help = "Example: hissab -B https://books.example.com/ganesh org invite ravi@example.com --role clerk"
)]
pub struct InviteArgs {
    /// Whom
    #[arg(value_name = "EMAIL")]
    pub email: String,

    /// As what: owner, admin, accountant, clerk, auditor or viewer
    #[arg(long, value_name = "ROLE")]
    pub role: String,
}

#[derive(clap::Args)]
#[command(
    after_help = "Example: hissab -B https://books.example.com/ganesh org role ravi@example.com accountant"
)]
pub struct RoleArgs {
    /// Whom
    #[arg(value_name = "EMAIL")]
    pub email: String,

    /// owner, admin, accountant, clerk, auditor or viewer
    #[arg(value_name = "ROLE")]
    pub role: String,
}

#[derive(clap::Args)]
pub struct RemoveArgs {
    /// Whom
    #[arg(value_name = "EMAIL")]
    pub email: String,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    match args.action {
        Action::List(args) => list(ctx, &args),
        Action::Create(args) => create(ctx, args),
        Action::Members(args) => members(ctx, &args),
        Action::Invite(args) => invite(ctx, &args),
        Action::Role(args) => role(ctx, &args),
        Action::Remove(args) => remove(ctx, &args),
        Action::Leave => leave(ctx),
    }
}

fn list(ctx: &mut Context, args: &ListArgs) -> Result<Exit> {
    ctx.only_looks();
    let server = ctx.server(args.server.as_deref())?;
    let (orgs, _) = ctx
        .session(&server)?
        .get::<List<Membership>>("/orgs", &[], None)?;
    let urls: Vec<String> = orgs
        .data
        .iter()
        .map(|org| format!("{server}/{}", org.slug))
        .collect();
    let rows = orgs.data.iter().zip(&urls).map(|(org, url)| {
        vec![
            Cell::text(&org.slug),
            Cell::text(&org.name),
            Cell::Word(org.role.word()),
            Cell::text(url),
            Cell::Id(org.id),
        ]
    });
    let view = ListView {
        schema: "orgs/1",
        title: Vec::new(),
        columns: ["org", "name", "role", "url", "id"]
            .map(Column::text)
            .to_vec(),
        headings: vec!["Org", "Name", "Role", "Address", "Id"],
        rows: rows.collect(),
        head: Vec::new(),
        notes: Vec::new(),
    };
    args.shown.show(ctx, &view)?;
    Ok(Exit::Ok)
}

fn create(ctx: &mut Context, args: CreateArgs) -> Result<Exit> {
    let server = ctx.server(args.server.as_deref())?;
    let month = args
        .fiscal_year
        .as_deref()
        .map(super::init::month)
        .transpose()?;
    let new = NewOrg {
        name: args.name,
        slug: args.slug,
        base_currency: args.currency,
        timezone: Some(super::init::zone(args.timezone.as_deref())?),
        fiscal_year_start: month,
        date_order: args.date_order,
        template: args.template,
    };
    let (made, _) =
        ctx.session(&server)?
            .post::<_, Membership>("/orgs", &[], &new, Some(&key()))?;
    let url = format!("{server}/{}", made.slug);
    if ctx.wants_json() {
        let object = serde_json::json!({
            "schema": "hissab/org/1", "org": made.slug, "name": made.name, "role": made.role, "url": url, "id": made.id,
        });
        writeln!(ctx.out, "{object}")?;
        return Ok(Exit::Ok);
    }
    if !ctx.globals.quiet {
        writeln!(ctx.out, "{} · made: {}", line(&made.name), line(&url))?;
        ctx.note(&format!(
            "use it: hissab -B {url} …, or give it a name: hissab book add NAME {url}"
        ));
    }
    Ok(Exit::Ok)
}

/// The organisation of the book, and a session with its server.
fn here(ctx: &Context) -> Result<(Place, std::sync::Arc<Session>)> {
    let located = ctx.located()?;
    let Some(place) = located.remote() else {
        return Err(Failure::usage(
            "needs-a-server",
            format!(
                "members belong to a book on a server; {} is a file",
                located.shown()
            ),
        )
        .hint("hissab -B https://books.example.com/acme …"));
    };
    let session = ctx.session(&place.server)?;
    Ok((place.clone(), session))
}

fn everyone(place: &Place, session: &Session) -> Result<Vec<Member>> {
    let path = format!("/orgs/{}/members", place.org);
    let mut all = session.get::<List<Member>>(&path, &[], None)?.0.data;
    let invites = format!("/orgs/{}/invites", place.org);
    match session.get::<List<Member>>(&invites, &[], None) {
        Ok((open, _)) => all.extend(open.data),
        // Who may see the members may not see who is invited.
        Err(error) if error.problem().is_some_and(|p| p.status == 403) => {}
        Err(error) => return Err(error.into()),
    }
    all.dedup_by(|a, b| a.id == b.id);
    Ok(all)
}

fn members(ctx: &mut Context, args: &MembersArgs) -> Result<Exit> {
    ctx.only_looks();
    let (place, session) = here(ctx)?;
    let all = everyone(&place, &session)?;
    let zone = zone_name();
    let machine = ctx.format()? != Format::Table;
    let since: Vec<String> = all
        .iter()
        .map(|member| match machine {
            true => member.since.to_string(),
            false => local_time(member.since, &zone),
        })
        .collect();
    let rows = all.iter().zip(&since).map(|(member, since)| {
        vec![
            Cell::text(&member.email),
            Cell::text(&member.name),
            Cell::Word(member.role.word()),
            Cell::text(&member.state),
            Cell::text(since),
            Cell::Id(member.id),
        ]
    });
    let columns = ["email", "name", "role", "state", "since", "id"];
    let view = ListView {
        schema: "members/1",
        title: Vec::new(),
        columns: columns.map(Column::text).to_vec(),
        headings: vec!["Email", "Name", "Role", "State", "Since", "Id"],
        rows: rows.collect(),
        head: Vec::new(),
        notes: Vec::new(),
    };
    args.shown.show(ctx, &view)?;
    Ok(Exit::Ok)
}

fn invite(ctx: &mut Context, args: &InviteArgs) -> Result<Exit> {
    let new = NewMember {
        email: args.email.clone(),
        role: read_role(&args.role)?,
    };
    let (place, session) = here(ctx)?;
    let path = format!("/orgs/{}/invites", place.org);
    let (invite, _) = session.post::<_, Invite>(&path, &[], &new, Some(&key()))?;
    if ctx.wants_json() {
        let object = serde_json::json!({
            "schema": "hissab/invite/1", "email": invite.email, "role": invite.role, "code": invite.code,
            "expires_at": invite.expires_at, "id": invite.id,
        });
        writeln!(ctx.out, "{object}")?;
        return Ok(Exit::Ok);
    }
    let until = local_time(invite.expires_at, &zone_name());
    writeln!(ctx.out, "{}", line(&invite.code))?;
    ctx.note(&format!(
        "the code, shown once, good until {until}. {} comes in with: hissab login {} --invite --email {}",
        invite.email, place.server, invite.email
    ));
    Ok(Exit::Ok)
}

fn role(ctx: &mut Context, args: &RoleArgs) -> Result<Exit> {
    let role = read_role(&args.role)?;
    let (place, session) = here(ctx)?;
    let member = one(&place, &session, &args.email)?;
    if member.state == "invited" {
        let words = format!("{} is invited, and no member yet", member.email);
        let email = shell_word(&member.email);
        return Err(Failure::conflict("only-invited", words).hint(format!(
            "invite them as that instead: hissab org remove {email} && hissab org invite {email} --role {}",
            role.word()
        )));
    }
    let path = format!("/orgs/{}/members/{}", place.org, member.id);
    let tag = format!("\"v{}\"", member.version);
    let body = PatchMember { role };
    let _: (Member, _) = session.patch(&path, &body, Some(&key()), Some(&tag))?;
    told(
        ctx,
        &place,
        &format!("{} is {} now", member.email, role.word()),
    )
}

fn remove(ctx: &mut Context, args: &RemoveArgs) -> Result<Exit> {
    let (place, session) = here(ctx)?;
    let member = one(&place, &session, &args.email)?;
    let kind = if member.state == "invited" {
        "invites"
    } else {
        "members"
    };
    if !ctx.confirm(&format!("Take {} out of {}?", member.email, place.shown()))? {
        return Err(Failure::refused("not-confirmed", "nobody was taken out"));
    }
    let path = format!("/orgs/{}/{kind}/{}", place.org, member.id);
    let _: (Option<serde_json::Value>, _) = session.delete(&path, &[], Some(&key()))?;
    told(
        ctx,
        &place,
        &format!("{} is no longer {}", member.email, member.state),
    )
}

fn leave(ctx: &mut Context) -> Result<Exit> {
    let (place, session) = here(ctx)?;
    let (me, _) = session.get::<Me>("/auth/me", &[], None)?;
    let mine = one(&place, &session, &me.user.email)?;
    let question = format!("Leave {}? Your tokens for it end too.", place.shown());
    if !ctx.confirm(&question)? {
        return Err(Failure::refused("not-confirmed", "nobody left"));
    }
    let path = format!("/orgs/{}/membership", place.org);
    let tag = format!("\"v{}\"", mine.version);
    let _: (Option<serde_json::Value>, _) = session.delete_if(&path, &key(), &tag)?;
    told(
        ctx,
        &place,
        &format!("{} is no longer a member", mine.email),
    )
}

fn one(place: &Place, session: &Session, email: &str) -> Result<Member> {
    let all = everyone(place, session)?;
    let names: Vec<String> = all.iter().map(|m| m.email.clone()).collect();
    all.into_iter()
        .find(|m| m.email.eq_ignore_ascii_case(email.trim()) || m.id.to_string() == email)
        .ok_or_else(|| {
            Failure::not_found(
                "member-not-found",
                format!("{email} is no member of {}", place.shown()),
            )
            .hint(format!("members: {}", names.join(", ")))
        })
}

fn told(ctx: &mut Context, place: &Place, what: &str) -> Result<Exit> {
    if !ctx.globals.quiet {
        writeln!(ctx.out, "{} · {}", line(&place.shown()), line(what))?;
    }
    Ok(Exit::Ok)
}

fn read_role(word: &str) -> Result<Role> {
    Role::from_word(&word.to_lowercase()).ok_or_else(|| {
        let known = Role::ALL.map(Role::word).join(", ");
        Failure::usage("unknown-role", format!("there is no role {word:?}"))
            .hint(format!("roles: {known}"))
    })
}

/// A key of its own for each change.
fn key() -> String {
    Uuid::now_v7().to_string()
}
