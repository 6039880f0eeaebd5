//! Counts the fragments of the installed library of ligands:
//! `cargo run --release -p druse-datasets --example count_fragments -- FILE`.

use std::error::Error;
use std::path::Path;

use druse_datasets::fragments::FragmentTable;
use druse_datasets::ligands::LigandLibrary;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("expected the name of the file to write")?;
    let library = LigandLibrary::find()?;
    let ligands = (0..library.len()).map(|index| library.ligand(index)).collect::<Result<Vec<_>, _>>()?;
    let occurrences = library.records().map(|record| u64::from(record.occurrences()));
    let table = FragmentTable::count(
        format!("MetaLig 1.1.0 (dartassembler 1.1.1, package sha256 {})", library.source_checksum()),
        "MIT, T. Sommer, C. Clarke, F. Kleuker, M. Garcia-Melchor; made from entries of the CSD",
        ligands.iter().zip(occurrences),
    );
    table.write(Path::new(&file))?;
    println!("{} fragments of {} ligands, {} make up 80 %", table.len(), table.ligands(), table.common());
    Ok(())
}
