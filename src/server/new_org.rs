//! Making an organisation: the book's file first, whole and flushed, the row after. What a crash leaves between
//! the two is a file that no row names; the next start sets it aside.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::access::Caller;
use super::entry;
use super::problem::{Answer, Problem};
use super::registry::answered::{self, Given};
use super::registry::orgs::Org;
use super::registry::{Db, members, orgs};
use super::state::Shared;
use crate::book::open::{Shelf, Spot};
use crate::ledger::change::{OperationId, Unit};
use crate::ledger::new_book;
use crate::ledger::settings::{DateOrder, Settings};
use crate::ledger::template::Template;
use crate::wire::org::{Membership, NewOrg, Role};

/// Organisations one person may own.
const OWNED_MAX: u64 = 100;
/// How long making a file may wait for its lock.
const WAIT: Duration = Duration::from_secs(5);
/// How books are named.
const EXTENSION: &str = "hissab";

/// Makes an organisation, or gives the answer that the same key got before (true).
pub async fn make(
    app: &Shared,
    caller: Caller,
    new: NewOrg,
    key: Option<String>,
) -> Answer<(Given, bool)> {
    let body = Sha256::digest(serde_json::to_vec(&new).map_err(Problem::internal)?).into();
    let key = key.map(|key| (scope(caller.user.id, &key), body));
    if let Some((scope, body)) = key {
        let found = app
            .registry
            .read(|db| Ok(answered::find(db, scope, body)))??;
        if let Some(given) = found {
            return Ok((given, true));
        }
    }
    let plan = plan(&new)?;
    let (now, id) = (app.now(), Uuid::now_v7());
    let file = app.books().join(format!("{id}.{EXTENSION}"));
    let (who, settings, template, place) = (
        caller.user.email.clone(),
        plan.settings.clone(),
        plan.template,
        file.clone(),
    );
    let shelf = app.lanes.shelf().clone();
    let make = move || {
        let spot = Spot {
            org: id,
            file: &place,
        };
        make_book(&shelf, spot, &settings, template, (who, now))
    };
    tokio::task::spawn_blocking(make)
        .await
        .map_err(Problem::internal)??;
    let enter = move |db: &Db| enter(db, &caller, id, &plan, key, now);
    let entered = app.registry.write(enter).await;
    if !matches!(&entered, Ok((_, false))) {
        forget(&file);
    }
    entered
}

/// What a key stands for: this person's requests to make organisations.
fn scope(user: Uuid, key: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(user.as_bytes());
    hasher.update(b"POST /orgs\0");
    hasher.update(key.as_bytes());
    hasher.finalize().into()
}

/// A request that was understood.
struct Plan {
    settings: Settings,
    template: Template,
    slug: String,
    /// The slug was asked for: another will not do.
    exact: bool,
}

fn plan(new: &NewOrg) -> Answer<Plan> {
    let name = entry::name(&new.name, "/name")?;
    let slug = match &new.slug {
        Some(slug) => check_slug(slug)?,
        None => slug_of(&name),
    };
    let currency = new.base_currency.as_deref().unwrap_or("INR");
    let code = new_book::base_currency_code(currency).ok_or_else(|| {
        let words = format!("{currency:?} is no code of a currency, such as INR or USD");
        Problem::field("/base_currency", "bad-currency", words)
    })?;
    let mut settings = Settings::new(name, code);
    if let Some(zone) = &new.timezone {
        settings.timezone = zone_name(zone)?;
    }
    if let Some(month) = new.fiscal_year_start {
        if !(1..=12).contains(&month) {
            let words = format!("{month} is not a month: 1 to 12");
            return Err(Problem::field("/fiscal_year_start", "bad-month", words));
        }
        settings.fiscal_year_start = month;
    }
    if let Some(order) = &new.date_order {
        settings.date_order = DateOrder::from_word(order).ok_or_else(|| {
            let words = format!("the order of dates is dmy, mdy or ymd, not {order:?}");
            Problem::field("/date_order", "bad-date-order", words)
        })?;
    }
    let template = new.template.as_deref().unwrap_or("plain");
    let template = Template::from_word(template).ok_or_else(|| {
        let known = Template::ALL.map(Template::word).join(", ");
        let words = format!("there is no template {template:?}");
        Problem::field("/template", "unknown-template", words).hint(format!("templates: {known}"))
    })?;
    Ok(Plan {
        settings,
        template,
        slug,
        exact: new.slug.is_some(),
    })
}

fn zone_name(name: &str) -> Answer<String> {
    match TimeZone::get(name) {
        Ok(zone) => Ok(zone.iana_name().unwrap_or(name).to_owned()),
        Err(_) => {
            let words = format!("there is no time zone {name:?}");
            Err(Problem::field("/timezone", "unknown-timezone", words)
                .hint("zones have names like Asia/Kolkata or Europe/Berlin"))
        }
    }
}

/// 2 to 40 of `a-z 0-9 -`, no hyphen at either end, nothing that reads as an id.
pub fn check_slug(slug: &str) -> Answer<String> {
    let letters = slug
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let ends = slug.starts_with('-') || slug.ends_with('-');
    if letters && !ends && (2..=40).contains(&slug.len()) && Uuid::try_parse(slug).is_err() {
        return Ok(slug.to_owned());
    }
    let words = format!("{slug:?} is not a slug: 2 to 40 of a-z, 0-9 and -, no - at either end");
    Err(Problem::field("/slug", "bad-slug", words))
}

/// A slug made from a name: `Shree Ganesh Stores` is `shree-ganesh-stores`.
fn slug_of(name: &str) -> String {
    let dashed: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' })
        .collect();
    let joined = dashed.split_whitespace().collect::<Vec<_>>().join("-");
    let cut: String = joined.chars().take(32).collect();
    let slug = cut.trim_matches('-');
    check_slug(slug).unwrap_or_else(|_| "book".to_owned())
}

fn make_book(
    shelf: &Shelf,
    spot: Spot<'_>,
    settings: &Settings,
    template: Template,
    (who, now): (String, Timestamp),
) -> Answer<()> {
    let changes = new_book::changes(settings, template, &mut Uuid::now_v7);
    let unit = Unit {
        operation: OperationId(Uuid::now_v7()),
        action: "created".to_owned(),
        reason: None,
        who,
        at: now,
        once: None,
        changes: &changes,
    };
    shelf.create(spot, WAIT, (Uuid::now_v7(), now), unit)?;
    Ok(())
}

/// The row, the owner, the answer to keep; the answer kept before (true) if the same request was faster.
fn enter(
    db: &Db,
    caller: &Caller,
    id: Uuid,
    plan: &Plan,
    key: Option<([u8; 32], [u8; 32])>,
    now: Timestamp,
) -> Answer<(Given, bool)> {
    if let Some((scope, body)) = key
        && let Some(given) = answered::find(db, scope, body)?
    {
        return Ok((given, true));
    }
    let user = caller.user.id;
    if members::owned(db, user)? >= OWNED_MAX {
        return Err(Problem::conflict(
            "too-many-orgs",
            format!("you own {OWNED_MAX} organisations already"),
        ));
    }
    let org = add_row(db, id, plan, now)?;
    members::add(db, id, user, Role::Owner, now)?;
    entry::log(db, id, now, caller, ("org-made", &org.slug, &org.name))?;
    let made = Membership {
        id,
        slug: org.slug,
        name: org.name,
        role: Role::Owner,
    };
    let given = Given {
        status: 201,
        answer: serde_json::to_string(&made).map_err(Problem::internal)?,
    };
    if let Some((scope, body)) = key {
        answered::keep(db, scope, body, &given, now)?;
    }
    Ok((given, false))
}

/// The slug that was asked for, or the first of `shop`, `shop-2`, `shop-3`, … that is free.
fn add_row(db: &Db, id: Uuid, plan: &Plan, now: Timestamp) -> Answer<Org> {
    let tries = if plan.exact { 1 } else { 200 };
    for n in 1..=tries {
        let slug = if n == 1 {
            plan.slug.clone()
        } else {
            format!("{}-{n}", plan.slug)
        };
        let org = Org {
            id,
            slug,
            name: plan.settings.name.clone(),
            plan: "free".to_owned(),
            file: format!("{id}.{EXTENSION}"),
        };
        if orgs::add(db, &org, now)? {
            return Ok(org);
        }
    }
    Err(Problem::conflict(
        "slug-taken",
        format!("there is an organisation {} already", plan.slug),
    )
    .hint("choose another slug"))
}

/// A file that got no row; what cannot be removed now is set aside at the next start.
fn forget(file: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        let _ = fs::remove_file(name);
    }
}

/// Sets books aside that no organisation names: never removed, because the registry may be the one that is wrong.
///
/// Gives their names.
pub fn sweep(data: &Path, known: &[String]) -> std::io::Result<Vec<String>> {
    let (books, aside) = (data.join("books"), data.join("stray"));
    let mut moved = Vec::new();
    for item in fs::read_dir(&books)? {
        let name = item?.file_name().to_string_lossy().into_owned();
        let base = name.trim_end_matches("-wal").trim_end_matches("-shm");
        let ours = base
            .strip_suffix(".hissab")
            .is_some_and(|stem| Uuid::try_parse(stem).is_ok());
        if ours && !known.iter().any(|k| k == base) {
            fs::create_dir_all(&aside)?;
            fs::rename(books.join(&name), aside.join(&name))?;
            moved.push(name);
        }
    }
    Ok(moved)
}

/// Books that organisations name and that are not there. The server serves the others meanwhile.
pub fn missing(data: &Path, known: &[String]) -> Vec<String> {
    let books = data.join("books");
    let gone = |name: &&String| matches!(books.join(name).try_exists(), Ok(false));
    known.iter().filter(gone).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_short_and_plain() {
        for good in ["ab", "shree-ganesh-2", &"a".repeat(40)] {
            assert!(check_slug(good).is_ok(), "{good}");
        }
        let id = Uuid::from_u128(7);
        let ids = [id.to_string(), id.simple().to_string()];
        for wrong in [
            "a",
            "-ab",
            "ab-",
            "Ab",
            "a b",
            "ä1",
            "",
            &"a".repeat(41),
            &ids[0],
            &ids[1],
        ] {
            assert!(check_slug(wrong).is_err(), "{wrong}");
        }
        assert_eq!(slug_of("Shree Ganesh Stores!"), "shree-ganesh-stores");
        assert_eq!(slug_of("दुकान"), "book");
    }

    #[test]
    fn only_books_without_a_row_are_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let books = folder.path().join("books");
        fs::create_dir(&books).unwrap();
        let (known, stray) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let names = [
            format!("{known}.hissab"),
            format!("{stray}.hissab"),
            format!("{stray}.hissab-wal"),
            "notes.txt".to_owned(),
        ];
        for name in &names {
            fs::write(books.join(name), "x").unwrap();
        }
        let mut moved = sweep(folder.path(), &names[..1]).unwrap();
        moved.sort();
        assert_eq!(moved, names[1..3]);
        assert!(books.join(&names[0]).exists() && books.join("notes.txt").exists());
        assert!(folder.path().join("stray").join(&names[1]).exists());
    }
}
