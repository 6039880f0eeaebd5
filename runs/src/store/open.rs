//! Creating, opening and closing a store.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use druse_representations::io::write_atomically;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::lock::{LOCK, Lock};
use super::{DATABASE, Extent, Store, StoreError, read, schema};

/// How long a write waits for a reader that is just opening.
const PATIENCE: Duration = Duration::from_secs(30);

impl Store {
    /// Creates the folder and an empty store in it.
    ///
    /// # Errors
    /// When the folder already holds a campaign or cannot be written.
    pub fn create(directory: &Path) -> Result<Self, StoreError> {
        Self::begin(directory, &[], &[])
    }

    /// Creates the folder, files in it, and a store with values of the campaign as a whole. The store
    /// comes last and in one piece: where it is, the campaign has begun. When this fails, nothing
    /// stays behind.
    ///
    /// # Errors
    /// When the folder already holds a campaign or cannot be written.
    pub fn begin(
        directory: &Path,
        files: &[(&str, &[u8])],
        meta: &[(&str, &str)],
    ) -> Result<Self, StoreError> {
        let database = directory.join(DATABASE);
        let occupied = || StoreError::AlreadyThere(directory.to_owned());
        if database.exists() {
            return Err(occupied());
        }
        let new = !directory.exists();
        fs::create_dir_all(directory)
            .map_err(|source| StoreError::Io { path: directory.to_owned(), source })?;
        let lock = match Lock::take(directory) {
            Err(error @ StoreError::Io { .. }) => {
                leave(directory, new, &[LOCK]);
                return Err(error);
            }
            lock => lock?,
        };
        if database.exists() {
            return Err(occupied());
        }
        let begun = write_all(directory, &database, files, meta).and_then(|()| {
            let connection = connect(&database)?;
            write_ahead(&connection)?;
            Ok(connection)
        });
        match begun {
            Ok(connection) => {
                let extent = Extent::default();
                Ok(Self { connection, directory: directory.to_owned(), extent, lock: Some(lock) })
            }
            Err(error) => {
                drop(lock);
                let mut names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
                names.extend([DATABASE, LOCK]);
                leave(directory, new, &names);
                Err(error.at(directory))
            }
        }
    }

    /// Opens a store to continue the campaign; one of an older format is brought up to date.
    ///
    /// # Errors
    /// When there is none, another engine holds it, the format is a newer one, or it is damaged; then it
    /// is as it was.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let database = existing(directory)?;
        let lock = Lock::take(directory)?;
        let located = |error: StoreError| error.at(directory);
        let mut connection = connect(&database).map_err(StoreError::from).map_err(located)?;
        check_format(&connection, &database).map_err(located)?;
        check_structure(&connection).map_err(located)?;
        schema::migrate(&mut connection).map_err(located)?;
        let extent = Extent::read(&connection).map_err(located)?;
        write_ahead(&connection).map_err(|error| located(error.into()))?;
        // From now on the changes of this connection go into the database when it is closed.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
            .map_err(|error| located(error.into()))?;
        Ok(Self { connection, directory: directory.to_owned(), extent, lock: Some(lock) })
    }

    /// Opens a store to look at it; a running engine does not mind. One of an older format is brought up
    /// to date first.
    ///
    /// # Errors
    /// When there is none, the format is a newer one, or it is damaged.
    pub fn read(directory: &Path) -> Result<Self, StoreError> {
        let database = existing(directory)?;
        let located = |error: StoreError| error.at(directory);
        let mut connection = readable(&database).map_err(StoreError::from).map_err(located)?;
        if check_format(&connection, &database).map_err(located)? < schema::FORMAT_VERSION {
            drop(connection);
            drop(Self::open(directory)?);
            connection = readable(&database).map_err(StoreError::from).map_err(located)?;
        }
        let extent = Extent::read(&connection).map_err(located)?;
        Ok(Self { connection, directory: directory.to_owned(), extent, lock: None })
    }
}

fn existing(directory: &Path) -> Result<PathBuf, StoreError> {
    let database = directory.join(DATABASE);
    if database.is_file() { Ok(database) } else { Err(StoreError::NoCampaign(directory.to_owned())) }
}

/// A connection that leaves the files as they are when it is closed without having written. FULL makes
/// a committed step survive a power loss.
fn connect(database: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::default() & !OpenFlags::SQLITE_OPEN_CREATE;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // Without changes of an earlier process, closing takes the two files beside the database away.
    let changes = fs::metadata(beside(database, "-wal")).is_ok_and(|data| data.len() > 0);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, changes)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// Lets changes go beside the database first: this keeps readers and the one writer apart.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")
}

/// A connection to look at a database, also in a folder that cannot be written.
fn readable(database: &Path) -> rusqlite::Result<Connection> {
    let attempt = || {
        let connection = connect(database)?;
        read::version(&connection).map(|_| connection)
    };
    match attempt() {
        Err(StoreError::Sqlite(error))
            if matches!(
                error.sqlite_error_code(),
                Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly)
            ) && !beside(database, "-wal").exists() =>
        {
            // SQLite wants to write its shared memory beside the database; nobody else can write here
            // either, so it is not needed.
            let path =
                database.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            Connection::open_with_flags(format!("file:{path}?immutable=1"), flags)
        }
        Err(StoreError::Sqlite(error)) => Err(error),
        Err(_) => connect(database),
        Ok(connection) => Ok(connection),
    }
}

/// The version of the tables, when it is one that this druse knows.
fn check_format(connection: &Connection, database: &Path) -> Result<i64, StoreError> {
    match read::version(connection)? {
        None => Err(StoreError::Corrupt("it is empty".to_owned())),
        Some(found) if (1..=schema::FORMAT_VERSION).contains(&found) => Ok(found),
        Some(found) => Err(StoreError::Format { path: database.to_owned(), found }),
    }
}

/// Looks for damage to the structure of the file, before anything is added to it.
fn check_structure(connection: &Connection) -> Result<(), StoreError> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Corrupt(found.replace('\n', " "))) }
}

/// Writes the files and the database; the database gets its name last.
fn write_all(
    directory: &Path,
    database: &Path,
    files: &[(&str, &[u8])],
    meta: &[(&str, &str)],
) -> Result<(), StoreError> {
    let part = beside(database, ".part");
    // Of a process that was killed at this point.
    remove(&part);
    for (name, bytes) in files {
        let path = directory.join(name);
        write_atomically(&path, bytes).map_err(|source| StoreError::Io { path, source })?;
    }
    let written = create(&part, meta);
    if written.is_err() {
        remove(&part);
    }
    written?;
    fs::rename(&part, database).map_err(|source| StoreError::Io { path: database.to_owned(), source })?;
    // The name is durable once the folder is; not every system can do that.
    if let Ok(folder) = File::open(directory) {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn create(database: &Path, meta: &[(&str, &str)]) -> Result<(), StoreError> {
    let mut connection = Connection::open(database)?;
    schema::create(&mut connection, meta)?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Removes a database with the files that SQLite keeps beside it. What is not there need not be removed.
fn remove(database: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(beside(database, suffix));
    }
}

/// Leaves a folder as it was found; a failure to do so would hide the real error.
fn leave(directory: &Path, new: bool, names: &[&str]) {
    for name in names {
        remove(&directory.join(name));
    }
    if new {
        let _ = fs::remove_dir(directory);
    }
}
