//! CSV tables with a column `cif`, as the CDVAE and MP-20 benchmarks ship them (T. Xie et al.,
//! ICLR 2022). All other columns are properties.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::cif;
use super::error::{Fault, Place, Problem};
use super::record::{Emit, Origin, id_from};

/// Reads row after row.
pub(crate) fn read(reader: &mut dyn BufRead, origin: &Origin, emit: &mut Emit) {
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let header: Vec<String> = match table.byte_headers() {
        Ok(header) => header.iter().map(text_of).collect(),
        Err(error) => {
            emit(Err(origin.fail(Place::default(), Problem::Input(error.to_string()))));
            return;
        }
    };
    let Some(cif_column) = header.iter().position(|name| name.eq_ignore_ascii_case("cif")) else {
        let what = format!("column 'cif' among {}", header.join(", "));
        let problem = Problem::Missing { what, expected: "a column with CIF texts".to_owned() };
        emit(Err(origin.fail(Place { line: Some(1), ..Place::default() }, problem)));
        return;
    };
    let mut row = csv::ByteRecord::new();
    for number in 1.. {
        let place = Place { entry: Some(number), ..Place::default() };
        match table.read_byte_record(&mut row) {
            Ok(false) => return,
            Ok(true) => (),
            Err(error) => {
                let end = error.is_io_error();
                emit(Err(origin.fail(place, Problem::Input(error.to_string()))));
                if end {
                    return;
                }
                continue;
            }
        }
        let mut properties = Map::new();
        for (name, field) in header.iter().zip(&row) {
            if !name.is_empty() && !field.is_empty() && !name.eq_ignore_ascii_case("cif") {
                properties.insert(name.clone(), value_of(text_of(field)));
            }
        }
        let id = id_from(&mut properties).unwrap_or_else(|| origin.id(Some(number)));
        let result = match row.get(cif_column) {
            Some(field) if !field.trim_ascii().is_empty() => cif::first(&text_of(field)),
            _ => {
                let expected = "a CIF text in the column 'cif'".to_owned();
                Err(Fault::from(Problem::Missing { what: "structure".to_owned(), expected }))
            }
        };
        // What the CIF itself says about the structure repeats the columns.
        let result = result.map(|(crystal, more)| {
            if let Some(notes) = more.get("reader_notes") {
                properties.insert("reader_notes".to_owned(), notes.clone());
            }
            (crystal, properties)
        });
        emit(origin.finish(id, place, result));
    }
}

fn text_of(field: &[u8]) -> String {
    String::from_utf8_lossy(field).trim_start_matches('\u{feff}').to_owned()
}

/// Numbers as numbers, everything else as text.
fn value_of(text: String) -> Value {
    match serde_json::from_str(text.trim()) {
        Ok(Value::Number(number)) => Value::Number(number),
        _ => Value::String(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: &str = "_cell_length_a 3\n_cell_length_b 3\n_cell_length_c 3\n";

    #[test]
    fn rows_become_records() {
        let atoms =
            "loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nPo 0 0 0\n";
        let text = format!(
            ",material_id,e,cif,note\n0,mp-1,-0.5,\"data_x\n{CELL}{atoms}\",\"a, b\"\n1,mp-2,,,x\n2,,1e3,\"data_y\n{CELL}\",\n"
        );
        let origin = Origin { file: "t.csv".into(), stem: "t".into() };
        let mut records = Vec::new();
        read(&mut text.as_bytes(), &origin, &mut |record| records.push(record));
        let first = records[0].as_ref().unwrap();
        assert_eq!((first.id.as_str(), first.crystal.sites.len()), ("mp-1", 1));
        assert_eq!(first.properties["e"], serde_json::json!(-0.5));
        assert_eq!(first.properties["note"], serde_json::json!("a, b"));
        let message = |i: usize| records[i].as_ref().unwrap_err().to_string();
        assert_eq!(message(1), "t.csv, structure 2: no structure; expected a CIF text in the column 'cif'");
        assert!(message(2).starts_with("t.csv, structure 3: no atom sites"), "{}", message(2));
        assert_eq!(records[2].as_ref().unwrap_err().id, "t#3");
    }

    #[test]
    fn a_table_without_cif_is_one_error() {
        let origin = Origin { file: "t.csv".into(), stem: "t".into() };
        let mut records = Vec::new();
        read(&mut "id,e\na,1\nb,2\n".as_bytes(), &origin, &mut |record| records.push(record));
        assert_eq!(records.len(), 1);
        assert!(records[0].as_ref().unwrap_err().to_string().contains("no column 'cif' among id, e"));
    }
}
