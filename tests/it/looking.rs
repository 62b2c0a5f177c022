//! Golden tests of the looking commands, on the shop's week: stdout, stderr and exit code.

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
fn ledger_of_an_account() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["ledger", "hdfc", "--from", "2026-04-01", "--to", "2026-04-07"]), @r#"
Ledger · Assets:Bank:HDFC · 01-Apr-2026 to 07-Apr-2026 · INR
Date         No.  Voucher  Ref.          Particulars                      Debit     Credit         Balance
01-Apr-2026                              Opening balance                                      84,200.00 Dr
02-Apr-2026  5    Contra                 Cash, deposited              20,000.00             1,04,200.00 Dr
03-Apr-2026  6    Receipt  609412345678  Ramesh, UPI                   3,400.00             1,07,600.00 Dr
05-Apr-2026  10   Payment  000124        Rent, April                             12,000.00    95,600.00 Dr
06-Apr-2026  11   Payment  000123        Gupta Traders, bill GT/0398             18,600.00    77,000.00 Dr
07-Apr-2026                              Total, closing               23,400.00  30,600.00    77,000.00 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "cash", "--void"]), @r#"
Ledger · Assets:Cash · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars                             Debit     Credit       Balance
31-Mar-2026  1    Opening        Gupta Traders +2, Opening balances  12,500.00             12,500.00 Dr
01-Apr-2026  2    Receipt        Sales, Counter sales                 6,250.00             18,750.00 Dr
01-Apr-2026  3    Payment        Tea                                               120.00  18,630.00 Dr
02-Apr-2026  5    Contra         HDFC, Cash deposited                           20,000.00   1,370.00 Cr
03-Apr-2026  7    Payment        VOID: Auto, 80.00 Cr
04-Apr-2026  8    Receipt        Sales, Counter sales                13,185.50             11,815.50 Dr
06-Apr-2026  12   Payment        Suspense, Paid to Mohan                         2,000.00   9,815.50 Dr
06-Apr-2026                      Total, closing                      31,935.50  22,120.00   9,815.50 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "cash", "--limit", "2"]), @r#"
Ledger · Assets:Cash · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars                  Debit    Credit       Balance
04-Apr-2026                      Opening balance                                1,370.00 Cr
04-Apr-2026  8    Receipt        Sales, Counter sales     13,185.50            11,815.50 Dr
06-Apr-2026  12   Payment        Suspense, Paid to Mohan             2,000.00   9,815.50 Dr
06-Apr-2026                      Total, closing           13,185.50  2,000.00   9,815.50 Dr
Limited to the last 2 lines: opening and turnover are of these alone.
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "cash", "--limit", "2", "--reverse"]), @r#"
Ledger · Assets:Cash · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars                  Debit    Credit       Balance
06-Apr-2026  12   Payment        Suspense, Paid to Mohan             2,000.00   9,815.50 Dr
04-Apr-2026  8    Receipt        Sales, Counter sales     13,185.50            11,815.50 Dr
04-Apr-2026                      Opening balance                                1,370.00 Cr
06-Apr-2026                      Total, closing           13,185.50  2,000.00   9,815.50 Dr
Limited to the last 2 lines: opening and turnover are of these alone.
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "receivable", "--from", "2026-04-01"]), @r#"
Ledger · Assets:Receivable · 01-Apr-2026 to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.          Particulars             Account         Debit    Credit      Balance
01-Apr-2026                              Opening balance                                          3,400.00 Dr
02-Apr-2026  4    Sales    B-118         Sales, Goods on credit  Sita Stores  4,800.00            8,200.00 Dr
03-Apr-2026  6    Receipt  609412345678  HDFC, UPI               Ramesh                 3,400.00  4,800.00 Dr
06-Apr-2026                              Total, closing                       4,800.00  3,400.00  4,800.00 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "tea", "rent"]), @r#"
Ledger · Expenses:Tea · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars      Debit  Credit    Balance
01-Apr-2026  3    Payment        Cash, tea       120.00          120.00 Dr
06-Apr-2026                      Total, closing  120.00          120.00 Dr

Ledger · Expenses:Rent · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.    Particulars            Debit  Credit       Balance
05-Apr-2026  10   Payment  000124  HDFC, Rent, April  12,000.00          12,000.00 Dr
06-Apr-2026                        Total, closing     12,000.00          12,000.00 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["areg", "cash", "desc:sales"]), @r#"
Ledger · Assets:Cash · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars               Debit  Credit       Balance
01-Apr-2026  2    Receipt        Sales, Counter sales   6,250.00           6,250.00 Dr
04-Apr-2026  8    Receipt        Sales, Counter sales  13,185.50          19,435.50 Dr
06-Apr-2026                      Total, closing        19,435.50          19,435.50 Dr
Filtered: a part of the entries, and balances of that part.
[exit 0]
"#);
}

#[test]
fn ledger_in_every_format() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["ledger", "hdfc", "--from", "2026-04-04", "-O", "csv"]), @r#"
row,date,number,voucher,reference,payee,particulars,description,debit,credit,currency,balance,account,status,id
opening,2026-04-04,,,,,,,,,INR,107600.00,Assets:Bank:HDFC,,
entry,2026-04-05,10,payment,000124,,Expenses:Rent,"Rent, April",,12000.00,INR,95600.00,Assets:Bank:HDFC,unmarked,[ID]
entry,2026-04-06,11,payment,000123,,Liabilities:Payable:Gupta Traders,bill GT/0398,,18600.00,INR,77000.00,Assets:Bank:HDFC,unmarked,[ID]
closing,2026-04-06,,,,,,,0.00,30600.00,INR,77000.00,Assets:Bank:HDFC,,
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "hdfc", "--from", "2026-04-04", "-O", "tsv"]), @r#"
row	date	number	voucher	reference	payee	particulars	description	debit	credit	currency	balance	account	status	id
opening	2026-04-04									INR	107600.00	Assets:Bank:HDFC		
entry	2026-04-05	10	payment	000124		Expenses:Rent	Rent, April		12000.00	INR	95600.00	Assets:Bank:HDFC	unmarked	[ID]
entry	2026-04-06	11	payment	000123		Liabilities:Payable:Gupta Traders	bill GT/0398		18600.00	INR	77000.00	Assets:Bank:HDFC	unmarked	[ID]
closing	2026-04-06							0.00	30600.00	INR	77000.00	Assets:Bank:HDFC		
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "hdfc", "--from", "2026-04-04", "-O", "json"]), @r#"
{
  "schema": "hissab/ledger/1",
  "book": "Shree Ganesh Stores",
  "from": "2026-04-04",
  "to": "2026-04-06",
  "fiscal_year": null,
  "base_currency": "INR",
  "filtered": false,
  "accounts": ["Assets:Bank:HDFC"],
  "rows": [
    {"row":"opening","date":"2026-04-04","number":null,"voucher":null,"reference":null,"payee":null,"particulars":null,"description":null,"debit":null,"credit":null,"currency":"INR","balance":"107600.00","account":"Assets:Bank:HDFC","status":null,"id":null},
    {"row":"entry","date":"2026-04-05","number":10,"voucher":"payment","reference":"000124","payee":null,"particulars":"Expenses:Rent","description":"Rent, April","debit":null,"credit":"12000.00","currency":"INR","balance":"95600.00","account":"Assets:Bank:HDFC","status":"unmarked","id":"[ID]"},
    {"row":"entry","date":"2026-04-06","number":11,"voucher":"payment","reference":"000123","payee":null,"particulars":"Liabilities:Payable:Gupta Traders","description":"bill GT/0398","debit":null,"credit":"18600.00","currency":"INR","balance":"77000.00","account":"Assets:Bank:HDFC","status":"unmarked","id":"[ID]"},
    {"row":"closing","date":"2026-04-06","number":null,"voucher":null,"reference":null,"payee":null,"particulars":null,"description":null,"debit":"0.00","credit":"30600.00","currency":"INR","balance":"77000.00","account":"Assets:Bank:HDFC","status":null,"id":null}
  ]
}
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "hdfc", "--from", "2026-04-04", "-O", "ndjson"]), @r#"
{"row":"opening","date":"2026-04-04","number":null,"voucher":null,"reference":null,"payee":null,"particulars":null,"description":null,"debit":null,"credit":null,"currency":"INR","balance":"107600.00","account":"Assets:Bank:HDFC","status":null,"id":null}
{"row":"entry","date":"2026-04-05","number":10,"voucher":"payment","reference":"000124","payee":null,"particulars":"Expenses:Rent","description":"Rent, April","debit":null,"credit":"12000.00","currency":"INR","balance":"95600.00","account":"Assets:Bank:HDFC","status":"unmarked","id":"[ID]"}
{"row":"entry","date":"2026-04-06","number":11,"voucher":"payment","reference":"000123","payee":null,"particulars":"Liabilities:Payable:Gupta Traders","description":"bill GT/0398","debit":null,"credit":"18600.00","currency":"INR","balance":"77000.00","account":"Assets:Bank:HDFC","status":"unmarked","id":"[ID]"}
{"row":"closing","date":"2026-04-06","number":null,"voucher":null,"reference":null,"payee":null,"particulars":null,"description":null,"debit":"0.00","credit":"30600.00","currency":"INR","balance":"77000.00","account":"Assets:Bank:HDFC","status":null,"id":null}
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "hdfc", "--from", "2026-04-04", "-O", "md"]), @r#"
## Ledger · Assets:Bank:HDFC · 04-Apr-2026 to 06-Apr-2026 · INR

| Date | No. | Voucher | Ref. | Particulars | Debit | Credit | Balance |
| --- | --- | --- | --- | --- | ---: | ---: | ---: |
| 04-Apr-2026 | | | | Opening balance | | | 1,07,600.00 Dr |
| 05-Apr-2026 | 10 | Payment | 000124 | Rent, April | | 12,000.00 | 95,600.00 Dr |
| 06-Apr-2026 | 11 | Payment | 000123 | Gupta Traders, bill GT/0398 | | 18,600.00 | 77,000.00 Dr |
| **06-Apr-2026** | | | | **Total, closing** | | **30,600.00** | **77,000.00 Dr** |
[exit 0]
"#);
}

#[test]
fn register_of_entries() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["reg", "exp"]), @r#"
Register · to 06-Apr-2026 · INR
Date         No.  Description  Account                Amount    Balance
01-Apr-2026  3    tea          Expenses:Tea           120.00     120.00
04-Apr-2026  9    Stock        Expenses:Purchases  15,000.00  15,120.00
05-Apr-2026  10   Rent, April  Expenses:Rent       12,000.00  27,120.00
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "cash", "-H", "--from", "2026-04-04"]), @r#"
Register · 04-Apr-2026 to 06-Apr-2026 · INR
Date         No.  Description    Account         Amount    Balance
04-Apr-2026  8    Counter sales  Assets:Cash  13,185.50  11,815.50
06-Apr-2026  12   Paid to Mohan  Assets:Cash  -2,000.00   9,815.50
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "cash", "--limit", "2", "--reverse"]), @r#"
Register · to 06-Apr-2026 · INR
Date         No.  Description    Account         Amount    Balance
06-Apr-2026  12   Paid to Mohan  Assets:Cash  -2,000.00   9,815.50
04-Apr-2026  8    Counter sales  Assets:Cash  13,185.50  11,815.50
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "--from", "2026-04-05", "--to", "2026-04-05", "-O", "csv"]), @r#"
date,number,voucher,reference,payee,description,debit,credit,currency,balance,account,status,id
2026-04-05,10,payment,000124,,"Rent, April",12000.00,,INR,12000.00,Expenses:Rent,unmarked,[ID]
2026-04-05,10,payment,000124,,"Rent, April",,12000.00,INR,0.00,Assets:Bank:HDFC,unmarked,[ID]
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "--from", "2026-04-05", "--to", "2026-04-05", "-O", "json"]), @r#"
{
  "schema": "hissab/register/1",
  "book": "Shree Ganesh Stores",
  "from": "2026-04-05",
  "to": "2026-04-05",
  "fiscal_year": "2026-27",
  "base_currency": "INR",
  "filtered": false,
  "rows": [
    {"date":"2026-04-05","number":10,"voucher":"payment","reference":"000124","payee":null,"description":"Rent, April","debit":"12000.00","credit":null,"currency":"INR","balance":"12000.00","account":"Expenses:Rent","status":"unmarked","id":"[ID]"},
    {"date":"2026-04-05","number":10,"voucher":"payment","reference":"000124","payee":null,"description":"Rent, April","debit":null,"credit":"12000.00","currency":"INR","balance":"0.00","account":"Assets:Bank:HDFC","status":"unmarked","id":"[ID]"}
  ]
}
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "--from", "2026-04-05", "--to", "2026-04-05", "-O", "md"]), @r#"
## Register · 05-Apr-2026 · INR

| Date | No. | Description | Account | Amount | Balance |
| --- | --- | --- | --- | ---: | ---: |
| 05-Apr-2026 | 10 | Rent, April | Expenses:Rent | 12,000.00 | 12,000.00 |
| | | | Assets:Bank:HDFC | -12,000.00 | 0.00 |
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "tea", "-O", "tsv"]), @r#"
date	number	voucher	reference	payee	description	debit	credit	currency	balance	account	status	id
2026-04-01	3	payment			tea	120.00		INR	120.00	Expenses:Tea	unmarked	[ID]
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "tea", "-O", "ndjson"]), @r#"
{"date":"2026-04-01","number":3,"voucher":"payment","reference":null,"payee":null,"description":"tea","debit":"120.00","credit":null,"currency":"INR","balance":"120.00","account":"Expenses:Tea","status":"unmarked","id":"[ID]"}
[exit 0]
"#);
}

#[test]
fn journal_and_print() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["journal", "--from", "2026-04-05"]), @r#"
Journal · 05-Apr-2026 to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.    Particulars                            Debit     Credit
05-Apr-2026  10   Payment  000124  Expenses:Rent                      12,000.00
                                     Assets:Bank:HDFC (Rent, April)              12,000.00
06-Apr-2026  11   Payment  000123  Liabilities:Payable:Gupta Traders  18,600.00
                                     Assets:Bank:HDFC (bill GT/0398)             18,600.00
06-Apr-2026  12   Payment          Liabilities:Suspense                2,000.00
                                     Assets:Cash (Paid to Mohan)                  2,000.00
Total of 3 vouchers                                                   32,600.00  32,600.00
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "--limit", "1"]), @r#"
Journal · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars                       Debit    Credit
06-Apr-2026  12   Payment        Liabilities:Suspense           2,000.00
                                   Assets:Cash (Paid to Mohan)            2,000.00
Total of 1 voucher                                              2,000.00  2,000.00
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "desc:auto", "--void"]), @r#"
Journal · to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars  Debit  Credit
03-Apr-2026  7    Payment        VOID: Auto, 80.00; "entered twice", suresh, 03-Apr-2026
Total of 0 vouchers, 1 void
[exit 0]
"#);
    assert_snapshot!(look(&["print", "--from", "2026-04-05", "--to", "2026-04-05"]), @r#"
2026-04-05 (000124) Rent, April
    Expenses:Rent                                 12000.00 INR
    Assets:Bank:HDFC                             -12000.00 INR

[exit 0]
"#);
    assert_snapshot!(look(&["journal", "rent", "-O", "csv"]), @r#"
number,date,voucher,status,description,payee,reference,account,debit,credit,currency,memo,tags,id,price
10,2026-04-05,payment,unmarked,"Rent, April",,000124,Expenses:Rent,12000.00,,INR,,,[ID],
10,2026-04-05,payment,unmarked,"Rent, April",,000124,Assets:Bank:HDFC,,12000.00,INR,,,[ID],
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "rent", "-O", "tsv"]), @r#"
number	date	voucher	status	description	payee	reference	account	debit	credit	currency	memo	tags	id	price
10	2026-04-05	payment	unmarked	Rent, April		000124	Expenses:Rent	12000.00		INR			[ID]	
10	2026-04-05	payment	unmarked	Rent, April		000124	Assets:Bank:HDFC		12000.00	INR			[ID]	
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "rent", "-O", "json"]), @r#"
{
  "schema": "hissab/journal/1",
  "book": "Shree Ganesh Stores",
  "from": null,
  "to": "2026-04-06",
  "fiscal_year": null,
  "base_currency": "INR",
  "filtered": true,
  "rows": [
    {"number":10,"date":"2026-04-05","voucher":"payment","status":"unmarked","description":"Rent, April","payee":null,"reference":"000124","account":"Expenses:Rent","debit":"12000.00","credit":null,"currency":"INR","memo":null,"tags":[],"id":"[ID]","price":null},
    {"number":10,"date":"2026-04-05","voucher":"payment","status":"unmarked","description":"Rent, April","payee":null,"reference":"000124","account":"Assets:Bank:HDFC","debit":null,"credit":"12000.00","currency":"INR","memo":null,"tags":[],"id":"[ID]","price":null}
  ],
  "transactions": 1,
  "void": 0,
  "totals": [{"currency": "INR", "debit": "12000.00", "credit": "12000.00"}]
}
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "rent", "-O", "ndjson"]), @r#"
{"number":10,"date":"2026-04-05","voucher":"payment","status":"unmarked","description":"Rent, April","payee":null,"reference":"000124","account":"Expenses:Rent","debit":"12000.00","credit":null,"currency":"INR","memo":null,"tags":[],"id":"[ID]","price":null}
{"number":10,"date":"2026-04-05","voucher":"payment","status":"unmarked","description":"Rent, April","payee":null,"reference":"000124","account":"Assets:Bank:HDFC","debit":null,"credit":"12000.00","currency":"INR","memo":null,"tags":[],"id":"[ID]","price":null}
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "rent", "-O", "md"]), @r#"
## Journal · to 06-Apr-2026 · INR

| Date | No. | Voucher | Ref. | Particulars | Debit | Credit |
| --- | --- | --- | --- | --- | ---: | ---: |
| 05-Apr-2026 | 10 | Payment | 000124 | Expenses:Rent | 12,000.00 | |
| | | | | &nbsp;&nbsp;Assets:Bank:HDFC (Rent, April) | | 12,000.00 |
| Total of 1 voucher | | | | | 12,000.00 | 12,000.00 |
[exit 0]
"#);
}

#[test]
fn daybook_of_days() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["daybook", "--from", "2026-04-02", "--to", "2026-04-03"]), @r#"
Day book · 02-Apr-2026 to 03-Apr-2026 · INR
Date         No.  Voucher  Ref.          Particulars                           Debit     Credit
02-Apr-2026  4    Sales    B-118         Assets:Receivable:Sita Stores      4,800.00
                                           Income:Sales (Goods on credit)              4,800.00
02-Apr-2026  5    Contra                 Assets:Bank:HDFC                  20,000.00
                                           Assets:Cash (Cash deposited)               20,000.00
03-Apr-2026  6    Receipt  609412345678  Assets:Bank:HDFC                   3,400.00
                                           Assets:Receivable:Ramesh (UPI)              3,400.00
03-Apr-2026  7    Payment                VOID: Auto, 80.00; "entered twice", suresh, 03-Apr-2026
Total of 3 vouchers, 1 void                                                28,200.00  28,200.00
Cash: opening 18,630.00 Dr, receipts 0.00, payments 20,000.00, closing 1,370.00 Cr
[exit 0]
"#);
    assert_snapshot!(look(&["daybook"]), @r#"
Day book · 07-Apr-2026 · INR
Date  No.  Voucher  Ref.  Particulars  Debit  Credit
Total of 0 vouchers
Cash: opening 9,815.50 Dr, receipts 0.00, payments 0.00, closing 9,815.50 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["daybook", "yesterday"]), @r#"
Day book · 06-Apr-2026 · INR
Date         No.  Voucher  Ref.    Particulars                            Debit     Credit
06-Apr-2026  11   Payment  000123  Liabilities:Payable:Gupta Traders  18,600.00
                                     Assets:Bank:HDFC (bill GT/0398)             18,600.00
06-Apr-2026  12   Payment          Liabilities:Suspense                2,000.00
                                     Assets:Cash (Paid to Mohan)                  2,000.00
Total of 2 vouchers                                                   20,600.00  20,600.00
Cash: opening 11,815.50 Dr, receipts 0.00, payments 2,000.00, closing 9,815.50 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["daybook", "3/4", "-O", "csv"]), @r#"
number,date,voucher,status,description,payee,reference,account,debit,credit,currency,memo,tags,id,price
6,2026-04-03,receipt,unmarked,UPI,,609412345678,Assets:Bank:HDFC,3400.00,,INR,,,[ID],
6,2026-04-03,receipt,unmarked,UPI,,609412345678,Assets:Receivable:Ramesh,,3400.00,INR,,,[ID],
[exit 0]
"#);
    assert_snapshot!(look(&["daybook", "3/4", "-O", "csv", "--void"]), @r#"
number,date,voucher,status,description,payee,reference,account,debit,credit,currency,memo,tags,id,price
6,2026-04-03,receipt,unmarked,UPI,,609412345678,Assets:Bank:HDFC,3400.00,,INR,,,[ID],
6,2026-04-03,receipt,unmarked,UPI,,609412345678,Assets:Receivable:Ramesh,,3400.00,INR,,,[ID],
7,2026-04-03,payment,void,Auto,,,Expenses:Travel,80.00,,INR,,,[ID],
7,2026-04-03,payment,void,Auto,,,Assets:Cash,,80.00,INR,,,[ID],
[exit 0]
"#);
    assert_snapshot!(look(&["daybook", "5/4", "-O", "json"]), @r#"
{
  "schema": "hissab/daybook/1",
  "book": "Shree Ganesh Stores",
  "from": "2026-04-05",
  "to": "2026-04-05",
  "fiscal_year": "2026-27",
  "base_currency": "INR",
  "filtered": false,
  "rows": [
    {"number":10,"date":"2026-04-05","voucher":"payment","status":"unmarked","description":"Rent, April","payee":null,"reference":"000124","account":"Expenses:Rent","debit":"12000.00","credit":null,"currency":"INR","memo":null,"tags":[],"id":"[ID]","price":null},
    {"number":10,"date":"2026-04-05","voucher":"payment","status":"unmarked","description":"Rent, April","payee":null,"reference":"000124","account":"Assets:Bank:HDFC","debit":null,"credit":"12000.00","currency":"INR","memo":null,"tags":[],"id":"[ID]","price":null}
  ],
  "transactions": 1,
  "void": 0,
  "totals": [{"currency": "INR", "debit": "12000.00", "credit": "12000.00"}],
  "cash": [{"currency": "INR", "opening": "11815.50", "receipts": "0.00", "payments": "0.00", "closing": "11815.50"}]
}
[exit 0]
"#);
    assert_snapshot!(look(&["daybook", "5/4", "-O", "md"]), @r#"
## Day book · 05-Apr-2026 · INR

| Date | No. | Voucher | Ref. | Particulars | Debit | Credit |
| --- | --- | --- | --- | --- | ---: | ---: |
| 05-Apr-2026 | 10 | Payment | 000124 | Expenses:Rent | 12,000.00 | |
| | | | | &nbsp;&nbsp;Assets:Bank:HDFC (Rent, April) | | 12,000.00 |
| Total of 1 voucher | | | | | 12,000.00 | 12,000.00 |

Cash: opening 11,815.50 Dr, receipts 0.00, payments 0.00, closing 11,815.50 Dr
[exit 0]
"#);
}

#[test]
fn cash_and_bank_books() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["cashbook", "-D"]), @r#"
Cash book · Assets:Cash · to 06-Apr-2026 · INR
Date         Particulars         Debit     Credit       Balance
31-Mar-2026                  12,500.00             12,500.00 Dr
01-Apr-2026                   6,250.00     120.00  18,630.00 Dr
02-Apr-2026                             20,000.00   1,370.00 Cr
04-Apr-2026                  13,185.50             11,815.50 Dr
06-Apr-2026                              2,000.00   9,815.50 Dr
06-Apr-2026  Total, closing  31,935.50  22,120.00   9,815.50 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["cashbook", "--from", "2026-04-04"]), @r#"
Cash book · Assets:Cash · 04-Apr-2026 to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.  Particulars                  Debit    Credit       Balance
04-Apr-2026                      Opening balance                                1,370.00 Cr
04-Apr-2026  8    Receipt        Sales, Counter sales     13,185.50            11,815.50 Dr
06-Apr-2026  12   Payment        Suspense, Paid to Mohan             2,000.00   9,815.50 Dr
06-Apr-2026                      Total, closing           13,185.50  2,000.00   9,815.50 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["cashbook", "-D", "-O", "csv"]), @r#"
row,date,number,voucher,reference,payee,particulars,description,debit,credit,currency,balance,account,status,id
opening,,,,,,,,,,INR,0.00,Assets:Cash,,
day,2026-03-31,,,,,,,12500.00,0.00,INR,12500.00,Assets:Cash,,
day,2026-04-01,,,,,,,6250.00,120.00,INR,18630.00,Assets:Cash,,
day,2026-04-02,,,,,,,0.00,20000.00,INR,-1370.00,Assets:Cash,,
day,2026-04-04,,,,,,,13185.50,0.00,INR,11815.50,Assets:Cash,,
day,2026-04-06,,,,,,,0.00,2000.00,INR,9815.50,Assets:Cash,,
closing,2026-04-06,,,,,,,31935.50,22120.00,INR,9815.50,Assets:Cash,,
[exit 0]
"#);
    assert_snapshot!(look(&["bankbook", "--from", "2026-04-05"]), @r#"
Bank book · Assets:Bank:HDFC · 05-Apr-2026 to 06-Apr-2026 · INR
Date         No.  Voucher  Ref.    Particulars                  Debit     Credit         Balance
05-Apr-2026                        Opening balance                                1,07,600.00 Dr
05-Apr-2026  10   Payment  000124  Rent, April                         12,000.00    95,600.00 Dr
06-Apr-2026  11   Payment  000123  Gupta Traders, bill GT/0398         18,600.00    77,000.00 Dr
06-Apr-2026                        Total, closing                      30,600.00    77,000.00 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["bankbook", "hdfc", "--from", "2026-04-05", "-O", "json"]), @r#"
{
  "schema": "hissab/bankbook/1",
  "book": "Shree Ganesh Stores",
  "from": "2026-04-05",
  "to": "2026-04-06",
  "fiscal_year": null,
  "base_currency": "INR",
  "filtered": false,
  "accounts": ["Assets:Bank:HDFC"],
  "rows": [
    {"row":"opening","date":"2026-04-05","number":null,"voucher":null,"reference":null,"payee":null,"particulars":null,"description":null,"debit":null,"credit":null,"currency":"INR","balance":"107600.00","account":"Assets:Bank:HDFC","status":null,"id":null},
    {"row":"entry","date":"2026-04-05","number":10,"voucher":"payment","reference":"000124","payee":null,"particulars":"Expenses:Rent","description":"Rent, April","debit":null,"credit":"12000.00","currency":"INR","balance":"95600.00","account":"Assets:Bank:HDFC","status":"unmarked","id":"[ID]"},
    {"row":"entry","date":"2026-04-06","number":11,"voucher":"payment","reference":"000123","payee":null,"particulars":"Liabilities:Payable:Gupta Traders","description":"bill GT/0398","debit":null,"credit":"18600.00","currency":"INR","balance":"77000.00","account":"Assets:Bank:HDFC","status":"unmarked","id":"[ID]"},
    {"row":"closing","date":"2026-04-06","number":null,"voucher":null,"reference":null,"payee":null,"particulars":null,"description":null,"debit":"0.00","credit":"30600.00","currency":"INR","balance":"77000.00","account":"Assets:Bank:HDFC","status":null,"id":null}
  ]
}
[exit 0]
"#);
    assert_snapshot!(look(&["bankbook", "--from", "2026-04-06", "-O", "md"]), @r#"
## Bank book · Assets:Bank:HDFC · 06-Apr-2026 · INR

| Date | No. | Voucher | Ref. | Particulars | Debit | Credit | Balance |
| --- | --- | --- | --- | --- | ---: | ---: | ---: |
| 06-Apr-2026 | | | | Opening balance | | | 95,600.00 Dr |
| 06-Apr-2026 | 11 | Payment | 000123 | Gupta Traders, bill GT/0398 | | 18,600.00 | 77,000.00 Dr |
| **06-Apr-2026** | | | | **Total, closing** | | **18,600.00** | **77,000.00 Dr** |
[exit 0]
"#);
}

#[test]
fn wrong_flags_say_what_to_do() {
    let env = shop();
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["tb", "-M"]), @r#"
--- stderr
error: unexpected argument '-M' found

  tip: to pass '-M' as a value, use '-- -M'

Usage: hissab trial-balance [OPTIONS] [QUERY]...

For more information, try '--help'.
[exit 2]
"#);
    assert_snapshot!(look(&["tb", "-p", "monthly"]), @r#"
--- stderr
error: this report has no columns by period: "monthly" asks for them
 hint: hissab balance has: give it -M, -Q, -Y or -p
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "-e", "2026-05", "--to", "2026-04"]), @r#"
--- stderr
error: -e is exclusive and --to inclusive: give one of them
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "--from", "2026-05", "--to", "2026-04"]), @r#"
--- stderr
error: the period ends before it begins: 2026-05-01 to 2026-04-30
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "--fields", "account,amount"]), @r#"
--- stderr
error: there is no column "amount"
 hint: columns: account, currency, balance
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "-M", "--compare"]), @r#"
--- stderr
error: --compare adds the period before; with an interval give a longer period instead
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "--compare"]), @r#"
--- stderr
error: --compare needs a period with a beginning and an end
 hint: give one, like -p 2026-04 or --fy 2025-26
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "-V", "--cost"]), @r#"
--- stderr
error: --cost shows what was paid, -V and -X what it is worth: give one of them
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "-X", "EUR"]), @r#"
--- stderr
error: the book has no currency "EUR"
 hint: it has INR
[exit 6]
"#);
    assert_snapshot!(look(&["bal", "-O", "hledger"]), @r#"
--- stderr
error: this cannot be printed as hledger
 hint: use -O csv or -O json
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "--account", "tee"]), @r#"
--- stderr
error: no account is called "tee"
 hint: near it: Expenses:Tea
[exit 6]
"#);
    assert_snapshot!(look(&["bal", "--payee", "Ramsh"]), @r#"
--- stderr
error: no transaction has the payee "Ramsh"
 hint: hissab payees lists them
[exit 6]
"#);
    assert_snapshot!(look(&["bal", "--status", "done"]), @r#"
--- stderr
error: there is no status "done"
 hint: one of unmarked, pending, cleared
[exit 2]
"#);
    assert_snapshot!(look(&["bal", "desc:rentt"]), @r#"
Balances · Shree Ganesh Stores · as of 06-Apr-2026 · INR
--- stderr
warning: no description matches desc:rentt; near it: Rent, April
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "tee"]), @r#"
Balances · Shree Ganesh Stores · as of 06-Apr-2026 · INR
--- stderr
warning: no account matches tee; near it: Expenses:Tea
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "amt:x"]), @r#"
--- stderr
error: cannot read the query "amt:x": "x" is not an amount: a number is missing
 hint: amounts look like 1250, 1,250.50, ₹500, '500 USD', -500, '1.5 lakh' or 120+30*2
[exit 2]
"#);
    assert_snapshot!(look(&["ledger"]), @r#"
--- stderr
error: which account? Name one, or give --all
 hint: hissab ledger cash
 hint: hissab accounts lists them
[exit 2]
"#);
    assert_snapshot!(look(&["ledger", "tee"]), @r#"
--- stderr
error: no account is called "tee"
 hint: near it: Expenses:Tea
[exit 6]
"#);
    assert_snapshot!(look(&["ledger", "--all", "cash"]), @r#"
--- stderr
error: --all is every account: name none beside it
 hint: hissab ledger cash
 hint: hissab accounts lists them
[exit 2]
"#);
    assert_snapshot!(look(&["daybook", "someday"]), @r#"
--- stderr
error: cannot read "someday" as a date or period: "someday" means nothing here
 hint: write 2026-04-05, 5-Apr-26, yesterday, -3d, last friday; periods: 2026-04, fy2026-27, from 2026-04 to 2026-07
[exit 2]
"#);
    assert_snapshot!(look(&["reg", "--from", "31/02"]), @r#"
--- stderr
error: cannot read "31/02" as a date or period: 2026-02 has 28 days, no 31
 hint: write 2026-04-05, 5-Apr-26, yesterday, -3d, last friday; periods: 2026-04, fy2026-27, from 2026-04 to 2026-07
[exit 2]
"#);
    assert_snapshot!(look(&["-f", "nothing.journal", "bal"]), @r#"
--- stderr
error: no file nothing.journal
[exit 6]
"#);
}

/// A journal with priced shares, an exchange, statuses, tags and virtual postings.
const PRICED: &str = "\
P 2026-04-01 USD INR 80.00
P 2026-04-20 USD INR 85.00
P 2026-04-01 AAPL USD 200.00
2026-04-01 open
  assets:bank   INR 100000.00
  assets:usd    USD 500.00
  equity:open
2026-04-10 * buy  ; broker:zero
  assets:shares  2 AAPL @ USD 190.00
  assets:usd
2026-04-15 ! exchange | with a note
  assets:usd   USD 100.00 @@ INR 8250.00
  assets:bank
2026-05-02 (c12) =odd, \"quoted\"
  expenses:food   INR 50.00  ; for:lunch
  assets:bank
  (budget:food)  INR -50.00
";

#[test]
fn journals_in_several_currencies() {
    let env = TestEnv::new();
    env.write("a.journal", PRICED);
    let look = |words: &[&str]| {
        let mut all = vec!["-q", "-f", "a.journal"];
        all.extend(words);
        told(&env.hissab(all))
    };
    assert_snapshot!(look(&["tb", "-p", "2026-04"]), @r#"
Trial balance · 01-Apr-2026 to 30-Apr-2026 (FY 2026-27) · INR, USD, AAPL
Account        Currency  Opening        Debit       Credit         Closing
assets:bank    INR                1,00,000.00     8,250.00    91,750.00 Dr
assets:shares  AAPL                         2                         2 Dr
assets:usd     USD                     600.00       380.00       220.00 Dr
equity:open    INR                             1,00,000.00  1,00,000.00 Cr
equity:open    USD                                  500.00       500.00 Cr
(conversion)   INR                   8,250.00                  8,250.00 Dr
(conversion)   USD                     280.00                    280.00 Dr
(conversion)   AAPL                                      2            2 Cr
Total debits   INR       0.00     1,08,250.00               1,00,000.00 Dr
Total credits  INR       0.00                  1,08,250.00  1,00,000.00 Cr
Total debits   USD       0.00          880.00                    500.00 Dr
Total credits  USD       0.00                       880.00       500.00 Cr
Total debits   AAPL         0               2                         2 Dr
Total credits  AAPL         0                            2            2 Cr
Proved: opening, turnover and closing each balance.
[exit 0]
"#);
    assert_snapshot!(look(&["tb", "cur:usd", "-O", "csv"]), @r#"
account,kind,currency,opening,debit,credit,closing,type
assets:usd,asset,USD,0.00,600.00,380.00,220.00,general
equity:open,equity,USD,0.00,0.00,500.00,-500.00,general
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "-V"]), @r#"
Balances · as of 02-May-2026 · INR
Account              Balance
assets:bank        91,700.00
assets:shares      34,000.00
assets:usd         18,700.00
Equity:Virtual         50.00
equity:open     -1,42,500.00
expenses:food          50.00
budget:food           -50.00
Total               1,950.00
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "-X", "usd", "-M", "assets"]), @r#"
Balance changes · 01-Apr-2026 to 31-May-2026 (FY 2026-27) · USD
Account         2026-04  2026-05
assets:bank    1,079.41    -0.59
assets:shares    400.00     0.00
assets:usd       220.00     0.00
Total          1,699.41    -0.59
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "--cost", "assets", "-O", "csv"]), @r#"
account,currency,balance
assets:bank,INR,91700.00
assets:shares,USD,380.00
assets:usd,INR,8250.00
assets:usd,USD,120.00
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "--real", "-t"]), @r#"
Balances · as of 02-May-2026 · INR, USD, AAPL
Account        Currency       Balance
assets         INR          91,700.00
assets         USD             220.00
assets         AAPL                 2
  bank         INR          91,700.00
  shares       AAPL                 2
  usd          USD             220.00
equity:open    INR       -1,00,000.00
equity:open    USD            -500.00
expenses:food  INR              50.00
Total          INR          -8,250.00
Total          USD            -280.00
Total          AAPL                 2
[exit 0]
"#);
    assert_snapshot!(look(&["ledger", "assets", "-p", "2026-04"]), @r#"
Ledger · assets · 01-Apr-2026 to 30-Apr-2026 · INR, USD, AAPL
Date         No.  Voucher  Ref.  Particulars                   Account  Currency        Debit    Credit         Balance
01-Apr-2026                      Opening balance                        INR                                     0.00
01-Apr-2026                      Opening balance                        USD                                     0.00
01-Apr-2026                      Opening balance                        AAPL                                       0
01-Apr-2026  1    Receipt        open                          bank     INR       1,00,000.00            1,00,000.00 Dr
01-Apr-2026  1    Receipt        open                          usd      USD            500.00                 500.00 Dr
10-Apr-2026  2    Journal        usd, buy                      shares   AAPL                2                      2 Dr
10-Apr-2026  2    Journal        shares, buy                   usd      USD                      380.00       120.00 Dr
15-Apr-2026  3    Payment        bank, exchange | with a note  usd      USD            100.00                 220.00 Dr
15-Apr-2026  3    Payment        usd, exchange | with a note   bank     INR                    8,250.00    91,750.00 Dr
30-Apr-2026                      Total, closing                         INR       1,00,000.00  8,250.00    91,750.00 Dr
30-Apr-2026                      Total, closing                         USD            600.00    380.00       220.00 Dr
30-Apr-2026                      Total, closing                         AAPL                2                      2 Dr
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "assets", "-X", "INR", "--limit", "2"]), @r#"
Register · to 02-May-2026
Date         No.  Description             Account      Currency     Amount      Balance
15-Apr-2026  3    exchange | with a note  assets:bank  INR       -8,250.00  1,44,450.00
02-May-2026  4    =odd, "quoted"          assets:bank  INR          -50.00  1,44,400.00
[exit 0]
"#);
    assert_snapshot!(look(&["reg", "--cost", "shares", "-O", "csv"]), @r#"
date,number,voucher,reference,payee,description,debit,credit,currency,balance,account,status,id
2026-04-10,2,journal,,,buy,380.00,,USD,380.00,assets:shares,cleared,[ID]
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "-C"]), @r#"
Journal · to 02-May-2026
Date         No.  Voucher  Ref.  Particulars              Currency  Debit  Credit
10-Apr-2026  2    Journal        assets:shares @ 190 USD  AAPL          2
                                   assets:usd (buy)       USD              380.00
Total of 1 voucher                                        USD        0.00  380.00
                                                          AAPL          2       0
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "-p", "2026-05", "-O", "csv"]), @r#"
number,date,voucher,status,description,payee,reference,account,debit,credit,currency,memo,tags,id,price
4,2026-05-02,payment,unmarked,"'=odd, ""quoted""",,c12,expenses:food,50.00,,INR,,for:lunch,[ID],
4,2026-05-02,payment,unmarked,"'=odd, ""quoted""",,c12,assets:bank,,50.00,INR,,,[ID],
4,2026-05-02,payment,unmarked,"'=odd, ""quoted""",,c12,budget:food,,50.00,INR,,_virtual:unbalanced,[ID],
4,2026-05-02,payment,unmarked,"'=odd, ""quoted""",,c12,Equity:Virtual,50.00,,INR,,_virtual:unbalanced,[ID],
[exit 0]
"#);
    assert_snapshot!(look(&["journal", "-p", "2026-05", "-O", "csv", "--raw", "--fields", "description"]), @r#"
description
"=odd, ""quoted"""
"=odd, ""quoted"""
"=odd, ""quoted"""
"=odd, ""quoted"""
[exit 0]
"#);
    assert_snapshot!(look(&["bal", "--tag", "broker=zero"]), @r#"
Balances · as of 02-May-2026 · USD, AAPL
Account        Currency  Balance
assets:shares  AAPL            2
assets:usd     USD       -380.00
Total          USD       -380.00
Total          AAPL            2
[exit 0]
"#);
    assert_snapshot!(look(&["print", "-p", "2026-04-10"]), @r#"
2026-04-10 * buy
    ; broker:zero
    assets:shares                                       2 AAPL @ 190 USD
    assets:usd                                     -380.00 USD

[exit 0]
"#);
}

#[test]
fn a_journal_with_faults_is_refused_and_every_one_is_listed() {
    let env = TestEnv::new();
    env.write(
        "bad.journal",
        "2026-04-01 a\n  x  1\n  y  2\n2026-13-01 b\n  x  1\n  y\n",
    );
    let look = |words: &[&str]| told(&env.hissab(words));
    assert_snapshot!(look(&["-f", "bad.journal", "tb"]), @r#"
--- stderr
error: 2 things are wrong with the journals
   at bad.journal:1:1  2026-04-01 a: the transaction does not balance: it is off by 3
   at bad.journal:4:1  2026-13-01 b: there is no such date
 hint: debits (positive) and credits (negative) of a transaction sum to zero; leave one amount out to have it filled in
[exit 1]
"#);
    env.write("off.journal", "2026-04-01 a\n  x  1 = 2\n  y\n");
    assert_snapshot!(look(&["-f", "off.journal", "bal"]), @r#"
--- stderr
error: the balance of x should be 2  here, but it is 1
   at off.journal:2  a
 hint: correct what is before it, or read the journal all the same with -I
[exit 1]
"#);
    assert_snapshot!(look(&["-f", "off.journal", "-I", "bal", "-q"]), @r#"
Balances · as of 01-Apr-2026
Account  Balance
x              1
y             -1
Total          0
[exit 0]
"#);
    assert_snapshot!(look(&["-f", ".", "bal"]), @r#"
--- stderr
error: . is a folder, not a journal
[exit 1]
"#);
    assert_snapshot!(look(&["-f", "csv:x.csv", "bal"]), @r#"
--- stderr
error: -f does not read csv files: a statement is read into a book
 hint: hissab init BOOK.hissab
 hint: then: hissab -B BOOK.hissab import x.csv --account ACCOUNT
[exit 2]
"#);
    let fed = env.hissab_fed(
        "2026-04-01 a\n  x  1\n  y\n",
        ["-f", "-", "bal", "-O", "csv"],
    );
    assert_snapshot!(told(&fed), @r#"
account,currency,balance
x,,1
y,,-1
[exit 0]
"#);
}

#[test]
fn output_files_are_whole_or_not_there() {
    let env = shop();
    env.hissab(["bal", "exp", "-o", "out.tsv"]).ok();
    let written = std::fs::read_to_string(env.path("out.tsv")).unwrap();
    assert!(
        written.starts_with("account\tcurrency\tbalance\n"),
        "{written}"
    );
    env.hissab(["bal", "exp", "-o", "out.tsv", "--fields", "nothing"])
        .exits(2);
    assert_eq!(
        std::fs::read_to_string(env.path("out.tsv")).unwrap(),
        written
    );
    env.hissab(["bal", "-o", "none/out.csv"]).exits(6);
    assert_eq!(
        std::fs::read_dir(env.folder())
            .unwrap()
            .filter(|e| e
                .as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with("out"))
            .count(),
        1
    );
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
fn terminals_get_widths_and_pipes_do_not() {
    let env = shop();
    let long = "a description that is far longer than any terminal is wide, and goes on and on";
    let words = [
        "add",
        "-d",
        "2026-04-07",
        long,
        "--dr",
        "Expenses:Tea=1",
        "--cr",
        "Assets:Cash=1",
    ];
    env.hissab(words).ok();
    let run = env.hissab(["ledger", "tea", "-o", "wide.txt"]).ok();
    assert_eq!(run.stdout, "");
    let written = std::fs::read_to_string(env.path("wide.txt")).unwrap();
    assert!(written.lines().any(|line| line.contains(long)), "{written}");
    let piped = env.hissab(["ledger", "tea"]).ok();
    assert_eq!(piped.stdout, written);
}

#[test]
fn a_limited_ledger_counts_entries_and_still_adds_up() {
    let mut env = TestEnv::new();
    env.hissab(["init", "a.hissab"]).ok();
    env.set("HISSAB_BOOK", "a.hissab");
    let add = |words: &[&str]| {
        let mut line = vec!["add", "--create-accounts"];
        line.extend(words);
        env.hissab(line).ok();
    };
    add(&["-d", "2026-04-01", "a", "Assets:Cash", "10", "Income:X"]);
    // Three entries in one account.
    add(&[
        "-d",
        "2026-04-02",
        "b",
        "Assets:Cash",
        "1",
        "Assets:Cash",
        "2",
        "Assets:Cash",
        "3",
        "Income:X",
    ]);
    let ledger = |limit: &str, more: &[&str]| {
        let mut line = vec![
            "ledger",
            "cash",
            "--limit",
            limit,
            "-O",
            "csv",
            "--no-header",
        ];
        line.extend(["--fields", "row,debit,balance"]);
        line.extend(more);
        env.hissab(line).ok().stdout
    };
    assert_eq!(
        ledger("2", &[]),
        "opening,,11.00\nentry,2.00,13.00\nentry,3.00,16.00\nclosing,5.00,16.00\n"
    );
    assert_eq!(
        ledger("4", &[]),
        "opening,,0.00\nentry,10.00,10.00\nentry,1.00,11.00\nentry,2.00,13.00\nentry,3.00,16.00\nclosing,16.00,16.00\n"
    );
    let reversed = ledger("2", &["--reverse"]);
    assert!(
        reversed.contains("entry,3.00,16.00\nentry,2.00,13.00\n"),
        "{reversed}"
    );
    assert!(!reversed.contains("entry,1.00"), "{reversed}");
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
