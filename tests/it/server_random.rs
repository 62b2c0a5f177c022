//! Commands by chance, refused ones too, on a file and on a server: every byte of stdout, the exit code and the
//! head of the audit log are compared.
//!
//! A few sequences by default; `HISSAB_TEST_SEQUENCES=2000` runs as many. `HISSAB_SEED` repeats a run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::chance::Chance;
use crate::served::Served;
use crate::support::TestEnv;
use crate::twins::Twins;

/// Commands of a sequence, the reading ones at its end aside.
const LENGTH: usize = 16;
/// Sequences at work at a time.
const HANDS: usize = 2;

fn sequences(few: usize) -> usize {
    let asked = std::env::var("HISSAB_TEST_SEQUENCES").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(few)
}

#[test]
fn random_sequences_leave_the_same_bytes_and_audit_head() {
    // One server for all: an organisation each.
    let env = TestEnv::new();
    env.hissab(["init", "first.hissab"]).ok();
    let served = Arc::new(Served::of(&env.path("first.hissab")));
    let seed = Chance::new("random sequences on file and server").next();
    let differing = AtomicUsize::new(0);
    let (next, last) = (AtomicUsize::new(0), sequences(12));
    std::thread::scope(|scope| {
        let work = || {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= last {
                    break;
                }
                let mut chance = Chance::from(seed.wrapping_add(n as u64));
                let twins = Twins::on(&served, &format!("twin-{n}"));
                let run = AssertUnwindSafe(|| sequence(&mut chance, &twins));
                if catch_unwind(run).is_err() {
                    differing.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        for _ in 0..HANDS {
            scope.spawn(work);
        }
    });
    let differing = differing.into_inner();
    assert_eq!(differing, 0, "of {last} sequences; each is shown above");
}

#[cfg(feature = "postgres")]
#[test]
fn random_sequences_leave_the_same_audit_head_in_postgres() {
    let mut chance = Chance::new("random sequences on file and postgres");
    for _ in 0..sequences(3) {
        let twins = Twins::with(Served::began_in_postgres);
        sequence(&mut chance, &twins);
    }
}

fn sequence(chance: &mut Chance, twins: &Twins) {
    let statement = "Date,Narration,Amount,Balance\n2026-04-01,SWIGGY,-250.00,750.00\n2026-04-02,NEFT SITA,1000.00,1750.00\n2026-04-02,SWIGGY,-250.00,1500.00\n";
    twins.write("bank.csv", statement);
    twins.write(
        "more.csv",
        &format!("{statement}2026-04-05,RENT,-900.00,600.00\n"),
    );
    twins.write("old.journal", "2026-04-03 old sale\n    Assets:Cash  10.00 INR\n    Income:Sales\n\n2026-04-04 old tea\n    Expenses:Tea  3.50 INR\n    Assets:Cash\n");
    twins.both("opening -d 2026-03-31 --create-accounts Assets:Cash=12500 Assets:Bank:HDFC=1000 Equity:Capital=-13500");
    for _ in 0..LENGTH {
        twins.both(&random_line(chance));
    }
    let (here, there) = twins.heads();
    assert_eq!(here, there);
    for line in [
        "tb -O csv",
        "journal --void -O ndjson",
        "audit list --json",
        "check --deep",
        "audit verify",
    ] {
        twins.both(line);
    }
}

/// A command that writes most of the time, right or wrong.
fn random_line(chance: &mut Chance) -> String {
    let day = chance.below(28) + 1;
    let minor = chance.below(90_000) + 1;
    let amount = format!("{}.{:02}", minor / 100, minor % 100);
    let number = chance.below(14) + 1;
    let account = *chance.one(&[
        "Assets:Cash",
        "Assets:Bank:HDFC",
        "Expenses:Tea",
        "Income:Sales",
        "cash",
        "nosuch",
        "Assets:Receivable:Sita",
    ]);
    let other = *chance.one(&["Equity:Capital", "Liabilities:Suspense", "Expenses:Rent"]);
    let party = *chance.one(&["Sita", "Gupta", "Ramesh"]);
    match chance.below(4) {
        0 | 1 => posting(chance, day, &amount, number, account, other, party),
        2 => change(chance, day, &amount, number, account, other),
        _ => reading(chance, day, number, account, party),
    }
}

fn posting(
    chance: &mut Chance,
    day: usize,
    amount: &str,
    number: usize,
    account: &str,
    other: &str,
    party: &str,
) -> String {
    match chance.below(16) {
        0..=2 => format!(
            "add -d 2026-04-{day:02} \"sale {number}\" {account} {amount} {other} --create-accounts"
        ),
        3 => format!("in {amount} sales -d 2026-04-{day:02}"),
        4 => format!("out {amount} tea --once key-{}", number % 4),
        5 => format!("gave {amount} {party} goods --create-accounts"),
        6 => format!("got {amount} {party}"),
        7 => format!("took {amount} {party} stock --create-accounts"),
        8 => format!("paid {amount} {party} --reference R{number}"),
        9 => format!("move {amount} cash hdfc -d 2026-04-{day:02}"),
        10 => format!("add --like {number} --amount {amount} -d 2026-04-{day:02}"),
        11 => format!(
            "import {} --account hdfc",
            chance.one(&["bank.csv", "more.csv"])
        ),
        12 => format!(
            "import old.journal{}",
            chance.one(&["", " --dry-run", " --create-accounts"])
        ),
        13 => format!(
            "count cash {amount}{}",
            chance.one(&["", " --post", " --post --dry-run"])
        ),
        14 => format!(
            "add -d 2026-04-{day:02} dollars --dr \"Assets:Bank:USD={number} USD @ 83.10\" --cr Income:Sales --create-accounts"
        ),
        _ => format!("in {amount} odd-{number} --payee {party} --tag lot={day} --dry-run"),
    }
}

fn change(
    chance: &mut Chance,
    day: usize,
    amount: &str,
    number: usize,
    account: &str,
    other: &str,
) -> String {
    match chance.below(26) {
        0 => format!("amend {number} --amount {amount}"),
        1 => format!("amend {number} -d 2026-04-{day:02} --description \"was {number}\""),
        2 => format!("amend {number} --replace {account}={other} --reason moved"),
        3 => format!("amend {number} --category {other} --dry-run"),
        4 | 5 => format!("void {number} --reason wrong"),
        6 => format!("reverse {number} -d 2026-04-{day:02}"),
        7..=9 => "undo".to_owned(),
        10 => format!("tag add {number} lot={day}"),
        11 => format!("tag remove {number} lot"),
        12 => format!("lock 2026-0{}-{day:02}", 2 + chance.below(2)),
        13 => "lock --off --reason \"auditor asked\"".to_owned(),
        14 => format!("account add Expenses:Kind{}", number % 5),
        15 => format!(
            "account rename Expenses:Kind{} Expenses:Sort{}",
            number % 5,
            day % 3
        ),
        16 => format!("account close Expenses:Kind{}", number % 5),
        17 => format!("account reopen Expenses:Kind{}", number % 5),
        18 => format!(
            "account set {account} --alias al{} --code {number}",
            day % 4
        ),
        19 => format!("account merge {account} {other}"),
        20 => format!("recategorise {account} --to {other}"),
        21 => format!("assert {account} {amount} -d 2026-04-{day:02}"),
        22 => "currency add USD".to_owned(),
        23 => format!("currency price USD {number}.10 -d 2026-04-{day:02}"),
        24 => "close --fy 2025-26".to_owned(),
        _ => format!("party add Party{} --customer --phone 98{day}", number % 4),
    }
}

fn reading(chance: &mut Chance, day: usize, number: usize, account: &str, party: &str) -> String {
    match chance.below(16) {
        0 => format!("ledger {account} --limit {number}"),
        1 => format!("tb --as-of 2026-04-{day:02}"),
        2 => "bs --json".to_owned(),
        3 => "is -M -O csv".to_owned(),
        4 => "cf".to_owned(),
        5 => format!("register {account} -O csv"),
        6 => format!("show {number} --history"),
        7 => format!("log {number}"),
        8 => format!("statement {party}"),
        9 => "dues -O csv".to_owned(),
        10 => "ageing".to_owned(),
        11 => format!("balance -X USD --depth {}", 1 + day % 3),
        12 => "account list".to_owned(),
        13 => format!("search sale --limit {number}"),
        14 => "import list -O csv".to_owned(),
        _ => format!(
            "check --fail-on {}",
            chance.one(&["error", "warning", "note"])
        ),
    }
}
