//! Slips of a newcomer and of a script: what a typing mistake leads to, and that the hint beside it works.

use crate::support::{Run, TestEnv};
use crate::terminal::at_a_terminal_exiting;

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// The codes of the book's currencies.
fn currencies(env: &TestEnv) -> String {
    let list = [
        "currency",
        "list",
        "-O",
        "csv",
        "--no-header",
        "--fields",
        "code",
    ];
    env.hissab(list).ok().stdout.replace('\n', " ")
}

/// The commands of the hints, as they would be pasted.
fn hinted(run: &Run) -> Vec<Vec<String>> {
    let hints = run
        .stderr
        .lines()
        .filter_map(|line| line.trim().strip_prefix("hint: "));
    let commands = hints.filter_map(|hint| hint.split_once("hissab ").map(|(_, line)| line));
    commands
        .map(|line| line.split(' ').map(|w| w.replace('\'', "")).collect())
        .collect()
}

fn error(run: &Run) -> serde_json::Value {
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "stderr is one object: {run}");
    serde_json::from_str(lines[0]).unwrap()
}

#[test]
fn a_slip_in_an_amount_makes_no_currency() {
    let env = TestEnv::with_shop();
    for line in [
        "in 5oo sales",
        "out 1OO tea",
        "out 12h",
        "out 120tea",
        "opening cash=12oo",
        "gave 5oo Rm",
        "count cash 12oo",
        "add Tea tea 5USDD cash",
        "account add Assets:X --currency INRR",
        "assert cash 5oo --dry-run",
    ] {
        let run = env.hissab(words(line)).exits(6);
        assert!(run.stderr.contains("there is no currency"), "{line}: {run}");
        assert!(run.stderr.contains("hissab currency add "), "{line}: {run}");
    }
    let joined = env.hissab(words("out 120tea")).exits(6);
    assert!(
        joined
            .stderr
            .contains("hint: as two words, if it is none: 120 tea\n"),
        "{joined}"
    );
    let object = r#"{"description":"x","entries":[{"account":"Assets:Cash","debit":"5.00","currency":"INRR"},{"account":"Income:Sales"}]}"#;
    let run = env.hissab_fed(object, ["add", "--json", "-"]).exits(6);
    assert_eq!(error(&run)["code"], "unknown-currency");
    assert!(
        error(&run)["hints"][0].as_str().unwrap().contains("INR"),
        "{run}"
    );
    assert_eq!(currencies(&env), "INR ");
    // One that ISO 4217 knows is opened at its first use, and said so; one that was added is used.
    let run = env.hissab(["in", "5 usd", "sales"]).ok();
    assert!(run.stderr.contains("new currency USD"), "{run}");
    let run = env.hissab(["in", "5.125 GOLD", "sales"]).exits(6);
    env.hissab(&hinted(&run)[0]).ok();
    env.hissab(["in", "5.125 GOLD", "sales"]).ok();
    assert_eq!(currencies(&env), "INR USD GOLD ");
}

#[test]
fn an_amended_amount_keeps_its_currency_and_has_no_sign() {
    let env = TestEnv::with_shop();
    env.hissab(["in", "100", "sales"]).ok();
    for line in [
        "amend 1 --amount -5",
        "amend 1 --amount 5Dr",
        "amend 1 --amount 5oo",
    ] {
        let run = env.hissab(words(line));
        assert_ne!(run.exit, 0, "{line}: {run}");
    }
    let shown = |env: &TestEnv| {
        let fields = [
            "journal",
            "-O",
            "csv",
            "--no-header",
            "--fields",
            "account,debit,credit,currency",
        ];
        env.hissab(fields).ok().stdout
    };
    assert_eq!(
        shown(&env),
        "Assets:Cash,100.00,,INR\nIncome:Sales,,100.00,INR\n"
    );
    env.hissab(["amend", "1", "--amount", "500USD"]).ok();
    assert_eq!(
        shown(&env),
        "Assets:Cash,500.00,,USD\nIncome:Sales,,500.00,USD\n"
    );
    env.hissab(["amend", "1", "--amount", "7"]).ok();
    assert_eq!(
        shown(&env),
        "Assets:Cash,7.00,,USD\nIncome:Sales,,7.00,USD\n"
    );
    let again = env
        .hissab(["add", "--like", "1", "--amount", "-7"])
        .exits(2);
    assert!(again.stderr.contains("above zero"), "{again}");
}

#[test]
fn a_dry_amend_shows_the_change_and_keeps_the_old() {
    let env = TestEnv::with_shop();
    env.hissab(["in", "100", "sales"]).ok();
    let dry = [
        "amend",
        "1",
        "--amount",
        "250",
        "--description",
        "two",
        "--dry-run",
    ];
    let run = env.hissab(dry).ok();
    assert!(
        run.stdout.contains("two") && run.stdout.contains("250.00 Dr"),
        "{run}"
    );
    assert!(!run.stdout.contains("100.00"), "{run}");
    let run = env.hissab(dry.iter().chain(&["--json"])).ok();
    let object: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let shown = &object["transactions"][0];
    assert_eq!(object["outcome"], "dry-run");
    assert_eq!(shown["entries"][0]["debit"], "250.00");
    assert_eq!(
        (&shown["version"], &shown["number"]),
        (&2.into(), &1.into())
    );
    let kept = env.hissab(["show", "1"]).ok();
    assert!(kept.stdout.contains("100.00"), "{kept}");
}

#[test]
fn the_hint_of_an_unknown_account_creates_it_where_it_belongs() {
    for (line, account) in [
        ("move 200 cash hdfc", "Assets:Bank:hdfc,asset,bank"),
        ("move 200 zzz cash", "Assets:Bank:zzz,asset,bank"),
        ("in 5 --category slaes2", "Income:slaes2,income,general"),
        ("out 5 --category chai", "Expenses:chai,expense,general"),
        ("out 5 tea --mode sbi", "Assets:Bank:sbi,asset,bank"),
        ("add Tea chai 5 cash", "Expenses:chai,expense,general"),
        ("account add Snacks", "Expenses:Snacks,expense,general"),
        (
            "account add Expnses:Snacks",
            "Expenses:Snacks,expense,general",
        ),
    ] {
        let env = TestEnv::with_shop();
        let run = env.hissab(words(line));
        let command = hinted(&run)
            .into_iter()
            .find(|w| w[..2] == ["account", "add"])
            .unwrap_or_else(|| panic!("{line}: {run}"));
        env.hissab(&command).ok();
        let chart = [
            "account",
            "list",
            "-O",
            "csv",
            "--fields",
            "account,kind,type",
        ];
        let chart = env.hissab(chart).ok();
        assert!(
            chart.stdout.contains(account),
            "{line}: {command:?}\n{chart}"
        );
        if !line.starts_with("account") {
            env.hissab(words(line)).ok();
        }
    }
    let run = TestEnv::with_shop()
        .hissab(["out", "5", "tea", "--mode", ""])
        .exits(2);
    assert!(
        run.stderr.contains("empty") && hinted(&run).is_empty(),
        "{run}"
    );
}

#[test]
fn a_reason_is_words() {
    let env = TestEnv::with_shop();
    env.hissab(["in", "100", "sales"]).ok();
    for line in ["void 1 --reason ", "lock --off --reason "] {
        let run = env.hissab(words(line)).exits(2);
        assert!(
            run.stderr.contains("--reason says nothing"),
            "{line}: {run}"
        );
    }
    let shown = env.hissab(["show", "1", "--json"]).ok();
    assert!(shown.stdout.contains(r#""state":"live""#), "{shown}");
}

#[test]
fn an_account_is_not_doubled_by_its_case() {
    let env = TestEnv::with_shop();
    let run = env.hissab(["account", "add", "assets:cash"]).exits(7);
    let told = "differs from Assets:Cash only in case";
    assert!(run.stderr.contains(told), "{run}");
    env.hissab(&hinted(&run)[0]).ok();
    env.hissab(["account", "add", "Expenses:New", "ASSETS:Cash"])
        .exits(7);
    let run = env.hissab(["account", "add", "assets:Till"]).ok();
    assert!(run.stdout.contains("opened Assets:Till"), "{run}");
    env.hissab(["party", "add", "Ramesh", "--customer"]).ok();
    env.hissab(["party", "add", "ramesh", "--customer"])
        .exits(7);
    env.hissab(["account", "rename", "Assets:Till", "assets:cash"])
        .exits(7);
    env.hissab(["account", "rename", "Assets:Till", "Assets:till"])
        .ok();
}

#[test]
fn amounts_are_read_as_the_help_lists_them() {
    let env = TestEnv::with_shop();
    for text in ["Rs. 500/-", "Rs 500", "₹ 500", "Rs.500"] {
        let run = env.hissab(["-q", "out", text, "tea"]).ok();
        assert_eq!(run.stderr, "", "{text}");
    }
    let tea = env
        .hissab(["balance", "Expenses:Tea", "-O", "csv", "--no-header"])
        .ok();
    assert_eq!(tea.stdout, "Expenses:Tea,INR,2000.00\n");
}

#[test]
fn an_editor_is_not_started_where_nobody_sees_it() {
    let env = TestEnv::with_shop();
    env.hissab(["in", "100", "sales"]).ok();
    let run = env.hissab(["amend", "1", "--edit"]).exits(2);
    assert!(run.stderr.contains("no terminal"), "{run}");
}

#[test]
fn assert_answers_in_json() {
    let env = TestEnv::with_shop();
    env.hissab(["in", "100", "sales"]).ok();
    let run = env
        .hissab(["assert", "cash", "120", "--dry-run", "--json"])
        .exits(3);
    let object: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(object["schema"], "hissab/assert/1");
    assert_eq!(
        (&object["asserted"], &object["books"]),
        (&"120.00".into(), &"100.00".into())
    );
    assert_eq!(
        (&object["difference"], &object["holds"]),
        (&"-20.00".into(), &false.into())
    );
    let run = env.hissab(["assert", "cash", "100", "--json"]).ok();
    let object: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&object["outcome"], &object["holds"]),
        (&"recorded".into(), &true.into())
    );
}

#[test]
fn a_format_that_a_command_has_not_is_refused_before_it_writes() {
    let env = TestEnv::with_shop();
    env.hissab(["in", "100", "sales"]).ok();
    env.hissab(["book", "add", "shop", "s.hissab"]).ok();
    for line in [
        "status",
        "audit head",
        "audit verify",
        "audit show 1",
        "show 1",
        "show 1 --history",
        "explain locked",
        "lock",
        "count cash 100",
        "undo",
        "out 5 tea",
        "void 1 --reason x",
        "assert cash 100",
    ] {
        for format in ["csv", "tsv", "md", "html"] {
            let mut words = words(line);
            words.extend(["-O", format]);
            let run = env.hissab(&words).exits(2);
            assert_eq!(run.stdout, "", "{words:?}");
        }
    }
    let count = env.hissab(["stats", "-O", "csv"]).ok();
    assert!(count.stdout.contains("transactions,1\n"), "{count}");
    let list = env.hissab(["book", "list", "-O", "csv"]).ok();
    assert!(
        list.stdout.starts_with("name,file,default\nshop,"),
        "{list}"
    );
    let record = env.hissab(["audit", "show", "2", "-O", "ndjson"]).ok();
    assert_eq!(record.stdout.lines().count(), 1, "{record}");
}

#[test]
fn csv_of_the_checks_and_codes_has_as_many_cells_as_columns() {
    let env = TestEnv::with_shop();
    for line in ["check --list -O csv", "explain -O csv"] {
        let text = env.hissab(words(line)).ok().stdout;
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        for row in rows.records() {
            row.unwrap_or_else(|e| panic!("{line}: {e}"));
        }
    }
}

#[test]
fn with_json_stderr_is_one_object() {
    let env = TestEnv::with_shop();
    env.hissab(["in", "100", "sales"]).ok();
    // A note was due before the error: that USD is new. Nothing came of it.
    let run = env
        .hissab(["out", "5 USD", "tea", "--category", "nosuch", "--json"])
        .exits(6);
    assert_eq!(error(&run)["code"], "unknown-account");
    let run = env.hissab(["void", "1", "--json"]).exits(2);
    assert!(
        error(&run)["message"]
            .as_str()
            .unwrap()
            .ends_with("--reason <TEXT>"),
        "{run}"
    );
    for line in [
        "tb --bogus -O json",
        "tb --bogus -O ndjson",
        "tb -Ojson --bogus",
    ] {
        let run = env.hissab(words(line)).exits(2);
        assert_eq!(error(&run)["code"], "usage", "{line}");
    }
    // What it was about is still said when the command does its work.
    let run = env.hissab(["in", "5 USD", "sales", "--json"]).ok();
    assert!(run.stderr.contains("new currency USD"), "{run}");
}

#[test]
fn a_journal_with_an_editors_line_is_seen_and_the_hint_keeps_the_flags() {
    let env = TestEnv::with_shop();
    let journal =
        "; -*- ledger -*-\n\nN $\n\n2026-04-01 x\n    Assets:Broker  $5.00\n    Equity:Other\n";
    env.write("l.dat", journal);
    // Into an empty book a file brings its chart; later its accounts may be slips.
    env.hissab(["in", "100", "sales"]).ok();
    let seen = env.hissab(["import", "l.dat", "--dry-run"]).exits(6);
    assert!(
        seen.stderr
            .contains("import l.dat --dry-run --create-accounts"),
        "{seen}"
    );
    let run = env
        .hissab(["import", "l.dat", "--format", "ledger"])
        .exits(6);
    assert_eq!(
        hinted(&run).last().unwrap().join(" "),
        "import l.dat --format ledger --create-accounts"
    );
    env.hissab(hinted(&run).last().unwrap()).ok();
}

#[test]
fn the_hint_for_a_file_of_several_accounts_names_no_account_and_keeps_the_flags() {
    let env = TestEnv::with_shop();
    env.hissab(["account", "add", "Assets:Bank:HDFC"]).ok();
    let file = "!Account\nNmy bank\nTBank\n^\n!Type:Bank\nD04/01/2026\nT-5.00\nPx\n^\n!Account\nNother\nTBank\n^\n!Type:Bank\nD04/02/2026\nT-6.00\nPy\n^\n";
    env.write("two.qif", file);
    let run = env
        .hissab([
            "import",
            "two.qif",
            "--account",
            "hdfc",
            "--date-order",
            "mdy",
            "--dry-run",
        ])
        .exits(2);
    let hint = run
        .stderr
        .lines()
        .find(|l| l.contains("hissab import"))
        .unwrap();
    assert!(!hint.contains("HDFC"), "{run}");
    assert!(
        hint.contains("'my bank=ACCOUNT'") || hint.contains("my bank=ACCOUNT"),
        "{run}"
    );
    assert!(hint.contains("--date-order mdy --dry-run"), "{run}");
}

#[test]
fn a_broken_off_question_shows_the_cursor_again() {
    let env = TestEnv::with_shop();
    env.hissab(["in", "100", "sales"]).ok();
    env.hissab(["in", "200", "sales"]).ok();
    let words = ["recategorise", "Income:Sales", "--to", "Income:Interest"];
    let shown = at_a_terminal_exiting(&env, &words, &[("?", "\u{3}")], 130);
    let hidden = shown.rfind("\u{1b}[?25l");
    let again = |at: usize| shown[at..].contains("\u{1b}[?25h");
    assert!(hidden.is_none_or(again), "{shown:?}");
}

#[test]
fn what_was_typed_wrong_is_said_once_and_is_exit_2() {
    let env = TestEnv::with_shop();
    for (line, code) in [
        ("in 1.005 sales --json", "too-precise"),
        ("in 999999999999999999 sales --json", "too-large"),
        ("in 5 sales -d 0001-01-01 --json", "bad-date"),
        ("in 5 sales -d 9999-01-01 --json", "bad-date"),
    ] {
        let run = env.hissab(words(line)).exits(2);
        let told = error(&run);
        assert_eq!(told["code"], code, "{run}");
        let message = told["message"].as_str().unwrap();
        assert!(!message.contains(';'), "{message}");
        assert_ne!(told["hints"], serde_json::json!([]), "{run}");
        if code == "bad-date" {
            assert!(
                message.contains("outside the years 1900 to 2199"),
                "{message}"
            );
        }
    }
    // The same from a pipe is data that is refused.
    let object =
        r#"{"entries":[{"account":"Assets:Cash","debit":"1.005"},{"account":"Income:Sales"}]}"#;
    env.hissab_fed(object, ["add", "--json", "-"]).exits(1);
}

#[test]
fn a_books_own_currency_is_a_code_and_its_name_a_name() {
    let env = TestEnv::new();
    let run = env
        .hissab(["init", "x.hissab", "--currency", "rupees"])
        .exits(2);
    assert!(run.stderr.contains("--currency INR"), "{run}");
    env.hissab(["init", "x.hissab", "--name", ""]).exits(2);
    assert!(!env.path("x.hissab").exists());
    let run = env.hissab(["init", "x.hissab", "--currency", "BTC"]).ok();
    assert!(
        run.stderr.contains("BTC is no currency of ISO 4217"),
        "{run}"
    );
    let run = env.hissab(["init", "y.hissab", "--currency", "eur"]).ok();
    assert!(!run.stderr.contains("ISO 4217"), "{run}");
}

#[test]
fn a_banks_text_is_kept_as_it_is() {
    let env = TestEnv::with_shop();
    env.hissab(["account", "add", "Assets:Bank:HDFC"]).ok();
    env.write(
        "b.csv",
        "Date,Description,Amount\n2026-04-01,=5+3 offer,-10.00\n2026-04-03,'=1+1,-12.00\n",
    );
    env.hissab(["import", "b.csv", "--account", "hdfc"]).ok();
    let fields = [
        "journal",
        "-O",
        "csv",
        "--raw",
        "--no-header",
        "--fields",
        "description",
    ];
    let told = env.hissab(fields).ok().stdout;
    for text in ["=5+3 offer\n", "=1+1\n"] {
        assert!(told.contains(text), "{text}{told}");
    }
    assert!(!told.contains("'=1+1"), "{told}");
}

#[test]
fn an_amount_in_another_currency_than_the_books_says_which() {
    let env = TestEnv::with_shop();
    env.hissab(["account", "add", "Assets:Bank:Euro"]).ok();
    env.write(
        "e.csv",
        "Date,Description,Amount,Currency\n2026-04-01,x,10.00,EUR\n2026-04-02,y,-1.15,EUR\n",
    );
    let run = env
        .hissab(["import", "e.csv", "--account", "euro", "--dry-run"])
        .ok();
    assert!(
        run.stdout.contains("Books after import in EUR: 8.85 Dr"),
        "{run}"
    );
    let run = env.hissab(["count", "cash", "12 USD"]).exits(3);
    assert!(run.stdout.contains("counted 12.00 Dr USD"), "{run}");
}

/// Words of a line as a shell splits it, double quotes alone.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('"').enumerate() {
        match index % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

#[test]
fn the_first_week_of_the_readme_works_as_it_stands() {
    let env = TestEnv::with_shop();
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let week = readme.split("## The first week").nth(1).unwrap();
    // What comes after needs a bank's file.
    let week = week.split("| bring in a bank statement").next().unwrap();
    let commands: Vec<&str> = week.split('`').skip(1).step_by(2).collect();
    assert!(commands.len() > 20, "{commands:?}");
    for command in commands {
        let words = shell_words(command.strip_prefix("hissab ").unwrap());
        env.hissab(&words).ok();
    }
}

#[test]
fn json_comes_as_an_array_too_and_only_from_stdin() {
    let env = TestEnv::with_shop();
    let one = r#"{"description":"x","entries":[{"account":"Assets:Cash","debit":"5.00"},{"account":"Income:Sales"}]}"#;
    env.hissab_fed(format!("[{one},\n{one}]"), ["add", "--json", "-"])
        .ok();
    let run = env
        .hissab_fed(format!("[{one},{{}}]"), ["add", "--json", "-"])
        .exits(2);
    assert_eq!(error(&run)["at"][0], "stdin item 2");
    env.hissab_fed("[]", ["add", "--json", "-"]).exits(2);
    env.write("good.nd", one);
    let run = env.hissab(["add", "--json", "good.nd"]).exits(2);
    assert_eq!(error(&run)["hints"][0], "hissab add --json - < good.nd");
    let stats = env.hissab(["stats", "-O", "csv"]).ok();
    assert!(stats.stdout.contains("transactions,2\n"), "{stats}");
}

#[test]
fn what_is_not_known_is_said_and_not_passed_over() {
    let mut env = TestEnv::with_shop();
    env.hissab(["tb", "-o", "x.foo"]).exits(2);
    assert!(!env.path("x.foo").exists());
    let run = env.hissab(["export", "nowhere/x.csv"]).exits(6);
    assert!(run.stderr.contains("no folder nowhere"), "{run}");
    let run = env.hissab(["backup", "nowhere/x.hissab"]).exits(6);
    assert!(run.stderr.contains("mkdir -p nowhere"), "{run}");
    let run = env.hissab(["-B", "ftp://x/y", "tb"]).exits(2);
    assert!(!run.stderr.contains("hissab init"), "{run}");
    let run = env.hissab(["explain", "foo"]).exits(6);
    assert!(!run.stderr.contains("explain io"), "{run}");
    let run = env.hissab(["tag", "list"]).exits(2);
    assert!(run.stderr.contains("hissab tags"), "{run}");
    for (line, command) in [("paid 5", "hissab paid "), ("in sales 500", "hissab in ")] {
        let run = env.hissab(words(line)).exits(2);
        assert!(run.stderr.contains(command), "{run}");
    }
    env.write("hissab.toml", "bok = \"p.hissab\"\n");
    let run = env.hissab(["tb"]);
    assert!(!run.stderr.contains("config set bok"), "{run}");
    assert!(run.stderr.contains("did you mean book?"), "{run}");
    std::fs::remove_file(env.path("hissab.toml")).unwrap();
    env.set("HISSAB_COLOR", "foo");
    env.hissab(["tb"]).exits(2);
}

#[test]
fn times_for_machines_are_always_as_wide() {
    let env = TestEnv::with_shop();
    env.hissab(["in", "100", "sales"]).ok();
    for line in [
        "audit list -O csv --no-header --fields recorded_at",
        "log -O csv --no-header --fields recorded_at",
    ] {
        let run = env.hissab(words(line)).ok();
        for time in run.stdout.lines() {
            assert_eq!(time, "2026-04-07T06:30:00.000000Z", "{line}");
        }
    }
}

#[test]
fn a_report_of_nothing_says_where_something_is_and_only_to_people() {
    let mut env = TestEnv::new();
    env.hissab(["init", "shop.hissab", "--template", "shop"])
        .ok();
    env.set("HISSAB_BOOK", "shop.hissab");
    let reports = ["tb", "balance", "is", "bs", "cf", "register", "journal"];
    for report in reports {
        let said = env.hissab([report]).ok().stderr;
        assert!(
            said.contains("the book has no transactions yet"),
            "{report}: {said}"
        );
    }
    env.hissab(words("out 5 tea -d 2026-04-05")).ok();
    env.hissab(words("in 9 sales -d 2026-04-07")).ok();
    for report in ["tb", "balance", "is", "cf", "register", "journal"] {
        let line = [report, "-p", "2020"];
        let said = env.hissab(line).ok().stderr;
        let days = "nothing to show: the transactions are of 05-Apr-2026 to 07-Apr-2026";
        assert!(said.contains(days), "{report}: {said}");
        for quiet in [&["-q"][..], &["-O", "csv"]] {
            let silent = env.hissab(line.iter().chain(quiet)).ok().stderr;
            assert_eq!(silent, "", "{report} {quiet:?}");
        }
        assert_eq!(
            env.hissab([report, "-p", "2026-04"]).ok().stderr,
            "",
            "{report}"
        );
    }
    let between = env.hissab(["balance", "-p", "2026-04-06"]).ok().stderr;
    assert!(
        between.contains("no account of this report moved in these days"),
        "{between}"
    );
    let unmatched = env.hissab(["balance", "zebra"]).ok().stderr;
    assert!(!unmatched.contains("nothing to show"), "{unmatched}");
}
