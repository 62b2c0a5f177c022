//! Attacks: SQL typed by hand against a book. The database itself refuses what the rules forbid; where a shell with
//! foreign keys off gets past the first fence, `check` finds what it did.

use hissab::book::sqlite::SqliteBook;
use hissab::book::{Book, BookError, CheckDepth};
use rusqlite::Connection;

use crate::books::{Shop, WAIT, day};

/// A shell on the book as anyone may open one.
fn shell(shop: &Shop, foreign_keys: bool) -> Connection {
    let conn = Connection::open(&shop.path).unwrap();
    conn.pragma_update(None, "foreign_keys", foreign_keys)
        .unwrap();
    conn
}

fn shop() -> Shop {
    let mut shop = Shop::new();
    shop.post(
        day(4, 2),
        "Sale",
        &[("Assets:Cash", "10.00"), ("Income:Sales", "-10.00")],
    );
    shop.post(
        day(4, 3),
        "Rent",
        &[("Expenses:Rent", "4.00"), ("Assets:Cash", "-4.00")],
    );
    shop
}

/// Types a script in one transaction; true if COMMIT went through.
fn commits(conn: &Connection, script: &str) -> bool {
    let done = conn.execute_batch(&format!("BEGIN IMMEDIATE; {script}; COMMIT"));
    if done.is_err() && !conn.is_autocommit() {
        conn.execute_batch("ROLLBACK").unwrap();
    }
    done.is_ok()
}

const NEXT: &str = "(SELECT max(seq) + 1 FROM audit)";

/// A header and entries as someone who has read the schema would type them.
fn posting(number: u64, amounts: &[(u32, i64)]) -> String {
    let mut sql = format!(
        "INSERT INTO txn (number, id, day, voucher, status, version, void, seq, description)
         VALUES ({number}, randomblob(16), 9600, 3, 0, 1, 0, {NEXT}, 'by hand');"
    );
    for (line, (account, amount)) in amounts.iter().enumerate() {
        sql.push_str(&format!(
            "INSERT INTO entry VALUES ({account}, 9600, {number}, {line}, {amount}, 1);"
        ));
    }
    sql
}

/// An audit record with every field well formed and a hash that is not one.
fn record() -> String {
    format!(
        "INSERT INTO audit SELECT {NEXT}, 0, 'mallory', randomblob(16), NULL, 'posted', NULL, '[]', '[]', x'01',
                zeroblob(32), (SELECT hash FROM audit ORDER BY seq DESC LIMIT 1), randomblob(32)"
    )
}

#[test]
fn an_unbalanced_transaction_cannot_be_committed() {
    let shop = shop();
    let conn = shell(&shop, true);
    assert!(!commits(
        &conn,
        &format!("{}{}", posting(3, &[(1, 500), (7, -400)]), record())
    ));
    assert!(
        !commits(&conn, &format!("{}{}", posting(3, &[(1, 0)]), record())),
        "one entry is no transaction"
    );
    assert!(
        !commits(&conn, &format!("{}{}", posting(3, &[]), record())),
        "no entries"
    );
    // The control: a balanced one with its record is what the fences let through.
    assert!(commits(
        &conn,
        &format!("{}{}", posting(3, &[(1, 500), (7, -500)]), record())
    ));
}

#[test]
fn two_currencies_balance_each_for_itself() {
    let shop = shop();
    let conn = shell(&shop, true);
    let mixed = posting(3, &[(1, 500)]) + "INSERT INTO entry VALUES (7, 9600, 3, 1, -500, 2);";
    assert!(!commits(&conn, &(mixed.clone() + &record())));
    // A detail that claims a weight makes it balance only if the weights do.
    let weight =
        |w: i64| format!("INSERT INTO entry_detail VALUES (3, 1, {w}, 1, '@1', 0, NULL, NULL);");
    assert!(!commits(
        &conn,
        &(mixed.clone() + &weight(-499) + &record())
    ));
    assert!(commits(&conn, &(mixed + &weight(-500) + &record())));
}

#[test]
fn nothing_is_committed_without_its_audit_record() {
    let shop = shop();
    let conn = shell(&shop, true);
    for script in [
        posting(3, &[(1, 500), (7, -500)]),
        format!(
            "UPDATE txn SET description = 'x', version = version + 1, seq = {NEXT} WHERE number = 1"
        ),
        format!(
            "UPDATE account SET path = 'Assets:Till', version = version + 1, seq = {NEXT} WHERE key = 1"
        ),
        format!("INSERT INTO setting VALUES ('cash', 'Assets:Cash', {NEXT})"),
        format!("UPDATE setting SET value = 'Mine', seq = {NEXT} WHERE name = 'name'"),
        format!("INSERT INTO currency VALUES (3, 'EUR', 2, NULL, NULL, {NEXT})"),
        format!("INSERT INTO price VALUES (9600, 'USD', 'INR', '83', {NEXT})"),
    ] {
        assert!(!commits(&conn, &script), "{script}");
        assert!(
            commits(&conn, &format!("{script}; {}", record())),
            "the control failed: {script}"
        );
    }
}

#[test]
fn an_old_audit_record_seals_nothing_new() {
    let shop = shop();
    let conn = shell(&shop, true);
    let old = posting(3, &[(1, 500), (7, -500)]).replace(NEXT, "2");
    assert!(!commits(&conn, &old));
    assert!(!commits(
        &conn,
        "UPDATE txn SET description = 'x', version = version + 1, seq = 2 WHERE number = 1"
    ));
    assert!(!commits(&conn, "INSERT INTO unsealed VALUES (1, 1, 2)"));
    assert!(!commits(
        &conn,
        &format!("INSERT INTO unsealed VALUES (1, 1, {NEXT})")
    ));
    assert!(!commits(
        &conn,
        &format!(
            "INSERT INTO unsealed VALUES (1, 2, {NEXT}); UPDATE entry SET amount = 1 WHERE txn = 1; {}",
            record()
        )
    ));
    let far = posting(3, &[(1, 500), (7, -500)]).replace(NEXT, "99");
    assert!(!commits(&conn, &far));
}

#[test]
fn sealed_entries_cannot_be_touched_by_any_spelling() {
    let shop = shop();
    for foreign_keys in [true, false] {
        let conn = shell(&shop, foreign_keys);
        for script in [
            "UPDATE entry SET amount = amount + 1 WHERE txn = 1",
            "UPDATE OR IGNORE entry SET amount = 1 WHERE txn = 1",
            "UPDATE OR REPLACE entry SET line = 1 WHERE txn = 1",
            "DELETE FROM entry WHERE txn = 1",
            "INSERT INTO entry VALUES (1, 9588, 1, 9, 5, 1)",
            "INSERT OR REPLACE INTO entry SELECT account, day, txn, line, amount + 1, currency FROM entry WHERE txn = 1",
            "REPLACE INTO entry SELECT account, day, txn, line, amount + 1, currency FROM entry WHERE txn = 1",
            "INSERT INTO entry SELECT account, day, txn, line, amount, currency FROM entry WHERE txn = 1
               ON CONFLICT DO UPDATE SET amount = 7",
            "INSERT INTO entry_detail VALUES (1, 0, 1, 1, '@1', 0, NULL, NULL)",
            "REPLACE INTO entry_detail VALUES (1, 0, NULL, NULL, NULL, 0, 'memo', NULL)",
            "DELETE FROM txn WHERE number = 1",
            "UPDATE txn SET description = 'x' WHERE number = 1",
            "UPDATE txn SET void = 1 WHERE number = 1",
            "UPDATE OR REPLACE txn SET number = 2 WHERE number = 1",
            "REPLACE INTO txn SELECT number, id, day, voucher, status, version, void, seq, 'x', payee, reference, due, reverses, more FROM txn WHERE number = 1",
            "INSERT INTO txn SELECT number, id, day, voucher, status, version, void, seq, 'x', payee, reference, due, reverses, more FROM txn WHERE number = 1
               ON CONFLICT DO UPDATE SET description = 'x'",
        ] {
            let before = dump(&conn);
            let _ = commits(&conn, script);
            assert_eq!(dump(&conn), before, "{script} (foreign keys {foreign_keys})");
        }
    }
}

#[test]
fn audit_records_cannot_be_touched_by_any_spelling() {
    let shop = shop();
    for foreign_keys in [true, false] {
        let conn = shell(&shop, foreign_keys);
        for script in [
            "UPDATE audit SET who = 'nobody' WHERE seq = 2",
            "UPDATE OR IGNORE audit SET hash = zeroblob(32)",
            "UPDATE OR REPLACE audit SET seq = 1 WHERE seq = 2",
            "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",
            "INSERT OR REPLACE INTO audit SELECT seq, at, 'x', operation, undoes, action, reason, numbers, changes, marks, digest, previous, hash FROM audit",
            "REPLACE INTO audit SELECT (SELECT max(seq) + 1 FROM audit), at, 'x', operation, undoes, action, reason, numbers, changes, marks, digest,
                (SELECT hash FROM audit ORDER BY seq DESC LIMIT 1), hash FROM audit WHERE seq = 2",
            "INSERT OR IGNORE INTO audit SELECT 99, at, 'x', randomblob(16), undoes, action, reason, numbers, changes, marks, digest, previous, hash FROM audit WHERE seq = 2",
            "INSERT INTO audit SELECT seq, at, 'x', operation, undoes, action, reason, numbers, changes, marks, digest, previous, hash FROM audit WHERE seq = 2
               ON CONFLICT DO UPDATE SET who = 'x'",
        ] {
            let before = dump(&conn);
            let _ = commits(&conn, script);
            assert_eq!(dump(&conn), before, "{script} (foreign keys {foreign_keys})");
        }
    }
}

#[test]
fn chart_settings_and_sources_cannot_be_replaced_or_deleted() {
    let shop = shop();
    let conn = shell(&shop, true);
    for script in [
        "DELETE FROM account WHERE key = 9".to_owned(),
        format!(
            "REPLACE INTO account SELECT key, id, 'Assets:Stolen', kind, type, opened_on, closed_on, more, version, {NEXT} FROM account WHERE key = 1; {}",
            record()
        ),
        format!(
            "UPDATE OR REPLACE account SET path = 'Assets:Cash', seq = {NEXT} WHERE key = 2; {}",
            record()
        ),
        "DELETE FROM setting".to_owned(),
        format!(
            "REPLACE INTO setting VALUES ('name', 'x', {NEXT}); {}",
            record()
        ),
        format!(
            "INSERT INTO setting VALUES ('name', 'x', {NEXT}) ON CONFLICT DO UPDATE SET value = 'x'; {}",
            record()
        ),
        "DELETE FROM currency".to_owned(),
        "UPDATE book SET id = randomblob(16)".to_owned(),
        "REPLACE INTO book VALUES (1, randomblob(16), 0)".to_owned(),
        "DELETE FROM book".to_owned(),
        "DELETE FROM unsealed".to_owned()
            + ";"
            + &posting(3, &[(1, 1), (7, -1)])
            + "DELETE FROM unsealed",
    ] {
        let before = dump(&conn);
        let _ = commits(&conn, &script);
        assert_eq!(dump(&conn), before, "{script}");
    }
}

#[test]
fn with_foreign_keys_off_the_triggers_still_stand_and_check_finds_the_rest() {
    let mut shop = shop();
    let conn = shell(&shop, false);
    // The first fence is down: an unlogged, unbalanced posting goes in…
    assert!(commits(&conn, &posting(3, &[(1, 500), (7, -400)])));
    drop(conn);
    // …and is found, by more than one check.
    let found: Vec<&str> = shop
        .book
        .check(CheckDepth::Deep)
        .unwrap()
        .into_iter()
        .flat_map(|o| o.findings)
        .map(|f| f.code)
        .collect();
    assert!(
        found.contains(&"balanced") && found.contains(&"chain") && found.contains(&"totals"),
        "{found:?}"
    );
}

#[test]
fn a_forged_record_is_found_by_verify() {
    let mut shop = shop();
    let conn = shell(&shop, true);
    assert!(commits(
        &conn,
        &format!("{}{}", posting(3, &[(1, 500), (7, -500)]), record())
    ));
    let faults = shop.book.verify().unwrap().faults;
    assert!(
        faults.iter().any(|f| f.message.contains("audit record 4")),
        "{faults:#?}"
    );
}

#[test]
fn content_changed_behind_the_fences_is_found_and_named() {
    let mut shop = shop();
    let conn = shell(&shop, true);
    // Someone takes a fence down, changes two sums and puts the fence up again just as it was.
    let fence: String = conn
        .query_row(
            "SELECT sql FROM sqlite_schema WHERE name = 'entry_update'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    conn.execute_batch(&format!("BEGIN; DROP TRIGGER entry_update; UPDATE entry SET amount = amount * 2 WHERE txn = 2; {fence}; COMMIT")).unwrap();
    let faults = shop.book.verify().unwrap().faults;
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert_eq!(faults[0].number, Some(2));
}

#[test]
fn a_fence_that_is_missing_is_found_at_open() {
    let shop = shop();
    let conn = shell(&shop, true);
    conn.execute_batch("DROP TRIGGER entry_update").unwrap();
    drop(conn);
    for opened in [
        SqliteBook::open_read(&shop.path, WAIT),
        SqliteBook::open_write(&shop.path, WAIT),
    ] {
        assert!(matches!(opened.map(|_| ()), Err(BookError::Damaged { .. })));
    }
}

/// Every row of every table that a rule protects.
fn dump(conn: &Connection) -> Vec<String> {
    let mut lines = Vec::new();
    for table in [
        "book",
        "audit",
        "txn",
        "entry",
        "entry_detail",
        "account",
        "currency",
        "setting",
        "price",
        "unsealed",
    ] {
        let mut statement = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells: Vec<String> = (0..columns)
                .map(|i| format!("{:?}", row.get_ref(i).unwrap()))
                .collect();
            lines.push(format!("{table}: {}", cells.join(" ")));
        }
    }
    lines
}
