//! Golden tests of the looking commands: the trial balance and balances.

use insta::assert_snapshot;

use crate::shop::{shop, told};
use crate::support::TestEnv;

#[test]
fn trial_balance_of_a_week() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["tb", "--from", "2026-04-01", "--to", "2026-04-07"]), @r#"
Trial balance · Shree Ganesh Stores · 01-Apr-2026 to 07-Apr-2026 (FY 2026-27) · INR
Account                                   Opening      Debit     Credit         Closing
Assets:Bank:HDFC                     84,200.00 Dr  23,400.00  30,600.00    77,000.00 Dr
Assets:Cash                          12,500.00 Dr  19,435.50  22,120.00     9,815.50 Dr
Assets:Receivable:Ramesh              3,400.00 Dr              3,400.00         0.00
Assets:Receivable:Sita Stores                       4,800.00                4,800.00 Dr
Liabilities:Payable:Gupta Traders    18,600.00 Cr  18,600.00  15,000.00    15,000.00 Cr
Liabilities:Suspense                                2,000.00                2,000.00 Dr
Equity:Capital                       60,000.00 Cr                          60,000.00 Cr
Equity:Retained Earnings             21,500.00 Cr                          21,500.00 Cr
Income:Sales                                                  24,235.50    24,235.50 Cr
Expenses:Purchases                                 15,000.00               15,000.00 Dr
Expenses:Rent                                      12,000.00               12,000.00 Dr
Expenses:Tea                                          120.00                  120.00 Dr
Total debits                       1,00,100.00 Dr  95,355.50             1,20,735.50 Dr
Total credits                      1,00,100.00 Cr             95,355.50  1,20,735.50 Cr
Proved: opening, turnover and closing each balance. Change 14, audit head [HASH].
[exit 0]
"#);
    assert_snapshot!(look(&["tb"]), @r#"
Trial balance · Shree Ganesh Stores · as of 06-Apr-2026 · INR
Account                                  Debit       Credit
Assets:Bank:HDFC                     77,000.00
Assets:Cash                           9,815.50
Assets:Receivable:Sita Stores         4,800.00
Liabilities:Payable:Gupta Traders                 15,000.00
Liabilities:Suspense                  2,000.00
Equity:Capital                                    60,000.00
Equity:Retained Earnings                          21,500.00
Income:Sales                                      24,235.50
Expenses:Purchases                   15,000.00
Expenses:Rent                        12,000.00
Expenses:Tea                            120.00
Total                              1,20,735.50  1,20,735.50
Proved: debits and credits balance. Change 14, audit head [HASH].
[exit 0]
"#);
    assert_snapshot!(look(&["tb", "--fy", "2026-27", "--depth", "2"]), @r#"
Trial balance · Shree Ganesh Stores · 01-Apr-2026 to 31-Mar-2027 (FY 2026-27) · INR
Account                          Opening      Debit     Credit         Closing
Assets:Bank                 84,200.00 Dr  23,400.00  30,600.00    77,000.00 Dr
Assets:Cash                 12,500.00 Dr  19,435.50  22,120.00     9,815.50 Dr
Assets:Receivable            3,400.00 Dr   4,800.00   3,400.00     4,800.00 Dr
Liabilities:Payable         18,600.00 Cr  18,600.00  15,000.00    15,000.00 Cr
Liabilities:Suspense                       2,000.00                2,000.00 Dr
Equity:Capital              60,000.00 Cr                          60,000.00 Cr
Equity:Retained Earnings    21,500.00 Cr                          21,500.00 Cr
Income:Sales                                         24,235.50    24,235.50 Cr
Expenses:Purchases                        15,000.00               15,000.00 Dr
Expenses:Rent                             12,000.00               12,000.00 Dr
Expenses:Tea                                 120.00                  120.00 Dr
Total debits              1,00,100.00 Dr  95,355.50             1,20,735.50 Dr
Total credits             1,00,100.00 Cr             95,355.50  1,20,735.50 Cr
Proved: opening, turnover and closing each balance. Change 14, audit head [HASH].
[exit 0]
"#);
    assert_snapshot!(look(&["tb", "--as-of", "2026-04-02", "-t", "-E"]), @r#"
Trial balance · Shree Ganesh Stores · as of 02-Apr-2026 · INR
Account                        Debit       Credit
Assets                   1,11,030.00
  Bank:HDFC              1,04,200.00
  Cash                                   1,370.00
  Receivable                8,200.00
    Ramesh                  3,400.00
    Sita Stores             4,800.00
Liabilities                             18,600.00
  Payable:Gupta Traders                 18,600.00
  Suspense                      0.00
Equity                                  81,500.00
  Capital                               60,000.00
  Opening Balances              0.00
  Retained Earnings                     21,500.00
Income:Sales                            11,050.00
Expenses                      120.00
  Purchases                     0.00
  Rent                          0.00
  Tea                         120.00
  Travel                        0.00
Total                    1,12,520.00  1,12,520.00
Proved: debits and credits balance. Change 14, audit head [HASH].
[exit 0]
"#);
    assert_snapshot!(look(&["tb", "--fy", "2027-28", "-O", "md"]), @r#"
## Trial balance · Shree Ganesh Stores · 01-Apr-2027 to 31-Mar-2028 (FY 2027-28) · INR

| Account | Opening | Debit | Credit | Closing |
| --- | ---: | ---: | ---: | ---: |
| Assets:Bank:HDFC | 77,000.00 Dr | | | 77,000.00 Dr |
| Assets:Cash | 9,815.50 Dr | | | 9,815.50 Dr |
| Assets:Receivable:Sita Stores | 4,800.00 Dr | | | 4,800.00 Dr |
| Liabilities:Payable:Gupta Traders | 15,000.00 Cr | | | 15,000.00 Cr |
| Liabilities:Suspense | 2,000.00 Dr | | | 2,000.00 Dr |
| Equity:Capital | 60,000.00 Cr | | | 60,000.00 Cr |
| Equity:Retained Earnings | 21,500.00 Cr | | | 21,500.00 Cr |
| Income:Sales | 24,235.50 Cr | | | 24,235.50 Cr |
| Expenses:Purchases | 15,000.00 Dr | | | 15,000.00 Dr |
| Expenses:Rent | 12,000.00 Dr | | | 12,000.00 Dr |
| Expenses:Tea | 120.00 Dr | | | 120.00 Dr |
| **Total debits** | **1,20,735.50 Dr** | **0.00** | | **1,20,735.50 Dr** |
| **Total credits** | **1,20,735.50 Cr** | | **0.00** | **1,20,735.50 Cr** |

FY 2026-27 is not closed: income and expenses still carry it. To close it: hissab close --fy 2026-27

Proved: opening, turnover and closing each balance. Change 14, audit head [HASH].
[exit 0]
"#);
    assert_snapshot!(look(&["tb", "expenses", "--from", "2026-04-01"]), @r#"
Trial balance · Shree Ganesh Stores · 01-Apr-2026 to 06-Apr-2026 · INR
Account             Opening      Debit  Credit       Closing
Expenses:Purchases           15,000.00          15,000.00 Dr
Expenses:Rent                12,000.00          12,000.00 Dr
Expenses:Tea                    120.00             120.00 Dr
Total debits        0.00     27,120.00          27,120.00 Dr
Total credits       0.00                  0.00       0.00
Filtered, no proof.
[exit 0]
"#);
}

#[test]
fn trial_balance_in_every_format() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["tb", "--from", "2026-04-01", "--to", "2026-04-07", "-O", "csv"]), @r#"
account,kind,currency,opening,debit,credit,closing,type
Assets:Bank:HDFC,asset,INR,84200.00,23400.00,30600.00,77000.00,bank
Assets:Cash,asset,INR,12500.00,19435.50,22120.00,9815.50,cash
Assets:Receivable:Ramesh,asset,INR,3400.00,0.00,3400.00,0.00,receivable
Assets:Receivable:Sita Stores,asset,INR,0.00,4800.00,0.00,4800.00,receivable
Liabilities:Payable:Gupta Traders,liability,INR,-18600.00,18600.00,15000.00,-15000.00,payable
Liabilities:Suspense,liability,INR,0.00,2000.00,0.00,2000.00,general
Equity:Capital,equity,INR,-60000.00,0.00,0.00,-60000.00,general
Equity:Retained Earnings,equity,INR,-21500.00,0.00,0.00,-21500.00,general
Income:Sales,income,INR,0.00,0.00,24235.50,-24235.50,general
Expenses:Purchases,expense,INR,0.00,15000.00,0.00,15000.00,general
Expenses:Rent,expense,INR,0.00,12000.00,0.00,12000.00,general
Expenses:Tea,expense,INR,0.00,120.00,0.00,120.00,general
[exit 0]
"#);
    assert_snapshot!(look(&["tb", "--from", "2026-04-01", "--to", "2026-04-07", "-O", "tsv"]), @r#"
account	kind	currency	opening	debit	credit	closing	type
Assets:Bank:HDFC	asset	INR	84200.00	23400.00	30600.00	77000.00	bank
Assets:Cash	asset	INR	12500.00	19435.50	22120.00	9815.50	cash
Assets:Receivable:Ramesh	asset	INR	3400.00	0.00	3400.00	0.00	receivable
Assets:Receivable:Sita Stores	asset	INR	0.00	4800.00	0.00	4800.00	receivable
Liabilities:Payable:Gupta Traders	liability	INR	-18600.00	18600.00	15000.00	-15000.00	payable
Liabilities:Suspense	liability	INR	0.00	2000.00	0.00	2000.00	general
Equity:Capital	equity	INR	-60000.00	0.00	0.00	-60000.00	general
Equity:Retained Earnings	equity	INR	-21500.00	0.00	0.00	-21500.00	general
Income:Sales	income	INR	0.00	0.00	24235.50	-24235.50	general
Expenses:Purchases	expense	INR	0.00	15000.00	0.00	15000.00	general
Expenses:Rent	expense	INR	0.00	12000.00	0.00	12000.00	general
Expenses:Tea	expense	INR	0.00	120.00	0.00	120.00	general
[exit 0]
"#);
    assert_snapshot!(look(&["tb", "--from", "2026-04-01", "--to", "2026-04-07", "-O", "json"]), @r#"
{
  "schema": "hissab/trial-balance/1",
  "book": "Shree Ganesh Stores",
  "from": "2026-04-01",
  "to": "2026-04-07",
  "fiscal_year": "2026-27",
  "base_currency": "INR",
  "filtered": false,
  "rows": [
    {"account":"Assets:Bank:HDFC","kind":"asset","currency":"INR","opening":"84200.00","debit":"23400.00","credit":"30600.00","closing":"77000.00","type":"bank"},
    {"account":"Assets:Cash","kind":"asset","currency":"INR","opening":"12500.00","debit":"19435.50","credit":"22120.00","closing":"9815.50","type":"cash"},
    {"account":"Assets:Receivable:Ramesh","kind":"asset","currency":"INR","opening":"3400.00","debit":"0.00","credit":"3400.00","closing":"0.00","type":"receivable"},
    {"account":"Assets:Receivable:Sita Stores","kind":"asset","currency":"INR","opening":"0.00","debit":"4800.00","credit":"0.00","closing":"4800.00","type":"receivable"},
    {"account":"Liabilities:Payable:Gupta Traders","kind":"liability","currency":"INR","opening":"-18600.00","debit":"18600.00","credit":"15000.00","closing":"-15000.00","type":"payable"},
    {"account":"Liabilities:Suspense","kind":"liability","currency":"INR","opening":"0.00","debit":"2000.00","credit":"0.00","closing":"2000.00","type":"general"},
    {"account":"Equity:Capital","kind":"equity","currency":"INR","opening":"-60000.00","debit":"0.00","credit":"0.00","closing":"-60000.00","type":"general"},
    {"account":"Equity:Retained Earnings","kind":"equity","currency":"INR","opening":"-21500.00","debit":"0.00","credit":"0.00","closing":"-21500.00","type":"general"},
    {"account":"Income:Sales","kind":"income","currency":"INR","opening":"0.00","debit":"0.00","credit":"24235.50","closing":"-24235.50","type":"general"},
    {"account":"Expenses:Purchases","kind":"expense","currency":"INR","opening":"0.00","debit":"15000.00","credit":"0.00","closing":"15000.00","type":"general"},
    {"account":"Expenses:Rent","kind":"expense","currency":"INR","opening":"0.00","debit":"12000.00","credit":"0.00","closing":"12000.00","type":"general"},
    {"account":"Expenses:Tea","kind":"expense","currency":"INR","opening":"0.00","debit":"120.00","credit":"0.00","closing":"120.00","type":"general"}
  ],
  "totals": [{"currency": "INR", "opening_debit": "100100.00", "opening_credit": "100100.00", "debit": "95355.50", "credit": "95355.50", "closing_debit": "120735.50", "closing_credit": "120735.50"}],
  "proof": {"result": "proved", "failed_currencies": [], "sequence": 14, "audit_head": "[HASH]"},
  "unclosed_year": null
}
[exit 0]
"#);
    assert_snapshot!(look(&["tb", "--from", "2026-04-01", "--to", "2026-04-07", "-O", "ndjson"]), @r#"
{"account":"Assets:Bank:HDFC","kind":"asset","currency":"INR","opening":"84200.00","debit":"23400.00","credit":"30600.00","closing":"77000.00","type":"bank"}
{"account":"Assets:Cash","kind":"asset","currency":"INR","opening":"12500.00","debit":"19435.50","credit":"22120.00","closing":"9815.50","type":"cash"}
{"account":"Assets:Receivable:Ramesh","kind":"asset","currency":"INR","opening":"3400.00","debit":"0.00","credit":"3400.00","closing":"0.00","type":"receivable"}
{"account":"Assets:Receivable:Sita Stores","kind":"asset","currency":"INR","opening":"0.00","debit":"4800.00","credit":"0.00","closing":"4800.00","type":"receivable"}
{"account":"Liabilities:Payable:Gupta Traders","kind":"liability","currency":"INR","opening":"-18600.00","debit":"18600.00","credit":"15000.00","closing":"-15000.00","type":"payable"}
{"account":"Liabilities:Suspense","kind":"liability","currency":"INR","opening":"0.00","debit":"2000.00","credit":"0.00","closing":"2000.00","type":"general"}
{"account":"Equity:Capital","kind":"equity","currency":"INR","opening":"-60000.00","debit":"0.00","credit":"0.00","closing":"-60000.00","type":"general"}
{"account":"Equity:Retained Earnings","kind":"equity","currency":"INR","opening":"-21500.00","debit":"0.00","credit":"0.00","closing":"-21500.00","type":"general"}
{"account":"Income:Sales","kind":"income","currency":"INR","opening":"0.00","debit":"0.00","credit":"24235.50","closing":"-24235.50","type":"general"}
{"account":"Expenses:Purchases","kind":"expense","currency":"INR","opening":"0.00","debit":"15000.00","credit":"0.00","closing":"15000.00","type":"general"}
{"account":"Expenses:Rent","kind":"expense","currency":"INR","opening":"0.00","debit":"12000.00","credit":"0.00","closing":"12000.00","type":"general"}
{"account":"Expenses:Tea","kind":"expense","currency":"INR","opening":"0.00","debit":"120.00","credit":"0.00","closing":"120.00","type":"general"}
[exit 0]
"#);
    assert_snapshot!(look(&["tb", "--from", "2026-04-01", "--to", "2026-04-07", "-O", "md"]), @r#"
## Trial balance · Shree Ganesh Stores · 01-Apr-2026 to 07-Apr-2026 (FY 2026-27) · INR

| Account | Opening | Debit | Credit | Closing |
| --- | ---: | ---: | ---: | ---: |
| Assets:Bank:HDFC | 84,200.00 Dr | 23,400.00 | 30,600.00 | 77,000.00 Dr |
| Assets:Cash | 12,500.00 Dr | 19,435.50 | 22,120.00 | 9,815.50 Dr |
| Assets:Receivable:Ramesh | 3,400.00 Dr | | 3,400.00 | 0.00 |
| Assets:Receivable:Sita Stores | | 4,800.00 | | 4,800.00 Dr |
| Liabilities:Payable:Gupta Traders | 18,600.00 Cr | 18,600.00 | 15,000.00 | 15,000.00 Cr |
| Liabilities:Suspense | | 2,000.00 | | 2,000.00 Dr |
| Equity:Capital | 60,000.00 Cr | | | 60,000.00 Cr |
| Equity:Retained Earnings | 21,500.00 Cr | | | 21,500.00 Cr |
| Income:Sales | | | 24,235.50 | 24,235.50 Cr |
| Expenses:Purchases | | 15,000.00 | | 15,000.00 Dr |
| Expenses:Rent | | 12,000.00 | | 12,000.00 Dr |
| Expenses:Tea | | 120.00 | | 120.00 Dr |
| **Total debits** | **1,00,100.00 Dr** | **95,355.50** | | **1,20,735.50 Dr** |
| **Total credits** | **1,00,100.00 Cr** | | **95,355.50** | **1,20,735.50 Cr** |

Proved: opening, turnover and closing each balance. Change 14, audit head [HASH].
[exit 0]
"#);
}

#[test]
fn balance_shows_changes_or_balances() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["bal", "--from", "2026-04-01", "--to", "2026-04-07"]), @r#"
Balance changes · Shree Ganesh Stores · 01-Apr-2026 to 07-Apr-2026 (FY 2026-27) · INR
Account                               Balance
Assets:Bank:HDFC                    -7,200.00
Assets:Cash                         -2,684.50
Assets:Receivable:Ramesh            -3,400.00
Assets:Receivable:Sita Stores        4,800.00
Liabilities:Payable:Gupta Traders    3,600.00
Liabilities:Suspense                 2,000.00
Income:Sales                       -24,235.50
Expenses:Purchases                  15,000.00
Expenses:Rent                       12,000.00
Expenses:Tea                           120.00
Total                                    0.00
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "--from", "2026-04-04", "-H", "type:AL"]), @r#"
Balances · Shree Ganesh Stores · 04-Apr-2026 to 06-Apr-2026 · INR
Account                               Balance
Assets:Bank:HDFC                    77,000.00
Assets:Cash                          9,815.50
Assets:Receivable:Sita Stores        4,800.00
Liabilities:Payable:Gupta Traders  -15,000.00
Liabilities:Suspense                 2,000.00
Total                               78,615.50
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "-t", "-S", "--limit", "5"]), @r#"
Balances · Shree Ganesh Stores · as of 06-Apr-2026 · INR
Account                     Balance
Assets                    91,615.50
  Bank:HDFC               77,000.00
  Cash                     9,815.50
  Receivable:Sita Stores   4,800.00
Expenses                  27,120.00
Total                          0.00
10 lines not shown; the total is of all.
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "-D", "-p", "2026-04-01 to 2026-04-04", "type:C", "-T", "-A"]), @r#"
Balance changes · Shree Ganesh Stores · 01-Apr-2026 to 03-Apr-2026 (FY 2026-27) · INR
Account           2026-04-01  2026-04-02  2026-04-03       Total    Average
Assets:Bank:HDFC        0.00   20,000.00    3,400.00   23,400.00   7,800.00
Assets:Cash         6,130.00  -20,000.00        0.00  -13,870.00  -4,623.33
Total               6,130.00        0.00    3,400.00    9,530.00   3,176.67
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "exp", "-p", "2026-04", "--compare"]), @r#"
Balance changes · Shree Ganesh Stores · 01-Apr-2026 to 30-Apr-2026 (FY 2026-27) · INR
Account             2026-03    2026-04
Expenses:Purchases     0.00  15,000.00
Expenses:Rent          0.00  12,000.00
Expenses:Tea           0.00     120.00
Total                  0.00  27,120.00
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "-2", "assets"]), @r#"
Balances · Shree Ganesh Stores · as of 06-Apr-2026 · INR
Account              Balance
Assets:Bank        77,000.00
Assets:Cash         9,815.50
Assets:Receivable   4,800.00
Total              91,615.50
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "-N", "--depth", "1"]), @r#"
Balances · Shree Ganesh Stores · as of 06-Apr-2026 · INR
Account         Balance
Assets        91,615.50
Liabilities  -13,000.00
Equity       -81,500.00
Income       -24,235.50
Expenses      27,120.00
[exit 0]
"#);
}

#[test]
fn balance_in_every_format() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["bal", "exp", "-W", "-O", "csv"]), @r#"
account,currency,2026-W14,2026-W15
Expenses:Purchases,INR,15000.00,0.00
Expenses:Rent,INR,12000.00,0.00
Expenses:Tea,INR,120.00,0.00
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "exp", "-W", "-O", "tsv"]), @r#"
account	currency	2026-W14	2026-W15
Expenses:Purchases	INR	15000.00	0.00
Expenses:Rent	INR	12000.00	0.00
Expenses:Tea	INR	120.00	0.00
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "exp", "-W", "-O", "json"]), @r#"
{
  "schema": "hissab/balance/1",
  "book": "Shree Ganesh Stores",
  "from": "2026-03-30",
  "to": "2026-04-12",
  "fiscal_year": null,
  "base_currency": "INR",
  "filtered": true,
  "shows": "changes",
  "periods": [{"name": "2026-W14", "from": "2026-03-30", "to": "2026-04-05"}, {"name": "2026-W15", "from": "2026-04-06", "to": "2026-04-12"}],
  "rows": [
    {"account":"Expenses:Purchases","currency":"INR","2026-W14":"15000.00","2026-W15":"0.00"},
    {"account":"Expenses:Rent","currency":"INR","2026-W14":"12000.00","2026-W15":"0.00"},
    {"account":"Expenses:Tea","currency":"INR","2026-W14":"120.00","2026-W15":"0.00"}
  ],
  "totals": [{"currency": "INR", "amounts": ["27120.00", "0.00"]}]
}
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "exp", "-W", "-O", "ndjson"]), @r#"
{"account":"Expenses:Purchases","currency":"INR","2026-W14":"15000.00","2026-W15":"0.00"}
{"account":"Expenses:Rent","currency":"INR","2026-W14":"12000.00","2026-W15":"0.00"}
{"account":"Expenses:Tea","currency":"INR","2026-W14":"120.00","2026-W15":"0.00"}
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "exp", "-W", "-O", "md"]), @r#"
## Balance changes · Shree Ganesh Stores · 30-Mar-2026 to 12-Apr-2026 · INR

| Account | 2026-W14 | 2026-W15 |
| --- | ---: | ---: |
| Expenses:Purchases | 15,000.00 | 0.00 |
| Expenses:Rent | 12,000.00 | 0.00 |
| Expenses:Tea | 120.00 | 0.00 |
| **Total** | **27,120.00** | **0.00** |
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "exp", "-W", "--layout", "tidy", "-O", "csv"]), @r#"
account,currency,from,to,balance
Expenses:Purchases,INR,2026-03-30,2026-04-05,15000.00
Expenses:Purchases,INR,2026-04-06,2026-04-12,0.00
Expenses:Rent,INR,2026-03-30,2026-04-05,12000.00
Expenses:Rent,INR,2026-04-06,2026-04-12,0.00
Expenses:Tea,INR,2026-03-30,2026-04-05,120.00
Expenses:Tea,INR,2026-04-06,2026-04-12,0.00
[exit 0]
"#);
}

#[test]
fn a_book_that_does_not_prove_exits_with_3() {
    let env = shop();
    // Totals are a cache, outside the seal: whoever falsifies them is found by the proof.
    let conn = rusqlite::Connection::open(env.path("shop.hissab")).unwrap();
    let one = "UPDATE total SET debit = debit + 1 WHERE account = 1";
    assert!(conn.execute(one, []).unwrap() > 0);
    drop(conn);
    let run = env.hissab(["tb"]).exits(3);
    assert!(
        run.stdout
            .contains("DOES NOT PROVE in INR: find out why with hissab check."),
        "{run}"
    );
    let run = env.hissab(["tb", "-O", "json"]).exits(3);
    assert!(
        run.stdout
            .contains("\"proof\": {\"result\": \"failed\", \"failed_currencies\": [\"INR\"]"),
        "{run}"
    );
    env.hissab(["tb", "expenses"]).ok();
}

#[test]
fn a_depth_of_some_accounts_folds_those_alone() {
    let mut env = TestEnv::new();
    env.hissab(["init", "a.hissab"]).ok();
    env.set("HISSAB_BOOK", "a.hissab");
    for (account, amount) in [
        ("Assets:Bank:HDFC:Savings", "5"),
        ("Assets:Bank:SBI", "7"),
        ("Expenses:Shop:Tea:Cups", "3"),
    ] {
        let words = [
            "add",
            "x",
            account,
            amount,
            "Income:Sales:Counter",
            "--create-accounts",
        ];
        env.hissab(words).ok();
    }
    let balance = |query: &[&str]| {
        let mut line = vec![
            "balance",
            "-O",
            "csv",
            "--no-header",
            "--fields",
            "account,balance",
        ];
        line.extend(query);
        env.hissab(line).ok().stdout
    };
    assert_eq!(
        balance(&["depth:assets=2"]),
        "Assets:Bank,12.00\nIncome:Sales:Counter,-15.00\nExpenses:Shop:Tea:Cups,3.00\n"
    );
    assert_eq!(
        balance(&["depth:assets=3", "depth:1"]),
        "Assets:Bank:HDFC,5.00\nAssets:Bank:SBI,7.00\nIncome,-15.00\nExpenses,3.00\n"
    );
    assert_eq!(
        balance(&["depth:assets=3", "depth:1"]),
        balance(&["depth:assets=3", "--depth", "1"])
    );
    let is = env
        .hissab([
            "is",
            "depth:expenses=2",
            "-O",
            "csv",
            "--fields",
            "account,amount",
        ])
        .ok();
    assert!(is.stdout.contains("Expenses:Shop,3.00"), "{is}");
    let accounts = |query: &[&str]| {
        let mut line = vec!["accounts", "--used", "--fields", "account"];
        line.extend(["-O", "csv", "--no-header"]);
        line.extend(query);
        env.hissab(line).ok().stdout
    };
    let folded = "Assets:Bank:HDFC\nAssets:Bank:SBI\nIncome\nExpenses\n";
    assert_eq!(accounts(&["depth:assets=3", "depth:1"]), folded);
    assert_eq!(accounts(&["depth:assets=3", "--depth", "1"]), folded);
}
