//! Tokens of CIF 1.1 (S. R. Hall, F. H. Allen, I. D. Brown, Acta Cryst. A47, 655 (1991); syntax as
//! in International Tables G, 2.2.7), read tolerantly: an unclosed quote ends with its line, an
//! unclosed text field with the file.

/// A token with the line (from 1) it starts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    pub(crate) line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `data_code`; the text is the code.
    Data,
    /// `loop_`.
    Loop,
    /// `save_`, `global_`, `stop_`: nothing that a structure is made of.
    Other,
    /// `_tag`.
    Tag,
    /// A value without quotes; `?` and `.` have their special meaning only here.
    Bare,
    /// A value in quotes or a text field, without its delimiters.
    Quoted,
}

/// All tokens of a text in order.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    position: usize,
    line: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, position: 0, line: 1 }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// End of the line that `from` is on.
    fn line_end(&self, from: usize) -> usize {
        self.text[from..].find('\n').map_or(self.text.len(), |n| from + n)
    }

    fn skip_blanks_and_comments(&mut self) {
        while let Some(byte) = self.byte(self.position) {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.position += 1;
                }
                b'#' => self.position = self.line_end(self.position),
                byte if byte.is_ascii_whitespace() || byte < b' ' => self.position += 1,
                _ => return,
            }
        }
    }

    /// A text field: from `;` at the start of a line to the next line that starts with `;`.
    fn text_field(&mut self) -> &'a str {
        let start = self.position + 1;
        let rest = &self.text[start..];
        let (length, next) = match rest.find("\n;") {
            Some(end) => (end, start + end + 2),
            None => (rest.len(), self.text.len()),
        };
        self.line += self.text[start..next].matches('\n').count();
        self.position = next;
        rest[..length].trim_matches(['\r', '\n'])
    }

    /// A quoted value: the closing quote is followed by white space.
    fn quoted(&mut self, quote: u8) -> &'a str {
        let start = self.position + 1;
        let line_end = self.line_end(start);
        let bytes = self.text.as_bytes();
        let close = (start..line_end)
            .find(|&i| bytes[i] == quote && bytes.get(i + 1).is_none_or(|next| next.is_ascii_whitespace()));
        self.position = close.map_or(line_end, |i| i + 1);
        self.text[start..close.unwrap_or(line_end)].trim_end_matches('\r')
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blanks_and_comments();
        let first = self.byte(self.position)?;
        let line = self.line;
        let at_line_start = self.position == 0 || self.byte(self.position - 1) == Some(b'\n');
        if first == b';' && at_line_start {
            return Some(Token { kind: Kind::Quoted, text: self.text_field(), line });
        }
        if matches!(first, b'\'' | b'"') {
            return Some(Token { kind: Kind::Quoted, text: self.quoted(first), line });
        }
        let rest = &self.text[self.position..];
        let length = rest.bytes().position(|b| b.is_ascii_whitespace() || b < b' ').unwrap_or(rest.len());
        let word = &rest[..length];
        self.position += length;
        let (kind, text) = if first == b'_' {
            (Kind::Tag, word)
        } else if let Some(code) = keyword(word, "data_") {
            (Kind::Data, code)
        } else if word.eq_ignore_ascii_case("loop_") {
            (Kind::Loop, word)
        } else if keyword(word, "save_").is_some()
            || word.eq_ignore_ascii_case("global_")
            || word.eq_ignore_ascii_case("stop_")
        {
            (Kind::Other, word)
        } else {
            (Kind::Bare, word)
        };
        Some(Token { kind, text, line })
    }
}

/// What follows a keyword, in any case of letters.
fn keyword<'a>(word: &'a str, start: &str) -> Option<&'a str> {
    word.get(..start.len()).filter(|head| head.eq_ignore_ascii_case(start)).map(|_| &word[start.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_token() {
        let text = "# c\ndata_x\n_a 'it's' \"b c\"#d\nloop_ _t\n;text\n field\n;\n? . DATA_y save_f 'open\n7";
        let tokens: Vec<(Kind, &str, usize)> =
            Lexer::new(text).map(|token| (token.kind, token.text, token.line)).collect();
        use Kind::*;
        let expected = [
            (Data, "x", 2),
            (Tag, "_a", 3),
            (Quoted, "it's", 3),
            (Quoted, "b c\"#d", 3),
            (Loop, "loop_", 4),
            (Tag, "_t", 4),
            (Quoted, "text\n field", 5),
            (Bare, "?", 8),
            (Bare, ".", 8),
            (Data, "y", 8),
            (Other, "save_f", 8),
            (Quoted, "open", 8),
            (Bare, "7", 9),
        ];
        assert_eq!(tokens, expected);
    }
}
