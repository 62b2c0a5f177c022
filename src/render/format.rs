//! The formats data can be printed in.

/// What `-O` names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Format {
    #[default]
    Table,
    Csv,
    Tsv,
    Json,
    Ndjson,
    Md,
    Html,
    Xlsx,
    /// An hledger journal: for `print`, `journal` and exports.
    Hledger,
}

impl Format {
    pub const ALL: [Format; 9] = [
        Format::Table,
        Format::Csv,
        Format::Tsv,
        Format::Json,
        Format::Ndjson,
        Format::Md,
        Format::Html,
        Format::Xlsx,
        Format::Hledger,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Format::Table => "table",
            Format::Csv => "csv",
            Format::Tsv => "tsv",
            Format::Json => "json",
            Format::Ndjson => "ndjson",
            Format::Md => "md",
            Format::Html => "html",
            Format::Xlsx => "xlsx",
            Format::Hledger => "hledger",
        }
    }

    pub fn from_word(word: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|f| f.word() == word)
    }

    /// The format a file's name asks for: `.csv`, `.json`, …, `.txt` a table, `.journal` hledger's.
    pub fn of_extension(extension: &str) -> Option<Format> {
        match extension.to_ascii_lowercase().as_str() {
            "txt" => Some(Format::Table),
            "jsonl" => Some(Format::Ndjson),
            "markdown" => Some(Format::Md),
            "htm" => Some(Format::Html),
            "journal" | "j" | "ledger" | "dat" => Some(Format::Hledger),
            other => Format::from_word(other),
        }
    }

    /// True for what people read: headings, grouped amounts, sides.
    pub fn is_for_people(self) -> bool {
        matches!(self, Format::Table | Format::Md | Format::Html)
    }
}
