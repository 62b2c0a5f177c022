//! Joins query terms: words of a command line, and `and`, `or`, `not` and brackets in one text.
//!
//! ```text
//! terms = choice*                       joined by type
//! choice = both ("or" both)*
//! both = negated ("and" negated)*
//! negated = "not" negated | "(" terms ")" | term
//! ```

use super::date_text::DateContext;
use super::interval::Interval;
use super::period::Period;
use super::query::{DepthLimits, Filter, QUERY_BYTES_MAX, Query, TERMS_MAX, Term, Test};
use super::query_problem::{QueryError, QueryProblem};
use super::query_term::{self, Read};

/// How deep brackets and `not:` may nest.
const DEPTH_MAX: usize = 30;

/// Terms as words of a command line.
pub(super) fn parse_words(words: &[String], ctx: &DateContext) -> Result<Query, QueryError> {
    let bytes: usize = words.iter().map(String::len).sum();
    if bytes > QUERY_BYTES_MAX || words.len() > TERMS_MAX {
        return Err(fail("", QueryProblem::TooLong));
    }
    let mut joiner = Joiner::default();
    for word in words {
        joiner.add(read_word(word, ctx, 0)?);
    }
    Ok(joiner.into_query())
}

/// Terms in one text.
pub(super) fn parse_text(text: &str, ctx: &DateContext) -> Result<Query, QueryError> {
    let part = expression(text, ctx, 0)?;
    let mut joiner = Joiner::default();
    joiner.add(part);
    Ok(joiner.into_query())
}

/// A piece of a query with what its lifted dates said of intervals.
struct Piece {
    filter: Filter,
    interval: Option<Interval>,
}

fn fail(text: &str, problem: QueryProblem) -> QueryError {
    QueryError {
        term: text.to_string(),
        problem,
    }
}

fn read_word(word: &str, ctx: &DateContext, depth: usize) -> Result<Piece, QueryError> {
    if depth > DEPTH_MAX {
        return Err(fail(word, QueryProblem::TooLong));
    }
    if word.is_empty() {
        return Ok(Piece {
            filter: Filter::All,
            interval: None,
        });
    }
    match query_term::split_prefix(word, &["not", "expr", "any", "all"]) {
        Some(("not", rest)) => {
            let piece = read_word(rest, ctx, depth + 1)?;
            Ok(Piece {
                filter: Filter::Not(Box::new(piece.filter)),
                ..piece
            })
        }
        Some((prefix, rest)) => {
            let piece = expression(rest, ctx, depth + 1)?;
            let filter = match prefix {
                "any" => Filter::AnyEntry(Box::new(piece.filter)),
                "all" => Filter::AllEntries(Box::new(piece.filter)),
                _ => piece.filter,
            };
            Ok(Piece { filter, ..piece })
        }
        None => read_term(word, ctx),
    }
}

fn read_term(word: &str, ctx: &DateContext) -> Result<Piece, QueryError> {
    let (test, interval) = match query_term::read(word, ctx)? {
        Read::Test(test) => (test, None),
        Read::Period(expression) => (Test::Date(expression.period), expression.interval),
    };
    let filter = Filter::Term(Box::new(Term {
        source: word.to_string(),
        test,
    }));
    Ok(Piece { filter, interval })
}

fn expression(text: &str, ctx: &DateContext, depth: usize) -> Result<Piece, QueryError> {
    if text.len() > QUERY_BYTES_MAX {
        return Err(fail("", QueryProblem::TooLong));
    }
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Err(fail(text, QueryProblem::Empty));
    }
    if tokens.len() > TERMS_MAX {
        return Err(fail("", QueryProblem::TooLong));
    }
    let mut parser = Parser {
        text,
        tokens: &tokens,
        ctx,
        interval: None,
    };
    let filter = parser.terms(depth)?;
    match parser.tokens.first() {
        None => Ok(Piece {
            filter,
            interval: parser.interval,
        }),
        Some(_) => Err(fail(text, QueryProblem::Brackets)),
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Word(String),
}

/// Splits at spaces and brackets. Quotes keep both; brackets inside of a word are the word's own.
fn tokens(text: &str) -> Result<Vec<Token>, QueryError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        rest = match c {
            '(' => {
                tokens.push(Token::Open);
                &rest[1..]
            }
            ')' => {
                tokens.push(Token::Close);
                &rest[1..]
            }
            _ => {
                let (word, quoted, after) =
                    take_word(rest).ok_or_else(|| fail(text, QueryProblem::Quote))?;
                let keyword = |name: &str| !quoted && word.eq_ignore_ascii_case(name);
                tokens.push(if keyword("and") {
                    Token::And
                } else if keyword("or") {
                    Token::Or
                } else if keyword("not") {
                    Token::Not
                } else {
                    Token::Word(word)
                });
                after
            }
        }
        .trim_start();
    }
    Ok(tokens)
}

/// One word, whether it had quotes, and what follows it. `None`: a quote is left open.
fn take_word(text: &str) -> Option<(String, bool, &str)> {
    let mut word = String::new();
    let (mut quote, mut quoted, mut open) = (None, false, 0usize);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), c) => word.push(c),
            // Quotes begin a word or a term's argument; elsewhere they are characters: o'brien.
            (None, '"' | '\'') if word.is_empty() || word.ends_with([':', '=']) => {
                (quote, quoted) = (Some(c), true)
            }
            (None, '(') if !quoted && word.to_ascii_lowercase().ends_with("not:") => {
                return Some((word, quoted, &text[at..]));
            }
            (None, ')') if open == 0 => return Some((word, quoted, &text[at..])),
            (None, c) if c.is_whitespace() => return Some((word, quoted, &text[at..])),
            (None, c) => {
                open = if c == '(' {
                    open + 1
                } else if c == ')' {
                    open - 1
                } else {
                    open
                };
                word.push(c);
            }
        }
    }
    quote.is_none().then_some((word, quoted, ""))
}

struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token],
    ctx: &'t DateContext,
    interval: Option<Interval>,
}

impl Parser<'_> {
    fn terms(&mut self, depth: usize) -> Result<Filter, QueryError> {
        let mut joiner = Joiner::default();
        while !matches!(self.tokens.first(), None | Some(Token::Close)) {
            let filter = self.choice(depth)?;
            joiner.add(Piece {
                filter,
                interval: None,
            });
        }
        Ok(joiner.into_filter())
    }

    fn choice(&mut self, depth: usize) -> Result<Filter, QueryError> {
        let mut parts = vec![self.both(depth)?];
        while self.take(&Token::Or) {
            parts.push(self.both(depth)?);
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Filter::Or(parts)
        })
    }

    fn both(&mut self, depth: usize) -> Result<Filter, QueryError> {
        let mut filter = self.negated(depth)?;
        while self.take(&Token::And) {
            filter = Filter::both(filter, self.negated(depth)?);
        }
        Ok(filter)
    }

    fn negated(&mut self, depth: usize) -> Result<Filter, QueryError> {
        if depth > DEPTH_MAX {
            return Err(fail(self.text, QueryProblem::TooLong));
        }
        let Some((first, rest)) = self.tokens.split_first() else {
            return Err(fail(self.text, QueryProblem::TermMissing));
        };
        self.tokens = rest;
        match first {
            Token::Not => Ok(Filter::Not(Box::new(self.negated(depth + 1)?))),
            Token::Open => {
                let filter = self.terms(depth + 1)?;
                if !self.take(&Token::Close) {
                    return Err(fail(self.text, QueryProblem::Brackets));
                }
                Ok(filter)
            }
            Token::Word(word) => self.word(word, depth),
            Token::And | Token::Or | Token::Close => {
                Err(fail(self.text, QueryProblem::TermMissing))
            }
        }
    }

    fn word(&mut self, word: &str, depth: usize) -> Result<Filter, QueryError> {
        // "not:(a or b)"
        if word.eq_ignore_ascii_case("not:") && self.tokens.first() == Some(&Token::Open) {
            return Ok(Filter::Not(Box::new(self.negated(depth + 1)?)));
        }
        let piece = read_word(word, self.ctx, depth + 1)?;
        self.interval = piece.interval.or(self.interval);
        Ok(piece.filter)
    }

    fn take(&mut self, token: &Token) -> bool {
        match self.tokens.split_first() {
            Some((first, rest)) if first == token => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }
}

/// Which terms are alternatives of each other; `None`: this one must hold by itself.
fn group(test: &Test) -> Option<String> {
    Some(match test {
        Test::Account(_) | Test::AccountWithin(_) => "account".into(),
        Test::Description(_) => "description".into(),
        Test::Payee(_) | Test::PayeeIs(_) => "payee".into(),
        Test::Note(_) => "note".into(),
        Test::Code(_) => "code".into(),
        Test::Currency(_) | Test::CurrencyIs(_) => "currency".into(),
        Test::Type(_) => "type".into(),
        Test::Status(_) => "status".into(),
        Test::Voucher(_) => "voucher".into(),
        Test::Tag { name, .. } => format!("tag {}", name.text.to_lowercase()),
        Test::TagIs { name, .. } => format!("tag {}", name.to_lowercase()),
        Test::Amount(_) | Test::Date(_) | Test::Date2(_) | Test::Depth(..) | Test::Real(_) => {
            return None;
        }
    })
}

/// Collects terms: the same type in one group of alternatives.
#[derive(Default)]
struct Joiner {
    groups: Vec<(Option<String>, Vec<Filter>)>,
    interval: Option<Interval>,
}

impl Joiner {
    fn add(&mut self, piece: Piece) {
        self.interval = piece.interval.or(self.interval);
        let name = match &piece.filter {
            Filter::All => return,
            Filter::Term(term) => group(&term.test),
            _ => None,
        };
        match self
            .groups
            .iter_mut()
            .find(|(group, _)| name.is_some() && *group == name)
        {
            Some((_, alternatives)) => alternatives.push(piece.filter),
            None => self.groups.push((name, vec![piece.filter])),
        }
    }

    fn into_filter(self) -> Filter {
        let alternatives = self.groups.into_iter().map(|(_, mut parts)| {
            if parts.len() == 1 {
                parts.remove(0)
            } else {
                Filter::Or(parts)
            }
        });
        alternatives.fold(Filter::All, Filter::both)
    }

    /// Lifts out the dates and depths that must hold for everything.
    fn into_query(self) -> Query {
        let interval = self.interval;
        let (mut period, mut depth) = (Period::ALL, DepthLimits::default());
        let parts = match self.into_filter() {
            Filter::And(parts) => parts,
            Filter::All => Vec::new(),
            one => vec![one],
        };
        let mut rest = Filter::All;
        for part in parts {
            match part {
                Filter::Term(term) => match term.test {
                    Test::Date(dates) => period = period.intersect(dates),
                    Test::Depth(None, limit) => depth.general = Some(limit),
                    Test::Depth(Some(pattern), limit) => depth.by_account.push((pattern, limit)),
                    _ => rest = Filter::both(rest, Filter::Term(term)),
                },
                other => rest = Filter::both(rest, other),
            }
        }
        Query {
            period,
            interval,
            depth,
            filter: rest,
        }
    }
}

/// Groups filters of the same name, in order of their first.
pub(super) fn same_name_alternatives(named: Vec<(String, Filter)>) -> Vec<Vec<Filter>> {
    let mut groups: Vec<(String, Vec<Filter>)> = Vec::new();
    for (name, filter) in named {
        match groups.iter_mut().find(|(group, _)| *group == name) {
            Some((_, filters)) => filters.push(filter),
            None => groups.push((name, vec![filter])),
        }
    }
    groups.into_iter().map(|(_, filters)| filters).collect()
}
