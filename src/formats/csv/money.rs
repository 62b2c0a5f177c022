//! What a row moved: the amount model of a file, its decimal mark, and the signed amount of each row.

use rust_decimal::Decimal;

use super::amounts::{self, MarkEvidence, Side};
use super::body::BodyRow;
use super::columns::{Columns, Role};
use super::table::Table;
use crate::formats::fault::{Fault, Question};

/// What a column of fees does to the amount beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fees {
    /// Nothing: the amount is what moved.
    Within,
    /// The amount is before the fee, and the fee positive.
    TakenOff,
    /// The amount is before the fee, and the fee negative.
    Added,
}

/// Where a file says how much moved and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// One column, money in positive.
    Signed { amount: usize },
    /// One column, where only what came in is marked, with `CR` or a plus: a card's.
    Marked { amount: usize },
    /// One column and another that says which way.
    Sided {
        amount: usize,
        side: usize,
        signed_too: bool,
        /// What a row without a side is, where only one of the two is ever printed.
        unsaid: Option<Side>,
        /// Credits are printed negative, and debits positive: a card's, as its issuer sees it.
        turned: bool,
    },
    /// As `Sided`, with rows that say neither (a transfer between own wallets, a refund): each is refused where it is
    /// read, for nothing of it says which way its money went.
    PartlySided { amount: usize, side: usize },
    /// A column each way; at most one is filled.
    Two {
        out: Option<usize>,
        into: Option<usize>,
        out_is_negative: bool,
        /// Payments to a card are printed as negative credits.
        into_is_negative: bool,
    },
}

/// The model of a file. A column of sides counts only if every row says one, or all that say one say the same
/// (cards print `CR` beside payments, and nothing beside what was bought).
pub fn model(table: &Table<'_>, rows: &[BodyRow], columns: &Columns) -> Result<Model, Fault> {
    let (out, into) = (columns.get(Role::Out), columns.get(Role::In));
    if out.is_some() || into.is_some() {
        let out_is_negative = out.is_some_and(|out| all_negative(table, rows, out));
        // With a running balance the balance tells; without one, a file whose credits are all negative is a card's.
        let into_is_negative = out.is_some()
            && columns.get(Role::Balance).is_none()
            && into.is_some_and(|into| all_negative(table, rows, into));
        return Ok(Model::Two {
            out,
            into,
            out_is_negative,
            into_is_negative,
        });
    }
    let Some(amount) = columns.get(Role::Amount) else {
        return Err(Fault::file("not-a-statement", "no column holds amounts"));
    };
    let alone = if marks_income(table, rows, amount) {
        Model::Marked { amount }
    } else {
        Model::Signed { amount }
    };
    let Some(side) = columns.get(Role::Side) else {
        return Ok(alone);
    };
    if is_same_word(table, rows, side)
        && (has_both_signs(table, rows, amount) || is_kind(table, rows, side))
    {
        return Ok(alone);
    }
    let every = rows
        .iter()
        .all(|r| amounts::side(table.cell(r.row, side)).is_some());
    let unsaid = unsaid_side(table, rows, amount, side);
    let of_sides = || {
        let said = columns.said && alone == Model::Signed { amount };
        says_sides(table, rows, amount, side) || said && !is_signed(table, rows, amount)
    };
    if !every && unsaid.is_none() && of_sides() {
        return Ok(Model::PartlySided { amount, side });
    }
    Ok(if every || unsaid.is_some() {
        Model::Sided {
            amount,
            side,
            signed_too: every && signs_agree(table, rows, amount, side),
            unsaid,
            turned: every && signs_turned(table, rows, amount, side),
        }
    } else {
        alone
    })
}

/// True if some amount has a minus.
fn is_signed(table: &Table<'_>, rows: &[BodyRow], amount: usize) -> bool {
    rows.iter()
        .filter_map(|r| amounts::scan(table.cell(r.row, amount)))
        .any(|s| s.negative)
}

/// True if some amounts are marked as money in, others not at all, and none as money out.
fn marks_income(table: &Table<'_>, rows: &[BodyRow], amount: usize) -> bool {
    let (mut marked, mut bare) = (false, false);
    for row in rows {
        let Some(scanned) = amounts::scan(table.cell(row.row, amount)) else {
            continue;
        };
        if scanned.negative || scanned.side == Some(Side::Out) {
            return false;
        }
        if scanned.is_zero() {
            continue;
        }
        let is_marked = scanned.plus || scanned.side.is_some();
        marked |= is_marked;
        bare |= !is_marked;
    }
    marked && bare
}

/// True if every row says the same, and not debit or credit: Venmo calls all a payment, what came in too.
fn is_same_word(table: &Table<'_>, rows: &[BodyRow], side: usize) -> bool {
    let mut words = rows.iter().map(|r| table.cell(r.row, side));
    let first = words.next().unwrap_or("");
    spelled_side(first).is_none() && words.all(|word| word == first)
}

/// True of a word that is a shop's income as well as a buyer's expense: alone it says nothing.
pub fn is_kind(table: &Table<'_>, rows: &[BodyRow], side: usize) -> bool {
    rows.iter()
        .all(|r| table.cell(r.row, side).eq_ignore_ascii_case("payment"))
}

fn has_both_signs(table: &Table<'_>, rows: &[BodyRow], amount: usize) -> bool {
    let signs = rows
        .iter()
        .filter_map(|r| amounts::scan(table.cell(r.row, amount)))
        .map(|s| s.negative);
    let (out, into): (Vec<bool>, Vec<bool>) = signs.partition(|negative| *negative);
    !out.is_empty() && !into.is_empty()
}

/// True where no amount has a sign and rows say debit and credit: then each must say one.
fn says_sides(table: &Table<'_>, rows: &[BodyRow], amount: usize, side: usize) -> bool {
    let signed = |r: &BodyRow| amounts::scan(table.cell(r.row, amount)).is_some_and(|s| s.negative);
    let says = |wanted: Side| {
        let mut cells = rows.iter().map(|r| table.cell(r.row, side));
        cells.any(|cell| amounts::side(cell) == Some(wanted))
    };
    let spelled = |r: &BodyRow| spelled_side(table.cell(r.row, side)).is_some();
    let said = rows.iter().any(spelled) || says(Side::Out) && says(Side::In);
    let without = rows.iter().any(|r| {
        amounts::side(table.cell(r.row, side)).is_none()
            && !amounts::is_blank(table.cell(r.row, amount))
    });
    without && said && !rows.iter().any(signed)
}

/// The side of a cell that says debit or credit and nothing else.
fn spelled_side(cell: &str) -> Option<Side> {
    let bare = cell.trim_end_matches('.').to_ascii_lowercase();
    matches!(&*bare, "dr" | "cr" | "d" | "c" | "k" | "debit" | "credit")
        .then(|| amounts::side(cell))
        .flatten()
}

/// The side of rows that print none, where every other row prints the same one and no amount has a sign.
fn unsaid_side(table: &Table<'_>, rows: &[BodyRow], amount: usize, side: usize) -> Option<Side> {
    let mut said: Option<Side> = None;
    let mut blanks = 0usize;
    for row in rows {
        let cell = table.cell(row.row, side);
        if amounts::scan(table.cell(row.row, amount)).is_some_and(|s| s.negative) {
            return None;
        }
        if cell.is_empty() {
            blanks += 1;
            continue;
        }
        let this = spelled_side(cell)?;
        if said.is_some_and(|other| other != this) {
            return None;
        }
        said = Some(this);
    }
    match said.filter(|_| blanks > 0)? {
        Side::Out => Some(Side::In),
        Side::In => Some(Side::Out),
    }
}

fn all_negative(table: &Table<'_>, rows: &[BodyRow], column: usize) -> bool {
    let mut any = false;
    rows.iter()
        .filter_map(|r| amounts::scan(table.cell(r.row, column)))
        .filter(|s| !s.is_zero())
        .all(|s| {
            any = true;
            s.negative
        })
        && any
}

/// True if the amounts carry signs that say the same as the sides: then the side adds nothing.
fn signs_agree(table: &Table<'_>, rows: &[BodyRow], amount: usize, side: usize) -> bool {
    let (mut agree, mut differ, mut negative) = (0usize, 0usize, false);
    for row in rows {
        let Some(scanned) = amounts::scan(table.cell(row.row, amount)) else {
            continue;
        };
        negative |= scanned.negative;
        match amounts::side(table.cell(row.row, side)) {
            Some(Side::Out) if scanned.negative => agree += 1,
            Some(Side::In) if !scanned.negative => agree += 1,
            _ => differ += 1,
        }
    }
    negative && agree > differ
}

/// True if every credit is negative, and no debit.
fn signs_turned(table: &Table<'_>, rows: &[BodyRow], amount: usize, side: usize) -> bool {
    let mut credits = 0usize;
    rows.iter().all(|row| {
        let scanned = amounts::scan(table.cell(row.row, amount));
        let negative = scanned.is_some_and(|s| s.negative);
        let credit = amounts::side(table.cell(row.row, side)) == Some(Side::In);
        credits += usize::from(credit && negative);
        negative == credit || scanned.is_none()
    }) && credits > 0
}

/// The decimal mark of a file: what its numbers say, else what somebody or its layout says, else what
/// its currency's home writes.
pub fn decimal_mark(
    table: &Table<'_>,
    rows: &[BodyRow],
    columns: &Columns,
    said: Option<char>,
    usual: Option<char>,
) -> Result<char, Fault> {
    let mut sure: [Option<(usize, usize)>; 2] = [None, None];
    let mut either: Option<(usize, usize, char)> = None;
    for row in rows {
        for column in columns.money() {
            let Some(scanned) = amounts::scan(table.cell(row.row, column)) else {
                continue;
            };
            match amounts::evidence(scanned.number) {
                MarkEvidence::Mark('.') => sure[0] = sure[0].or(Some((row.row, column))),
                MarkEvidence::Mark(_) => sure[1] = sure[1].or(Some((row.row, column))),
                MarkEvidence::Either(mark) => either = either.or(Some((row.row, column, mark))),
                MarkEvidence::None => {}
            }
        }
    }
    match (said, sure) {
        (Some(mark), _) => Ok(mark),
        (None, [Some(_), None]) => Ok('.'),
        (None, [None, Some(_)]) => Ok(','),
        (None, [Some((row, column)), Some((other, other_column))]) => {
            let why = format!(
                "amounts disagree on the decimal mark: {:?} here, {:?} on line {}",
                table.cell(row, column),
                table.cell(other, other_column),
                table.line(other)
            );
            Err(table.fault(row, column, "mixed-decimal-marks", why).hint(
                "correct the file, or say which is right: --decimal-mark . or --decimal-mark ,",
            ))
        }
        (None, [None, None]) => match (either, usual) {
            (None, usual) => Ok(usual.unwrap_or('.')),
            (Some(_), Some(usual)) => Ok(usual),
            (Some((row, column, _)), None) => {
                let sample = table.cell(row, column).to_owned();
                let why = format!(
                    "{sample:?} can be read with a decimal mark or with thousands, and no amount of the file says which"
                );
                Err(table
                    .fault(row, column, "ambiguous-decimal-mark", why)
                    .hint("say which: --decimal-mark . or --decimal-mark ,")
                    .ask(Question::DecimalMark { sample }))
            }
        },
    }
}

/// What one row says of money.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved<'a> {
    /// Money in positive.
    pub amount: Decimal,
    pub balance: Option<Decimal>,
    /// The currency printed beside the amount.
    pub currency: Option<&'a str>,
    /// True if no cell held an amount: only a balance, as in a row "Opening balance".
    pub silent: bool,
}

/// Reads amounts of one table with one decimal mark.
pub struct Reader<'a, 'b> {
    pub table: &'a Table<'b>,
    pub columns: &'a Columns,
    pub model: Model,
    pub mark: char,
    pub fees: Fees,
}

impl<'a> Reader<'a, '_> {
    pub fn read(&self, row: usize) -> Result<Moved<'a>, Fault> {
        let mut moved = match self.model {
            Model::Signed { amount } => self.signed(row, amount, false)?,
            Model::Marked { amount } => {
                let mut moved = self.signed(row, amount, false)?;
                let marked = amounts::scan(self.table.cell(row, amount))
                    .is_some_and(|s| s.plus || s.side.is_some());
                if !marked {
                    moved.amount = -moved.amount;
                }
                moved
            }
            Model::Sided {
                amount,
                side,
                signed_too,
                unsaid,
                turned,
            } => {
                // The column of sides speaks; where its cell is empty, the amount's own `Dr`: never one after the other.
                let mut moved = self.signed(row, amount, true)?;
                let beside = amounts::scan(self.table.cell(row, amount)).and_then(|s| s.side);
                let said = amounts::side(self.table.cell(row, side));
                let said = said.or(beside).or(unsaid);
                if turned || !signed_too && said == Some(Side::Out) {
                    moved.amount = -moved.amount;
                }
                moved
            }
            Model::PartlySided { amount, side } => {
                let mut moved = self.signed(row, amount, true)?;
                let beside = amounts::scan(self.table.cell(row, amount)).and_then(|s| s.side);
                match amounts::side(self.table.cell(row, side)).or(beside) {
                    Some(Side::Out) => moved.amount = -moved.amount,
                    Some(Side::In) => {}
                    None if moved.amount.is_zero() => {}
                    None => return Err(self.neither(row, side)),
                }
                moved
            }
            Model::Two {
                out,
                into,
                out_is_negative,
                into_is_negative,
            } => self.two(row, (out, out_is_negative), (into, into_is_negative))?,
        };
        if let Some(column) = self.columns.get(Role::Fee) {
            let fee = || {
                Ok(self
                    .cell(row, column)?
                    .map_or(Decimal::ZERO, |(fee, _)| fee))
            };
            let net = match self.fees {
                Fees::Within => Some(moved.amount),
                Fees::TakenOff => moved.amount.checked_sub(fee()?),
                Fees::Added => moved.amount.checked_add(fee()?),
            };
            moved.amount = net.ok_or_else(|| self.too_large(row, column))?;
        }
        moved.balance = self.balance(row)?;
        Ok(moved)
    }

    fn signed(&self, row: usize, column: usize, ignore_side: bool) -> Result<Moved<'a>, Fault> {
        let Some((amount, scanned)) = self.cell(row, column)? else {
            return Ok(Moved {
                amount: Decimal::ZERO,
                balance: None,
                currency: None,
                silent: true,
            });
        };
        let out = !ignore_side && scanned.side == Some(Side::Out);
        Ok(Moved {
            amount: if out { -amount } else { amount },
            balance: None,
            currency: scanned.currency,
            silent: false,
        })
    }

    fn two(
        &self,
        row: usize,
        (out, out_is_negative): (Option<usize>, bool),
        (into, into_is_negative): (Option<usize>, bool),
    ) -> Result<Moved<'a>, Fault> {
        let read = |column: Option<usize>| column.map_or(Ok(None), |c| self.cell(row, c));
        let (paid, received) = (read(out)?, read(into)?);
        let silent = paid.is_none() && received.is_none();
        let nonzero =
            |found: Option<(Decimal, amounts::Scanned<'a>)>| found.filter(|(a, _)| !a.is_zero());
        let (amount, scanned) = match (nonzero(paid), nonzero(received)) {
            (None, None) => (Decimal::ZERO, None),
            (Some((paid, scanned)), None) => {
                (if out_is_negative { paid } else { -paid }, Some(scanned))
            }
            (None, Some((received, scanned))) => (
                if into_is_negative {
                    -received
                } else {
                    received
                },
                Some(scanned),
            ),
            (Some(_), Some(_)) => {
                let why = "money both in and out on one row";
                let column = into.unwrap_or(0);
                return Err(self
                    .table
                    .fault(row, column, "both-sides", why)
                    .hint("leave one of the two amounts empty"));
            }
        };
        let of_out = nonzero(paid).is_some();
        let other = if of_out { Side::In } else { Side::Out };
        if scanned.is_some_and(|s| s.side == Some(other)) {
            let column = if of_out { out } else { into }.unwrap_or(0);
            let (is, says) = if of_out {
                ("out", "credit")
            } else {
                ("in", "debit")
            };
            let why = format!("the column is of money {is}, and its cell says {says}");
            return Err(self
                .table
                .fault(row, column, "both-sides", why)
                .hint("move the amount to the other column, or take the letters away"));
        }
        let currency = scanned.and_then(|s| s.currency);
        Ok(Moved {
            amount,
            balance: None,
            currency,
            silent,
        })
    }

    fn balance(&self, row: usize) -> Result<Option<Decimal>, Fault> {
        let Some(column) = self.columns.get(Role::Balance) else {
            return Ok(None);
        };
        let Some((balance, scanned)) = self.cell(row, column)? else {
            return Ok(None);
        };
        let beside = self
            .columns
            .get(Role::BalanceSide)
            .and_then(|c| amounts::side(self.table.cell(row, c)));
        let overdrawn = scanned.side.or(beside) == Some(Side::Out);
        Ok(Some(if overdrawn { -balance.abs() } else { balance }))
    }

    /// The signed amount of a cell; `None` if it is blank.
    fn cell(
        &self,
        row: usize,
        column: usize,
    ) -> Result<Option<(Decimal, amounts::Scanned<'a>)>, Fault> {
        let text = self.table.cell(row, column);
        if amounts::is_blank(text) {
            return Ok(None);
        }
        let unreadable = || {
            let fault = self.table.fault(
                row,
                column,
                "unreadable-amount",
                format!("cannot read an amount in {text:?}"),
            );
            let width = self.columns.names.len();
            let filled = |column: &usize| !self.table.cell(row, *column).is_empty();
            let extra = (width..self.table.width(row)).filter(filled).count();
            if width > 0 && extra > 0 {
                return fault.hint(format!("the row has {extra} more cells than the header: put the text with the delimiter in it in quotes"));
            }
            fault.hint(format!(
                "correct the line; the decimal mark of the file is {:?}",
                self.mark
            ))
        };
        let scanned = amounts::scan(text).ok_or_else(unreadable)?;
        let value = amounts::value(scanned.number, self.mark).ok_or_else(unreadable)?;
        Ok(Some((
            if scanned.negative { -value } else { value },
            scanned,
        )))
    }

    /// A row that says neither money in nor out, and what to do with it.
    fn neither(&self, row: usize, side: usize) -> Fault {
        let cell = self.table.cell(row, side);
        let why = match cell {
            "" => "the row says neither money in nor money out".to_owned(),
            cell => format!("{cell:?} is neither money in nor money out"),
        };
        let word = |wanted: Side, usual: &'static str| {
            let words = (0..self.table.len()).map(|r| self.table.cell(r, side));
            let mut words = words.filter(|word| amounts::side(word) == Some(wanted));
            words.next().unwrap_or(usual).to_owned()
        };
        let (into, out) = (word(Side::In, "CR"), word(Side::Out, "DR"));
        let pattern = regex::escape(cell);
        self.table
            .fault(row, side, "direction-unsaid", why)
            .hint(format!(
                "write {into} or {out} there, as the account's own statement has it; or leave such rows out by --rules FILE with the lines \"if %{} ^{pattern}$\" and \"  skip\"",
                side + 1
            ))
    }

    fn too_large(&self, row: usize, column: usize) -> Fault {
        self.table.fault(
            row,
            column,
            "unreadable-amount",
            "the amount is larger than hissab can hold",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Options, read};

    fn amounts(text: &str) -> Result<Vec<String>, &'static str> {
        let statement = read(text.as_bytes(), &Options::default(), None).map_err(|f| f.code)?;
        Ok(statement
            .rows
            .iter()
            .map(|row| row.amount.to_string())
            .collect())
    }

    #[test]
    fn a_side_said_twice_is_said_once() {
        let text =
            "Date,Description,Amount,Dr / Cr\n02/04/2026,a,5.00 Dr,DR\n13/04/2026,b,7.00 Cr,CR\n";
        assert_eq!(amounts(text).unwrap(), ["-5.00", "7.00"]);
        let text = "Date,Description,Debit,Credit\n02/04/2026,a,5.00 Dr,\n13/04/2026,b,,7.00 Cr\n";
        assert_eq!(amounts(text).unwrap(), ["-5.00", "7.00"]);
        let text = "Date,Description,Debit,Credit\n02/04/2026,a,5.00 Cr,\n13/04/2026,b,,7.00\n";
        assert_eq!(amounts(text), Err("both-sides"));
    }

    #[test]
    fn a_side_left_blank_is_the_other_one() {
        let text = "Date,Description,Amount,Dr / Cr\n02/04/2026,a,5.00,\n13/04/2026,b,7.00,CR\n";
        assert_eq!(amounts(text).unwrap(), ["-5.00", "7.00"]);
        let text = "Date,Description,Amount,Dr / Cr\n02/04/2026,a,5.00,\n13/04/2026,b,7.00,DR\n";
        assert_eq!(amounts(text).unwrap(), ["5.00", "-7.00"]);
        // Signs say it already.
        let text = "Date,Description,Amount,Type\n02/04/2026,a,-5.00,\n13/04/2026,b,7.00,CR\n";
        assert_eq!(amounts(text).unwrap(), ["-5.00", "7.00"]);
    }

    #[test]
    fn amounts_that_mark_only_what_came_in_went_out_elsewhere() {
        let marked = |mark: &str| {
            format!(
                "Date,Description,Amount\n02/04/2026,a,5.00\n13/04/2026,b,{mark}\n14/04/2026,c,9.00\n15/04/2026,d,0.00\n"
            )
        };
        for mark in ["7.00CR", "7.00 Cr", "+7.00", "\"+ £7.00\""] {
            let read = amounts(&marked(mark)).unwrap();
            assert_eq!(read, ["-5.00", "7.00", "-9.00"], "{mark}");
        }
        // Debits marked leave credits bare; a minus anywhere says the rest is money in.
        assert_eq!(
            amounts(&marked("7.00DR")).unwrap(),
            ["5.00", "-7.00", "9.00"]
        );
        let text = marked("+7.00").replace("9.00", "-9.00");
        assert_eq!(amounts(&text).unwrap(), ["5.00", "7.00", "-9.00"]);
        // The balance agrees.
        let text = "Date,Description,Amount,Balance\n02/04/2026,a,5.00,95.00\n13/04/2026,b,7.00CR,102.00\n14/04/2026,c,9.00,93.00\n";
        assert_eq!(amounts(text).unwrap(), ["-5.00", "7.00", "-9.00"]);
        // A column without a name that says it.
        let text = "Date,Description,Amount,\n02/04/2026,a,5.00,\n13/04/2026,b,7.00,CR\n14/04/2026,c,9.00,\n";
        assert_eq!(amounts(text).unwrap(), ["-5.00", "7.00", "-9.00"]);
    }

    #[test]
    fn what_a_card_charges_went_out_and_what_it_takes_back_came_in() {
        for head in ["סכום חיוב", "Charged amount", "Funds Out"] {
            let text = format!("Date,Description,{head}\n13/04/2026,a,5.00\n14/04/2026,b,-2.00\n");
            assert_eq!(amounts(&text).unwrap(), ["-5.00", "2.00"], "{head}");
        }
        let itau = "data,lançamento,valor\n2026-04-08,CAFE,26.06\n2026-04-07,PAO,15.10\n2026-04-01,PAGAMENTO EFETUADO,-75.69\n";
        assert_eq!(amounts(itau), Err("direction-unsaid"));
    }

    #[test]
    fn two_amounts_named_by_their_sides_are_two_columns() {
        let text = "记账日期,摘要,交易金额(收入),交易金额(支出),记账金额(收入),记账金额(支出)\n2026-04-13,茶,,9.00,,5.00\n2026-04-14,还款,2.00,,1.00,\n";
        assert_eq!(amounts(text).unwrap(), ["-5.00", "1.00"]);
        let text = "거래 일시,적요,거래 금액,거래 후 잔액\n2026.04.13 10:00:00,차,-300,700\n2026.04.14 10:00:00,급여,500,1200\n";
        assert_eq!(amounts(text).unwrap(), ["-300", "500"]);
    }

    #[test]
    fn a_fee_of_the_oldest_row_alone_is_told_of() {
        let read_notes = |text: &str| {
            let statement = read(text.as_bytes(), &Options::default(), None).unwrap();
            let notes = statement.notes.iter();
            notes.filter(|n| n.text.contains("oldest row")).count()
        };
        let text = "Date,Description,Money In,Money Out,Fee,Balance\n2026-04-13,a,,-12.30,-1.00,986.70\n2026-04-14,b,100.00,,,1086.70\n";
        assert_eq!(read_notes(text), 1);
        let without = text.replace("-1.00", "");
        assert_eq!(read_notes(&without), 0);
        // The balance after a later row shows it.
        let later = format!("{text}2026-04-15,c,,-6.70,-1.00,1079.00\n");
        assert_eq!(read_notes(&later), 0);
    }

    #[test]
    fn blank_cells_past_the_header_are_no_reason() {
        let text = "Date,Description,Amount\n2026-04-13,a,-5.00,\n2026-04-14,b,7(2),\n";
        let fault = read(text.as_bytes(), &Options::default(), None).unwrap_err();
        let hint = fault.hint.unwrap();
        assert!(hint.starts_with("correct the line"), "{hint}");
    }

    #[test]
    fn a_column_said_to_hold_sides_must_hold_them() {
        let text = "Date,Description,Amount,Flow\n02/04/2026,a,5.00,O\n13/04/2026,b,7.00,I\n";
        let options = Options {
            columns: Some(super::Columns::from_list("date,description,amount,side").unwrap()),
            ..Options::default()
        };
        let fault = read(text.as_bytes(), &options, None).unwrap_err();
        assert_eq!((fault.code, fault.line), ("direction-unsaid", Some(2)));
        let text = text.replace("5.00", "-5.00");
        let statement = read(text.as_bytes(), &options, None).unwrap();
        assert_eq!(statement.rows[1].amount.to_string(), "7.00");
    }

    #[test]
    fn where_both_sides_are_said_each_row_says_one() {
        let text = "Date,Description,Amount,Dr / Cr\n02/04/2026,a,5.00,DR\n13/04/2026,b,7.00,CR\n14/04/2026,c,9.00,\n";
        assert_eq!(amounts(text), Err("direction-unsaid"));
    }

    #[test]
    fn a_row_that_says_neither_side_is_refused_by_itself() {
        let wechat = "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式\n\
            2026-04-05 12:00:01,商户消费,茶馆,茶,支出,¥12.50,零钱\n\
            2026-04-06 09:00:00,微信红包,张三,/,收入,¥5.00,/\n\
            2026-04-07 10:00:00,零钱提现,招商银行,/,/,¥100.00,招商银行\n";
        let alipay = wechat.replace("/,/,¥", "/,不计收支,¥");
        for (text, word, sign) in [(wechat, "/", "/"), (&*alipay, "不计收支", "不计收支")] {
            let fault = read(text.as_bytes(), &Options::default(), None).unwrap_err();
            assert_eq!((fault.code, fault.line), ("direction-unsaid", Some(4)));
            assert!(fault.why.contains(word), "{}", fault.why);
            let hint = fault.hint.unwrap();
            assert!(hint.starts_with("write 收入 or 支出 there"), "{hint}");
            let lines = format!("\"if %5 ^{sign}$\" and \"  skip\"");
            assert!(hint.contains(&lines), "{hint}");
            // What the hint says gets past it, and nothing is turned round.
            let mut rules =
                crate::formats::rules::tests::read(&format!("if %5 ^{sign}$\n  skip\n"));
            let read = read(text.as_bytes(), &Options::default(), Some(&mut rules)).unwrap();
            let amounts: Vec<String> = read.rows.iter().map(|r| r.amount.to_string()).collect();
            assert_eq!(amounts, ["-12.50", "5.00"]);
        }
        let said = wechat.replace("/,/,¥", "/,支出,¥");
        assert_eq!(amounts(&said).unwrap(), ["-12.50", "5.00", "-100.00"]);
    }

    #[test]
    fn negative_credits_are_a_cards_unless_a_balance_says_otherwise() {
        let text = "Date,Description,Debit,Credit\n02/04/2026,a,5.00,\n13/04/2026,b,,-7.00\n";
        assert_eq!(amounts(text).unwrap(), ["-5.00", "7.00"]);
        let text = "Date,Description,Debit,Credit,Balance\n02/04/2026,a,5.00,,95.00\n13/04/2026,b,,-7.00,88.00\n";
        assert_eq!(amounts(text).unwrap(), ["-5.00", "-7.00"]);
    }
}
