//! Splits a JSON object into its members, one at a time, however large the file is.

use std::path::PathBuf;

use crate::{error::InputError, file::Input};

mod scan;

use scan::{Step, nested, quoted, scalar, space};

/// A member of the object: its name and, where it is an object too, its text.
pub(crate) struct Member {
    /// The name.
    pub(crate) name: String,
    /// Text of the value; `None` for a value that is no object.
    pub(crate) text: Option<Vec<u8>>,
    /// Line and column of the value's first byte, from 1.
    pub(crate) at: (usize, usize),
}

/// Yields the members of a file's JSON object; holds one of them in memory.
///
/// A member's text is as long as brackets and strings say; whether it is JSON shows when it is parsed, so one bad
/// member does not hide the next. After an error of its own it ends.
pub(crate) struct Members {
    input: Input,
    line: usize,
    column: usize,
    progress: Progress,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Start,
    Inside,
    Ended,
}

impl Iterator for Members {
    type Item = Result<Member, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.progress == Progress::Ended {
            return None;
        }
        let member = self.read_next();
        if !matches!(member, Ok(Some(_))) {
            self.progress = Progress::Ended;
        }
        member.transpose()
    }
}

impl Members {
    /// Starts at the beginning of a file.
    pub(crate) const fn new(input: Input) -> Self {
        Self { input, line: 1, column: 1, progress: Progress::Start }
    }

    fn read_next(&mut self) -> Result<Option<Member>, InputError> {
        let first = self.progress == Progress::Start;
        if first {
            self.scan(space(), |_| {})?;
            self.expect(b'{', "a JSON object")?;
            self.progress = Progress::Inside;
        }
        self.scan(space(), |_| {})?;
        match self.peek()? {
            Some(b'}') => return self.end().map(|()| None),
            Some(b',') if !first => self.advance(1)?,
            _ if first => {}
            found => return Err(self.unexpected(found, "`,` or `}` after a member")),
        }
        self.scan(space(), |_| {})?;
        let name = self.name()?;
        self.scan(space(), |_| {})?;
        self.expect(b':', "`:` after a member's name")?;
        self.scan(space(), |_| {})?;
        let at = (self.line, self.column);
        let text = self.value(&name)?;
        Ok(Some(Member { name, text, at }))
    }

    /// Checks that nothing follows the object.
    fn end(&mut self) -> Result<(), InputError> {
        self.advance(1)?;
        self.scan(space(), |_| {})?;
        match self.peek()? {
            None => Ok(()),
            found => Err(self.unexpected(found, "the end of the file")),
        }
    }

    fn name(&mut self) -> Result<String, InputError> {
        let at = (self.line, self.column);
        let mut text = Vec::new();
        self.expect(b'"', "a member's name")?;
        text.push(b'"');
        if !self.scan(quoted(), |bytes| text.extend_from_slice(bytes))? {
            return Err(self.unexpected(None, "the rest of a member's name"));
        }
        serde_json::from_slice(&text).map_err(|error| InputError::json(self.path(), "", at, &error))
    }

    /// Reads a value; keeps its text where it is an object.
    fn value(&mut self, name: &str) -> Result<Option<Vec<u8>>, InputError> {
        let start = self.peek()?;
        let mut text = Vec::new();
        let whole = match start {
            Some(b'{') => self.scan(nested(), |bytes| text.extend_from_slice(bytes))?,
            Some(b'[') => self.scan(nested(), |_| {})?,
            Some(b'"') => {
                self.advance(1)?;
                self.scan(quoted(), |_| {})?
            }
            _ => self.scan(scalar(), |_| {})?,
        };
        if whole {
            return Ok((start == Some(b'{')).then_some(text));
        }
        let (path, place) = (self.path(), name.to_owned());
        let problem = "the file ends here, expected the rest of the value".to_owned();
        Err(InputError::Json { path, place, line: self.line, column: self.column, problem })
    }

    /// Feeds bytes to a scanner until it has its end; says whether it found it before the file ended.
    fn scan(
        &mut self,
        mut scanner: impl FnMut(u8) -> Step,
        mut keep: impl FnMut(&[u8]),
    ) -> Result<bool, InputError> {
        loop {
            let buffer = self.input.fill()?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let end = buffer.iter().enumerate().find_map(|(index, byte)| match scanner(*byte) {
                Step::More => None,
                Step::Last => Some(index + 1),
                Step::Past => Some(index),
            });
            let count = end.unwrap_or(buffer.len());
            keep(&buffer[..count]);
            self.advance(count)?;
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    fn peek(&mut self) -> Result<Option<u8>, InputError> {
        Ok(self.input.fill()?.first().copied())
    }

    /// Drops bytes that are buffered and moves the position along.
    fn advance(&mut self, count: usize) -> Result<(), InputError> {
        let passed = &self.input.fill()?[..count];
        let newlines = passed.iter().filter(|byte| **byte == b'\n').count();
        match passed.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => self.column = count - last,
            None => self.column += count,
        }
        self.line += newlines;
        self.input.consume(count);
        Ok(())
    }

    fn expect(&mut self, byte: u8, expected: &str) -> Result<(), InputError> {
        match self.peek()? {
            Some(found) if found == byte => self.advance(1),
            found => Err(self.unexpected(found, expected)),
        }
    }

    fn unexpected(&self, found: Option<u8>, expected: &str) -> InputError {
        let found = match found {
            None => "the end of the file".to_owned(),
            Some(byte) if byte.is_ascii_graphic() => format!("`{}`", char::from(byte)),
            Some(byte) => format!("byte 0x{byte:02x}"),
        };
        let problem = format!("expected {expected}, found {found}");
        let (path, place) = (self.path(), String::new());
        InputError::Json { path, place, line: self.line, column: self.column, problem }
    }

    fn path(&self) -> PathBuf {
        self.input.path().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Splits a text and returns the members as `name@line:column=text`, or the error.
    fn split(json: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.json");
        fs::write(&path, json).unwrap();
        let show = |member: Result<Member, InputError>| match member {
            Ok(Member { name, text, at }) => {
                let text = text.map_or("-".to_owned(), |text| String::from_utf8(text).unwrap());
                format!("{name}@{}:{}={text}", at.0, at.1)
            }
            Err(error) => error.to_string().replace(&path.display().to_string(), "!"),
        };
        Members::new(Input::open(&path).unwrap()).map(show).collect()
    }

    #[test]
    fn members_come_with_their_places() {
        assert_eq!(split("{}"), Vec::<String>::new());
        assert_eq!(
            split(
                "{\"a\": {\"b}\\\"\": [1]},\n  \"c\\n\" : 1.5, \"d\":[{}], \"e\":\"}\" ,\"f\":{\"x\":{}}} \n"
            ),
            ["a@1:7={\"b}\\\"\": [1]}", "c\n@2:11=-", "d@2:20=-", "e@2:30=-", "f@2:39={\"x\":{}}"]
        );
    }

    #[test]
    fn errors_come_after_the_members_before_them() {
        for (json, last) in [
            ("", "!:1:1: expected a JSON object, found the end of the file"),
            ("[1]", "!:1:1: expected a JSON object, found `[`"),
            ("{\"a\":{}", "!:1:8: expected `,` or `}` after a member, found the end of the file"),
            ("{\"a\":{}\n,\"b\":{\"c\"", "!:2:10: b: the file ends here, expected the rest of the value"),
            ("{\"a\":{} \"b\":{}}", "!:1:9: expected `,` or `}` after a member, found `\"`"),
            ("{\"a\":{}}{}", "!:1:9: expected the end of the file, found `{`"),
            ("{\"a\":{},}", "!:1:9: expected a member's name, found `}`"),
        ] {
            assert_eq!(split(json).last().unwrap(), last);
            assert_eq!(split(json).len(), 1 + usize::from(json.contains('a')), "{json}");
        }
    }
}
