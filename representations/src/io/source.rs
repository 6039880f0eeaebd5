//! Files, folders and archives as streams of structures.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;

use super::error::{Place, Problem, ReadError, RecordError};
use super::format::{Input, Packing, by_name};
use super::record::{Emit, Origin, Record};
use super::xyz::{self, MoleculeRecord};
use super::{asedb, cif, csv_table, extxyz, json, jsonl, poscar};

/// Reads all structures of a file, folder (recursively, sorted by path) or archive.
///
/// A structure that cannot be read is an `Err` in its place; the others are not affected.
///
/// # Errors
/// When the path does not exist or holds nothing of a known format.
///
/// ```
/// let folder = tempfile::tempdir().unwrap();
/// let file = folder.path().join("salt.jsonl");
/// let line = r#"{"id": "salt", "cell": [5.6, 5.6, 5.6, 90, 90, 90], "species": ["Na"], "frac": [[0, 0, 0]]}"#;
/// std::fs::write(&file, line).unwrap();
/// let records = druse_representations::io::read_path(&file).unwrap();
/// assert_eq!(records[0].as_ref().unwrap().id, "salt");
/// ```
pub fn read_path(path: &Path) -> Result<Vec<Result<Record, RecordError>>, ReadError> {
    let mut records = Vec::new();
    for_each(path, &mut |record| records.push(record))?;
    Ok(records)
}

/// Like [`read_path`], but hands over one structure at a time; JSON lines, CSV and extXYZ files
/// are never held in memory as a whole.
///
/// # Errors
/// As [`read_path`].
pub fn for_each(path: &Path, emit: &mut dyn FnMut(Result<Record, RecordError>)) -> Result<(), ReadError> {
    walk(path, &mut |opened| match opened {
        Ok(opened) => crystals(opened, emit),
        Err(error) => emit(Err(error)),
    })
}

/// Reads all molecules of XYZ files: one file, a folder (recursively, sorted by path) or an archive.
///
/// A molecule that cannot be read is an `Err` in its place, and so is a file of another format.
///
/// # Errors
/// As [`read_path`].
pub fn read_molecules(path: &Path) -> Result<Vec<Result<MoleculeRecord, RecordError>>, ReadError> {
    let mut records = Vec::new();
    walk(path, &mut |opened| match opened {
        Ok(Opened { input: Input::Xyz, mut reader, origin }) => {
            xyz::read(&mut reader, origin, &mut |record| records.push(record));
        }
        Ok(Opened { input, origin, .. }) => {
            let (what, found) = ("format of the file".to_owned(), format!("{input:?}"));
            let problem = Problem::Unexpected { what, found, expected: "XYZ (.xyz, .extxyz)".into() };
            records.push(Err(origin.fail(Place::default(), problem)));
        }
        Err(error) => records.push(Err(error)),
    })?;
    Ok(records)
}

/// A file of a known format that can be read.
struct Opened<'a> {
    input: Input,
    reader: Box<dyn BufRead + 'a>,
    origin: &'a Origin,
}

/// Receives files one after the other, or why one of several cannot be opened.
type Visit<'v> = dyn FnMut(Result<Opened<'_>, RecordError>) + 'v;

fn walk(path: &Path, visit: &mut Visit) -> Result<(), ReadError> {
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ReadError::NotFound { path: path.to_owned() },
        _ => ReadError::Io { path: path.to_owned(), error },
    })?;
    if metadata.is_dir() {
        folder(path, visit)
    } else if is_zip(path) {
        archive(path, visit)
    } else {
        file(path, visit)
    }
}

fn is_zip(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("zip"))
}

fn file(path: &Path, visit: &mut Visit) -> Result<(), ReadError> {
    let (input, packing, stem) =
        by_name(path).ok_or_else(|| ReadError::UnknownFormat { path: path.to_owned() })?;
    let file = File::open(path).map_err(|error| ReadError::Io { path: path.to_owned(), error })?;
    let origin = Origin { file: path.display().to_string(), stem: distinct_stem(path, stem) };
    visit(Ok(Opened { input, reader: unpacked(packing, Box::new(file)), origin: &origin }));
    Ok(())
}

/// A folder of calculations holds many files called POSCAR: their folder tells them apart.
fn distinct_stem(path: &Path, stem: String) -> String {
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    match folder {
        Some(folder) if matches!(stem.as_str(), "POSCAR" | "CONTCAR") => format!("{folder}/{stem}"),
        _ => stem,
    }
}

fn folder(path: &Path, visit: &mut Visit) -> Result<(), ReadError> {
    let mut files = Vec::new();
    collect(path, &mut files)?;
    files.sort();
    if files.is_empty() {
        return Err(ReadError::NothingInside { path: path.to_owned() });
    }
    for inner in files {
        let result = if is_zip(&inner) { archive(&inner, visit) } else { file(&inner, visit) };
        if let Err(error) = result {
            let origin = Origin { file: path.display().to_string(), stem: inner.display().to_string() };
            visit(Err(origin.fail(Place::default(), Problem::Input(error.to_string()))));
        }
    }
    Ok(())
}

/// Files of known formats below `path`; hidden ones and links to folders are left out.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    let io = |error| ReadError::Io { path: path.to_owned(), error };
    for entry in fs::read_dir(path).map_err(io)? {
        let entry = entry.map_err(io)?;
        let inner = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type().map_err(io)?.is_dir() {
            collect(&inner, files)?;
        } else if !inner.is_dir() && (by_name(&inner).is_some() || is_zip(&inner)) {
            files.push(inner);
        }
    }
    Ok(())
}

fn archive(path: &Path, visit: &mut Visit) -> Result<(), ReadError> {
    let broken = |error: zip::result::ZipError| ReadError::Archive {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let file = File::open(path).map_err(|error| ReadError::Io { path: path.to_owned(), error })?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let Some(name) = archive.name_for_index(index) else { continue };
        let name = name.map_err(broken)?.into_owned();
        let hidden = name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
        if !hidden
            && !name.ends_with('/')
            && let Some((input, packing, stem)) = by_name(Path::new(&name))
        {
            members.push((name, index, input, packing, stem));
        }
    }
    if members.is_empty() {
        return Err(ReadError::NothingInside { path: path.to_owned() });
    }
    members.sort_by(|x, y| x.0.cmp(&y.0));
    for (name, index, input, packing, stem) in members {
        let stem = distinct_stem(Path::new(&name), stem);
        let origin = Origin { file: format!("{}:{name}", path.display()), stem };
        match archive.by_index(index) {
            Ok(member) => {
                visit(Ok(Opened { input, reader: unpacked(packing, Box::new(member)), origin: &origin }));
            }
            Err(error) => visit(Err(origin.fail(Place::default(), Problem::Input(error.to_string())))),
        }
    }
    Ok(())
}

fn unpacked<'a>(packing: Packing, bytes: Box<dyn Read + 'a>) -> Box<dyn BufRead + 'a> {
    const BUFFER: usize = 1 << 16;
    match packing {
        Packing::Plain => Box::new(BufReader::with_capacity(BUFFER, bytes)),
        Packing::Gzip => Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(bytes))),
        Packing::Bzip2 => Box::new(BufReader::with_capacity(BUFFER, MultiBzDecoder::new(bytes))),
    }
}

fn crystals(opened: Opened, emit: &mut Emit) {
    let Opened { input, mut reader, origin } = opened;
    match input {
        Input::JsonLines => jsonl::read(&mut reader, origin, emit),
        Input::Csv => csv_table::read(&mut reader, origin, emit),
        Input::Xyz => extxyz::read(&mut reader, origin, emit),
        Input::Cif | Input::Poscar | Input::Json | Input::AseDb => {
            let mut bytes = Vec::new();
            if let Err(error) = reader.read_to_end(&mut bytes) {
                emit(Err(origin.fail(Place::default(), Problem::Input(error.to_string()))));
                return;
            }
            if input == Input::AseDb {
                return asedb::read(&bytes, origin, emit);
            }
            let text = String::from_utf8_lossy(&bytes);
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            match input {
                Input::Cif => cif::read(text, origin, emit),
                Input::Poscar => poscar::read(text, origin, emit),
                _ => json::read(text, origin, emit),
            }
        }
    }
}
