//! Keeps two engines apart.
//!
//! The lock file is locked by the operating system, which drops the lock when the process ends, however
//! it ends. Shared file systems of clusters often have no such locks or keep them within one machine;
//! there the record in the file decides: host, process and a heartbeat. The age of the heartbeat is the
//! time between two writes to the same file system, so that clocks of machines need not agree.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::StoreError;

/// Name of the lock file in a campaign folder. It stays there, empty, when nobody holds it.
pub(crate) const LOCK: &str = "campaign.lock";

/// Time between two heartbeats.
const BEAT: Duration = Duration::from_secs(20);
/// A holder on another machine that gave no heartbeat for this long is gone.
const GONE: Duration = Duration::from_secs(120);
/// Length of the record: it is written in one piece over the one before.
const LENGTH: usize = 512;

/// Who holds a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Name of the machine.
    pub host: String,
    /// Process id on it.
    pub pid: u32,
    /// When the process started, in the system's own count; tells it from a later one of the same id.
    started: Option<u64>,
    /// The running system and its space of process ids: within these, ids can be looked up.
    system: Option<String>,
    /// Since when it holds the campaign (seconds since 1970).
    pub since: u64,
    /// Heartbeats so far.
    beats: u64,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return write!(f, "a process that is just starting");
        }
        write!(f, "process {} on {}", self.pid, self.host)
    }
}

impl Holder {
    /// This process.
    fn this() -> Self {
        let pid = std::process::id();
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        Self { host, pid, started: started(pid), system: system(), since, beats: 0 }
    }

    fn is_same(&self, other: &Self) -> bool {
        (&self.host, self.pid, self.started, &self.system)
            == (&other.host, other.pid, other.started, &other.system)
    }

    /// Whether the process is alive; `None` when that cannot be seen from here.
    fn is_alive(&self) -> Option<bool> {
        if self.system.is_none() || self.system != system() {
            return None;
        }
        Some(self.started.is_some() && started(self.pid) == self.started)
    }
}

/// Start of a process in clock ticks since the system started; `None` when there is no such process, or
/// no way to tell.
fn started(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field, the program's name in brackets, may hold spaces.
    let mut fields = text.rsplit(')').next()?.split_whitespace();
    // A process that ended and was not waited for is gone.
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn system() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let ids = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), ids.display()))
}

/// A campaign folder held by this process. Ends with the value.
pub(super) struct Lock {
    file: Arc<File>,
    stop: Option<Sender<()>>,
    heart: Option<JoinHandle<()>>,
    /// Who took over, when someone did.
    usurper: Arc<Mutex<Option<Holder>>>,
    /// Whose place this process took.
    before: Option<Holder>,
}

impl Lock {
    /// Takes the lock of a folder.
    pub(super) fn take(folder: &Path) -> Result<Self, StoreError> {
        Self::take_as(folder, Holder::this(), BEAT, GONE)
    }

    fn take_as(folder: &Path, this: Holder, beat: Duration, gone: Duration) -> Result<Self, StoreError> {
        let path = folder.join(LOCK);
        let io = |source| StoreError::Io { path: path.clone(), source };
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        let system_locks = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => {
                let holder = read(&path).map_err(io)?.unwrap_or_default();
                return Err(StoreError::Locked { path, holder });
            }
            // No locks on this file system.
            Err(TryLockError::Error(_)) => false,
        };
        let before = read(&path).map_err(io)?;
        if let Some(holder) = &before
            && !is_gone(holder, &file, folder, gone).map_err(io)?
        {
            return Err(StoreError::Locked { path, holder: holder.clone() });
        }
        write(&file, &this).map_err(io)?;
        if !system_locks {
            // Of two that start at the same moment, the one that wrote last stays.
            std::thread::sleep(Duration::from_millis(500));
            match read(&path).map_err(io)? {
                Some(holder) if !holder.is_same(&this) => return Err(StoreError::Locked { path, holder }),
                _ => {}
            }
        }
        let (file, usurper) = (Arc::new(file), Arc::new(Mutex::new(None)));
        let (stop, stopped) = channel();
        let heart = {
            let (path, file, usurper, mut this) =
                (path.clone(), Arc::clone(&file), Arc::clone(&usurper), this);
            std::thread::spawn(move || {
                while stopped.recv_timeout(beat) == Err(RecvTimeoutError::Timeout) {
                    match read(&path) {
                        Ok(Some(holder)) if !holder.is_same(&this) => {
                            *usurper.lock().unwrap_or_else(PoisonError::into_inner) = Some(holder);
                            return;
                        }
                        _ => {}
                    }
                    this.beats += 1;
                    // A heartbeat that cannot be written now may be so the next time.
                    let _ = write(&file, &this);
                }
            })
        };
        Ok(Self { file, stop: Some(stop), heart: Some(heart), usurper, before })
    }

    /// Who held the folder before and ended without giving it back.
    pub(super) fn before(&self) -> Option<&Holder> {
        self.before.as_ref()
    }

    /// Fails when someone else took over.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match &*self.usurper.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(holder) => Err(StoreError::TakenOver(holder.clone())),
            None => Ok(()),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(heart) = self.heart.take() {
            // It only writes heartbeats; how it ended does not matter.
            let _ = heart.join();
        }
        // Removing the file would let two processes lock two files of the same name. Where this fails,
        // the next one finds a record of a process that is gone.
        if self.check().is_ok() {
            let _ = self.file.set_len(0);
        }
    }
}

/// The record in the file; `None` when nobody holds it.
fn read(path: &Path) -> io::Result<Option<Holder>> {
    let mut text = String::new();
    match File::open(path).and_then(|file| file.take(LENGTH as u64).read_to_string(&mut text)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
        other => {
            other?;
        }
    }
    // Older versions wrote no record; then the system's lock alone decides.
    Ok(serde_json::from_str(text.trim_end()).ok())
}

fn write(file: &File, holder: &Holder) -> io::Result<()> {
    let mut text = serde_json::to_string(holder)?;
    while text.len() < LENGTH {
        text.push(' ');
    }
    #[cfg(unix)]
    std::os::unix::fs::FileExt::write_all_at(file, text.as_bytes(), 0)?;
    #[cfg(not(unix))]
    {
        use std::io::{Seek, Write};
        let mut file = file;
        file.seek(io::SeekFrom::Start(0))?;
        file.write_all(text.as_bytes())?;
    }
    file.sync_all()
}

/// Whether the holder is no longer there.
fn is_gone(holder: &Holder, file: &File, folder: &Path, gone: Duration) -> io::Result<bool> {
    if let Some(alive) = holder.is_alive() {
        return Ok(!alive);
    }
    // The clock of the file system: a fresh file against the last heartbeat.
    let now =
        tempfile::Builder::new().prefix(".lock-").tempfile_in(folder)?.as_file().metadata()?.modified()?;
    let beat = file.metadata()?.modified()?;
    Ok(now.duration_since(beat).unwrap_or_default() > gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(50);

    fn elsewhere() -> Holder {
        Holder {
            host: "other".into(),
            pid: 77,
            started: Some(1),
            system: Some("other".into()),
            since: 0,
            beats: 0,
        }
    }

    fn left_by(holder: &Holder) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        write(&File::create(folder.path().join(LOCK)).unwrap(), holder).unwrap();
        folder
    }

    #[test]
    fn a_process_that_is_gone_leaves_its_place() {
        let this = Holder::this();
        // An id that is dead, and one that belongs to another process by now.
        for holder in [Holder { pid: u32::MAX, ..this.clone() }, Holder { started: Some(1), ..this.clone() }]
        {
            let folder = left_by(&holder);
            let lock = Lock::take(folder.path()).unwrap();
            assert_eq!(lock.before(), Some(&holder));
            drop(lock);
            assert_eq!(read(&folder.path().join(LOCK)).unwrap(), None);
        }
    }

    #[test]
    fn a_process_that_is_alive_keeps_its_place() {
        let folder = left_by(&Holder::this());
        let Err(error) = Lock::take(folder.path()) else { panic!("taken") };
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    }

    #[test]
    fn another_machine_is_judged_by_its_heartbeat() {
        let folder = left_by(&elsewhere());
        let Err(error) = Lock::take(folder.path()) else { panic!("taken") };
        let text = error.to_string();
        assert!(
            text.contains("process 77 on other") && text.contains("remove '") && text.contains(LOCK),
            "{text}"
        );
        std::thread::sleep(2 * SHORT);
        let lock = Lock::take_as(folder.path(), Holder::this(), BEAT, SHORT).unwrap();
        assert_eq!(lock.before(), Some(&elsewhere()));
    }

    #[test]
    fn heartbeats_go_on_and_notice_who_takes_over() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take_as(folder.path(), Holder::this(), SHORT, GONE).unwrap();
        let path = folder.path().join(LOCK);
        let beats = || read(&path).unwrap().unwrap().beats;
        let start = std::time::Instant::now();
        while beats() < 2 && start.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(SHORT);
        }
        assert!(beats() >= 2);
        lock.check().unwrap();
        write(&lock.file, &elsewhere()).unwrap();
        while lock.check().is_ok() && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(SHORT);
        }
        let error = lock.check().unwrap_err().to_string();
        assert!(error.contains("process 77 on other"), "{error}");
        drop(lock);
        assert_eq!(read(&path).unwrap(), Some(elsewhere()), "the record of the other one stays");
    }
}
