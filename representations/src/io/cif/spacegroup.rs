//! Symmetry operations of space groups that are given by name or number alone.

use std::sync::OnceLock;

use moyo::data::{HallSymbol, HallSymbolEntry, Setting, hall_symbol_entry, operations_from_number};
use nalgebra::Vector3;

use super::operation::SymmetryOperation;

/// Number of entries in the table of Hall symbols (all usual settings of the 230 space groups).
const HALL_ENTRIES: i32 = 530;

/// Largest order of a space group modulo the translations of its usual cells.
const MOST_OPERATIONS: usize = 192;

/// A setting of a space group.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// How it is called, for notes.
    pub(crate) name: String,
    /// Number of the space group where the table knows it.
    pub(crate) number: Option<i32>,
    pub(crate) operations: Vec<SymmetryOperation>,
}

impl Candidate {
    /// The same group with its origin at `origin`: (W, w) becomes (W, w + v - W v).
    pub(crate) fn with_origin(&self, origin: &Vector3<f64>) -> Self {
        let operations = self.operations.iter().map(|op| SymmetryOperation {
            translation: (op.translation + origin - op.rotation.map(f64::from) * origin).map(tidy),
            ..*op
        });
        let [x, y, z]: [f64; 3] = (*origin).into();
        Self {
            name: format!("{}, origin at {x},{y},{z}", self.name),
            number: self.number,
            operations: operations.collect(),
        }
    }
}

/// An entry of the table with its symbols as they are compared.
struct Keyed {
    entry: HallSymbolEntry,
    hall: String,
    names: [String; 2],
}

fn entries() -> &'static [Keyed] {
    static ENTRIES: OnceLock<Vec<Keyed>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let keyed = |entry: HallSymbolEntry| Keyed {
            hall: hall_key(entry.hall_symbol),
            names: names(&entry).map(|name| symbol_key(&name)),
            entry,
        };
        (1..=HALL_ENTRIES).filter_map(hall_symbol_entry).map(keyed).collect()
    })
}

fn candidate(entry: &HallSymbolEntry) -> Option<Candidate> {
    let operations =
        operations_from_number(entry.number, Setting::HallNumber(entry.hall_number), false).ok()?;
    let operations = operations
        .into_iter()
        .map(|op| SymmetryOperation { rotation: op.rotation, translation: op.translation.map(tidy) })
        .collect();
    let setting = if entry.setting.is_empty() { String::new() } else { format!(" :{}", entry.setting) };
    let name = format!("{}{setting} (Hall {})", entry.hm_short, entry.hall_symbol);
    Some(Candidate { name, number: Some(entry.number), operations })
}

/// Translation in [0, 1), as an exact multiple of 1/24 where it is one.
fn tidy(t: f64) -> f64 {
    ((t * 24.0).round() / 24.0).rem_euclid(1.0)
}

/// The setting with this Hall symbol; symbols outside of the table are worked out from their
/// generators.
pub(crate) fn by_hall_symbol(symbol: &str) -> Option<Candidate> {
    let key = hall_key(symbol);
    entries()
        .iter()
        .find(|known| known.hall == key)
        .and_then(|known| candidate(&known.entry))
        .or_else(|| from_generators(symbol))
}

/// Hall symbols compare without blanks and underscores, with `"` and `'` for `=` and `^`.
fn hall_key(symbol: &str) -> String {
    symbol
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '_')
        .map(|c| match c {
            '"' => '=',
            '\'' => '^',
            c => c.to_ascii_lowercase(),
        })
        .collect()
}

/// Operations from a Hall symbol as defined in International Tables B, A1.4.2.3.
fn from_generators(symbol: &str) -> Option<Candidate> {
    let text = symbol.replace('_', " ").replace('"', "=").replace('\'', "^");
    if !is_hall_symbol(&text) {
        return None;
    }
    let hall = HallSymbol::new(&text)?;
    let mut generators: Vec<SymmetryOperation> = hall
        .generators
        .iter()
        .map(|op| SymmetryOperation { rotation: op.rotation, translation: op.translation.map(tidy) })
        .collect();
    generators.extend(
        hall.centering_translations
            .iter()
            .map(|t| SymmetryOperation { translation: t.map(tidy), ..SymmetryOperation::identity() }),
    );
    let operations = closure(&generators)?;
    Some(Candidate { name: symbol.to_owned(), number: None, operations })
}

/// Strict shape of a Hall symbol: lattice letter, axes, origin shift in twelfths.
fn is_hall_symbol(text: &str) -> bool {
    let (axes, shift) = text.split_once('(').map_or((text, None), |(axes, shift)| (axes, Some(shift)));
    let mut tokens = axes.split_whitespace();
    let lattice = tokens.next().is_some_and(|token| {
        let letter = token.strip_prefix('-').unwrap_or(token);
        letter.len() == 1 && letter.chars().all(|c| "PABCIRHF".contains(c))
    });
    let axes: Vec<&str> = tokens.collect();
    let axis = |token: &&str| {
        let token = token.strip_prefix('-').unwrap_or(token);
        token.starts_with(['1', '2', '3', '4', '6'])
            && token.len() <= 4
            && token[1..].chars().all(|c| "xyz^=*abcnuvwd12345".contains(c))
    };
    let shift = shift.is_none_or(|shift| {
        shift.strip_suffix(')').is_some_and(|inner| {
            let parts: Vec<_> = inner.split_whitespace().map(str::parse::<i32>).collect();
            parts.len() == 3 && parts.iter().all(|part| matches!(part, Ok(-11..=11)))
        })
    });
    lattice && shift && (1..=4).contains(&axes.len()) && axes.iter().all(axis)
}

/// The group that generators span modulo lattice translations; `None` when it is too large to be
/// a space group.
pub(crate) fn closure(generators: &[SymmetryOperation]) -> Option<Vec<SymmetryOperation>> {
    let mut group = vec![SymmetryOperation::identity()];
    let mut next = 0;
    while next < group.len() {
        for generator in generators {
            let product = generator.after(&group[next]);
            let known = group.iter().any(|op| {
                let shift: Vector3<f64> = op.translation - product.translation;
                op.rotation == product.rotation && shift.map(|x| x - x.round()).norm() < 1e-4
            });
            if !known {
                group.push(product);
            }
        }
        if group.len() > MOST_OPERATIONS {
            return None;
        }
        next += 1;
    }
    Some(group)
}

/// All settings that a Hermann-Mauguin symbol can mean, the usual one first: `P 63/m m c`,
/// `P6_3/mmc`, `P 21/n`, `F d -3 m :2`, `R-3mH`, `Fd3m`, `C m c a`, `C -1`.
pub(crate) fn by_hermann_mauguin(symbol: &str) -> Vec<Candidate> {
    let (symbol, setting) = split_setting(symbol);
    let key = symbol_key(&symbol);
    let mut found: Vec<&HallSymbolEntry> =
        entries().iter().filter(|known| known.names.contains(&key)).map(|known| &known.entry).collect();
    if found.is_empty() {
        // Cubic symbols were written without the minus until 1983: Pm3m.
        let loose = |known: &&Keyed| known.names.iter().any(|name| name.replace('-', "") == key);
        let cubic = entries().iter().filter(|known| known.entry.number >= 195);
        found = cubic.filter(loose).map(|known| &known.entry).collect();
    }
    if found.is_empty() && matches!(key.get(1..), Some("1" | "-1")) {
        // Centred triclinic cells (feldspars) have no entry.
        let (letter, inversion) = (key[..1].to_ascii_uppercase(), key[1..].trim_end_matches('1'));
        return by_hall_symbol(&format!("{inversion}{letter} 1")).into_iter().collect();
    }
    usual_first(found, setting.as_deref())
}

/// Hermann-Mauguin symbols of an entry: full and short. Short symbols of monoclinic groups are
/// those of the entry's own axes (`P 2_1/n`), which two settings can share.
fn names(entry: &HallSymbolEntry) -> [String; 2] {
    let short = if (3..=15).contains(&entry.number) {
        entry.hm_full.split(' ').filter(|token| *token != "1").collect::<Vec<_>>().join(" ")
    } else {
        entry.hm_short.to_owned()
    };
    [entry.hm_full.to_owned(), short]
}

/// All settings of a space group number, the usual one first.
pub(crate) fn by_number(number: i32) -> Vec<Candidate> {
    let entries = entries().iter().map(|known| &known.entry);
    usual_first(entries.filter(|entry| entry.number == number).collect(), None)
}

/// Keeps entries of the wanted setting (all when there is none) and puts the entry first that
/// International Tables A take as standard.
fn usual_first(mut found: Vec<&HallSymbolEntry>, setting: Option<&str>) -> Vec<Candidate> {
    if let Some(setting) = setting {
        let fitting = |entry: &&HallSymbolEntry| {
            entry.setting.eq_ignore_ascii_case(setting)
                || (setting.len() == 1 && entry.setting.starts_with(setting) && entry.number > 15)
        };
        if found.iter().any(fitting) {
            found.retain(fitting);
        }
    }
    let standard =
        |entry: &HallSymbolEntry| Setting::Standard.hall_number(entry.number) == Some(entry.hall_number);
    found.sort_by_key(|entry| (!standard(entry), entry.hall_number));
    found.into_iter().filter_map(candidate).collect()
}

/// Symbol and setting: `F d -3 m :2`, `R -3 m H`, `F d 3 m S` and `Z` (origin choices 1 and 2 as
/// ICSD writes them), `R -3 m HR`/`RS`.
fn split_setting(symbol: &str) -> (String, Option<String>) {
    let symbol = symbol.trim();
    if let Some((head, tail)) = symbol.split_once(':') {
        return (head.to_owned(), Some(tail.trim().to_owned()));
    }
    let upper = symbol.to_ascii_uppercase();
    for (end, setting) in [("HR", "H"), ("RS", "R"), ("H", "H"), ("R", "R"), ("S", "1"), ("Z", "2")] {
        let rhombohedral = upper.starts_with('R');
        if upper.len() > end.len() + 1
            && upper.ends_with(end)
            && rhombohedral == matches!(setting, "H" | "R")
            && let Some(head) = symbol.get(..symbol.len() - end.len())
        {
            return (head.trim().to_owned(), Some(setting.to_owned()));
        }
    }
    (symbol.to_owned(), None)
}

/// Hermann-Mauguin symbols compare in lower case without blanks, underscores and brackets, with
/// the glide letter e of the 1992 names.
fn symbol_key(symbol: &str) -> String {
    let key: String = symbol
        .chars()
        .filter(|c| c.is_ascii() && !c.is_whitespace() && !matches!(c, '_' | '(' | ')' | '\'' | '"' | '$'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    match key.as_str() {
        "abm2" => "aem2".to_owned(),
        "aba2" => "aea2".to_owned(),
        "cmca" | "cmcb" => "cmce".to_owned(),
        "cmma" | "cmmb" => "cmme".to_owned(),
        "ccca" | "cccb" => "ccce".to_owned(),
        _ => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(symbol: &str) -> Vec<usize> {
        by_hermann_mauguin(symbol).iter().map(|c| c.operations.len()).collect()
    }

    #[test]
    fn spellings() {
        assert_eq!(order("P 63/m m c"), [24]);
        assert_eq!(order("P6_3/mmc"), [24]);
        assert_eq!(order("F d -3 m"), [192, 192]);
        assert_eq!(order("F d -3 m :2"), [192]);
        assert_eq!(order("Fd3m"), [192, 192]);
        assert_eq!(order("Fd-3mS"), [192]);
        assert_eq!(order("R -3 m H"), [36]);
        assert_eq!(order("R-3m:R"), [12]);
        assert_eq!(order("R -3 c"), [36, 12]);
        assert_eq!(order("P 21/c"), [4, 4]);
        assert_eq!(order("P 1 21/n 1"), [4]);
        assert_eq!(order("P 21/n"), [4, 4, 4]);
        assert_eq!(order("C 2/c"), [8, 8]);
        assert_eq!(order("I 2/a"), [8, 8]);
        assert_eq!(order("C -1"), [4]);
        assert_eq!(order("C m c a"), [16]);
        assert_eq!(order("P b n m"), [8]);
        assert_eq!(order("Pm3m"), [48]);
        assert_eq!(order("P -3 m 1"), [12]);
        assert_eq!(order("P a -3"), [24]);
        assert_eq!(order("F 4/m -3 2/m"), [192]);
        assert!(order("Q 9").is_empty());
    }

    #[test]
    fn every_entry_is_found_by_its_own_names() {
        for Keyed { entry, .. } in entries() {
            let hall = by_hall_symbol(entry.hall_symbol).unwrap();
            assert_eq!(
                hall.operations.len(),
                closure(&hall.operations).unwrap().len(),
                "{}",
                entry.hall_symbol
            );
            let name = format!("(Hall {})", entry.hall_symbol);
            let found = by_hermann_mauguin(entry.hm_full);
            assert!(found.iter().any(|c| c.name.ends_with(&name)), "{} {}", entry.hm_full, entry.hall_symbol);
        }
    }

    #[test]
    fn hall_symbols_outside_of_the_table() {
        let shifted = by_hall_symbol("P 2 2 -1ab (0 0 6)").unwrap();
        assert_eq!(shifted.operations.len(), 8);
        for text in ["", "P", "X 2", "P 2 (1 2)", "P 9", "P 6 4x", "P 2é"] {
            assert!(by_hall_symbol(text).is_none(), "{text}");
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(by_number(225)[0].operations.len(), 192);
        assert!(by_number(0).is_empty() && by_number(231).is_empty());
    }
}
