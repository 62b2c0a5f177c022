//! Attacks on books in Postgres: SQL typed by hand, as the owner of the tables and as the server's role. The database
//! itself refuses what the rules forbid, and shows nobody another organisation's rows.

use std::sync::Arc;

use hissab::book::postgres::{PgBook, Store};
use hissab::book::{Book, CheckDepth};
use hissab::ledger::change::{Change, WriteMode};
use jiff::Timestamp;
use uuid::Uuid;

use crate::books::{day, draft, first_changes, unit_of};
use crate::postgres::{Shell, partitioned, partitioned_url, store, url};

/// An organisation with two transactions.
fn shop() -> Uuid {
    shop_in(store())
}

fn shop_in(store: &Arc<Store>) -> Uuid {
    let org = Uuid::now_v7();
    let first = first_changes();
    let unit = unit_of(1, "created", "asha", &first);
    let (mut book, _) =
        PgBook::create(store, org, Uuid::now_v7(), Timestamp::UNIX_EPOCH, &unit).unwrap();
    for (id, amount) in [(201, "10.00"), (202, "4.00")] {
        let credit = format!("-{amount}");
        let changes = vec![Change::Post(draft(
            id,
            day(4, 2),
            "Sale",
            &[("Assets:Cash", amount), ("Income:Sales", &credit)],
        ))];
        let unit = unit_of(id, "posted", "asha", &changes);
        let outcomes = book.write(&[unit], WriteMode::Commit).unwrap();
        outcomes[0].as_ref().unwrap();
    }
    org
}

const NEXT: &str = "(SELECT max(seq) + 1 FROM hissab.audit)";
const ORG: &str = "current_setting('hissab.org')::uuid";

/// A header with entries as someone who has read the schema would type them.
fn posting(number: u64, entries: &[(u32, i64)], copied: &[(u32, i64)]) -> String {
    let list = |values: Vec<String>| format!("'{{{}}}'", values.join(","));
    let accounts = list(entries.iter().map(|e| e.0.to_string()).collect());
    let amounts = list(entries.iter().map(|e| e.1.to_string()).collect());
    let ones = list(entries.iter().map(|_| "1".to_owned()).collect());
    let mut sql = format!(
        "INSERT INTO hissab.txn (org_id, number, id, day, voucher, status, version, void, seq, description, accounts, amounts, currencies, words)
         VALUES ({ORG}, {number}, gen_random_uuid(), 9600, 3, 0, 1, false, {NEXT}, 'by hand', {accounts}, {amounts}, {ones}, '')"
    );
    for (line, (account, amount)) in copied.iter().enumerate() {
        sql.push_str(&format!(
            "; INSERT INTO hissab.entry VALUES ({ORG}, {account}, 9600, {number}, {line}, {amount}, 1)"
        ));
    }
    sql
}

/// An audit record with every field well formed and a hash that is not one.
fn record() -> String {
    format!(
        "INSERT INTO hissab.audit SELECT {ORG}, {NEXT}, 0, 'mallory', gen_random_uuid(), NULL, 'posted', NULL, '[]', '[]', '\\x01',
                decode(repeat('00', 32), 'hex'), (SELECT hash FROM hissab.audit ORDER BY seq DESC LIMIT 1), sha256('x')"
    )
}

/// What must be refused, and what the database says.
fn attacks() -> Vec<(String, &'static str)> {
    let even = [(1, 500), (7, -500)];
    let sealed = |sql: &str| format!("{sql}; {}", record());
    vec![
        (
            sealed(&posting(3, &[(1, 500), (7, -400)], &[(1, 500), (7, -400)])),
            "balanced",
        ),
        (sealed(&posting(3, &[(1, 0)], &[(1, 0)])), "balanced"),
        (sealed(&posting(3, &[], &[])), "balanced"),
        (posting(3, &even, &even), "unsealed"),
        (sealed(&posting(3, &even, &[])), "do not agree"),
        (
            sealed(&posting(3, &even, &[(1, 400), (7, -400)])),
            "do not agree",
        ),
        (
            sealed(&posting(3, &even, &[(1, 500), (7, -500), (1, 0)])),
            "do not agree",
        ),
        (
            sealed(&posting(
                3,
                &[(1, 500), (77, -500)],
                &[(1, 500), (77, -500)],
            )),
            "not there",
        ),
        (sealed(&posting(5, &even, &even)), "next number"),
        (sealed(&posting(2, &even, &even)), "_pkey"),
        (
            posting(3, &even, &even).replace(NEXT, "2"),
            "record to come",
        ),
        (
            sealed(&posting(3, &even, &even).replace(NEXT, "9")),
            "unsealed",
        ),
        (
            format!(
                "UPDATE hissab.txn SET description = 'x', version = version + 1, seq = {NEXT} WHERE number = 1"
            ),
            "unsealed",
        ),
        (
            sealed("UPDATE hissab.txn SET description = 'x' WHERE number = 1"),
            "next version",
        ),
        (
            sealed("UPDATE hissab.txn SET amounts = '{5,-5}' WHERE number = 1"),
            "next version",
        ),
        (
            sealed(&format!(
                "UPDATE hissab.txn SET amounts = '{{5,-5}}', version = version + 1, seq = {NEXT} WHERE number = 1"
            )),
            "do not agree",
        ),
        (
            sealed(&format!(
                "UPDATE hissab.txn SET number = 9, version = version + 1, seq = {NEXT} WHERE number = 2"
            )),
            "never change",
        ),
        (
            sealed("UPDATE hissab.entry SET amount = 1 WHERE txn = 1"),
            "entries never change",
        ),
        (
            sealed("UPDATE hissab.entry SET day = 1 WHERE txn = 1"),
            "entries never change",
        ),
        (sealed("DELETE FROM hissab.entry WHERE txn = 1"), "sealed"),
        (
            sealed(&format!(
                "INSERT INTO hissab.entry VALUES ({ORG}, 1, 9600, 1, 2, 5, 1)"
            )),
            "sealed",
        ),
        (
            sealed("UPDATE hissab.account SET path = 'Assets:Mine' WHERE key = 1"),
            "record to come",
        ),
        (
            format!("UPDATE hissab.account SET path = 'Assets:Mine', seq = {NEXT} WHERE key = 1"),
            "unsealed",
        ),
        (
            sealed(&format!(
                "UPDATE hissab.account SET id = gen_random_uuid(), seq = {NEXT} WHERE key = 1"
            )),
            "never changes",
        ),
        (
            format!("INSERT INTO hissab.setting VALUES ({ORG}, 'cash', 'Assets:Cash', {NEXT})"),
            "unsealed",
        ),
        (
            sealed(&format!(
                "UPDATE hissab.currency SET scale = 1, seq = {NEXT} WHERE key = 1"
            )),
            "never goes down",
        ),
        (
            record().replace(
                "(SELECT hash FROM hissab.audit ORDER BY seq DESC LIMIT 1)",
                "sha256('y')",
            ),
            "hash before",
        ),
        (
            record().replace(NEXT, "(SELECT max(seq) + 2 FROM hissab.audit)"),
            "hash before",
        ),
        // Behind a gap, and naming its own hash as the one before.
        (
            record()
                .replace(NEXT, "(SELECT max(seq) + 2 FROM hissab.audit)")
                .replace(
                    "(SELECT hash FROM hissab.audit ORDER BY seq DESC LIMIT 1)",
                    "sha256('x')",
                ),
            "hash before",
        ),
        (
            record().replace(NEXT, "(SELECT max(seq) FROM hissab.audit)"),
            "_pkey",
        ),
    ]
}

/// Only for who may at all: the server's role has no right to any of these.
fn attacks_of_the_owner() -> Vec<(String, &'static str)> {
    let told = |sql: &str, why| (sql.to_owned(), why);
    vec![
        told("UPDATE hissab.audit SET who = 'x'", "never change"),
        told("DELETE FROM hissab.audit", "never change"),
        told("TRUNCATE hissab.audit CASCADE", "never change"),
        told("TRUNCATE hissab.txn", "never deleted"),
        told("DELETE FROM hissab.txn WHERE number = 2", "never deleted"),
        told("TRUNCATE hissab.entry", "sealed"),
        (
            format!("INSERT INTO hissab.discarded VALUES ({ORG}, gen_random_uuid()); DELETE FROM hissab.audit"),
            "holds all of it",
        ),
        (
            format!(
                "UPDATE hissab.org_counters SET moved = 'replaced'; INSERT INTO hissab.discarded VALUES ({ORG}, gen_random_uuid());
                 DELETE FROM hissab.txn"
            ),
            "holds all of it",
        ),
        told("DELETE FROM hissab.account", "never deleted"),
        told(
            "UPDATE hissab.book SET id = gen_random_uuid()",
            "never changes",
        ),
        (
            format!(
                "INSERT INTO hissab.unsealed VALUES ({ORG}, 1, 1, {NEXT}); UPDATE hissab.entry SET amount = 1 WHERE txn = 1; {}",
                record()
            ),
            "stay sealed",
        ),
        (
            format!("INSERT INTO hissab.raised VALUES ({ORG}, 1, 10, {NEXT})"),
            "with their currency",
        ),
        (
            format!(
                "{}; DELETE FROM hissab.unsealed",
                posting(3, &[(1, 5), (7, -5)], &[(1, 5), (7, -5)])
            ),
            "only an audit record seals",
        ),
    ]
}

#[test]
fn what_is_typed_by_hand_is_refused_for_the_owner_and_the_app_alike() {
    refuses(store(), url());
}

#[test]
fn the_same_is_refused_where_tables_are_in_partitions() {
    refuses(partitioned(), partitioned_url());
}

fn refuses(store: &Arc<Store>, url: &str) {
    let org = shop_in(store);
    let (owner, app) = (Shell::at(url), Shell::at(url));
    app.types("SET ROLE hissab_app").unwrap();
    for (who, shell) in [("owner", &owner), ("app", &app)] {
        for (script, words) in attacks() {
            let refused = shell.commits(org, &script).expect_err(&script);
            assert!(refused.contains(words), "{who}: {script}: {refused}");
        }
    }
    for (script, words) in attacks_of_the_owner() {
        let refused = owner.commits(org, &script).expect_err(&script);
        assert!(refused.contains(words), "{script}: {refused}");
        let refused = app.commits(org, &script).expect_err(&script);
        let stopped = refused.contains("permission denied") || refused.contains(words);
        assert!(stopped, "{script}: {refused}");
    }
    sound(store, org);
}

fn sound(store: &Arc<Store>, org: Uuid) {
    let mut book = PgBook::open_read(store, org).unwrap();
    let outcomes = book.check(CheckDepth::Deep).unwrap();
    let findings: Vec<_> = outcomes.into_iter().flat_map(|o| o.findings).collect();
    assert_eq!(findings, []);
}

/// A partition may be named by hand: past the table that it is part of nothing is written either.
#[test]
fn a_partition_has_the_fences_of_its_table() {
    let org = shop_in(partitioned());
    let (owner, app) = (Shell::at(partitioned_url()), Shell::at(partitioned_url()));
    app.types("SET ROLE hissab_app").unwrap();
    let part = (0..3)
        .find(|part| {
            let whose = format!("SELECT satisfies_hash_partition('hissab.txn'::regclass, 3, {part}, '{org}'::uuid)::int::bigint");
            owner.number(&whose) == 1
        })
        .unwrap();
    let past = |script: &str| {
        let tables = [
            "txn",
            "entry",
            "audit",
            "source_row",
            "source_text",
            "total",
        ];
        tables.iter().fold(script.to_owned(), |script, table| {
            let end = |after: &str| format!("hissab.{table}{after}");
            [" ", ")"].iter().fold(script, |script, after| {
                script.replace(&end(after), &format!("hissab.{table}_{part}{after}"))
            })
        })
    };
    let mut tried = 0;
    for (script, words) in attacks().into_iter().chain(attacks_of_the_owner()) {
        let script = past(&script);
        let refused = owner.commits(org, &script).expect_err(&script);
        assert!(refused.contains(words), "{script}: {refused}");
        let refused = app.commits(org, &script).expect_err(&script);
        let stopped = refused.contains("permission denied") || refused.contains(words);
        assert!(stopped, "{script}: {refused}");
        tried += usize::from(script.contains(&format!("_{part}")));
    }
    assert!(tried > 15, "{tried}");
    // Nobody sees a row there unless the organisation is named.
    owner.types("RESET hissab.org").unwrap();
    let seen = format!("SELECT count(*) FROM hissab.txn_{part}");
    assert_eq!(owner.number(&seen), 0);
    sound(partitioned(), org);
}

#[test]
fn partitions_are_made_before_the_first_book_and_once() {
    let again = Store::partition(partitioned_url(), 3)
        .unwrap_err()
        .to_string();
    assert!(again.contains("already"), "{again}");
    shop();
    let late = Store::partition(url(), 3).unwrap_err().to_string();
    assert!(late.contains("there are books"), "{late}");
    assert_eq!(
        Shell::owner().number("SELECT count(*) FROM hissab.book"),
        0,
        "the fence stands"
    );
    let fences = partitioned().fences();
    assert!(
        fences.row_check && fences.seal && fences.row_security,
        "{}",
        fences.words()
    );
}

#[test]
fn the_control_goes_through_and_check_finds_it() {
    let org = shop();
    let even = [(1, 500), (7, -500)];
    let script = format!("{}; {}", posting(3, &even, &even), record());
    // Balanced and with a record: what the fences let through, the chain does not.
    Shell::app().commits(org, &script).unwrap();
    let mut book = PgBook::open_read(store(), org).unwrap();
    assert!(!book.verify().unwrap().faults.is_empty());
    let outcomes = book.check(CheckDepth::Quick).unwrap();
    let found: Vec<_> = outcomes.into_iter().flat_map(|o| o.findings).collect();
    assert!(found.iter().any(|f| f.code == "chain"), "{found:#?}");
    assert!(found.iter().any(|f| f.code == "totals"), "{found:#?}");
}

#[test]
fn every_fence_stands_after_the_migration() {
    let fences = store().fences();
    let all = (fences.row_check, fences.seal, fences.row_security);
    assert_eq!(all, (true, true, true), "{}", fences.words());
}

const TABLES: &[&str] = &[
    "book",
    "org_counters",
    "audit",
    "setting",
    "currency",
    "account",
    "txn",
    "entry",
    "total",
];

#[test]
fn nobody_sees_another_organisation_nor_anything_unless_one_is_named() {
    let (mine, other) = (shop(), shop());
    for shell in [Shell::owner(), Shell::app(), Shell::reader()] {
        for table in TABLES {
            let count = format!("SELECT count(*) FROM hissab.{table}");
            shell.types("RESET hissab.org").unwrap();
            assert_eq!(shell.number(&count), 0, "{table}: unset");
            shell
                .types(&format!("SET hissab.org = '{}'", Uuid::nil()))
                .unwrap();
            assert_eq!(shell.number(&count), 0, "{table}: nobody's");
            shell.types(&format!("SET hissab.org = '{mine}'")).unwrap();
            assert!(shell.number(&count) > 0, "{table}: mine");
            let theirs = format!("{count} WHERE org_id = '{other}'");
            assert_eq!(shell.number(&theirs), 0, "{table}: another's");
        }
    }
    let shell = Shell::app();
    let foreign = format!(
        "INSERT INTO hissab.setting VALUES ('{other}', 'cash', 'x', (SELECT max(seq) + 1 FROM hissab.audit))"
    );
    let refused = shell.commits(mine, &foreign).unwrap_err();
    assert!(refused.contains("row-level security"), "{refused}");
    let refused = Shell::reader()
        .commits(mine, "UPDATE hissab.total SET debit = 0")
        .unwrap_err();
    assert!(refused.contains("permission denied"), "{refused}");
}
