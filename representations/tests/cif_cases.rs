//! Single features of CIFs, each in a small text: what is read, or the message.

use druse_representations::io::read_path;
use serde_json::Value;

const CELL: &str = "_cell_length_a 5.64(1)\n_cell_length_b 5.64(1)\n_cell_length_c 5.64(1)\n\
    _cell_angle_alpha 90.\n_cell_angle_beta 90\n_cell_angle_gamma 90.000(2)\n";
const GROUP: &str = "_space_group_IT_number 225\n";
const HEXAGONAL: &str =
    "_cell_length_a 4.76\n_cell_length_b 4.76\n_cell_length_c 12.99\n_cell_angle_gamma 120\n";
const SALT: &str = "Na1 0 0 0\nCl1 0.5 0.5 0.5\n";

fn atoms(rows: &str) -> String {
    let tags = ["label", "fract_x", "fract_y", "fract_z"].map(|tag| format!("_atom_site_{tag}\n")).concat();
    format!("loop_\n{tags}{rows}")
}

fn shares(rows: &str) -> String {
    let tags = ["label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy"];
    format!("loop_\n{}{rows}", tags.map(|tag| format!("_atom_site_{tag}\n")).concat())
}

/// Formula of the cell, or the message behind the file name.
fn read(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.cif");
    std::fs::write(&path, text).unwrap();
    let results: Vec<String> = read_path(&path)
        .unwrap()
        .into_iter()
        .map(|record| match record {
            Ok(record) => record.crystal.composition().to_string(),
            Err(error) => {
                let message = error.to_string();
                message.split_once("x.cif").map_or(message.clone(), |(_, rest)| rest.to_owned())
            }
        })
        .collect();
    results.join(" | ")
}

#[test]
fn symmetry_in_every_spelling() {
    for symmetry in [
        "_symmetry_space_group_name_H-M 'F m -3 m'\n",
        "_symmetry_space_group_name_H-M Fm-3m\n",
        "_space_group_name_H-M_alt 'F m 3 m'\n",
        "_symmetry_space_group_name_H-M 'F 4/m -3 2/m'\n",
        "_space_group_IT_number 225\n",
        "_symmetry_Int_Tables_number 225\n",
        "_space_group.IT_number 225\n",
        "_space_group_name_Hall '-F 4 2 3'\n",
        "_symmetry_space_group_name_Hall '-F_4_2_3'\n",
        "_symmetry_space_group_name_Hall ?\n_symmetry_space_group_name_H-M 'unknown'\n_space_group_IT_number 225\n",
    ] {
        assert_eq!(read(&format!("data_a\n{CELL}{symmetry}{}", atoms(SALT))), "Na4Cl4", "{symmetry}");
    }
}

#[test]
fn operations_in_every_spelling() {
    // A C-centred monoclinic cell: C 1 2 1.
    for operations in [
        "loop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n'-x,y,-z'\n'x+1/2,y+1/2,z'\n'1/2-x,1/2+y,-z'\n",
        "loop_\n_space_group_symop_id\n_space_group_symop_operation_xyz\n1 x,y,z\n2 -x,y,-z\n3 X+.5,Y+0.5,Z\n4 .5-x,.5+y,-z\n",
        "loop_\n_symmetry_equiv_pos_as_xyz\nx, y, z\n-x, y, -z\n1/2+x, 1/2+y, z\n1/2-x, 1/2+y, -z\n",
        "loop_\n_symmetry_equiv_pos_site_id\n_symmetry_equiv_pos_as_xyz\n1 x, y, z\n2 -x, y, -z\n3 1/2+x, 1/2+y, z\n4 1/2-x, 1/2+y, -z\n",
        "loop_\n_space_group_symop.operation_xyz\n-x,y,-z\nx+1/2,y+1/2,z\n-x+1/2,y+1/2,-z\n",
        "loop_\n_space_group_symop_magn_operation.xyz\nx,y,z,+1\n-x,y,-z,-1\n\
            loop_\n_space_group_symop_magn_centering.xyz\nx,y,z,+1\nx+1/2,y+1/2,z,-1\n",
    ] {
        let text = format!("data_a\n{CELL}{operations}{}", atoms("Na1 0.1 0.2 0.3\nCl1 0 0.5 0\n"));
        assert_eq!(read(&text), "Na4Cl2", "{operations}");
    }
}

#[test]
fn line_ends_marks_and_bytes() {
    let text = format!("data_a\n{CELL}{GROUP}{}", atoms(SALT));
    for text in [text.replace('\n', "\r\n"), text.replace('\n', "\r"), format!("\u{feff}{text}")] {
        assert_eq!(read(&text), "Na4Cl4");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latin1.cif");
    let latin: Vec<u8> = [b"# \xe9t\xe9\n".as_slice(), text.as_bytes()].concat();
    std::fs::write(&path, latin).unwrap();
    assert!(read_path(&path).unwrap()[0].is_ok());
}

#[test]
fn settings_follow_the_cell() {
    let corundum = atoms("Al3+ 0 0 0.352\nO2- 0.306 0 0.25\n");
    assert_eq!(
        read(&format!("data_a\n{HEXAGONAL}_symmetry_space_group_name_H-M 'R -3 c'\n{corundum}")),
        "Al12O18"
    );
    // The same crystal with rhombohedral axes (a = 5.128 Å, alpha = 55.28°): Al at z, z, z with
    // the z of above, O at x + 1/4, 1/4 - x, 1/4.
    let cell = "_cell_length_a 5.128\n_cell_length_b 5.128\n_cell_length_c 5.128\n\
        _cell_angle_alpha 55.28\n_cell_angle_beta 55.28\n_cell_angle_gamma 55.28\n";
    let corundum = atoms("Al1 0.352 0.352 0.352\nO1 0.556 -0.056 0.25\n");
    assert_eq!(read(&format!("data_a\n{cell}_space_group_IT_number 167\n{corundum}")), "Al4O6");
    // Diamond: 8a in either origin choice.
    for place in ["0 0 0", "0.125 0.125 0.125"] {
        let text = format!("data_a\n{CELL}_space_group_IT_number 227\n{}", atoms(&format!("C {place}\n")));
        assert_eq!(read(&text), "C8", "{place}");
    }
}

#[test]
fn occupancies() {
    let mix =
        |na: &str| shares(&format!("A Na+ 0 0 0 {na}\nB K1+ 0 0 0 0.5\nX Cl1- .5 .5 .5 .\nV O . . . 0\n"));
    let text = |na: &str| format!("data_a\n{CELL}{GROUP}{}", mix(na).replace("V O . . . 0\n", ""));
    assert_eq!(read(&text("0.48(1)")), "K2Na1.92Cl4");
    assert_eq!(read(&text("0.51")), "K1.980198Na2.019802Cl4");
    assert_eq!(
        read(&text("?")),
        ", block 'a', line 16: site A + B: occupancies at this place add up to 1.5000; expected at most 1 (up to 1.05 is scaled)"
    );
    assert_eq!(read(&text("4")), ", block 'a', line 16: site A: occupancy 4; expected a number from 0 to 1");
    assert_eq!(
        read(&text("-0.1")),
        ", block 'a', line 16: site A: occupancy -0.1; expected a number from 0 to 1"
    );
}

#[test]
fn several_blocks() {
    let one = format!("{CELL}{GROUP}{}", atoms(SALT));
    let text = format!("data_a\n{one}data_global\n_x 1\ndata_b\n{CELL}{}data_a\n{one}", atoms("Xx 0 0 0\n"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.cif");
    std::fs::write(&path, text).unwrap();
    let ids: Vec<String> = read_path(&path)
        .unwrap()
        .into_iter()
        .map(|record| record.map_or_else(|error| format!("{}!", error.id), |record| record.id))
        .collect();
    assert_eq!(ids, ["x#1", "b!", "x#3"]);
}

#[test]
fn notes_say_what_was_settled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.cif");
    std::fs::write(&path, format!("data_a\n{CELL}{}", atoms(SALT))).unwrap();
    let record = read_path(&path).unwrap().remove(0).unwrap();
    assert_eq!(record.crystal.sites.len(), 2);
    let Some(Value::Array(notes)) = record.properties.get("reader_notes") else { panic!("no notes") };
    assert!(notes[0].as_str().unwrap().contains("read as P 1"));
}

#[test]
fn messages() {
    let with = |cell: &str, symmetry: &str, atoms: &str| format!("data_a\n{cell}{symmetry}{atoms}");
    let salt = atoms(SALT);
    for (text, expected) in [
        (String::new(), ": no atom sites; expected a data block with _atom_site_fract_x, _y and _z"),
        (with(CELL, "", ""), ": no atom sites; expected a data block"),
        (with(CELL, "", &atoms("")), ": no atom sites; expected a data block"),
        (with("", "", &salt), ", block 'a', line 1: no cell; expected _cell_length_a"),
        (
            with(&CELL.replace("90.000(2)", "abc"), "", &salt),
            ", block 'a', line 7: _cell_angle_gamma is 'abc'",
        ),
        (with(&CELL.replace("5.64", "0.00"), "", &salt), ", block 'a', line 2: impossible cell a=0.0000"),
        (
            with(CELL, "_symmetry_space_group_name_H-M 'Q m 7'\n", &salt),
            ", block 'a', line 1: unknown space group 'Q m 7'",
        ),
        (
            with(CELL, "_symmetry_space_group_name_H-M 'P 63/m m c'\n", &salt),
            ", block 'a', line 1: cell is '[5.6400, 5.6400, 5.6400, 90.0000, 90.0000, 90.0000]'; expected a cell that fits",
        ),
        (
            with(CELL, "loop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n'x,y,w'\n", &salt),
            ", block 'a', line 11: symmetry operation 'x,y,w'; expected a form such as",
        ),
        (
            with(CELL, "", &atoms("Na1 0 0 0\nO1 0 0\n")),
            ", block 'a', line 8: 7 values; expected a multiple of 4",
        ),
        (
            with(CELL, "", &atoms("Na1 0 nan 0\n")),
            ", block 'a', line 13: y of site Na1 is 'nan'; expected a finite number",
        ),
        (with(CELL, "", &atoms("Na1 0 0 ?\n")), ", block 'a', line 13: z of site Na1 is '?'"),
        (with(CELL, "", &atoms("Xx1 0 0 0\n")), ", block 'a', line 13: site Xx1: unknown element 'Xx1'"),
        (
            with(CELL, "", "loop_\n_atom_site_label\n_atom_site_Cartn_x\nNa1 0\n"),
            ", block 'a', line 1: no fractional coordinates; expected _atom_site_fract_x",
        ),
        (with(CELL, "", &shares("A Na 0 0 0 0\n")), ", block 'a', line 1: the structure is empty"),
    ] {
        let message = read(&text);
        assert!(message.starts_with(expected), "{message}\nexpected: {expected}");
    }
}
