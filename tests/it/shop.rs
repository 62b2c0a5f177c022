//! The shop's week of the pictures, recorded by commands: what golden tests look at.

use crate::support::{Run, TestEnv};

/// A book `shop.hissab` with one small shop's week, its void voucher and its suspense.
pub fn shop() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("HISSAB_BOOK", "shop.hissab");
    let name = "Shree Ganesh Stores";
    let zone = "Asia/Kolkata";
    env.hissab([
        "init",
        "shop.hissab",
        "--name",
        name,
        "--currency",
        "INR",
        "--timezone",
        zone,
    ])
    .ok();
    env.hissab([
        "opening",
        "-d",
        "2026-03-31",
        "--create-accounts",
        "Assets:Cash=12500",
        "Assets:Bank:HDFC=84200",
        "Assets:Receivable:Ramesh=3400",
        "Liabilities:Payable:Gupta Traders=-18600",
        "Equity:Capital=-60000",
        "Equity:Retained Earnings=-21500",
    ])
    .ok();
    let (sita, gupta) = (
        "Assets:Receivable:Sita Stores",
        "Liabilities:Payable:Gupta Traders",
    );
    let (hdfc, ramesh) = ("Assets:Bank:HDFC", "Assets:Receivable:Ramesh");
    let (cash, sales) = ("Assets:Cash", "Income:Sales");
    let week = [
        ("04-01", "", "Counter sales", cash, sales, "6250"),
        ("04-01", "", "tea", "Expenses:Tea", cash, "120"),
        ("04-02", "B-118", "Goods on credit", sita, sales, "4800"),
        ("04-02", "", "Cash deposited", hdfc, cash, "20000"),
        ("04-03", "609412345678", "UPI", hdfc, ramesh, "3400"),
        ("04-03", "", "Auto", "Expenses:Travel", cash, "80"),
        ("04-04", "", "Counter sales", cash, sales, "13185.50"),
        (
            "04-04",
            "GT/0412",
            "Stock",
            "Expenses:Purchases",
            gupta,
            "15000",
        ),
        (
            "04-05",
            "000124",
            "Rent, April",
            "Expenses:Rent",
            hdfc,
            "12000",
        ),
        ("04-06", "000123", "bill GT/0398", gupta, hdfc, "18600"),
        (
            "04-06",
            "",
            "Paid to Mohan",
            "Liabilities:Suspense",
            cash,
            "2000",
        ),
    ];
    for (day, reference, description, debit, credit, amount) in week {
        let date = format!("2026-{day}");
        let (dr, cr) = (format!("{debit}={amount}"), format!("{credit}={amount}"));
        let mut words = vec!["add", "-d", &date, "--create-accounts", description];
        words.extend(["--dr", &dr, "--cr", &cr]);
        if !reference.is_empty() {
            words.extend(["--reference", reference]);
        }
        env.hissab(words).ok();
    }
    env.set("USER", "suresh");
    env.set("HISSAB_TEST_CLOCK", "2026-04-03T09:00:00Z");
    env.hissab(["void", "7", "--reason", "entered twice"]).ok();
    env.set("USER", "asha");
    env.set("HISSAB_TEST_CLOCK", "2026-04-07T06:30:00Z");
    env
}

/// A run as text, with hashes and ids replaced: they are other tests' business.
pub fn told(run: &Run) -> String {
    let text = run.to_string();
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(found) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        out.push_str(&rest[..found]);
        rest = &rest[found..];
        let length = rest
            .find(|c: char| !c.is_ascii_hexdigit() && c != '-')
            .unwrap_or(rest.len());
        let word = &rest[..length];
        let is_id = word.len() == 36 && word.matches('-').count() == 4;
        let is_hash = word.len() == 64 || (word.len() == 12 && out.ends_with("audit head "));
        out.push_str(if is_id {
            "[ID]"
        } else if is_hash {
            "[HASH]"
        } else {
            word
        });
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}
