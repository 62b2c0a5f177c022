//! Reads single query terms: `acct:food`, `amt:>100`, `type:AL`, `tag:project=blue`.

use regex::RegexBuilder;
use rust_decimal::Decimal;

use super::account::{AccountType, Kind};
use super::amount_text::{is_currency_sign, parse_amount_or_zero};
use super::date_text::DateContext;
use super::period::{self, PeriodExpression};
use super::query::{AmountTest, Comparison, Filter, LiteralFilters, Pattern, Term, Test, TypeTest};
use super::query_problem::{QueryError, QueryProblem};
use super::transaction::{Status, Voucher};

/// The prefixes of terms, `not:`, `expr:`, `any:` and `all:` aside. `sym:` is `cur:`.
pub(super) const PREFIXES: [&str; 16] = [
    "acct", "desc", "payee", "note", "code", "cur", "sym", "amt", "date", "date2", "depth", "tag",
    "type", "status", "voucher", "real",
];

/// A term, or a date whose interval matters too.
pub(super) enum Read {
    Test(Test),
    Period(PeriodExpression),
}

/// Splits `prefix:rest` if the prefix is one of `known`, in any case.
pub(super) fn split_prefix<'t>(
    text: &'t str,
    known: &[&'static str],
) -> Option<(&'static str, &'t str)> {
    let (prefix, rest) = text.split_once(':')?;
    known
        .iter()
        .find(|name| prefix.eq_ignore_ascii_case(name))
        .map(|name| (*name, rest))
}

/// Reads a term without `not:`.
pub(super) fn read(text: &str, ctx: &DateContext) -> Result<Read, QueryError> {
    let (prefix, argument) = split_prefix(text, &PREFIXES).unwrap_or(("acct", text));
    read_as(prefix, argument, ctx).map_err(|problem| QueryError {
        term: text.to_string(),
        problem,
    })
}

fn read_as(prefix: &str, argument: &str, ctx: &DateContext) -> Result<Read, QueryProblem> {
    Ok(Read::Test(match prefix {
        "desc" => Test::Description(pattern(argument)?),
        "payee" => Test::Payee(pattern(argument)?),
        "note" => Test::Note(pattern(argument)?),
        "code" => Test::Code(pattern(argument)?),
        "cur" | "sym" => Test::Currency(whole_pattern(argument)?),
        "amt" => Test::Amount(amount_test(argument)?),
        "date" => return period_of(argument, ctx).map(Read::Period),
        "date2" => Test::Date2(period_of(argument, ctx)?.period),
        "depth" => depth(argument)?,
        "tag" => tag(argument)?,
        "type" => Test::Type(types(argument)?),
        "status" => Test::Status(status(argument)?),
        "voucher" => Test::Voucher(vouchers(argument)?),
        "real" => Test::Real(real(argument)?),
        _ => Test::Account(pattern(argument)?),
    }))
}

/// A case-insensitive pattern that matches anywhere.
pub(super) fn pattern(text: &str) -> Result<Pattern, QueryProblem> {
    compile(text, text)
}

/// A pattern for all of a text. A lone sign such as `$` stands for itself, so that nobody has to escape it.
fn whole_pattern(text: &str) -> Result<Pattern, QueryProblem> {
    let escaped = if text.chars().all(is_currency_sign) {
        regex::escape(text)
    } else {
        text.to_string()
    };
    compile(text, &format!("^(?:{escaped})$"))
}

fn compile(text: &str, expression: &str) -> Result<Pattern, QueryProblem> {
    let built = RegexBuilder::new(expression)
        .case_insensitive(true)
        .size_limit(1 << 20)
        .build();
    match built {
        Ok(regex) => Ok(Pattern {
            text: text.to_string(),
            regex,
        }),
        Err(error) => {
            let message = error.to_string();
            let reason = message
                .lines()
                .last()
                .unwrap_or("")
                .trim_start_matches("error: ")
                .to_string();
            Err(QueryProblem::Pattern {
                text: text.to_string(),
                reason,
            })
        }
    }
}

fn period_of(argument: &str, ctx: &DateContext) -> Result<PeriodExpression, QueryProblem> {
    period::period_expression(argument, ctx).map_err(QueryProblem::Date)
}

/// `>100`, `<=-5`, `=+0.23`, `100`: signed if a sign is written or it is zero, else by magnitude (hledger).
fn amount_test(argument: &str) -> Result<AmountTest, QueryProblem> {
    let text = argument.trim();
    let operators = [
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
        ("=", Comparison::Equal),
        ("", Comparison::Equal),
    ];
    let found = operators
        .iter()
        .find_map(|(sign, comparison)| Some((text.strip_prefix(sign)?, *comparison)));
    let (number, comparison) = found.unwrap_or((text, Comparison::Equal));
    // hledger allows "> - 5".
    let number = match number.trim_start().split_at_checked(1) {
        Some((sign @ ("+" | "-"), rest)) => format!("{sign}{}", rest.trim_start()),
        _ => number.trim_start().to_string(),
    };
    let typed = parse_amount_or_zero(&number).map_err(QueryProblem::Amount)?;
    if typed.commodity.is_some() || typed.side.is_some() {
        return Err(QueryProblem::AmountWithCurrency);
    }
    // hledger: a magnitude is never below zero, so zero compares with the sign unless for equality, where both agree.
    let signed = number.starts_with(['+', '-']) || typed.amount.is_zero();
    amount_of(typed.amount, comparison, signed)
}

fn amount_of(
    amount: Decimal,
    comparison: Comparison,
    signed: bool,
) -> Result<AmountTest, QueryProblem> {
    const MANTISSA_MAX: u128 = 10u128.pow(24);
    let amount = amount.normalize();
    if amount.scale() > 12 || amount.mantissa().unsigned_abs() > MANTISSA_MAX {
        return Err(QueryProblem::AmountTooLarge);
    }
    Ok(AmountTest {
        comparison,
        amount,
        signed,
    })
}

/// `2`, `assets=2`.
fn depth(argument: &str) -> Result<Test, QueryProblem> {
    let (name, number) = match argument.rsplit_once('=') {
        Some((name, number)) => (Some(name), number),
        None => (None, argument),
    };
    let depth = number.trim().parse().map_err(|_| QueryProblem::Depth)?;
    Ok(Test::Depth(name.map(pattern).transpose()?, depth))
}

/// `name`, `name=value`: both patterns.
fn tag(argument: &str) -> Result<Test, QueryProblem> {
    let (name, value) = match argument.split_once('=') {
        Some((name, value)) => (name, Some(pattern(value)?)),
        None => (argument, None),
    };
    Ok(Test::Tag {
        name: pattern(name)?,
        value,
    })
}

/// Words, or hledger's letters in any number: `cash`, `bank,cash`, `AL`, `x`.
fn types(argument: &str) -> Result<Vec<TypeTest>, QueryProblem> {
    let mut tests = Vec::new();
    for word in argument.split(',').map(str::trim) {
        match type_word(word) {
            Some(test) => tests.push(test),
            None => {
                for letter in word.chars() {
                    let unknown = || QueryProblem::Type(word.to_string());
                    tests.push(type_letter(letter).ok_or_else(unknown)?);
                }
            }
        }
    }
    if tests.is_empty() {
        Err(QueryProblem::Type(argument.to_string()))
    } else {
        Ok(tests)
    }
}

fn type_word(word: &str) -> Option<TypeTest> {
    let word = word.to_lowercase();
    match word.as_str() {
        "revenue" => Some(TypeTest::Kind(Kind::Income)),
        "conversion" => Some(TypeTest::Conversion),
        _ => AccountType::from_word(&word)
            .map(TypeTest::Type)
            .or_else(|| Kind::from_word(&word).map(TypeTest::Kind)),
    }
}

fn type_letter(letter: char) -> Option<TypeTest> {
    Some(match letter.to_ascii_uppercase() {
        'A' => TypeTest::Kind(Kind::Asset),
        'L' => TypeTest::Kind(Kind::Liability),
        'E' => TypeTest::Kind(Kind::Equity),
        'R' => TypeTest::Kind(Kind::Income),
        'X' => TypeTest::Kind(Kind::Expense),
        'C' => TypeTest::Liquid,
        'V' => TypeTest::Conversion,
        _ => return None,
    })
}

fn status(argument: &str) -> Result<Status, QueryProblem> {
    match argument {
        "1" => Ok(Status::Cleared),
        "0" => Ok(Status::Unmarked),
        word => Status::from_word(&word.to_lowercase())
            .ok_or_else(|| QueryProblem::Status(word.to_string())),
    }
}

fn vouchers(argument: &str) -> Result<Vec<Voucher>, QueryProblem> {
    let voucher = |word: &str| {
        let plain = word.trim().to_lowercase().replace([' ', '_'], "-");
        Voucher::from_word(&plain).ok_or_else(|| QueryProblem::Voucher(word.trim().to_string()))
    };
    argument.split(',').map(voucher).collect()
}

fn real(argument: &str) -> Result<bool, QueryProblem> {
    match argument {
        "" | "1" => Ok(true),
        "0" => Ok(false),
        _ => Err(QueryProblem::Real),
    }
}

/// Literal flags as a filter: alternatives within a flag, all flags together.
pub(super) fn literal_filter(filters: &LiteralFilters) -> Result<Filter, QueryError> {
    let term = |source: String, test: Test| Filter::Term(Box::new(Term { source, test }));
    let mut parts = Vec::new();
    let mut add = |alternatives: Vec<Filter>| match alternatives.len() {
        0 => {}
        1 => parts.extend(alternatives),
        _ => parts.push(Filter::Or(alternatives)),
    };
    let each = |flag: &str, names: &[String], test: fn(String) -> Test| -> Vec<Filter> {
        names
            .iter()
            .map(|name| term(format!("--{flag} {name}"), test(name.clone())))
            .collect()
    };
    add(each("account", &filters.accounts, Test::AccountWithin));
    add(each("payee", &filters.payees, Test::PayeeIs));
    add(each("currency", &filters.currencies, Test::CurrencyIs));
    if !filters.vouchers.is_empty() {
        add(vec![term(
            "--voucher".into(),
            Test::Voucher(filters.vouchers.clone()),
        )]);
    }
    add(filters
        .statuses
        .iter()
        .map(|status| term(format!("--status {status}"), Test::Status(*status)))
        .collect());
    let tags = filters.tags.iter().map(|(name, value)| {
        let source = format!(
            "--tag {name}{}",
            value.as_ref().map(|v| format!("={v}")).unwrap_or_default()
        );
        (
            name.to_lowercase(),
            term(
                source,
                Test::TagIs {
                    name: name.clone(),
                    value: value.clone(),
                },
            ),
        )
    });
    super::query_expression::same_name_alternatives(tags.collect())
        .into_iter()
        .for_each(&mut add);
    for (flag, amount, comparison) in [
        ("min", filters.min, Comparison::GreaterOrEqual),
        ("max", filters.max, Comparison::LessOrEqual),
    ] {
        if let Some(amount) = amount {
            let source = format!("--{flag} {amount}");
            let test = amount_of(amount, comparison, false).map_err(|problem| QueryError {
                term: source.clone(),
                problem,
            })?;
            add(vec![term(source, Test::Amount(test))]);
        }
    }
    Ok(match parts.len() {
        0 => Filter::All,
        1 => parts.remove(0),
        _ => Filter::And(parts),
    })
}
