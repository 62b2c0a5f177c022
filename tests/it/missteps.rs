//! Slips in correcting, renaming and asking: what would leave the books saying something nobody meant is refused,
//! and the way out is named.

use crate::support::TestEnv;

/// The balance of an account, as machines read it.
fn balance(env: &TestEnv, account: &str) -> String {
    let words = ["balance", account, "-O", "csv", "--no-header"];
    env.hissab(words).ok().stdout.trim_end().to_owned()
}

#[test]
fn money_moves_through_no_income_and_no_expense() {
    let env = TestEnv::with_shop();
    for line in [
        "in 500 --mode sales",
        "out 5 tea --mode rent",
        "in 5 sales --mode Expenses:Tea",
    ] {
        let refused = env.typed(line).exits(2);
        assert!(refused.stderr.contains("--category"), "{refused}");
    }
    assert_eq!(balance(&env, "sales"), "");
    // What is owed may be: a card.
    env.typed("account add Liabilities:Card").ok();
    env.typed("out 5 tea --mode card").ok();
    assert_eq!(balance(&env, "card"), "Liabilities:Card,INR,-5.00");
}

#[test]
fn a_reversed_transaction_is_not_voided_alone() {
    let env = TestEnv::with_shop();
    env.typed("in 500 sales").ok();
    env.typed("reverse 1").ok();
    let refused = env.typed("void 1 --reason twice").exits(7);
    assert!(
        refused.stderr.contains("hissab void 2 --reason"),
        "{refused}"
    );
    assert_eq!(balance(&env, "sales"), "");
    env.typed("void 2 --reason twice").ok();
    env.typed("void 1 --reason twice").ok();
    // Undone in turn, both are as they were.
    env.typed("undo").ok();
    assert_eq!(balance(&env, "sales"), "Income:Sales,INR,-500.00");
    env.typed("undo").ok();
    assert_eq!(balance(&env, "sales"), "");
}

#[test]
fn what_was_done_after_a_reversal_is_undone_although_there_is_one() {
    let env = TestEnv::with_shop();
    env.typed("in 500 sales").ok();
    env.typed("reverse 1").ok();
    env.typed("amend 1 --description stall").ok();
    env.typed("undo").ok();
    assert!(!env.typed("show 1").ok().stdout.contains("stall"));
    // What was done before it is not: the reversal is of what it made.
    let posted = env.typed("undo 2").exits(7);
    assert!(posted.stderr.contains("was reversed by 2"), "{posted}");
}

#[test]
fn an_amended_transaction_does_not_go_in_a_circle() {
    let env = TestEnv::with_shop();
    env.typed("in 500 sales").ok();
    for line in [
        "amend 1 --category cash",
        "amend 1 --replace cash=sales",
        "amend 1 --replace sales=cash",
    ] {
        let refused = env.typed(line).exits(7);
        assert!(
            refused.stderr.contains("debited and credited at once"),
            "{refused}"
        );
        assert!(
            refused.stderr.contains("hissab void 1 --reason"),
            "{refused}"
        );
    }
    assert_eq!(balance(&env, "sales"), "Income:Sales,INR,-500.00");
}

#[test]
fn a_renamed_account_keeps_to_its_kind() {
    let env = TestEnv::with_shop();
    let refused = env.typed("account rename tea Assets:Tea").exits(7);
    assert!(
        refused
            .stderr
            .contains("hissab account set Expenses:Tea --kind asset"),
        "{refused}"
    );
    env.typed("account set Expenses:Tea --kind asset").ok();
    env.typed("account rename tea Assets:Tea").ok();
    let words = [
        "accounts",
        "Assets:Tea",
        "-O",
        "csv",
        "--no-header",
        "--fields",
        "kind",
    ];
    assert_eq!(env.hissab(words).ok().stdout, "asset\n");
    // A root that names no kind may be anything.
    env.typed("account rename rent Haus:Miete").ok();
}

#[test]
fn the_books_usual_accounts_go_by_their_new_names() {
    let env = TestEnv::with_shop();
    env.typed("account rename cash Assets:Till").ok();
    env.typed("in 500 sales").ok();
    env.typed("account rename sales Income:Shop:Sales").ok();
    env.typed("party add Ramesh --customer").ok();
    env.typed("gave 100 ramesh").ok();
    assert_eq!(balance(&env, "Assets:Till"), "Assets:Till,INR,500.00");
    assert_eq!(
        balance(&env, "Income:Shop"),
        "Income:Shop:Sales,INR,-600.00"
    );
    // Taken back, the setting goes back as well.
    env.typed("undo").ok();
    env.typed("account add Assets:Till2 --type cash").ok();
    env.typed("account merge till till2").ok();
    env.typed("in 20 sales").ok();
    assert_eq!(balance(&env, "till2"), "Assets:Till2,INR,520.00");
}

#[test]
fn a_description_of_two_lines_writes_no_line_of_its_own() {
    let env = TestEnv::with_shop();
    let words = ["in", "100", "a\nerror: the books are empty"];
    let said = env.hissab(words).ok().stderr;
    assert!(!said.lines().any(|l| l.starts_with("error")), "{said}");
}

#[test]
fn a_flag_of_another_report_is_named_with_it() {
    let env = TestEnv::with_shop();
    let asked = env.typed("tb --compare").exits(2);
    assert!(asked.stderr.contains("hissab balance --compare"), "{asked}");
    assert!(!asked.stderr.contains("similar"), "{asked}");
    let json = env.typed("cashbook -M --json").exits(2);
    assert!(json.stderr.contains("hissab balance -M"), "{json}");
    // A flag that no report has, and a command that is none, are told what clap knows.
    for line in ["tb --bogus", "in 5 -T"] {
        let asked = env.typed(line).exits(2);
        assert!(!asked.stderr.contains("hissab balance"), "{asked}");
    }
    let party = env.typed("party add X").exits(2);
    assert!(party.stderr.contains("<--customer|--supplier>"), "{party}");
}

#[test]
fn an_amount_where_an_account_belongs_creates_nothing_by_its_hint() {
    let env = TestEnv::with_shop();
    for line in ["add cash 5 sales", "add x 5 cash", "add x cash 5 6 sales"] {
        let refused = env.typed(line).exits(2);
        assert!(
            refused.stderr.contains("where an account is expected"),
            "{line}: {refused}"
        );
        assert!(!refused.stderr.contains("account add"), "{line}: {refused}");
    }
    // An account may be called by a number.
    env.typed("account add Assets:1000").ok();
    env.typed("add x 1000 5 sales").ok();
    let circle = env.typed("add x cash 5 cash").exits(2);
    assert!(circle.stderr.contains("cannot move to itself"), "{circle}");
}

#[test]
fn a_number_that_is_none_is_said_in_words() {
    let env = TestEnv::with_shop();
    for line in ["bal --depth x", "bal --depth 1.5", "bal --limit -1"] {
        let refused = env.typed(line).exits(2);
        assert!(refused.stderr.contains("not a whole number"), "{refused}");
    }
}

#[test]
fn what_was_brought_forward_twice_is_said() {
    let env = TestEnv::with_shop();
    let line = "opening cash=12500 Assets:Stock=500 -d 2026-03-31";
    let first = env.typed(line).ok();
    assert!(!first.stderr.contains("already"), "{first}");
    let other = env.typed("opening Assets:Equipment=900 -d 2026-03-31").ok();
    assert!(!other.stderr.contains("already"), "{other}");
    let again = env.typed(line).ok();
    assert!(
        again
            .stderr
            .contains("1 brought Assets:Cash forward already"),
        "{again}"
    );
    env.typed("undo").ok();
    // A key makes the line repeatable, and nothing needs to be said.
    let once = "opening Income:Sales=5 -d 2026-03-31 --once o1";
    for _ in 0..2 {
        let kept = env.typed(once).ok();
        assert!(!kept.stderr.contains("already"), "{kept}");
    }
}

#[test]
fn a_till_holds_no_less_than_nothing() {
    let env = TestEnv::with_shop();
    let refused = env.typed("count cash -5").exits(2);
    assert!(refused.stderr.contains("hissab ledger"), "{refused}");
    env.typed("count cash 0").ok();
    // A card may owe.
    env.typed("account add Liabilities:Card").ok();
    env.typed("count card -5").exits(3);
}

#[test]
fn an_opening_balance_with_a_minus_is_on_the_other_side() {
    let env = TestEnv::with_shop();
    env.typed("party add Gupta --supplier").ok();
    env.typed("opening gupta=8000 -d 2026-03-31").ok();
    assert_eq!(
        balance(&env, "gupta"),
        "Liabilities:Payable:Gupta,INR,-8000.00"
    );
    env.typed("undo").ok();
    // An advance to a supplier; a loss as the balance sheet prints it; a bank overdrawn.
    let others = [
        "opening",
        "gupta=-8000",
        "Retained Earnings=-10340.00",
        "capital=(5)",
        "cash=-1",
    ];
    env.hissab(others).ok();
    assert_eq!(
        balance(&env, "gupta"),
        "Liabilities:Payable:Gupta,INR,8000.00"
    );
    let loss = "Equity:Retained Earnings,INR,10340.00";
    assert_eq!(balance(&env, "Retained Earnings"), loss);
    assert_eq!(balance(&env, "capital"), "Equity:Capital,INR,5.00");
    assert_eq!(balance(&env, "cash"), "Assets:Cash,INR,-1.00");
    env.typed("undo").ok();
    // A whole trial balance as machines print it stays what it is.
    env.typed("opening cash=100 gupta=-40 capital=-60 -d 2026-03-31")
        .ok();
    assert_eq!(balance(&env, "capital"), "Equity:Capital,INR,-60.00");
}

#[test]
fn a_column_of_an_opening_file_and_a_side_in_it_say_the_same() {
    let env = TestEnv::with_shop();
    env.write(
        "good.csv",
        "account,debit,credit\nAssets:Cash,5 Dr,\nEquity:Capital,,5 Cr\n",
    );
    env.typed("opening good.csv -d 2026-03-31").ok();
    assert_eq!(balance(&env, "capital"), "Equity:Capital,INR,-5.00");
    for row in ["Assets:Cash,5 Cr,", "Equity:Capital,,5 Dr"] {
        env.write("bad.csv", format!("account,debit,credit\n{row}\n"));
        let refused = env.typed("opening bad.csv -d 2026-03-31").exits(1);
        assert!(
            refused.stderr.contains("the other in the column"),
            "{refused}"
        );
    }
}

#[test]
fn the_difference_of_a_count_is_booked_by_its_hint() {
    let env = TestEnv::with_shop();
    env.typed("in 90 sales -d 2025-04-05").ok();
    env.typed("in 1000 sales -d 2025-05-05").ok();
    let count = "count cash 80 -d 30/4/2025 --payee Till --tag shift=2 --once april -B s.hissab";
    let short = env.typed(count).exits(3);
    assert!(short.stderr.contains("check exits 3"), "{short}");
    env.typed("check assertion-failed").exits(3);
    let (_, hint) = short.stderr.split_once(": hissab ").unwrap();
    assert_eq!(
        hint.trim_end(),
        "-B s.hissab count cash 80 -d 2025-04-30 --payee Till --tag shift=2 --post"
    );
    let posted = env.typed(hint.trim_end()).ok();
    assert!(posted.stdout.contains("short by 10.00"), "{posted}");
    assert_eq!(balance(&env, "Assets:Cash"), "Assets:Cash,INR,1080.00");
    env.typed("check assertion-failed").ok();
    // Nothing is recorded by a dry run, and nothing is said to be.
    let dry = env.typed("count cash 5 --dry-run").exits(3);
    assert!(!dry.stderr.contains("recorded"), "{dry}");
}

#[test]
fn neither_a_reversal_nor_what_it_reverses_is_amended_alone() {
    let env = TestEnv::with_shop();
    env.typed("in 100 sales -d 2025-04-05").ok();
    env.typed("reverse 1 -d 2025-05-06").ok();
    for line in [
        "amend 1 --amount 150",
        "amend 1 --category commission",
        "amend 2 --dr sales=50 --cr cash=50",
        "amend 2 --category commission",
        "amend 2 --amount 50USD",
        "recategorise sales date:2025-04 --to commission",
    ] {
        let refused = env.typed(line).exits(7);
        assert!(refused.stderr.contains("nothing together"), "{refused}");
        assert!(
            refused.stderr.contains("hissab void 2 --reason"),
            "{refused}"
        );
    }
    // What is no amount may change; and both may move together.
    env.typed("amend 2 -d 2025-05-07 --description bounced")
        .ok();
    env.typed("recategorise sales --to commission").ok();
    assert_eq!(balance(&env, "Income"), "");
    env.typed("undo").ok();
    env.typed("account merge sales commission").ok();
    assert_eq!(balance(&env, "Income"), "");
    env.typed("void 2 --reason wrong").ok();
    env.typed("amend 1 --amount 150").ok();
    assert_eq!(balance(&env, "Income"), "Income:Commission,INR,-150.00");
}

#[test]
fn a_debt_keeps_its_age_where_a_receipt_or_a_bill_was_taken_back() {
    let env = TestEnv::with_shop();
    for line in [
        "party add Ramesh --customer",
        "party add Sita --customer",
        "party add Gupta --supplier",
        "gave 1000 Ramesh -d 2025-01-01",
        "got 1000 Ramesh -d 2025-01-10",
        "reverse 2 -d 2025-06-20 --reason bounced",
        "gave 1000 Sita -d 2025-01-01 --ref S1",
        "gave 1000 Sita -d 2025-06-01 --ref S2",
        "reverse 5 -d 2025-06-05",
        "took 700 Gupta -d 2025-01-01 --ref G1",
        "took 500 Gupta -d 2025-02-01 --ref G2",
        "paid 1200 Gupta -d 2025-02-10",
        "reverse 9 -d 2025-06-10",
    ] {
        env.typed(line).ok();
    }
    let ageing = |day: &str| {
        let words = format!("ageing --as-of {day} -O csv --no-header");
        env.typed(&words).ok().stdout
    };
    assert_eq!(
        ageing("2025-06-30"),
        "Assets:Receivable:Ramesh,INR,0.00,0.00,0.00,1000.00,1000.00\n\
         Assets:Receivable:Sita,INR,0.00,0.00,0.00,1000.00,1000.00\n\
         Liabilities:Payable:Gupta,INR,0.00,0.00,0.00,-1200.00,-1200.00\n"
    );
    let dues = env
        .typed("dues ramesh --as-of 2025-06-30 -O csv --no-header")
        .ok();
    assert_eq!(
        dues.stdout,
        "Assets:Receivable:Ramesh,INR,1000.00,2025-01-01,180\n"
    );
    // Before they were taken back, they stood.
    assert_eq!(
        ageing("2025-06-04"),
        "Assets:Receivable:Sita,INR,1000.00,0.00,0.00,1000.00,2000.00\n"
    );
}

#[test]
fn vouched_balances_go_along_where_accounts_are_merged() {
    let env = TestEnv::with_shop();
    for line in [
        "account add Assets:Bank",
        "account add Assets:Bank:Old",
        "account add Assets:Bank:New",
        "in 100 sales --mode old -d 2026-04-02",
        "in 50 sales --mode new -d 2026-04-03",
        "assert old 100 -d 2026-04-02",
        "assert old 100 -d 2026-04-03",
        "assert new 50 -d 2026-04-03",
        "assert Assets:Bank 150 --subaccounts -d 2026-04-03",
    ] {
        env.typed(line).ok();
    }
    // One that failed goes on failing by as much.
    env.typed("assert old 90 -d 2026-04-05").exits(3);
    let failing = |env: &TestEnv| {
        let words = "check assertion-failed -O csv --no-header --fields account,message";
        env.typed(words).exits(3).stdout
    };
    let merged = env.typed("account merge old new").ok();
    assert!(merged.stderr.contains("4 vouched balances"), "{merged}");
    assert_eq!(
        failing(&env),
        "Assets:Bank:New,\"asserted 140.00 Dr, books 150.00 Dr, difference 10.00 Dr\"\n"
    );
    env.typed("undo").ok();
    assert_eq!(
        failing(&env),
        "Assets:Bank:Old,\"asserted 90.00 Dr, books 100.00 Dr, difference 10.00 Dr\"\n"
    );
    // Two halves of one account: what was counted of the whole is right then.
    env.typed("assert old 150 -d 2026-04-05").exits(3);
    env.typed("account merge old new").ok();
    env.typed("check assertion-failed").ok();
}

#[test]
fn the_year_to_close_first_is_named_and_a_closed_one_is_said_to_be() {
    let env = TestEnv::with_shop();
    env.typed("in 100 sales -d 2024-05-01").ok();
    env.typed("out 30 tea -d 2025-05-01").ok();
    let tb = env.typed("tb --fy 2026-27").ok();
    assert!(
        tb.stdout
            .contains("FY 2024-25 to 2025-26 are not closed: income and expenses still carry them. To close the first: hissab close --fy 2024-25"),
        "{tb}"
    );
    env.typed("close --fy 2024-25").ok();
    let again = env.typed("close --fy 2024-25").exits(7);
    assert!(
        again.stderr.contains("FY 2024-25 is closed already"),
        "{again}"
    );
    let tb = env.typed("tb --fy 2026-27").ok();
    assert!(
        tb.stdout
            .contains("FY 2025-26 is not closed: income and expenses still carry it. To close it: hissab close --fy 2025-26"),
        "{tb}"
    );
}

#[test]
fn dues_of_one_side_are_of_who_owes_or_is_owed() {
    let env = TestEnv::with_shop();
    for line in [
        "party add Ramesh --customer",
        "party add Sita --customer",
        "party add Gupta --supplier",
        "party add Mohan --supplier",
        "gave 500 Ramesh",
        "got 600 Ramesh",
        "gave 70 Sita",
        "took 40 Gupta",
        "paid 60 Gupta",
        "took 9 Mohan",
    ] {
        env.typed(line).ok();
    }
    let of = |line: &str| {
        let words = format!("{line} -O csv --no-header --fields party");
        env.typed(&words).ok().stdout
    };
    let (owe, owed) = (
        "Assets:Receivable:Sita\nLiabilities:Payable:Gupta\n",
        "Assets:Receivable:Ramesh\nLiabilities:Payable:Mohan\n",
    );
    for report in ["dues", "ageing"] {
        assert_eq!(of(&format!("{report} --customers")), owe);
        assert_eq!(of(&format!("{report} --suppliers")), owed);
    }
}

#[test]
fn a_fiscal_quarter_is_not_taken_for_one_of_the_calendar() {
    let env = TestEnv::with_shop();
    env.typed("in 7 sales -d 2026-02-03").ok();
    let people = env.typed("bal sales -Q --fy 2025-26").ok();
    let heading = people.stdout.lines().nth(1).unwrap();
    assert_eq!(
        heading
            .split("  ")
            .filter(|w| !w.is_empty())
            .map(str::trim)
            .collect::<Vec<_>>(),
        [
            "Account",
            "Q1 FY2025-26",
            "Q2 FY2025-26",
            "Q3 FY2025-26",
            "Q4 FY2025-26"
        ]
    );
    // It can be typed as it stands there.
    let of = |period: &str| {
        let words = ["bal", "sales", "-p", period, "-O", "csv", "--no-header"];
        env.hissab(words).ok().stdout
    };
    assert_eq!(of("Q4 FY2025-26"), "Income:Sales,INR,-7.00\n");
    // Machines keep the names of the contract, and of the calendar they are its own.
    for (flags, names) in [
        ("--fy 2025-26", "2025-Q1,2025-Q2,2025-Q3,2025-Q4"),
        ("-p 2026 --calendar", "2026-Q1,2026-Q2,2026-Q3,2026-Q4"),
    ] {
        let rows = env.typed(&format!("bal sales -Q {flags} -O csv")).ok();
        assert!(
            rows.stdout
                .starts_with(&format!("account,currency,{names}")),
            "{rows}"
        );
    }
    let calendar = env.typed("bal sales -Q -p 2026 --calendar").ok();
    assert!(calendar.stdout.contains("  2026-Q1"), "{calendar}");
}

#[test]
fn what_cannot_be_undone_says_how_to_go_on() {
    let env = TestEnv::with_shop();
    env.typed("in 5 sales").ok();
    env.typed("currency set INR --scale 3").ok();
    let refused = env.typed("undo").exits(7);
    assert!(refused.stderr.contains("hissab undo --list"), "{refused}");
    let listed = env.typed("undo --list").ok();
    let posted = listed
        .stdout
        .lines()
        .find(|l| l.contains("posted 1"))
        .unwrap();
    let operation = posted.split_whitespace().next().unwrap();
    env.typed(&format!("undo {operation}")).ok();
    assert_eq!(balance(&env, "sales"), "");
}

#[test]
fn sides_that_differ_are_not_told_to_take_a_sign() {
    let env = TestEnv::with_shop();
    env.typed("in 10 sales").ok();
    for line in [
        "amend 1 --dr cash=10 --cr sales=9",
        "add x --dr cash=10 --cr sales=9",
    ] {
        let refused = env.typed(line).exits(1);
        assert!(!refused.stderr.contains("minus"), "{refused}");
        assert!(refused.stderr.contains("come to the same"), "{refused}");
    }
    let signed = env.typed("add x cash 10 sales -9").exits(1);
    assert!(signed.stderr.contains("minus sign"), "{signed}");
}

#[test]
fn the_ages_of_two_currencies_say_which_is_which() {
    let env = TestEnv::with_shop();
    env.typed("party add Ramesh --customer").ok();
    env.typed("gave 10 Ramesh -d 2026-04-01").ok();
    let one = env.typed("statement ramesh").ok();
    assert!(
        one.stdout.contains("07-Apr-2026: 0-30 days 10.00 Dr"),
        "{one}"
    );
    env.typed("gave 5USD Ramesh -d 2026-04-01").ok();
    let two = env.typed("statement ramesh").ok();
    for line in ["in INR: 0-30 days 10.00 Dr", "in USD: 0-30 days 5.00 Dr"] {
        assert!(two.stdout.contains(line), "{two}");
    }
}
