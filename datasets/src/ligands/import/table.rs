//! Tables of SMILES: CSV with a header line.
//!
//! The donors are marked in the SMILES (atom maps, dative bonds or placeholder metals, see
//! [`Ligand::from_smiles`]) or given as indices of atoms in a column of their own.

use druse_representations::Ligand;

use super::{Outcome, donors};

/// Names of the columns; letter case is ignored. A column that is not named is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// SMILES. Otherwise `smiles`, or the only column whose name contains it.
    pub smiles: Option<String>,
    /// Name of the ligand. Otherwise `name` or `id`, or else the first column without SMILES; numbers
    /// of rows where there is none.
    pub name: Option<String>,
    /// Donors as indices, see [`Ligand::from_smiles_with_donors`]. Otherwise `donors`; the SMILES
    /// must mark the donors where there is none or the cell is empty.
    pub donors: Option<String>,
    /// Charge, which the SMILES must agree with. Otherwise `charge`; not compared where there is none
    /// or the cell is empty.
    pub charge: Option<String>,
}

/// Places of the columns in a row.
struct Places {
    smiles: usize,
    name: Option<usize>,
    donors: Option<usize>,
    charge: Option<usize>,
}

impl Columns {
    fn places(&self, header: &csv::StringRecord) -> Result<Places, String> {
        let titles: Vec<String> = header.iter().map(str::to_lowercase).collect();
        let place = |title: &str| titles.iter().position(|known| known == title);
        let columns = || header.iter().collect::<Vec<_>>().join(", ");
        // A column that is asked for must be there; of the usual names the first that is.
        let find = |asked: &Option<String>, usual: &[&str]| match asked {
            Some(name) => match place(&name.to_lowercase()) {
                Some(found) => Ok(Some(found)),
                None => Err(format!("line 1: columns {}, expected one named '{name}'", columns())),
            },
            None => Ok(usual.iter().find_map(|name| place(name))),
        };
        let like_smiles: Vec<usize> = (0..titles.len()).filter(|&i| titles[i].contains("smiles")).collect();
        let smiles = match (find(&self.smiles, &["smiles"])?, &like_smiles[..]) {
            (Some(found), _) | (None, &[found]) => found,
            (None, []) => return Err(format!("line 1: columns {}, expected one named 'smiles'", columns())),
            (None, _) => {
                return Err(format!(
                    "line 1: columns {}, expected to be told which has the SMILES",
                    columns()
                ));
            }
        };
        let first_other = (0..titles.len()).find(|i| !like_smiles.contains(i));
        Ok(Places {
            smiles,
            name: find(&self.name, &["name", "id"])?.or(first_other),
            donors: find(&self.donors, &["donors"])?,
            charge: find(&self.charge, &["charge"])?,
        })
    }
}

/// The rows of a table in order.
pub(super) fn parse(text: &str, columns: &Columns) -> Result<Vec<Outcome>, String> {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let places = columns.places(reader.headers().map_err(|e| e.to_string())?)?;
    let mut outcomes = Vec::new();
    for (number, row) in reader.records().enumerate() {
        let row = row.map_err(|e| e.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell =
            |place: Option<usize>| place.and_then(|place| row.get(place)).filter(|text| !text.is_empty());
        let name = cell(places.name).map_or_else(|| format!("row {}", number + 1), str::to_owned);
        let ligand = ligand(cell(Some(places.smiles)), cell(places.donors), cell(places.charge));
        outcomes.push((name, ligand.map_err(|reason| format!("line {line}: {reason}"))));
    }
    Ok(outcomes)
}

fn ligand(smiles: Option<&str>, indices: Option<&str>, charge: Option<&str>) -> Result<Ligand, String> {
    let smiles = smiles.ok_or("no SMILES in this row")?;
    let ligand = match indices {
        Some(indices) => Ligand::from_smiles_with_donors(smiles, &donors(indices)?),
        None => Ligand::from_smiles(smiles),
    };
    let ligand = ligand.map_err(|e| e.to_string())?;
    if let Some(text) = charge {
        let charge = text.parse::<i32>().map_err(|_| format!("charge '{text}', expected a whole number"))?;
        if charge != ligand.charge() {
            return Err(format!("the SMILES has charge {}, expected {charge} by the table", ligand.charge()));
        }
    }
    Ok(ligand)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(text: &str) -> Vec<(String, String)> {
        let text_of = |(name, outcome): Outcome| {
            (name, outcome.map_or_else(|reason| reason, |ligand| ligand.composition().hill_formula()))
        };
        parse(text, &Columns::default()).unwrap().into_iter().map(text_of).collect()
    }

    #[test]
    fn donors_come_from_the_smiles_or_a_column() {
        let found = outcomes(
            "Name,SMILES,donors,charge\nen,[NH2:1]CC[NH2:2],,0\ngly,NCC(=O)[O-],[[0];[4]],\ngly2,NCC(=O)[O-],0 4,-1\n\
             py,[Li]<-n1ccccc1,,\nwrong,[Cl-:1],,0\nfree,CC,,\nbad,C(,,\nlong,N,7,\nnone,,,\n,[OH2:1],,x\n",
        );
        let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!((texts[0], texts[2], texts[3]), ("C2H8N2", "C2H4NO2", "C5H5N"));
        assert!(texts[1].starts_with("line 3: donors '[[0];[4]]', expected indices"), "{}", texts[1]);
        assert_eq!(texts[4], "line 6: the SMILES has charge -1, expected 0 by the table");
        for refused in [5, 6, 7] {
            assert!(texts[refused].starts_with(&format!("line {}: ", refused + 2)), "{}", texts[refused]);
        }
        assert_eq!(texts[8], "line 10: no SMILES in this row");
        assert_eq!(
            found[9],
            ("row 10".to_owned(), "line 11: charge 'x', expected a whole number".to_owned())
        );
    }

    #[test]
    fn columns_are_found_or_missed() {
        let places = |header: &str, columns: Columns| {
            columns
                .places(&csv::StringRecord::from(header.split(',').collect::<Vec<_>>()))
                .map(|places| (places.smiles, places.name, places.donors))
        };
        assert_eq!(places("key,my smiles,donors", Columns::default()), Ok((1, Some(0), Some(2))));
        assert_eq!(places("smiles", Columns::default()), Ok((0, None, None)));
        let two = "key,Decoded SMILES,Encoded SMILES";
        assert!(places(two, Columns::default()).unwrap_err().contains("expected to be told which"));
        let told = Columns { smiles: Some("encoded smiles".to_owned()), ..Columns::default() };
        assert_eq!(places(two, told), Ok((2, Some(0), None)));
        assert!(places("key,formula", Columns::default()).unwrap_err().contains("one named 'smiles'"));
        let absent = Columns { donors: Some("sites".to_owned()), ..Columns::default() };
        assert!(places("smiles", absent).unwrap_err().contains("one named 'sites'"));
    }
}
