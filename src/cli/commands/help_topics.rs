//! The texts of `hissab help TOPIC`.

/// Topics and their texts, in the order they are listed.
pub const TOPICS: &[(&str, &str)] = &[
    ("accounting-basics", BASICS),
    ("dates", DATES),
    ("amounts", AMOUNTS),
    ("queries", QUERIES),
    ("formats", FORMATS),
    ("environment", ENVIRONMENT),
    ("exit-codes", EXIT_CODES),
];

const BASICS: &str = "\
Accounting basics

Every transaction moves value between two or more accounts, and what is debited equals what
is credited. Accounts have five kinds:

  asset      what you have: cash, bank, goods, what customers owe you      grows by debit
  liability  what you owe: suppliers, loans, taxes                         grows by credit
  equity     what belongs to the owner: capital, profits kept              grows by credit
  income     what you earn: sales, interest                                grows by credit
  expense    what you use up: rent, tea, goods bought to sell              grows by debit

Cash received debits cash; cash paid credits it. (A bank's statement says it the other way
round, because your money is the bank's debt.)

A first week:

  hissab init shop.hissab --template shop --name 'My shop'
  hissab book add shop shop.hissab
  hissab book use shop
  hissab opening cash=12500
  hissab in 500 sales
  hissab out 120 tea
  hissab party add 'Sita Stores' --customer
  hissab gave 4800 'Sita Stores' goods
  hissab got 2000 'Sita Stores'
  hissab tb

A mistake is amended, voided or undone; nothing disappears, and the audit log keeps what was.

  hissab undo
  hissab amend 3 --amount 130
  hissab void 4 --reason 'entered twice'
";

const DATES: &str = "\
Dates

  2026-04-05  2026/4/5          year first is always year, month, day
  5/4  05-04-2026  5-Apr-26     by the book's date order (hissab config get book.date_order)
  today  yesterday  -3d  'last friday'  '2 weeks ago'

A year left out means the latest such date that is not after today (in reports: this year).
An impossible date is an error. Echoes show every date in full.

Periods of reports:

  -b DATE  -e DATE        from, and up to but without (as in hledger)
  --from DATE  --to DATE  from and to, both inclusive; --to 2026-04 is 30 April
  -p PERIOD               hledger's grammar: 2026-04, 'last month', 'monthly in 2026', q1 fy2026-27
  --fy 2025-26            a fiscal year
  --as-of DATE            everything up to the end of a day
  -D -W -M -Q -Y          a column for each day, week, month, quarter, year

Nothing on or before the lock date changes: hissab lock 2026-03-31
";

const AMOUNTS: &str = "\
Amounts

  1250   1,250.50   1,00,000.50      grouped by thousands or by lakhs
  ₹500   \"Rs. 500/-\"   500USD   \"500 USD\"
  1.5 lakh   2 crore   12k
  120+30*2                           sums, exactly
  -500   \"(500)\"                     negative: a credit
  \"500 Dr\"   \"500 Cr\"                a side, spelled
  \"1000 USD @ 85\"                  at a price each, @@ 85000 in all; of add

Refused, never guessed: malformed groups, more decimals than the currency has, exponents,
5cr (crore or credit?), zero. A word of - and a digit or symbol is a value, not a flag.
Quote the dollar sign: '$500' (the shell takes $5 out of $500).

Currencies of ISO 4217 are opened at first use, and said so. Any other is opened by
hissab currency add CODE --scale PLACES: a slip like 5oo or 120tea makes no currency.
";

const QUERIES: &str = "\
Queries

Terms of hledger; terms of the same type are alternatives, different types must all hold.

  WORD or acct:REGEX    account            desc:REGEX     description
  payee:REGEX           payee              note:REGEX     what follows | in the description
  cur:REGEX             currency           code:REGEX     reference
  amt:>100              amount             date:PERIOD    date
  tag:NAME=REGEX        tag                status:*       mark: *, ! or nothing
  type:cash             account type       voucher:sales  voucher type
  depth:2               depth              not:TERM       negates
  expr:'A and (B or C)' any:TERM  all:TERM

Literal filters, exact, each an error if it names nothing:
  --account --payee --currency --voucher --status --tag k=v --min --max

A term that matches nothing in the book is said on stderr, with near names.
";

const FORMATS: &str = "\
Formats

  -O table|csv|tsv|json|ndjson|md|html|xlsx    on everything that prints data
  -o FILE        the same by the file's name; written whole or not at all
  --json         -O json
  --fields a,b   pick columns     --no-header   rows only     --raw   formula cells as they are

csv, tsv and ndjson hold rows only. JSON documents begin with their schema, for example
\"schema\": \"hissab/trial-balance/1\"; amounts are strings with a currency. Machines see
123456.50, signed with debits positive, and 2026-04-05; people see 1,23,456.50 Dr and
05-Apr-2026. Errors with --json are one object on stderr with a stable code.

Whole books are read by import and by -f, known by what they hold, not by their name:
hledger and Ledger journals, beancount (beancount:FILE), GnuCash as XML or SQLite
(gnucash:FILE), Tally's XML of masters and vouchers (tally:FILE) and its day book as CSV.
Import Tally's masters first, so that each ledger has its place. A bank's CSV is read by -f with
hledger's CSV rules beside it: bank.csv by bank.csv.rules.

Import tells a file by what it holds. Statements in tables: CSV of any bank, XLSX, ODS, XLS, and
web pages saved as XLS; --sheet names the sheet. What rows are for is said by --rules FILE:

  [[rule]]
  match = \"SMS CHARGES\"
  account = \"Expenses:Bank Charges\"

or hledger's CSV rules as they are. --why says what decided each row, --accept-suggestions takes
what earlier rows like it suggest, --review asks about the rest.
";

const ENVIRONMENT: &str = "\
Environment and configuration

A flag goes before a variable, a variable before the nearest hissab.toml upward, that before
your own file, that before the default: hissab config list --origin

  HISSAB_BOOK        the book: a file, a configured name, or a server's https://host/org
  HISSAB_TOKEN       a server's personal access token, for cron and CI (also --token-file)
  HISSAB_ALLOW_PLAIN_HTTP  1: http:// to other machines too, on a line you trust
  SSL_CERT_FILE      the authorities that a server's certificate may come from, PEM, instead of
                     this machine's; SSL_CERT_DIR a folder of them
  HISSAB_USER_NAME   who is named in the audit log
  HISSAB_COLOR       auto, always, never (also NO_COLOR, CLICOLOR, CLICOLOR_FORCE)
  HISSAB_PAGER       program for long output on a terminal (also PAGER); empty: none
  HISSAB_EDITOR      program for amend --edit (also VISUAL, EDITOR)
  HISSAB_WAIT        seconds to wait for a busy book
  HISSAB_TODAY       the date to take for today, like --today
  COLUMNS            how wide tables are

A project's hissab.toml may set book, color and wait; it may not say who you are or which
programs run. LEDGER_FILE is not read by itself: hissab -f \"$LEDGER_FILE\" tb

For tests only: HISSAB_TEST_CLOCK fixes the clock, HISSAB_TEST_IDS the ids of a run.
";

const EXIT_CODES: &str = "\
Exit codes

    0  ok; an empty result is ok
    1  data refused, or failed
    2  usage: an argument malformed or missing
    3  checks found errors, a count differs, or a trial balance does not prove
    4  sign-in needed
    5  not allowed
    6  account, party, transaction, book or file not found
    7  conflict, or locked period
    8  server unreachable, nothing recorded
    9  not confirmed: unknown or queued
   10  book busy, newer, read-only or damaged
   70  a bug in hissab
  130  Ctrl-C

Counts are in the output, never in the status.
";
