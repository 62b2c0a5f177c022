//! Every recording command through the door: success, a refusal, an edge, with its exit code.

use insta::assert_snapshot;

use crate::support::TestEnv;

/// A shop with two banks, a customer and a supplier, and opening balances.
fn shop() -> TestEnv {
    let mut env = TestEnv::new();
    env.hissab([
        "init",
        "shop.hissab",
        "--name",
        "Shree Ganesh Stores",
        "--template",
        "shop",
    ])
    .ok();
    env.set("HISSAB_BOOK", "shop.hissab");
    env.hissab(["account", "add", "Assets:Bank:HDFC", "Assets:Bank:SBI"])
        .ok();
    env.hissab(["party", "add", "Ramesh", "--customer"]).ok();
    env.hissab(["party", "add", "Gupta Traders", "--supplier"])
        .ok();
    env.hissab([
        "opening",
        "-d",
        "2026-04-01",
        "cash=12500",
        "hdfc=84200",
        "Gupta Traders=18600",
    ])
    .ok();
    env
}

/// Command lines and what they print, one after the other. Words are split at spaces, but for quotes.
fn transcript(env: &TestEnv, lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        let words = split(line);
        text.push_str(&format!("$ hissab {line}\n{}\n", env.hissab(&words)));
    }
    text
}

fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut any) = (String::new(), false, false);
    for c in line.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                any = true;
            }
            ' ' if !quoted => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            c => word.push(c),
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}

#[test]
fn init_makes_a_book_from_a_template_and_never_over_a_file() {
    let env = TestEnv::new();
    assert_snapshot!(transcript(
        &env,
        &[
            "init shop.hissab --name 'Shree Ganesh Stores' --template shop",
            "init shop.hissab",
            "init tally.hissab --template tally --currency usd --fiscal-year jul --timezone Europe/Berlin --json",
            "init x.hissab --template nosuch",
            "init x.hissab --timezone Nowhere",
            "init nosuch/x.hissab",
        ]
    ));
}

#[test]
fn cash_goes_in_and_out() {
    assert_snapshot!(transcript(
        &shop(),
        &[
            "out 120 tea",
            "in 1,250.50 sales -d yesterday --ref B-118",
            "in 500 sales --mode hdfc --payee Mohan --tag stall=2 --memo 'two bags'",
            "out 2000 Paid to Mohan",
            "out 100 --party 'Gupta Traders'",
            "out 5cr tea",
            "out tea",
            "out -500 tea",
            "out 500 tea --category nosuch",
            "out 500 tea -d 31/2",
        ]
    ));
}

#[test]
fn several_cash_accounts_and_none_set_is_exit_2() {
    let env = shop();
    env.hissab(["account", "add", "Assets:Petty Cash"]).ok();
    env.hissab(["config", "unset", "book.cash"]).ok();
    assert_snapshot!(transcript(
        &env,
        &[
            "out 5 tea",
            "config set book.cash 'petty cash'",
            "out 5 tea"
        ]
    ));
}

#[test]
fn goods_on_credit_and_dues() {
    assert_snapshot!(transcript(
        &shop(),
        &[
            "gave 4800 Ramesh goods --ref B-118 --due 2026-05-07",
            "gave 500 Ramesh --mode cash",
            "took 15000 Gupta Traders bill GT/0398",
            "got 3000 ramesh --mode hdfc",
            "paid 18600 'Gupta Traders' --mode hdfc",
            "gave 100 Rames",
            "gave 100 'Sita Stores' --create-accounts",
            "gave 100",
            "got 100 ramesh --category sales",
        ]
    ));
}

#[test]
fn money_moves_between_accounts_and_currencies() {
    let env = shop();
    env.hissab(["account", "add", "Assets:Bank:Dollars", "--currency", "USD"])
        .ok();
    assert_snapshot!(transcript(
        &env,
        &[
            "move 2000 cash hdfc",
            "move 8320 hdfc dollars --rate 83.20",
            "move 50 dollars hdfc --received 4200",
            "move 10 dollars hdfc --rate 84",
            "move 10 hdfc dollars",
            "move 10 dollars sbi",
            "move 10 hdfc hdfc",
            "move 10 hdfc",
        ]
    ));
}

#[test]
fn transactions_of_any_shape_are_added() {
    assert_snapshot!(transcript(
        &shop(),
        &[
            "add 'Counter sale' cash 500 sales",
            "add 2026-04-05 'Rent, April' --dr Expenses:Rent=12000 --cr hdfc=12000 --ref 124",
            "add Fees rent 1.5 lakh wages '200 Dr' cash",
            "add 'Dollars bought' hdfc -8320 Assets:Receivable:Ramesh 8320 --voucher journal",
            "add --like 3 -d today --amount 13000",
            "add x cash 50 sales 40",
            "add x cash sales",
            "add x cash 50",
            "add x cash 50 nosuch",
            "add x cash 50 Expenses:Snacks --create-accounts --dry-run",
            "add",
            "add --like 99",
        ]
    ));
}

#[test]
fn json_posts_one_or_many() {
    let env = shop();
    let tea = r#"{"date": "2026-04-06", "description": "tea", "tags": {"stall": "2"}, "entries": [{"account": "tea", "debit": "120.00"}, {"account": "cash", "credit": "120.00"}]}"#;
    let rent = r#"{"description": "rent", "entries": [{"account": "rent", "debit": 500}, {"account": "cash"}]}"#;
    let wrong = r#"{"description": "x", "entries": [{"account": "tea", "debit": 1.5}, {"account": "cash"}]}"#;
    let unbalanced = r#"{"description": "x", "entries": [{"account": "tea", "debit": "2"}, {"account": "cash", "credit": "1"}]}"#;
    let add = |input: String, words: &[&str]| format!("{}\n", env.hissab_fed(input, words));
    let mut text = add(tea.to_owned(), &["add", "--json", "-"]);
    text += &add(format!("{tea}\n\n{rent}\n"), &["add", "--json", "-", "-q"]);
    text += &add(format!("{tea}\n{wrong}\n"), &["add", "--json", "-", "-q"]);
    text += &add(
        format!("{unbalanced}\n{tea}\n{wrong}\n"),
        &["add", "--json", "-", "-q", "--each"],
    );
    text += &add(String::new(), &["add", "--json", "-", "-q"]);
    text += &add("tea".to_owned(), &["add", "--json", "-", "-q"]);
    assert_snapshot!(text);
}

#[test]
fn what_show_prints_add_reads() {
    let env = shop();
    env.hissab([
        "out", "120", "tea", "--tag", "stall=2", "--memo", "two cups", "--ref", "7",
    ])
    .ok();
    let shown = env.hissab(["show", "2", "--json"]).ok().stdout;
    let again = env.hissab_fed(&shown, ["add", "--json", "-"]).ok();
    assert!(
        again.stdout.contains(r#""outcome":"already""#),
        "same id, same content: {again}"
    );
    assert!(again.stdout.contains(r#""numbers":[[2,2]]"#), "{again}");
}

#[test]
fn opening_balances_come_from_words_or_a_file() {
    let env = TestEnv::new();
    env.hissab(["init", "b.hissab", "--template", "shop"]).ok();
    env.write("balances.csv", "account,debit,credit\nAssets:Cash,\"1,000.00\",\nAssets:Stock,500,\nLiabilities:Loans,,700\n\nIncome:Sales,,\n");
    env.write("wrong.csv", "account,debit,credit\nAssets:Cash,10,5\n");
    env.write("other.csv", "name,amount\nAssets:Cash,10\n");
    assert_snapshot!(transcript(
        &env,
        &[
            "-B b.hissab opening balances.csv -d 2026-04-01",
            "-B b.hissab opening wrong.csv",
            "-B b.hissab opening other.csv",
            "-B b.hissab opening nosuch.csv",
            "-B b.hissab opening cash",
            "-B b.hissab opening 'Liabilities:Loans=200' 'cash=50 Cr' --dry-run",
        ]
    ));
}

#[test]
fn cash_is_counted() {
    assert_snapshot!(transcript(
        &shop(),
        &[
            "count cash 12,500",
            "count cash 12450",
            "count cash 12450 --post",
            "count cash 12450 --json",
            "count nosuch 5",
            "count cash x"
        ]
    ));
}

#[test]
fn a_transaction_is_amended() {
    let env = shop();
    env.hissab(["out", "2000", "Paid", "to", "Mohan"]).ok();
    assert_snapshot!(transcript(
        &env,
        &[
            "amend 2 --category repairs --reason 'his bill came'",
            "amend 2 --amount 2100 --description 'Mohan, door' --ref M1 -d 2026-04-05 --tag door",
            "amend 2 --replace cash=hdfc --payee Mohan",
            "amend 2 --amount 2100",
            "amend 2 --dr repairs=2000 --dr tea=100 --cr hdfc=2100",
            "amend 2 --amount 5",
            "amend 2 --if-version 1 --description x",
            "amend 2",
            "amend 99 --amount 5",
            "amend 2 --replace sbi=cash",
            "show 2 --history",
        ]
    ));
}

#[cfg(unix)]
#[test]
fn a_transaction_is_edited_in_an_editor_without_a_shell() {
    use std::os::unix::fs::PermissionsExt;
    let mut env = shop();
    env.hissab(["out", "120", "tea"]).ok();
    let editor = env.write("editor", "#!/bin/sh\nsed -i -e 's/120.00/130.00/' -e 's/^description: tea/description: tea; twice/' \"$2\"\n");
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
    // The second word would be run by a shell; without one it is an argument.
    env.set("HISSAB_EDITOR", &format!("{} ;touch", editor.display()));
    let first = transcript(&env, &["amend 2 --edit", "amend 2 --edit"]);
    env.set("HISSAB_EDITOR", "false");
    assert_snapshot!(first + &transcript(&env, &["amend 2 --edit"]));
    assert!(!env.path("touch").exists());
}

#[cfg(unix)]
#[test]
fn what_was_typed_in_an_editor_is_kept_where_it_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let mut env = shop();
    env.hissab(["out", "120", "tea"]).ok();
    let editor = env.write(
        "editor",
        "#!/bin/sh\nsed -i '0,/120.00/s//777.00/' \"$1\"\n",
    );
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
    env.set("HISSAB_EDITOR", &editor.display().to_string());
    let run = env.hissab(["amend", "2", "--edit"]);
    assert_eq!(run.exit, 1, "{run}");
    let kept = run.stderr.split("your text is kept in ").nth(1);
    let kept = std::path::PathBuf::from(kept.unwrap().lines().next().unwrap());
    assert!(std::fs::read_to_string(&kept).unwrap().contains("777.00"));
    std::fs::remove_file(kept).unwrap();
}

#[test]
fn void_reverse_and_undo() {
    let env = shop();
    env.hissab(["out", "120", "tea"]).ok();
    env.hissab(["in", "500", "sales"]).ok();
    assert_snapshot!(transcript(
        &env,
        &[
            "void 2 --reason 'entered twice'",
            "void 2 --reason again",
            "void 2",
            "void 99 --reason x",
            "reverse 2",
            "reverse 3 --reason 'sale cancelled'",
            "reverse 3",
            "undo",
            "undo",
            "undo --list",
            "undo 999",
            "log 2",
            "show 2",
        ]
    ));
}

#[test]
fn once_makes_any_line_repeatable() {
    let env = shop();
    assert_snapshot!(transcript(
        &env,
        &[
            "out 120 tea --once tea-april",
            "--today 2026-04-09 out 120 tea --once tea-april",
            "out 130 tea --once tea-april",
            "out 130 tea --once ''",
            "account add Expenses:Snacks --once snacks",
            "account add Expenses:Snacks --once snacks",
            "void 2 --reason twice --once v2",
            "void 2 --reason twice --once v2",
            "-q out 5 tea",
            "out 5 tea --dry-run",
            "out 5 tea --dry-run --json",
        ]
    ));
}

#[test]
fn the_chart_is_worked_on() {
    let env = shop();
    env.hissab(["out", "120", "tea"]).ok();
    assert_snapshot!(transcript(
        &env,
        &[
            "account add Expenses:Chai --alias cutting --code 501",
            "out 30 chai",
            "account show cutting",
            "account show cutting --json",
            "account set chai --note 'for guests' --no-alias cutting",
            "account rename Expenses:Chai Expenses:Tea:Chai",
            "account merge Expenses:Tea:Chai Expenses:Tea",
            "account list exp --closed -O csv",
            "account close hdfc",
            "account close sbi",
            "move 5 cash sbi -d 2026-04-08",
            "account reopen sbi",
            "account add Snacks",
            "account add Expnses:Snacks",
            "account add Expenses:Rent",
            "account set tea",
            "account show bank",
            "account show zzz",
        ]
    ));
}

#[test]
fn parties_currencies_and_tags() {
    assert_snapshot!(transcript(
        &shop(),
        &[
            "party add 'Sita Stores' --customer --phone 98200 --gstin 27ABCDE --credit-limit 50000",
            "party add 'Sita Stores' --customer",
            "party set ramesh --email r@example.com",
            "party set cash --email r@example.com",
            "party list --customers",
            "party show sita",
            "currency add usd",
            "currency add usd",
            "currency set INR --scale 3",
            "currency set INR --scale 2",
            "currency price USD 83.20",
            "currency prices",
            "currency list",
            "tag 1 project=shop",
            "tag 1 project=shop",
            "tag 1 --remove project",
        ]
    ));
}

#[test]
fn locks_and_the_end_of_a_year() {
    let env = shop();
    env.hissab(["out", "500", "tea", "-d", "2025-12-31"]).ok();
    env.hissab(["in", "900", "sales", "-d", "2026-01-31"]).ok();
    assert_snapshot!(transcript(
        &env,
        &[
            "lock",
            "lock 2025-12",
            "out 5 tea -d 2025-12-31",
            "amend 2 --amount 5",
            "reverse 2",
            "lock 2025-11-30",
            "lock --off",
            "lock --off --reason 'bill was late'",
            "close --fy 2025-26",
            "close --fy 2025-26",
            "close --fy 2026-27",
            "close --fy 2025",
            "undo",
            "lock",
        ]
    ));
}

#[test]
fn entries_are_recategorised_as_one_operation() {
    let env = shop();
    for what in ["Mohan repair", "Mohan door", "lunch"] {
        env.hissab(["out", "100", what]).ok();
    }
    assert_snapshot!(transcript(
        &env,
        &[
            "recategorise suspense desc:mohan --to repairs --reason bills",
            "recategorise suspense desc:mohan --to repairs",
            "recategorise suspense --to nosuch",
            "recategorise 'desc:(' --to tea",
            "undo",
            "show 2",
        ]
    ));
}

#[test]
fn a_unit_of_many_is_all_or_nothing_and_names_the_line() {
    let env = shop();
    let line = |amount| {
        format!(
            r#"{{"description": "x", "entries": [{{"account": "tea", "debit": "{amount}"}}, {{"account": "cash", "credit": "1"}}]}}"#
        )
    };
    let run = env
        .hissab_fed(
            format!("{}\n{}\n{}\n", line(1), line(1), line(2)),
            ["add", "--json", "-"],
        )
        .exits(1);
    assert!(run.stderr.contains(r#""at":["stdin line 3"]"#), "{run}");
    assert_eq!(
        env.hissab(["out", "5", "tea", "-q"]).ok().stdout,
        "2\n",
        "nothing of it was posted"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_posted_but_cannot_be_said_is_said_to_be_posted() {
    let env = shop();
    for (line, recorded) in [
        ("out 5 tea", "recorded as 2"),
        ("out 6 tea -q --json", "recorded as 3"),
        ("amend 2 --amount 7", "recorded as 2"),
        ("account add Expenses:Stamps", "recorded as change "),
        ("undo", "recorded as change "),
        ("lock 2026-03-01", "recorded as change "),
        ("void 3 --reason twice", "recorded as 3"),
    ] {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let output = env.command(words).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{line}: {said}");
        assert!(said.contains(recorded), "{line}: {said}");
        assert!(
            said.contains(", and then: no space is left"),
            "{line}: {said}"
        );
    }
    assert!(env.hissab(["show", "2"]).ok().stdout.contains("tea"));
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let version = env.command(["--version"]).stdout(full).status().unwrap();
    assert_eq!(version.code(), Some(1));
}

#[test]
fn amending_a_reference_and_locking_today_say_so() {
    let env = shop();
    env.hissab(["out", "120", "tea"]).ok();
    assert_snapshot!(transcript(
        &env,
        &[
            "amend 2 --reference B-7 --due 2026-05-01",
            "amend 2 --reference '' --due ''",
            "lock today",
            "out 5 tea"
        ]
    ));
}

#[test]
fn an_account_that_undo_closes_is_closed_on_the_day_that_is_said() {
    let env = shop();
    env.hissab(["account", "add", "Expenses:Cleaning"]).ok();
    env.hissab(["undo", "--today", "2026-05-09"]).ok();
    let words = [
        "accounts",
        "cleaning",
        "-O",
        "csv",
        "--fields",
        "account,closed",
    ];
    assert_eq!(
        env.hissab(words).ok().stdout,
        "account,closed\nExpenses:Cleaning,2026-05-09\n"
    );
}

/// An invoice in a foreign currency, at the rate of its day.
#[test]
fn an_amount_at_a_price_is_posted_however_it_is_typed() {
    let env = shop();
    env.hissab(["party", "add", "Acme", "--customer"]).ok();
    for line in [
        "add Invoice Acme '1000 USD @ 85' Income:Sales",
        "add Invoice Acme 1000 USD @ 85 INR Income:Sales",
        "add Invoice Acme 1000USD@@85000 Income:Sales",
        "add Invoice --dr 'Acme=1000 USD @ 85 INR' --cr Income:Sales",
        "add Invoice Acme '1000 USD @ 85' Income:Sales -85000",
    ] {
        let shown = env.hissab(split(line)).ok().stdout;
        assert!(shown.contains("1,000.00 USD Dr"), "{line}: {shown}");
        assert!(shown.contains("85,000.00 Cr"), "{line}: {shown}");
    }
    for line in [
        "add Invoice Acme '1000 USD @' Income:Sales",
        "add Invoice Acme '1000 USD @ -85' Income:Sales",
        "add Invoice Acme '1000 USD @ many' Income:Sales",
        "add Invoice --dr 'Acme=1000 USD @ x' --cr Income:Sales",
    ] {
        let refused = env.hissab(split(line)).exits(2);
        assert!(refused.stderr.contains("@ 85' each"), "{line}: {refused}");
    }
    // An address is no price.
    env.hissab(["add", "asha@upi", "Expenses:Tea", "5", "cash"])
        .ok();
}
