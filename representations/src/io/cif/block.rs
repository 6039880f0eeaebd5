//! Data blocks of a CIF: single values and loops.

use super::lexer::{Kind, Lexer, Token};

/// A value with its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    pub(crate) text: &'a str,
    pub(crate) line: usize,
    bare: bool,
}

impl<'a> Text<'a> {
    /// The text unless it is `?` (unknown) or `.` (not applicable).
    pub(crate) fn known(self) -> Option<&'a str> {
        let text = self.text.trim();
        let null = matches!(text, "?" | ".") && (self.bare || text == "?");
        (!null && !text.is_empty()).then_some(text)
    }
}

/// A loop, its values row by row.
#[derive(Clone, Debug)]
struct Loop<'a> {
    tags: Vec<String>,
    values: Vec<Text<'a>>,
    line: usize,
}

/// A data block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block<'a> {
    /// The code behind `data_`.
    pub(crate) name: &'a str,
    pub(crate) line: usize,
    singles: Vec<(String, Text<'a>)>,
    loops: Vec<Loop<'a>>,
}

/// A loop whose number of values is no multiple of its number of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ragged {
    pub(crate) line: usize,
    pub(crate) values: usize,
    pub(crate) tags: usize,
}

/// A column of a loop, or a single value as a column of one.
pub(crate) type Column<'a> = Vec<Text<'a>>;

impl<'a> Block<'a> {
    /// First value of a tag (lower case, `_` for `.`), unless unknown.
    pub(crate) fn value(&self, tag: &str) -> Option<&'a str> {
        self.text(tag).and_then(Text::known)
    }

    /// First value of a tag with its line.
    pub(crate) fn text(&self, tag: &str) -> Option<Text<'a>> {
        let single = self.singles.iter().find(|(known, _)| known == tag).map(|&(_, text)| text);
        single.or_else(|| {
            let (table, index) = self.table(tag)?;
            table.values.get(index).copied()
        })
    }

    fn table(&self, tag: &str) -> Option<(&Loop<'a>, usize)> {
        self.loops
            .iter()
            .find_map(|table| table.tags.iter().position(|known| known == tag).map(|index| (table, index)))
    }

    /// All values of a tag; `None` when it is absent.
    ///
    /// # Errors
    /// When its loop has incomplete rows.
    pub(crate) fn column(&self, tag: &str) -> Result<Option<Column<'a>>, Ragged> {
        let Some((table, index)) = self.table(tag) else {
            return Ok(self.text(tag).map(|text| vec![text]));
        };
        if table.values.len() % table.tags.len() != 0 {
            return Err(Ragged { line: table.line, values: table.values.len(), tags: table.tags.len() });
        }
        Ok(Some(table.values.iter().skip(index).step_by(table.tags.len()).copied().collect()))
    }
}

impl<'a> Block<'a> {
    /// The values of the loop of a tag, joined line by line: for texts with blanks that should
    /// have been quoted.
    pub(crate) fn lines(&self, tag: &str) -> Vec<(usize, String)> {
        let mut lines: Vec<(usize, String)> = Vec::new();
        for value in self.table(tag).map_or(&[] as &[Text], |(table, _)| &table.values) {
            match lines.last_mut() {
                Some((line, text)) if *line == value.line => *text = format!("{text} {}", value.text),
                _ => lines.push((value.line, value.text.to_owned())),
            }
        }
        lines
    }
}

/// Tags in lower case with `_` for the `.` of newer dictionaries (`_cell.length_a`).
fn normalised(tag: &str) -> String {
    tag.to_ascii_lowercase().replace('.', "_")
}

/// The data blocks of a text. Values outside of blocks belong to a block without a name.
pub(crate) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut tokens = Lexer::new(text).peekable();
    while let Some(token) = tokens.next() {
        if token.kind == Kind::Data || blocks.is_empty() {
            let name = if token.kind == Kind::Data { token.text } else { "" };
            blocks.push(Block { name, line: token.line, ..Block::default() });
        }
        let Some(block) = blocks.last_mut() else { continue };
        match token.kind {
            Kind::Tag => {
                if let Some(value) = tokens.next_if(is_value) {
                    block.singles.push((normalised(token.text), text_of(value)));
                }
            }
            Kind::Loop => {
                let mut table = Loop { tags: Vec::new(), values: Vec::new(), line: token.line };
                while let Some(tag) = tokens.next_if(|token| token.kind == Kind::Tag) {
                    table.tags.push(normalised(tag.text));
                }
                while let Some(value) = tokens.next_if(is_value) {
                    table.values.push(text_of(value));
                }
                if !table.tags.is_empty() {
                    block.loops.push(table);
                }
            }
            Kind::Data | Kind::Other | Kind::Bare | Kind::Quoted => (),
        }
    }
    blocks
}

fn is_value(token: &Token) -> bool {
    matches!(token.kind, Kind::Bare | Kind::Quoted)
}

fn text_of<'a>(token: Token<'a>) -> Text<'a> {
    Text { text: token.text, line: token.line, bare: token.kind == Kind::Bare }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "_lost 1\ndata_a\n_cell.length_A 3.0(1)\n_none ?\n_empty\nloop_\n_x\n_y\n1 2\n3 .\n\
        data_b\nloop_ _x _y 1 2 3\n";

    #[test]
    fn values_and_loops() {
        let blocks = blocks(TEXT);
        assert_eq!(
            blocks.iter().map(|b| (b.name, b.line)).collect::<Vec<_>>(),
            [("", 1), ("a", 2), ("b", 11)]
        );
        let a = &blocks[1];
        assert_eq!(a.value("_cell_length_a"), Some("3.0(1)"));
        assert_eq!(a.value("_none"), None);
        let y = a.column("_y").unwrap().unwrap();
        assert_eq!((y[0].known(), y[1].known(), y[1].line), (Some("2"), None, 10));
        assert_eq!(a.column("_cell_length_a").unwrap().unwrap().len(), 1);
        assert!(a.column("_z").unwrap().is_none());
        assert_eq!(a.lines("_x"), [(9, "1 2".to_owned()), (10, "3 .".to_owned())]);
        assert_eq!(blocks[2].column("_x"), Err(Ragged { line: 12, values: 3, tags: 2 }));
    }
}
