//! A text of MT940 → its fields: `:61:` and what follows it up to the next tag.

/// A field, as slices of the text.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// `61`, `60F`.
    pub tag: &'a str,
    /// Behind the tag, lines and all.
    pub body: &'a str,
    /// Line of the tag, from 1.
    pub line: u64,
    text: &'a str,
    from: usize,
    until: usize,
}

impl<'a> Field<'a> {
    pub fn first_line(&self) -> &'a str {
        self.body.lines().next().unwrap_or("")
    }

    /// The field with its tag.
    pub fn whole(&self) -> &'a str {
        &self.text[self.from..self.until]
    }

    /// Takes a later field into [`Field::whole`].
    pub fn extend_to(&mut self, later: &Field<'a>) {
        self.until = later.until;
    }
}

/// Tags that a line may begin with. Other words between colons are text.
const TAGS: &[&str] = &[
    "12", "13", "13D", "20", "21", "25", "25P", "28", "28C", "34F", "60F", "60M", "61", "62F",
    "62M", "64", "65", "86", "90C", "90D", "940", "942", "NS",
];

/// Walks the fields of a text.
pub struct Fields<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl<'a> Fields<'a> {
    pub fn of(text: &'a str) -> Fields<'a> {
        Fields {
            text,
            at: 0,
            line: 0,
        }
    }

    /// The next line: where it starts, where it and its end are over, and the line without its end.
    fn next_line(&mut self) -> Option<(usize, &'a str)> {
        if self.at >= self.text.len() {
            return None;
        }
        let from = self.at;
        let bytes = &self.text.as_bytes()[from..];
        let length = memchr::memchr2(b'\n', b'\r', bytes).unwrap_or(bytes.len());
        let end = match bytes.get(length..length + 2) {
            Some(b"\r\n") => 2,
            _ => usize::from(length < bytes.len()),
        };
        self.at = from + length + end;
        self.line += 1;
        Some((from, &self.text[from..from + length]))
    }
}

/// The tag a line begins with, and where its body does.
fn tag(line: &str) -> Option<(&str, usize)> {
    let start = line.len()
        - line
            .trim_start_matches(['\u{1}', '\u{3}', ' ', '\u{feff}'])
            .len();
    let rest = line[start..].strip_prefix(':')?;
    let end = memchr::memchr(b':', &rest.as_bytes()[..rest.len().min(4)])?;
    let tag = &rest[..end];
    TAGS.contains(&tag).then_some((tag, start + end + 2))
}

/// `-`, `-}`, and what begins a block of the envelope, end a message.
fn ends_message(line: &str) -> bool {
    let line = line.trim();
    line == "-" || line.starts_with("-}") || line.starts_with('{')
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        loop {
            let (from, mut line) = self.next_line()?;
            let mut start = from;
            // `{4::20:…` and `-}{1:…}{4:` may stand on the line of a tag.
            let brace = memchr::memchr(b'{', line.as_bytes());
            if let Some(at) = brace.and_then(|_| line.find("{4:")) {
                start += at + 3;
                line = &line[at + 3..];
            }
            let Some((tag, body)) = tag(line) else {
                continue;
            };
            let (first, body) = (self.line, start + body);
            let mut until = start + line.len();
            loop {
                let (at, before) = (self.at, self.line);
                let Some((from, next)) = self.next_line() else {
                    break;
                };
                if self::tag(next).is_some() || ends_message(next) {
                    // Looked at again as the beginning of what follows.
                    (self.at, self.line) = (at, before);
                    if !ends_message(next) || next.contains("{4:") {
                        break;
                    }
                    self.next_line();
                    break;
                }
                until = from + next.len();
            }
            return Some(Field {
                tag,
                body: &self.text[body..until],
                line: first,
                text: self.text,
                from: start,
                until,
            });
        }
    }
}
