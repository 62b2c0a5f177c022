//! JSON that holds whole transactions, an entry a row, as `journal -O json` and `-O ndjson` print them: made into
//! the CSV of the same columns, which is read like any other.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::ledger::cell_text::{guarded, literal, read_tag_text, tags_text};
use crate::ledger::transaction::Tag;

type Object = Map<String, Value>;

/// The rows as CSV; `None` of any other JSON, and of what is no JSON.
pub fn to_csv(bytes: &[u8]) -> Option<String> {
    let begins = bytes.iter().find(|b| !b.is_ascii_whitespace());
    if begins != Some(&b'{') {
        return None;
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut names: Vec<String> = Vec::new();
    for object in serde_json::Deserializer::from_slice(bytes).into_iter::<Object>() {
        let mut object = object.ok()?;
        match object.remove("rows") {
            Some(Value::Array(rows)) if names.is_empty() => {
                for row in rows {
                    let Value::Object(row) = row else { return None };
                    write(&mut writer, &mut names, &row)?;
                }
            }
            Some(_) => return None,
            None => write(&mut writer, &mut names, &object)?,
        }
    }
    if names.is_empty() {
        return None;
    }
    String::from_utf8(writer.into_inner().ok()?).ok()
}

/// Writes a row, before the first one the names of its members.
fn write(writer: &mut csv::Writer<Vec<u8>>, names: &mut Vec<String>, row: &Object) -> Option<()> {
    if names.is_empty() {
        let needed = ["number", "date", "account", "debit", "credit"];
        if !needed.iter().all(|name| row.contains_key(*name)) {
            return None;
        }
        names.extend(row.keys().cloned());
        writer.write_record(&*names).ok()?;
    }
    if row.keys().any(|key| !names.contains(key)) {
        return None;
    }
    let cells: Option<Vec<Cow<'_, str>>> = names
        .iter()
        .map(|name| row.get(name).map_or(Some(Cow::Borrowed("")), cell))
        .collect();
    writer
        .write_record(cells?.iter().map(|cell| cell.as_bytes()))
        .ok()
}

fn cell(value: &Value) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::Null => Cow::Borrowed(""),
        // As our CSV writes it: there a quote in front of a formula, or a code point, stands for something else.
        Value::String(text) => guarded(literal(text)),
        Value::Number(number) => Cow::Owned(number.to_string()),
        Value::Array(items) => {
            let tag = |item: &Value| item.as_str().map(read_tag_text);
            let tags: Option<Vec<Tag>> = items.iter().map(tag).collect();
            let text = tags_text(tags?.iter());
            Cow::Owned(guarded(literal(&text)).into_owned())
        }
        Value::Bool(_) | Value::Object(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"number":1,"date":"2026-04-01","account":"Assets:A, \"b\"","debit":"5.00","credit":null,"tags":["a:b","c"]}"#;

    #[test]
    fn rows_of_a_document_and_of_lines_are_the_same_csv() {
        let csv = "number,date,account,debit,credit,tags\n1,2026-04-01,\"Assets:A, \"\"b\"\"\",5.00,,\"a:b, c\"\n";
        let document =
            format!(r#"{{"schema": "hissab/journal/1", "rows": [{ROW}], "totals": []}}"#);
        assert_eq!(to_csv(document.as_bytes()).as_deref(), Some(csv));
        assert_eq!(to_csv(format!("{ROW}\n").as_bytes()).as_deref(), Some(csv));
    }

    #[test]
    fn other_json_is_left_alone() {
        for other in [
            "",
            "[1]",
            "{}",
            r#"{"rows": []}"#,
            r#"{"date": "x"}"#,
            "{",
            r#"{"rows": 1}"#,
        ] {
            assert_eq!(to_csv(other.as_bytes()), None, "{other}");
        }
    }
}
