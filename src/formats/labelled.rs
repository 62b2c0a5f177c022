//! Statements as blocks of labelled lines, as Santander's British text file prints them: made into CSV, which is
//! read like any other.
//!
//! A block is `Date:`, `Description:`, `Amount:` and `Balance:`, each on its line; blank lines part blocks. What
//! stands above the first block (`From:`, `Account:`) is not the statement's.

use super::csv::encoding;

const LABELS: [&str; 4] = ["Date", "Description", "Amount", "Balance"];

/// The blocks as CSV; `None` of any other text, and of blocks that lack a date or an amount.
pub fn to_csv(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(200)];
    let head = String::from_utf8_lossy(head);
    labelled(head.lines().find(|line| !line.trim().is_empty())?)?;
    let decoded = encoding::decode(bytes, None).ok()?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(LABELS).ok()?;
    let mut block: [Option<&str>; 4] = [None; 4];
    let mut blocks = 0;
    for line in decoded.text.lines().map(str::trim) {
        if line.is_empty() {
            continue;
        }
        let (label, value) = labelled(line)?;
        let Some(at) = LABELS.iter().position(|l| *l == label) else {
            // Of the account, above the first block.
            if blocks == 0 && block[0].is_none() {
                continue;
            }
            return None;
        };
        if at == 0 && block[0].is_some() {
            write(&mut writer, &mut block)?;
            blocks += 1;
        }
        if block[at].replace(value).is_some() {
            return None;
        }
    }
    write(&mut writer, &mut block)?;
    String::from_utf8(writer.into_inner().ok()?).ok()
}

/// `Date: 03/04/2026`, taken apart. The space may be one that does not break.
fn labelled(line: &str) -> Option<(&str, &str)> {
    let (label, value) = line.trim().split_once(':')?;
    let is_label = !label.is_empty()
        && label.len() <= 20
        && label.chars().all(|c| c.is_ascii_alphabetic() || c == ' ');
    is_label.then(|| (label, value.trim()))
}

fn write(writer: &mut csv::Writer<Vec<u8>>, block: &mut [Option<&str>; 4]) -> Option<()> {
    let [date, description, amount, balance] = std::mem::take(block);
    writer
        .write_record([date?, description?, amount?, balance.unwrap_or("")])
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_rows() {
        let text = b"From:\xa001/03/2026\xa0to\xa003/04/2026\n\nAccount:\xa0XXXX 1234\n\nDate:\xa003/04/2026\nDescription:\xa0TEA, \"MILK\"\nAmount:\xa0-45.00\t\nBalance:\xa0955.00\t\n\nDate:\xa002/04/2026\nDescription:\xa0PAY\nAmount:\xa01000.00\n";
        let want = "Date,Description,Amount,Balance\n03/04/2026,\"TEA, \"\"MILK\"\"\",-45.00,955.00\n02/04/2026,PAY,1000.00,\n";
        assert_eq!(to_csv(text).as_deref(), Some(want));
    }

    #[test]
    fn other_texts_are_left_alone() {
        for other in [
            "",
            "Date,Description\n",
            "From: a\n",
            "Date: 1\nDescription: x\n",
            "Date: 1\nDate: 2\nDescription: x\nAmount: 1\n",
            "Date: 1\nDescription: x\nAmount: 1\nsomething else\n",
            "Date: 1\nDescription: x\nAmount: 1\n\nIBAN: 1\n",
        ] {
            assert_eq!(to_csv(other.as_bytes()), None, "{other}");
        }
    }
}
